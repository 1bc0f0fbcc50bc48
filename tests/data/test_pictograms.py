"""Composed images: contract, seeds, balance, and that what is drawn is what the label says."""

import numpy as np
import pytest

from course_lib.data import checksum, compose, load_cats, load_gestures, load_pictograms
from course_lib.data.atlas import SHIFT, TRAINED, sprites
from course_lib.data.catalogue import OBJECTS


@pytest.fixture(scope="module")
def data():
    return load_pictograms(1200, 300)


def test_shapes_types_and_balance(data):
    for part, n in (("train", 1200), ("test", 300), ("shift", 300)):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        assert x.shape == (n, 32, 32, 3) and x.dtype == np.uint8
        assert y.shape == (n,) and y.dtype == np.int64
        assert np.bincount(y).tolist() == [n // 10] * 10
    assert data.class_names == OBJECTS and data.class_names[3] == "cat"  # the order of CIFAR-10


def test_pixels_are_the_same_everywhere():
    # If a release of NumPy or Pillow changes this, every number on the pages that use the images
    # is due for a new look; then, and only then, write the new value here.
    small = load_pictograms(20, 10)
    assert (
        checksum(small.x_train, small.y_train, small.x_test, small.x_shift)
        == "f344bc9987c6dc77d0d11036381b7c5f79b86fb38a3249aaed7f498f2aec5519"
    )
    hands = load_gestures(6, 6, size=24)
    assert (
        checksum(hands.x_train, hands.tone_train, hands.x_shift)
        == "3e3e07bf32766eecd55350cc517ae607b3ec8e0f93e261918ce4e0255a904bca"
    )


def test_a_smaller_request_is_the_beginning_of_a_larger_one(data):
    small = load_pictograms(300, 30)  # 300 is more than one chunk
    assert np.array_equal(small.x_train, data.x_train[:300])
    assert np.array_equal(small.y_shift, data.y_shift[:30])
    assert np.array_equal(small.x_test, data.x_test[:30])


def test_parts_and_seeds_are_different_images(data):
    other = load_pictograms(100, 100, seed=1)
    parts = [data.x_train[:100], data.x_test[:100], data.x_shift[:100], other.x_train, other.x_test]
    images = {image.tobytes() for part in parts for image in part}
    assert len(images) == 500
    assert len({image.tobytes() for image in data.x_train}) == 1200


def test_the_same_scene_at_another_size(data):
    from PIL import Image

    large = load_pictograms(40, 0, size=64)
    assert np.array_equal(large.y_train, data.y_train[:40])
    for big, small in zip(large.x_train, data.x_train, strict=False):
        reduced = np.asarray(Image.fromarray(big).reduce(2), dtype=float)
        assert np.corrcoef(reduced.ravel(), small.astype(float).ravel())[0, 1] > 0.8


@pytest.mark.parametrize("size", [8, 33, 96])
def test_other_sizes(size):
    assert load_pictograms(3, 2, size=size).x_shift.shape == (2, size, size, 3)


def test_some_classes_only():
    pets = load_pictograms(40, 20, classes=("dog", "cat"))
    assert pets.class_names == ("dog", "cat")
    assert np.bincount(pets.y_train).tolist() == [20, 20]


def shown_labels(monkeypatch, load):
    """Which sprites are really drawn, in the order of the images."""
    drawn, pose = [], compose.pose
    monkeypatch.setattr(compose, "pose", lambda s, u, size: drawn.append(s) or pose(s, u, size))
    return load(), drawn


def test_labels_name_what_is_drawn_and_families_are_held_out(monkeypatch):
    data, drawn = shown_labels(monkeypatch, lambda: load_pictograms(300, 100, size=8))
    labels = [*data.y_train, *data.y_test, *data.y_shift]
    assert [sprite.label for sprite in drawn] == [data.class_names[k] for k in labels]
    assert {sprite.family for sprite in drawn[:300]} == set(TRAINED)
    assert {sprite.family for sprite in drawn[300:400]} == set(TRAINED)
    assert {sprite.family for sprite in drawn[400:]} == {SHIFT}
    assert SHIFT not in TRAINED


def test_restricted_classes_name_what_is_drawn(monkeypatch):
    data, drawn = shown_labels(monkeypatch, lambda: load_pictograms(30, 0, 8, classes=("truck", "cat")))
    assert [sprite.label for sprite in drawn] == [data.class_names[k] for k in data.y_train]


@pytest.mark.parametrize("others", [("airplane", "automobile", "ship", "truck"), ("dog", "frog")])
def test_cats(monkeypatch, others):
    data, drawn = shown_labels(monkeypatch, lambda: load_cats(160, 60, size=16, others=others))
    assert data.x_train.shape == (160, 16, 16, 3) and data.class_names == ("not a cat", "cat")
    labels = [*data.y_train, *data.y_test, *data.y_shift]
    assert [int(sprite.label == "cat") for sprite in drawn] == labels
    assert np.bincount(data.y_train).tolist() == [80, 80]
    shown = [sprite.label for sprite in drawn[:160] if sprite.label != "cat"]
    assert {name: shown.count(name) for name in others} == dict.fromkeys(others, 80 // len(others))


def test_cats_are_not_among_the_others():
    with pytest.raises(ValueError, match="others are the classes that are not cats"):
        load_cats(others=("dog", "cat"))


def test_gestures(monkeypatch):
    data, drawn = shown_labels(monkeypatch, lambda: load_gestures(180, 90, size=16))
    assert data.x_train.shape == (180, 16, 16, 3)
    labels = [*data.y_train, *data.y_test, *data.y_shift]
    tones = [*data.tone_train, *data.tone_test, *data.tone_shift]
    assert [sprite.label for sprite in drawn] == [data.class_names[k] for k in labels]
    assert [sprite.tone for sprite in drawn] == tones
    assert len(data.tone_names) == 6
    joint = np.histogram2d(data.y_train, data.tone_train, bins=(3, 6))[0]
    assert np.all(joint == 10)  # tone says nothing about the gesture
    assert {sprite.family for sprite in drawn[270:]} == {SHIFT}


def test_backgrounds_say_nothing_about_the_class():
    rng = np.random.default_rng(0)
    behind = compose.compose([[blank()]] * 2000, 8, rng)
    assert behind.std() > 20  # backgrounds alone still vary
    y = compose.balanced_labels(2000, 10, np.random.default_rng(1))
    means = np.stack([behind[y == k].mean() for k in range(10)])
    assert means.std() < 3 * behind.mean(axis=(1, 2, 3)).std() / np.sqrt(200)


def blank():
    """A sprite with nothing on it."""
    import dataclasses

    return dataclasses.replace(sprites("noto")[0], tile=np.zeros((96, 96, 4), np.uint8))


def test_a_sprite_is_drawn_whole_and_unturned_in_the_middle():
    # A fixed row: no turn, no stretch, no mirror, centred. Then the pose is a plain reduction.
    u = dict.fromkeys(compose.DRAWS, 0.5) | {"extent": 0.875}  # 0.9 of the image
    sprite = sprites("twemoji")[0]
    drawn = compose.pose(sprite, u, size=96)
    alpha = drawn[..., 3].astype(float)
    assert abs(alpha.sum() / sprite.tile[..., 3].sum() - 0.9**2) < 0.02
    rows, columns = np.indices(alpha.shape)
    centre = (alpha * rows).sum() / alpha.sum() - 47.5, (alpha * columns).sum() / alpha.sum() - 47.5
    tile = sprite.tile[..., 3].astype(float)
    expected = (tile * rows).sum() / tile.sum() - 47.5, (tile * columns).sum() / tile.sum() - 47.5
    assert np.allclose(centre, 0.9 * np.array(expected), atol=0.3)
    assert np.all(drawn[..., :3] <= drawn[..., 3:])  # premultiplied


def test_a_mirrored_sprite_is_the_mirror_image():
    u = dict.fromkeys(compose.DRAWS, 0.5)
    plain, mirrored = (compose.pose(sprites("fluent")[3], u | {"mirror": m}, 32) for m in (0.9, 0.1))
    assert np.array_equal(plain[:, ::-1], mirrored)


def test_noise_has_the_deviation_it_says():
    noise = compose.speckle(64, np.random.default_rng(0))
    assert abs(noise.mean()) < 10 and abs(noise.std() - np.sqrt(4 * (256**2 - 1) / 12)) < 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": ("cat", "unicorn")}, "some of airplane.*unicorn"),
        ({"classes": ("cat", "cat")}, "each once"),
        ({"classes": ()}, "some of airplane"),
        ({"n_train": -1}, "0 or more; you asked for -1"),
        ({"size": 4}, "8 to 256 pixels, and not 4"),
    ],
)
def test_bad_requests(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_pictograms(**arguments)


def test_no_images_at_all_is_allowed():
    assert load_pictograms(0, 0).x_train.shape == (0, 32, 32, 3)
