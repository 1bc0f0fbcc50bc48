"""Diagrams of networks, from a list of layers: written by hand, or read from a network.

dense_network([Layer("input", (784,)), Layer("dense", (128,), activation="relu"), Layer("dense", (10,))], axis)
convolutional_network(summary(model, (28, 28, 1)).layers, axis)     # see `course_lib.graphs.summary`
network_alt(layers)                                                 # the same in words, for the alternative text
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Polygon

from course_lib.graphs.layers import Layer, times
from course_lib.plots.style import COLOURS

UNSEEN = ("dropout", "flatten", "batch norm", "zero pad")  # layers that a picture leaves out
PAPER, LINE = "#FFFFFF", "#8A8A86"
SLANT = np.array([0.30, 0.22])  # how far a box goes back to the right and upwards, for its width


def dense_network(layers: Sequence[Layer], axis: Axes, most: int = 8) -> None:
    """Draw a column of neurons for each input and dense layer, and a line from every neuron to every next one.

    Of a layer with more than `most` neurons the first and the last few are drawn, with dots between; its number
    stands below, its activation above. ValueError for a layer that is neither.
    """
    columns = [layer for layer in layers if layer.kind not in UNSEEN]
    if odd := [layer for layer in columns if layer.kind not in ("input", "dense") or len(layer.shape) != 1]:
        raise ValueError(f"{odd[0].what!r} is no column of neurons: draw this network with convolutional_network")
    places = [neuron_places(known(layer)[0], most) for layer in columns]
    top = max(float(y.max()) for y in places)
    axis.set_ylim(-top - 2, top + 2)
    size = min(0.7 * inches(axis)[1] * 72 / (2 * top + 4), 18)  # of a neuron in points; neighbours are 1 apart
    for x, (left, right) in enumerate(pairwise(places)):
        ends = [[(x, y), (x + 1, z)] for y in left for z in right]
        axis.add_collection(LineCollection(ends, colors=LINE, linewidths=0.5, alpha=0.6, zorder=1))
    for x, (layer, ys) in enumerate(zip(columns, places, strict=True)):
        colour = COLOURS["blue" if x == 0 else "vermilion" if x == len(columns) - 1 else "green"]
        axis.plot([x] * len(ys), ys, "o", markersize=size, mfc=PAPER, mec=colour, markeredgewidth=1.5, zorder=2)
        if layer.shape[0] != len(ys):
            axis.plot([x] * 3, [-0.3, 0, 0.3], "o", color=colour, markersize=2, zorder=2)
        axis.text(x, -top - 0.7, f"{layer.shape[0]:,}", ha="center", va="top")
        if layer.activation:
            axis.text(x, top + 0.7, layer.activation, ha="center", va="bottom")
    axis.set(xlim=(-0.5, len(columns) - 0.5))
    axis.axis("off")


def neuron_places(n: int, most: int) -> np.ndarray:
    """Heights of the neurons of a column, symmetric about 0, with a gap in the middle where some are left out."""
    if n <= most:
        return (n - 1) / 2 - np.arange(n, dtype=float)
    half = np.arange(most // 2) + 1.0
    return np.concatenate([half[::-1], -half])


@dataclass(frozen=True)
class Box:
    """Layers with outputs of one shape that follow each other: one box, with as many slices.

    height, width, depth   of the picture: an image's height, its width seen from the side, its channels
    """

    layers: tuple[Layer, ...]
    height: float
    width: float
    depth: float

    @property
    def last(self) -> Layer:
        return self.layers[-1]

    @property
    def right(self) -> float:
        """How far the box reaches from its left edge."""
        return self.depth * len(self.layers) + SLANT[0] * self.width


def convolutional_network(layers: Sequence[Layer], axis: Axes) -> None:
    """Draw a box for each image on the way, and a bar for each vector; both to scale.

    Height and width of a box are those of the image, its depth along the line is the number of channels; layers that
    do not change the shape share a box, as slices of it. A small square is the kernel of the convolution that follows.
    The input is blue, convolutions are green, what only pools is sky, vectors are pink and the last one vermilion.
    """
    boxes = boxes_of([layer for layer in layers if layer.kind not in UNSEEN])
    gap = 0.22
    x, starts = 0.0, []
    for box in boxes:
        starts.append(x)
        x += max(box.right, 0.12) + gap
    low = min(-box.height / 2 for box in boxes)
    high = max(box.height / 2 + SLANT[1] * box.width for box in boxes)
    axis.set_xlim(-0.05, x - gap + 0.3)
    for box, start in zip(boxes, starts, strict=True):
        for i, layer in enumerate(box.layers):
            last = box is boxes[-1] and i == len(box.layers) - 1
            draw_box(axis, start + i * box.depth, box, "vermilion" if last else colour_of(layer))
    n_rows = write_numbers(axis, boxes, starts, low - 0.06)
    for (box, start), (after, next_start) in pairwise(zip(boxes, starts, strict=True)):
        if after.layers[0].kernel and after.layers[0].kind == "conv" and box.width:
            draw_kernel(axis, start + box.depth * len(box.layers), box, after.layers[0].kernel, next_start)
    line = 14 / (inches(axis)[1] * 72)  # the share of the height that a line of text takes
    axis.set_ylim(low - 0.06 - (high - low) * 2 * n_rows * line / (1 - 2 * n_rows * line), high + 0.05)
    axis.axis("off")


def colour_of(layer: Layer) -> str:
    if layer.kind == "input":
        return "blue"
    if len(layer.shape) == 1 and "global" not in layer.kind:
        return "pink"
    return "sky" if "pool" in layer.kind or "global" in layer.kind else "green"


def write_numbers(axis: Axes, boxes: Sequence[Box], starts: Sequence[float], y: float) -> int:
    """The sizes below the boxes, in as many rows as are needed so that none runs into another; returns the rows."""
    letter = 6.4 * (axis.get_xlim()[1] - axis.get_xlim()[0]) / (inches(axis)[0] * 72)  # the width of a letter
    ends: list[float] = []  # of the last text of each row
    for box, start in zip(boxes, starts, strict=True):
        text = numbers(box.last)
        row = next((row for row, end in enumerate(ends) if end < start), len(ends))
        ends[row : row + 1] = [start + letter * (max(map(len, text.split("\n"))) + 1)]
        text = "\n" * 2 * row + text
        axis.text(start, y, text, ha="left", va="top", fontsize=10, linespacing=1.15)
    return len(ends)


def inches(axis: Axes) -> tuple[float, float]:
    """Width and height of the axes, as far as they are known before the figure is laid out."""
    figure, place = axis.get_figure(root=True), axis.get_subplotspec()
    width, height = (7, 3.5) if figure is None else figure.get_size_inches()
    rows, columns = (1, 1) if place is None else (place.get_gridspec().nrows, place.get_gridspec().ncols)
    return width / columns, height / rows


def boxes_of(layers: Sequence[Layer]) -> list[Box]:
    """Sizes of the picture: the largest image has the height 1, the most channels the depth 0.6."""
    images = [layer for layer in layers if len(layer.shape) == 3]
    if not images:
        raise ValueError("a convolutional network has images: draw this one with dense_network")
    side = max(max(known(layer)[:2]) for layer in images)
    channels = max(known(layer)[2] for layer in images)
    units = max((known(layer)[0] for layer in layers if len(layer.shape) == 1), default=1)
    boxes = []
    for shape, same in groupby(layers, key=known):
        group = tuple(same)
        if len(shape) == 3:
            height, width, n = shape
            boxes.append(Box(group, height / side, width / side, max(0.6 * n / channels, 0.012) / len(group)))
        else:
            boxes.append(Box(group, max(shape[0] / units, 0.05), 0.0, 0.05))
    return boxes


def known(layer: Layer) -> tuple[int, ...]:
    """The shape of a layer; ValueError where it is open."""
    shape = tuple(number for number in layer.shape if number is not None)
    if not shape or len(shape) != len(layer.shape):
        raise ValueError(f"the size of {layer.what!r} is open: give the shape of the network's input")
    return shape


def draw_box(axis: Axes, x: float, box: Box, colour: str) -> None:
    """One slice: the front, the top and the side that looks to the right."""
    low, back = -box.height / 2, SLANT * box.width
    corners = np.array([[x, low], [x + box.depth, low], [x + box.depth, low + box.height], [x, low + box.height]])
    faces = [corners]
    if box.width:
        faces += [[corners[3], corners[2], corners[2] + back, corners[3] + back]]
        faces += [[corners[1], corners[2], corners[2] + back, corners[1] + back]]
    for face, alpha in zip(faces, (0.45, 0.25, 0.65), strict=False):
        axis.add_patch(Polygon(face, facecolor=PAPER, edgecolor="none", zorder=2))
        axis.add_patch(Polygon(face, facecolor=COLOURS[colour], alpha=alpha, edgecolor="none", zorder=2))
        axis.add_patch(Polygon(face, fill=False, edgecolor=COLOURS["ink"], linewidth=0.6, zorder=2))


def draw_kernel(axis: Axes, x: float, box: Box, kernel: tuple[int, int], end: float) -> None:
    """A kernel to scale on the side of a box, and lines from its corners to the box that it makes."""
    height, width, _ = known(box.last)
    tall, back = box.height * kernel[0] / height, SLANT * box.width * kernel[1] / width
    corner = np.array([x, -box.height / 2]) + SLANT * box.width * 0.35 + [0, box.height * 0.45]
    corners = np.array([corner, corner + back, corner + back + [0, tall], corner + [0, tall]])
    axis.add_patch(Polygon(corners, facecolor=COLOURS["orange"], edgecolor=COLOURS["ink"], linewidth=0.6, zorder=3))
    middle = corners[1:3].mean(0)
    lines = [[corners[1], (end, middle[1])], [corners[2], (end, middle[1])]]
    axis.add_collection(LineCollection(lines, colors=COLOURS["ink"], linewidths=0.5, zorder=3))


def numbers(layer: Layer) -> str:
    """Under a box: 26x26 and below it x32; of a vector its length."""
    return f"{times(layer.shape[:2])}\nx{layer.shape[2]}" if len(layer.shape) == 3 else f"{layer.shape[0]:,}"


def network_alt(layers: Sequence[Layer]) -> str:
    """What the diagram shows, in one sentence: for the alternative text of a figure."""
    first, *others = [layer for layer in layers if layer.kind not in UNSEEN]
    words = [f"{sizes(first)} as input"]
    for (what, _), group in groupby(others, key=lambda layer: (layer.what, layer.shape)):
        layer, *more = group
        count = f"{len(more) + 1} times " if more else ""
        words.append(f"{count}{re.sub(r'(?<=[0-9])x(?=[0-9])', ' by ', what)} to {sizes(layer)}")
    return f"A network, from left to right: {'; '.join(words)}."


def sizes(layer: Layer) -> str:
    if len(layer.shape) == 3:
        height, width, channels = layer.shape
        return f"{height} by {width} pixels with {channels} channel{'s' * (channels != 1)}"
    return f"{layer.shape[0]:,} number{'s' * (layer.shape[0] != 1)}"
