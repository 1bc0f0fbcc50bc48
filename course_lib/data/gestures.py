"""Rock, paper, scissors in all skin tones, composed on the spot like the pictograms."""

from collections.abc import Sequence

import numpy as np

from course_lib.data.atlas import SHIFT, TRAINED
from course_lib.data.compose import balanced_labels, compose
from course_lib.data.pictograms import SHIFTED, SOURCE, TEST, TRAIN, check_request, drawings, stream
from course_lib.data.record import GestureData

GESTURES = ("rock", "paper", "scissors")
TONES = ("none (yellow)", "light", "medium-light", "medium", "medium-dark", "dark")


def load_gestures(n_train: int = 6000, n_test: int = 1000, size: int = 64, seed: int = 0) -> GestureData:
    """Images of hands, uint8 (n, size, size, 3): rock (0), paper (1), scissors (2).

    The tones (n,), index into `tone_names`, are metadata to judge a model by, not to train on:
    none, the yellow of cartoons, then the five of Unicode (after Fitzpatrick), light to dark. Each
    gesture takes its tones in turn, so that neither says anything about the other.

    As with `load_pictograms`, training and test show the same drawings in different renderings,
    and `x_shift` shows a design family that training never does.
    """
    check_request(n_train, n_test, size)

    def draw(n: int, part: int, families: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        labels_rng, tones_rng, images_rng = stream(seed, part).spawn(3)
        y = balanced_labels(n, len(GESTURES), labels_rng)
        tone = np.empty(n, np.int64)
        for label, rng in enumerate(tones_rng.spawn(len(GESTURES))):
            tone[y == label] = balanced_labels(int(np.sum(y == label)), len(TONES), rng)
        hands = [[drawings(name, families, t) for t in range(len(TONES))] for name in GESTURES]
        return compose([hands[label][t] for label, t in zip(y, tone, strict=True)], size, images_rng), y, tone

    x_train, y_train, tone_train = draw(n_train, TRAIN, TRAINED)
    x_test, y_test, tone_test = draw(n_test, TEST, TRAINED)
    x_shift, y_shift, tone_shift = draw(n_test, SHIFTED, (SHIFT,))
    return GestureData(
        x_train, y_train, x_test, y_test, GESTURES, SOURCE,
        x_shift, y_shift, tone_train, tone_test, tone_shift, TONES,
    )  # fmt: skip
