"""Figures in the house style: importing this module sets it (the style itself is `house.mplstyle`)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_lib.training.history import History

DATA_FILES = ("course_lib/house.mplstyle",)
plt.style.use("course_lib.house")

_NAMES = ("blue", "vermilion", "green", "pink", "orange", "sky", "ink")
COLOURS = dict(zip(_NAMES, plt.rcParams["axes.prop_cycle"].by_key()["color"], strict=True))
"""The colours of the cycle by name, to give one thing the same colour in all figures of a page."""


def confusion_heatmap(confusion: np.ndarray, class_names: Sequence[str], axis: Axes) -> None:
    """Draw a confusion matrix, (n_classes, n_classes): rows are true classes, columns predicted ones.

    Whole numbers are written as counts, floats as percentages; what rounds to 0 is left empty.
    """
    import seaborn as sns  # brings pandas, which other figures do not need

    n = len(class_names)
    if np.shape(confusion) != (n, n):
        raise ValueError(f"{n} class names go with a matrix of shape {(n, n)}, and not {np.shape(confusion)}.")
    counts = np.issubdtype(confusion.dtype, np.integer)
    numbers = np.round(confusion if counts else 100 * confusion).astype(int)
    texts = np.where(numbers > 0, numbers.astype(str), "")
    cmap = sns.light_palette(COLOURS["blue"], as_cmap=True)
    names = {"xticklabels": class_names, "yticklabels": class_names}
    sns.heatmap(confusion, annot=texts, fmt="", cmap=cmap, cbar=False, square=True, linewidths=0.5, ax=axis, **names)
    axis.set(xlabel="predicted", ylabel="true" if counts else "true (per cent of the row)")
    axis.tick_params(length=0)
    axis.grid(False)


def learning_curves(histories: Mapping[str, History], axes: Sequence[Axes]) -> None:
    """Draw the loss on the first of two axes and the accuracy on the second: training dashed, validation solid.

    One colour per history, epochs from 1. What a history has not measured is left out.
    """
    for axis, quantity in zip(axes, ("loss", "accuracy"), strict=True):
        for (name, history), colour in zip(histories.items(), COLOURS.values(), strict=False):
            for field, line in ((quantity, "--"), (f"val_{quantity}", "-")):
                values = getattr(history, field)
                epochs = range(1, len(values) + 1)
                label = f"{name}, {'training' if line == '--' else 'validation'}"
                if values:
                    axis.plot(epochs, values, line, color=colour, label=label)
        axis.set(xlabel="epoch", ylabel=quantity)
        axis.xaxis.get_major_locator().set_params(integer=True)
    axes[0].legend()


def training_speeds(rows: Sequence[Mapping], axis: Axes, line: str = "o-", where: str = "") -> None:
    """Draw images per second against the batch size, both logarithmic: Keras blue, PyTorch vermilion.

    rows: of the kind "speed", one network's, from a report of `course_lib.bench.frameworks`.
    where: the device, for the labels.
    """
    sizes = [row["batch_size"] for row in rows]
    for framework, name, colour in (("keras", "Keras", "blue"), ("torch", "PyTorch", "vermilion")):
        speeds = [row[framework] for row in rows]
        axis.loglog(sizes, speeds, line, color=COLOURS[colour], label=f"{name}, {where}" if where else name)
