"""Confusion matrices."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from course_lib.plots.style import COLOURS


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
    sns.heatmap(
        confusion, annot=texts, fmt="", cmap=cmap, cbar=False, square=True, linewidths=0.5, ax=axis,
        xticklabels=class_names, yticklabels=class_names,
    )  # fmt: skip
    axis.set(xlabel="predicted", ylabel="true" if counts else "true (per cent of the row)")
    axis.tick_params(length=0)
    axis.grid(False)
