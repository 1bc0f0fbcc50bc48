"""What the house style promises: told apart by every eye, readable on a phone, the same everywhere."""

import io
import logging
import os
import subprocess
import sys
from importlib.resources import files
from itertools import combinations

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab
from sklearn.metrics import confusion_matrix

from course_lib import plots
from course_lib.training.history import History

PHONE_WIDTH = 350  # CSS pixels that a page leaves for a figure on a phone of 390


@pytest.fixture(autouse=True)
def house_style():
    with plt.style.context("course_lib.house", after_reset=True):
        yield
    plt.close("all")


def a_figure():
    figure, (left, right) = plt.subplots(1, 2)
    x = np.linspace(-4, 4, 200)
    for k in range(4):
        left.plot(x, np.tanh(x - k), label=f"shift {k}")
    left.set(xlabel="input $x$", ylabel="a value, $10^{-3}$")
    left.legend()
    right.bar(list("abcd"), range(4))
    right.set(title="a title", xlabel="class", ylabel="count")
    return figure


def png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def linear(colour):
    """sRGB to light, channel by channel (IEC 61966-2-1)."""
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def srgb(light):
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def contrast(one, other):
    """Contrast ratio of WCAG 2.2."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    dark, light = sorted(0.05 + linear(colour) @ weights for colour in (one, other))
    return light / dark


def run_python(code: str) -> bytes:
    environment = {**os.environ, "MPLBACKEND": "agg"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment).stdout


def test_importing_sets_the_style_and_nothing_else_is_needed():
    code = """
import matplotlib
before = matplotlib.rcParams["axes.facecolor"], matplotlib.rcParams["axes.spines.top"]
import course_lib.plots
print(before, (matplotlib.rcParams["axes.facecolor"], matplotlib.rcParams["axes.spines.top"]))
"""
    assert run_python(code).decode().strip() == "('white', True) ('#FAFAF7', False)"


def test_style_travels_inside_the_package_and_has_no_typing_error(caplog):
    """A key that matplotlib does not know is only logged, and then ignored."""
    path = files("course_lib") / "house.mplstyle"
    with caplog.at_level(logging.WARNING):
        parsed = matplotlib.rc_params_from_file(str(path), use_default_template=False)
    assert not caplog.records
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    assert len(parsed) == len(lines) > 30


def test_colours_have_the_names_and_order_of_the_course():
    assert plots.COLOURS == {
        "blue": "#0072B2", "vermilion": "#D55E00", "green": "#009E73", "pink": "#CC79A7",
        "orange": "#E69F00", "sky": "#56B4E9", "ink": "#333333",
    }  # fmt: skip
    assert plt.rcParams["axes.prop_cycle"].by_key()["color"] == list(plots.COLOURS.values())


# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear light.
COLOUR_VISION = {
    "normal": np.eye(3),
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue cones": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def smallest_difference(colours, matrix):
    seen = [rgb2lab(srgb(np.asarray(matrix) @ linear(colour))) for colour in colours]
    return min(deltaE_ciede2000(one, other) for one, other in combinations(seen, 2))


@pytest.mark.parametrize("eye", COLOUR_VISION)
def test_colours_differ_for_every_eye(eye):
    """CIEDE2000 differences: 1 is just noticeable, side by side; lines in a figure need much more."""
    assert smallest_difference(plots.COLOURS.values(), COLOUR_VISION[eye]) > 9
    if eye in ("no red cones", "no green cones"):  # matplotlib's own cycle fails this test
        default = matplotlib.rcParamsDefault["axes.prop_cycle"].by_key()["color"][:7]
        assert smallest_difference(default, COLOUR_VISION[eye]) < 9


def test_text_and_lines_stand_out_from_the_paper():
    for paper in ("axes.facecolor", "figure.facecolor"):
        for text in ("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor", "axes.titlecolor"):
            assert contrast(plt.rcParams[text], plt.rcParams[paper]) > 7  # WCAG AAA
        for colour in list(plots.COLOURS.values())[:3]:  # most figures have three curves or fewer
            assert contrast(colour, plt.rcParams[paper]) > 3  # WCAG for graphics


def test_letters_are_readable_on_a_phone():
    width = plt.rcParams["figure.figsize"][0]
    figure = a_figure()
    figure.canvas.draw()
    sizes = [text.get_fontsize() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]
    assert len(sizes) > 20
    assert min(sizes) * PHONE_WIDTH / (72 * width) > 6.9  # CSS pixels


def test_figures_are_opaque_crisp_and_small():
    data = png(a_figure())
    image = Image.open(io.BytesIO(data))
    assert np.asarray(image.convert("RGBA"))[..., 3].min() == 255
    assert image.width >= 3 * PHONE_WIDTH  # phones have three dots to a CSS pixel
    assert len(data) < 100_000


def test_nothing_is_cut_off():
    figure = a_figure()
    figure.canvas.draw()
    canvas = figure.bbox
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert canvas.x0 <= box.x0 and box.x1 <= canvas.x1
        assert canvas.y0 <= box.y0 and box.y1 <= canvas.y1


def test_only_fonts_that_come_with_matplotlib(caplog):
    from matplotlib.font_manager import findfont

    with caplog.at_level(logging.WARNING, logger="matplotlib"):
        png(a_figure())
        font = findfont(matplotlib.font_manager.FontProperties())
    assert not caplog.records
    assert os.path.basename(font) == "DejaVuSans.ttf"
    assert font.startswith(matplotlib.get_data_path())


def test_the_same_bytes_in_every_process():
    code = """
import sys, course_lib.plots, matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([1, 3, 2], label="$x^2$")
axes.legend()
figure.savefig(sys.stdout.buffer, format=FORMAT, metadata={"Date": None} if FORMAT == "svg" else None)
"""
    for form in ("png", "svg"):
        first, second = (run_python(code.replace("FORMAT", repr(form))) for _ in range(2))
        assert len(first) > 5_000
        assert first == second


@pytest.mark.parametrize("shares", [False, True])
def test_a_confusion_matrix_says_in_words_and_numbers_what_it_holds(shares):
    truth, guess = [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 0]
    matrix = confusion_matrix(truth, guess, normalize="true" if shares else None)
    figure, axis = plt.subplots()
    plots.confusion_heatmap(matrix, ["cat", "dog", "frog"], axis)
    written = {(round(t.get_position()[1] - 0.5), round(t.get_position()[0] - 0.5)): t.get_text() for t in axis.texts}
    expected = {(0, 0): "67", (0, 1): "33", (1, 1): "100", (2, 0): "100"} if shares else {
        (0, 0): "2", (0, 1): "1", (1, 1): "2", (2, 0): "1"}  # fmt: skip
    assert {place: text for place, text in written.items() if text} == expected
    assert [label.get_text() for label in axis.get_yticklabels()] == ["cat", "dog", "frog"]
    assert axis.get_xlabel() == "predicted" and axis.get_ylabel().startswith("true")
    plt.close(figure)


def test_names_that_do_not_fit_the_matrix_are_refused():
    with pytest.raises(ValueError, match=r"2 class names go with a matrix of shape \(2, 2\), and not \(3, 3\)"):
        plots.confusion_heatmap(np.eye(3), ["cat", "dog"], plt.figure().add_subplot())


def test_learning_curves_draw_what_was_measured_from_epoch_1():
    keras_like = History(loss=[2.0, 1.0], accuracy=[0.3, 0.5], val_loss=[2.2, 1.4], val_accuracy=[0.2, 0.4])
    without_accuracy = History(loss=[3.0, 2.0, 1.0])
    _, axes = plt.subplots(1, 2)
    plots.learning_curves({"a": keras_like, "b": without_accuracy}, axes)
    loss, accuracy = ([(list(x.get_xdata()), list(x.get_ydata()), x.get_linestyle()) for x in a.lines] for a in axes)
    assert loss == [([1, 2], [2.0, 1.0], "--"), ([1, 2], [2.2, 1.4], "-"), ([1, 2, 3], [3.0, 2.0, 1.0], "--")]
    assert accuracy == [([1, 2], [0.3, 0.5], "--"), ([1, 2], [0.2, 0.4], "-")]
    labels = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert labels == ["a, training", "a, validation", "b, training"]
    assert axes[0].lines[0].get_color() == axes[0].lines[1].get_color() != axes[0].lines[2].get_color()


def test_training_speeds_give_each_framework_its_colour_and_say_where():
    rows = [{"batch_size": b, "keras": 100 * b, "torch": 50 * b} for b in (32, 1024)]
    axis = plt.figure().gca()
    plots.training_speeds(rows, axis, "s--", where="GPU")
    ours, theirs = axis.lines
    assert [line.get_label() for line in axis.lines] == ["Keras, GPU", "PyTorch, GPU"]
    assert list(ours.get_xdata()) == [32, 1024] and list(theirs.get_ydata()) == [1600, 51200]
    assert (ours.get_color(), theirs.get_color()) == (plots.COLOURS["blue"], plots.COLOURS["vermilion"])
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    plots.training_speeds(rows, axis)
    assert axis.lines[-1].get_label() == "PyTorch"
