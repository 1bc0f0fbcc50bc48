"""What the 1,000 outputs of a network trained on ImageNet mean."""

from functools import cache
from importlib.resources import files

import numpy as np

DATA_FILES = ("course_lib/data/imagenet_classes.txt",)


@cache
def class_names() -> tuple[str, ...]:
    """ImageNet's 1,000 classes, in the order of the outputs."""
    text = (files("course_lib.data") / "imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))


def top_classes(probabilities: np.ndarray, k: int = 5) -> list[list[tuple[str, float]]]:
    """The k likeliest classes of each row of (n, 1000), as (name, probability), the likeliest first."""
    names = class_names()
    if probabilities.ndim != 2 or probabilities.shape[1] != len(names):
        raise ValueError(f"probabilities have the shape (n, {len(names)}), not {probabilities.shape}")
    order = np.argsort(-probabilities, 1, kind="stable")[:, :k]
    return [[(names[i], float(row[i])) for i in best] for row, best in zip(probabilities, order, strict=True)]
