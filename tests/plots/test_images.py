"""Images in rows, and the regions of a classifier."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_lib.plots import COLOURS, decision_regions, image_grid

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def title_of(axis):
    return axis.get_title("left") + axis.get_title("center")


def test_each_image_has_its_axes_and_its_title():
    images = [RNG.integers(0, 256, (4, 4), dtype=np.uint8), RNG.integers(0, 256, (4, 4, 3), dtype=np.uint8)]
    _, axes = plt.subplots(2, 2)
    image_grid(images, axes, ["seven", "cat"], [COLOURS["green"], COLOURS["vermilion"]], fontsize=9)
    first, second, third, _ = axes.flat
    assert np.array_equal(first.images[0].get_array(), images[0]) and first.images[0].get_cmap().name == "gray_r"
    assert np.array_equal(second.images[0].get_array(), images[1])
    assert [title_of(axis) for axis in axes.flat] == ["seven", "cat", "", ""]
    assert not any(axis.axison for axis in axes.flat) and not third.images


def test_it_draws_what_the_pages_drew_by_hand():
    images = RNG.integers(0, 256, (3, 5, 5), dtype=np.uint8)
    by_hand, by_us = plt.subplots(1, 3), plt.subplots(1, 3)
    for axis, image, name in zip(by_hand[1], images, "abc", strict=True):
        axis.imshow(image, cmap="gray_r")
        axis.set_title(name, fontsize=9)
        axis.axis("off")
    image_grid(images, by_us[1], "abc", fontsize=9)
    pictures = []
    for figure in (by_hand[0], by_us[0]):
        figure.canvas.draw()
        pictures.append(np.asarray(figure.canvas.buffer_rgba()))
    assert np.array_equal(*pictures)


def test_too_few_axes_and_no_titles():
    _, axes = plt.subplots(1, 2)
    with pytest.raises(ValueError, match="3 images need as many axes, and there are 2"):
        image_grid(np.zeros((3, 2, 2)), axes)
    image_grid(np.zeros((2, 2, 2)), axes)
    assert [title_of(axis) for axis in axes] == ["", ""]


def test_the_regions_are_where_the_decision_says():
    X, y = RNG.normal(size=(30, 2)), RNG.integers(0, 2, (30, 1))
    axis = plt.figure().add_subplot()
    decision_regions(lambda points: points[:, 0] - 0.5, X, y, axis, n_steps=40)
    below, above = axis.collections[0].get_paths()
    assert below.vertices[:, 0].max() == pytest.approx(0.5, abs=0.1) and above.vertices[:, 0].min() == pytest.approx(
        0.5, abs=0.1
    )
    points = axis.collections[1]
    assert np.array_equal(points.get_offsets(), X)
    colours = [plt.matplotlib.colors.to_hex(colour).upper() for colour in points.get_facecolors()]
    assert colours == [COLOURS["vermilion" if label else "blue"] for label in y[:, 0]]
