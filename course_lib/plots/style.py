"""The house style, set when this module is imported, and the names of its colours."""

import matplotlib.pyplot as plt

DATA_FILES = ("course_lib/house.mplstyle",)
plt.style.use("course_lib.house")

_NAMES = ("blue", "vermilion", "green", "pink", "orange", "sky", "ink")
COLOURS: dict[str, str] = dict(zip(_NAMES, plt.rcParams["axes.prop_cycle"].by_key()["color"], strict=True))
"""The colours of the cycle by name, to give one thing the same colour in all figures of a page."""
