"""Points that belong to one student: the number decides about every one of them."""

import numpy as np

from course_lib.data import PLANAR_SETS
from course_lib.marking.numbers import stream_of

# Accuracy on new points, for each kind of set. Eight hidden neurons and 2,000 steps of gradient descent reach it for
# nearly every number, and two hidden neurons never do: tests/exercises/test_assignment.py trains both.
GOALS = {"circles": 0.95, "moons": 0.94, "blobs": 0.89, "quantiles": 0.91, "spirals": 0.97}


def points(student_number: int | str, n: int = 400, new: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """X (n, 2) and y (n, 1) with 0 and 1. `new` draws others of the same set, to judge a network by.

    ValueError where the number is nobody's.
    """
    rng = stream_of(student_number)
    name = list(GOALS)[rng.integers(len(GOALS))]
    turn, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(1.5, 2)
    training_seed, new_seed = rng.integers(2**31, size=2)
    X, y = PLANAR_SETS[name](n, seed=int(new_seed if new else training_seed))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return X * [stretch, 1] @ rotation, y.reshape(-1, 1)  # stretched first: else turned circles would be all alike


def goal(student_number: int | str) -> float:
    """The accuracy on new points that this student's set allows, with some room."""
    return list(GOALS.values())[stream_of(student_number).integers(len(GOALS))]
