"""What a classifier says about every point of the plane."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes

from course_lib.plots.style import COLOURS


def decision_regions(
    decide: Callable[[np.ndarray], np.ndarray], X: np.ndarray, y: np.ndarray, axis: Axes, n_steps: int = 150
) -> None:
    """Draw points X (n, 2) with classes y of 0 and 1, over the regions where `decide` is below and above zero.

    decide: points (n, 2) to n numbers, such as logits. Class 0 and below are blue, class 1 and above vermilion.
    `hidden_layer`, where it is written out, is the page that introduces this figure.
    """
    colours = [COLOURS["blue"], COLOURS["vermilion"]]
    x1, x2 = np.meshgrid(*np.linspace(X.min(0) - 0.1, X.max(0) + 0.1, n_steps).T)
    z = decide(np.stack([x1, x2], axis=-1).reshape(-1, 2)).reshape(x1.shape)
    axis.contourf(x1, x2, z, [-np.inf, 0, np.inf], colors=colours, alpha=0.3)
    axis.scatter(*X.T, s=4, c=[colours[int(label)] for label in np.ravel(y)])
    axis.set(xlabel="$x_1$", ylabel="$x_2$", xticks=[], yticks=[])
