"""Figures in the house style: importing this package sets it (the style itself is `house.mplstyle`).

Each function draws on axes that are given to it. One module holds one kind of figure.
"""

from course_lib.plots.boundaries import decision_regions
from course_lib.plots.confusion import confusion_heatmap
from course_lib.plots.curves import learning_curves, training_speeds
from course_lib.plots.images import image_grid
from course_lib.plots.networks import convolutional_network, dense_network, network_alt
from course_lib.plots.style import COLOURS

__all__ = [
    "COLOURS", "confusion_heatmap", "convolutional_network", "decision_regions", "dense_network", "image_grid",
    "learning_curves", "network_alt", "training_speeds",
]  # fmt: skip
