"""Curves: of a training, of speed against the size of a batch."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from course_lib.plots.style import COLOURS
from course_lib.training.history import History


def learning_curves(
    histories: Mapping[str, History], axes: Sequence[Axes], quantities: Sequence[str] = ("loss", "accuracy")
) -> None:
    """Draw the loss on the first of two axes and the accuracy on the second: training dashed, validation solid.

    One colour per history, epochs from 1. What a history has not measured is left out. Other `quantities`, one for
    each of the axes, may be any metrics, such as "mae".
    """
    for axis, quantity in zip(axes, quantities, strict=True):
        for (name, history), colour in zip(histories.items(), COLOURS.values(), strict=False):
            for field, line in ((quantity, "--"), (f"val_{quantity}", "-")):
                values = getattr(history, field, [])
                epochs = range(1, len(values) + 1)
                label = f"{name}, {'training' if line == '--' else 'validation'}"
                if values:
                    axis.plot(epochs, values, line, color=colour, label=label)
        axis.set(xlabel="epoch", ylabel=quantity)
        axis.locator_params(axis="x", integer=True)
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
