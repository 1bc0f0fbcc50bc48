"""Colour images in the ten classes of CIFAR-10, composed on the spot.

Real photographs these are not: each image shows one of a few dozen drawings (emoji) before a
photographic background. In return they need no download, cost two seconds, and carry a test of
something that CIFAR-10 cannot show, a distribution shift of known cause: `x_shift` has the same
things in the hand of another designer.
"""

from collections.abc import Sequence

import numpy as np

from course_lib.data.atlas import SHIFT, TRAINED, Sprite, sprites
from course_lib.data.catalogue import OBJECTS
from course_lib.data.compose import balanced_labels, compose
from course_lib.data.record import ShiftedImageData

SOURCE = "composed from emoji"
VEHICLES = ("airplane", "automobile", "ship", "truck")
TRAIN, TEST, SHIFTED = range(3)  # each part draws from a stream of its own


def stream(seed: int, part: int) -> np.random.Generator:
    """An independent generator for each part of each seed."""
    return np.random.default_rng([seed, part])


def drawings(label: str, families: Sequence[str], tone: int | None = None) -> list[Sprite]:
    """All sprites of a label in some families; those of one skin tone if it is given."""
    return [
        sprite
        for family in families
        for sprite in sprites(family)
        if sprite.label == label and tone in (None, sprite.tone)
    ]


def check_classes(classes: Sequence[str]) -> None:
    if not set(classes) <= set(OBJECTS) or len(set(classes)) < len(classes) or not classes:
        raise ValueError(f"The classes are some of {', '.join(OBJECTS)}, each once; not {list(classes)}.")


def check_request(n_train: int, n_test: int, size: int) -> None:
    if n_train < 0 or n_test < 0:
        raise ValueError(f"A number of images is 0 or more; you asked for {n_train} and {n_test}.")
    if not 8 <= size <= 256:
        raise ValueError(f"size is the side of an image, 8 to 256 pixels, and not {size}.")


def load_pictograms(
    n_train: int = 6000,
    n_test: int = 1000,
    size: int = 32,
    seed: int = 0,
    classes: Sequence[str] = OBJECTS,
) -> ShiftedImageData:
    """Images of the ten CIFAR-10 classes, uint8 (n, size, size, 3); labels as in CIFAR-10.

    `classes` restricts and orders the classes: with ("cat", "dog"), label 1 is a dog.

    Training and test images are different renderings (pose, scale, light, colour, background and
    noise, from separate random streams) **of the same drawings**: three design families, one to
    five motifs per class. A test accuracy therefore says how well a network copes with new
    renderings. How well it copes with new drawings says `x_shift` (as many images as the test
    set): the same motifs in a fourth family, before the same backgrounds.

    The same seed gives the same pixels on every machine, and the same scenes at every size.
    Raises ValueError for a class that is not one of the ten.
    """
    check_classes(classes)
    check_request(n_train, n_test, size)

    def draw(n: int, part: int, families: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        labels_rng, images_rng = stream(seed, part).spawn(2)
        of_class = [drawings(name, families) for name in classes]
        y = balanced_labels(n, len(classes), labels_rng)
        return compose([of_class[label] for label in y], size, images_rng), y

    x_train, y_train = draw(n_train, TRAIN, TRAINED)
    x_test, y_test = draw(n_test, TEST, TRAINED)
    x_shift, y_shift = draw(n_test, SHIFTED, (SHIFT,))
    return ShiftedImageData(x_train, y_train, x_test, y_test, tuple(classes), SOURCE, x_shift, y_shift)


def load_cats(
    n_train: int = 600,
    n_test: int = 200,
    size: int = 64,
    seed: int = 0,
    others: Sequence[str] = VEHICLES,
) -> ShiftedImageData:
    """Cat (1) or not (0): half of the images show cats, half show the `others` in turn.

    Composed like `load_pictograms`, whose notes on drawings and shift hold here too. How hard the
    question is depends on `others`: vehicles differ from cats in colour, which one neuron can
    see; the animals mostly in form, which it cannot.
    """
    check_classes(others)
    if "cat" in others:
        raise ValueError(f"others are the classes that are not cats, and not {list(others)}.")
    check_request(n_train, n_test, size)

    def draw(n: int, part: int, families: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        labels_rng, others_rng, images_rng = stream(seed, part).spawn(3)
        y = balanced_labels(n, 2, labels_rng)
        cats = drawings("cat", families)
        not_cats = [drawings(name, families) for name in others]
        turn = iter(balanced_labels(n, len(others), others_rng))
        return compose([cats if label else not_cats[next(turn)] for label in y], size, images_rng), y

    x_train, y_train = draw(n_train, TRAIN, TRAINED)
    x_test, y_test = draw(n_test, TEST, TRAINED)
    x_shift, y_shift = draw(n_test, SHIFTED, (SHIFT,))
    names = ("not a cat", "cat")
    return ShiftedImageData(x_train, y_train, x_test, y_test, names, SOURCE, x_shift, y_shift)
