"""Diagrams hold what the network holds: neurons, lines, boxes to scale, numbers that do not run into each other."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.patches import Polygon

from course_lib.graphs.layers import Layer
from course_lib.graphs.summary import summary
from course_lib.nets import NETS
from course_lib.plots import COLOURS, convolutional_network, dense_network, network_alt

XOR = [Layer("input", (2,)), Layer("dense", (4,), activation="tanh"), Layer("dense", (1,), activation="sigmoid")]
DIGITS = [
    Layer("input", (784,)),
    Layer("dense", (256,), activation="relu"),
    Layer("dropout", (256,)),
    Layer("dense", (10,)),
]
CNN = [
    Layer("input", (28, 28, 1)), Layer("conv", (26, 26, 32), (3, 3), activation="relu"), Layer("conv", (26, 26, 32), (3, 3)),
    Layer("max pool", (13, 13, 32), (2, 2), (2, 2)), Layer("flatten", (5408,)), Layer("dense", (128,)), Layer("dense", (10,)),
]  # fmt: skip


@pytest.fixture
def axis():
    yield plt.figure(figsize=(7, 3)).add_subplot()
    plt.close("all")


def neurons(axis):
    return [line for line in axis.lines if line.get_markersize() > 3]


def test_every_neuron_and_every_line_is_drawn(axis):
    dense_network(XOR, axis)
    assert [len(line.get_ydata()) for line in neurons(axis)] == [2, 4, 1]
    assert [len(lines.get_segments()) for lines in axis.collections] == [2 * 4, 4 * 1]
    (left, right), *_ = axis.collections[1].get_segments()
    assert (left[0], right[0]) == (1, 2) and left[1] in neurons(axis)[1].get_ydata() and right[1] == 0
    assert {text.get_text() for text in axis.texts} == {"2", "4", "1", "tanh", "sigmoid"}
    assert [line.get_markeredgecolor() for line in neurons(axis)] == [
        COLOURS[c] for c in ("blue", "green", "vermilion")
    ]
    assert len(axis.lines) == 3  # no dots: nobody is left out


def test_many_neurons_are_shortened_by_dots_and_counted(axis):
    dense_network(DIGITS, axis, most=6)
    assert [len(line.get_ydata()) for line in neurons(axis)] == [6, 6, 6]
    dots = [line for line in axis.lines if line not in neurons(axis)]
    assert [list(line.get_xdata()) for line in dots] == [[0] * 3, [1] * 3, [2] * 3]
    for line in neurons(axis):
        assert min(abs(line.get_ydata())) >= 1 and max(abs(dots[0].get_ydata())) < 0.5  # the gap is where the dots are
    assert [text.get_text() for text in axis.texts] == ["784", "256", "relu", "10"]


def test_neurons_do_not_touch(axis):
    dense_network(DIGITS, axis, most=12)
    axis.figure.canvas.draw()
    places = axis.transData.transform([(0, 0), (0, 1)])[:, 1]
    points = (places[1] - places[0]) * 72 / axis.figure.dpi
    assert 2 < neurons(axis)[0].get_markersize() < 0.95 * points


def test_an_image_is_no_column_of_neurons(axis):
    with pytest.raises(
        ValueError, match="'conv 3x3, relu' is no column of neurons: draw this network with convolutional"
    ):
        dense_network([Layer("input", (9,)), CNN[1]], axis)


def fronts(axis):
    """Width and height of the boxes' fronts, in the order of drawing, and their colours."""
    found = []
    for patch in axis.patches:
        corners = patch.get_xy()[:4]
        is_front = np.isclose(corners[0, 1], corners[1, 1]) and np.isclose(corners[0, 0], corners[3, 0])
        if isinstance(patch, Polygon) and is_front and patch.get_alpha() == 0.45:
            found.append((*np.ptp(corners, axis=0), plt.matplotlib.colors.to_hex(patch.get_facecolor()).upper()))
    return found


def test_boxes_are_to_scale(axis):
    convolutional_network(CNN, axis)
    boxes = fronts(axis)
    assert len(boxes) == 6  # the two convolutions of one shape are two slices
    widths, heights, colours = zip(*boxes, strict=True)
    assert np.allclose(np.divide(heights[:4], heights[0]), [1, 26 / 28, 26 / 28, 13 / 28])
    assert np.allclose([2 * widths[1], 2 * widths[2]], widths[3])  # 32 channels, in two slices and in one
    assert heights[4] / heights[5] == pytest.approx(128 / 10)
    names = {code: name for name, code in COLOURS.items()}
    assert [names[code] for code in colours] == ["blue", "green", "green", "sky", "pink", "vermilion"]
    texts = [text.get_text().strip() for text in axis.texts]
    assert texts == ["28x28\nx1", "26x26\nx32", "13x13\nx32", "128", "10"]


def test_the_kernel_is_to_scale_on_the_box_it_reads(axis):
    convolutional_network(CNN, axis)
    orange = [
        patch.get_xy()
        for patch in axis.patches
        if patch.get_facecolor() == plt.matplotlib.colors.to_rgba(COLOURS["orange"])
    ]
    assert len(orange) == 1
    assert orange[0][3, 1] - orange[0][0, 1] == pytest.approx(3 / 28)


@pytest.mark.parametrize("name", ["mnist_cnn", "growing_cnn 3", "vgg16", "small_cnn"])
@pytest.mark.parametrize("width", [7, 3.9])
def test_no_number_runs_into_another_or_out_of_the_figure(name, width):
    net = NETS[name]
    layers = summary(net.build("torch"), (224, 224, 3) if name == "vgg16" else net.shape).layers
    axis = plt.figure(figsize=(width, 3)).add_subplot()
    convolutional_network(layers, axis)
    axis.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axis.texts]
    assert all(text.get_fontsize() >= 10 for text in axis.texts)
    rows = [len(text.get_text()) - len(text.get_text().lstrip("\n")) for text in axis.texts]
    for row in set(rows):
        for one, other in pairwise(box for box, each in zip(boxes, rows, strict=True) if each == row):
            assert one.x1 < other.x0
    assert min(box.y0 for box in boxes) >= -1 and max(box.x1 for box in boxes) <= axis.figure.bbox.x1 + 1
    plt.close("all")


def test_sizes_must_be_known(axis):
    with pytest.raises(ValueError, match="the size of 'input' is open: give the shape of the network's input"):
        convolutional_network([Layer("input", (None, None, 3)), CNN[1]], axis)
    with pytest.raises(ValueError, match="has images: draw this one with dense_network"):
        convolutional_network(XOR, axis)


def test_the_words_say_what_the_picture_shows():
    assert network_alt(CNN) == (
        "A network, from left to right: 28 by 28 pixels with 1 channel as input; conv 3 by 3, relu to 26 by 26 pixels "
        "with 32 channels; conv 3 by 3 to 26 by 26 pixels with 32 channels; max pool 2 by 2 to 13 by 13 pixels with 32 "
        "channels; dense to 128 numbers; dense to 10 numbers."
    )
    torch_words = network_alt(summary(torch.nn.Sequential(torch.nn.Linear(3, 1)), (3,)).layers)
    assert torch_words == "A network, from left to right: 3 numbers as input; dense to 1 number."
    twice = [CNN[0], CNN[1], CNN[1]]
    assert "; 2 times conv 3 by 3, relu to 26 by 26 pixels" in network_alt(twice)
