"""Figures in the house style: importing this module sets it (the style itself is `house.mplstyle`)."""

import matplotlib.pyplot as plt

plt.style.use("course_lib.house")

_NAMES = ("blue", "vermilion", "green", "pink", "orange", "sky", "ink")
COLOURS = dict(zip(_NAMES, plt.rcParams["axes.prop_cycle"].by_key()["color"], strict=True))
"""The colours of the cycle by name, to give one thing the same colour in all figures of a page."""
