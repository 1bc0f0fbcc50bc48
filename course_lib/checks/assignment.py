"""Data that belongs to one student: the number decides about every point in the plane, and every customer of a bank."""

import zlib
from dataclasses import dataclass

import numpy as np

from course_lib.checks.plain import as_number
from course_lib.data import PLANAR_SETS, churn_probability, make_churn

# Accuracy on new points, for each kind of set. Eight hidden neurons and 2,000 steps of gradient descent reach it for
# nearly every number, and two hidden neurons never do: tests/checks/test_assignment.py trains both.
GOALS = {"circles": 0.95, "moons": 0.94, "blobs": 0.89, "quantiles": 0.91, "spirals": 0.97}

N_CUSTOMERS, N_NEW = 6000, 2000
PRICE_OF_A_CALL = 20  # euros
PRICES_OF_A_LOSS = 100, 120, 150, 200
# Euros for a customer above what the true probabilities would pay. A small network keeps within it, and a logistic
# regression does not: tests/checks/test_assignment.py trains both.
MARGIN = 2.5


def points(student_number: int | str, n: int = 400, new: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """X (n, 2) and y (n, 1) with 0 and 1. `new` draws others of the same set, to judge a network by.

    ValueError where the number is nobody's.
    """
    rng = _stream(student_number)
    name = list(GOALS)[rng.integers(len(GOALS))]
    turn, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(1.5, 2)
    training_seed, new_seed = rng.integers(2**31, size=2)
    X, y = PLANAR_SETS[name](n, seed=int(new_seed if new else training_seed))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return X * [stretch, 1] @ rotation, y.reshape(-1, 1)  # stretched first: else turned circles would be all alike


def goal(student_number: int | str) -> float:
    """The accuracy on new points that this student's set allows, with some room."""
    return list(GOALS.values())[_stream(student_number).integers(len(GOALS))]


@dataclass(frozen=True)
class Bank:
    """columns, each (6000,): customers of last year, as the table stands now; left (6000,): 1 for those who left.

    new: the same columns, each (2000,), of customers who are with the bank today. Prices are in euros; goal is the
    mean price of a new customer, as the true probabilities make it, that a good list of calls does not exceed.
    """

    columns: dict[str, np.ndarray]
    left: np.ndarray
    new: dict[str, np.ndarray]
    price_of_a_call: int
    price_of_a_loss: int
    goal: float

    def price(self, calls: np.ndarray) -> float:
        """What calling these new customers costs, (2000,) truth values, per customer and on average over fate."""
        lost = self.price_of_a_loss * churn_probability(self.new)
        return float(np.where(calls, self.price_of_a_call, lost).mean())


def bank(student_number: int | str) -> Bank:
    """The bank of this student. ValueError where the number is nobody's."""
    rng = _stream(student_number)
    loss, seed = int(rng.choice(PRICES_OF_A_LOSS)), int(rng.integers(2**31))
    everybody, left = make_churn(N_CUSTOMERS + N_NEW, seed)
    columns = {name: values[:N_CUSTOMERS] for name, values in everybody.items()}
    new = {name: values[N_CUSTOMERS:] for name, values in everybody.items()}
    new["retention_calls"] = np.zeros(N_NEW, np.int64)  # the bank calls whoever gives notice, and nobody has yet
    best = np.minimum(PRICE_OF_A_CALL, loss * churn_probability(new)).mean()
    return Bank(columns, left[:N_CUSTOMERS], new, PRICE_OF_A_CALL, loss, round(float(best) + MARGIN, 1))


def _stream(student_number: int | str) -> np.random.Generator:
    """The same generator for 123, "123" and "00123", as in the roster."""
    if student_number is ...:
        raise ValueError("student_number is not set yet: write your own number into the cell above")
    if isinstance(student_number, np.integer | np.ndarray) and np.ndim(student_number) == 0:
        student_number = student_number.item()
    plain = isinstance(student_number, int | str) and not isinstance(student_number, bool)
    number = as_number(str(student_number)) if plain else ""
    if not number or number.startswith("-"):
        raise ValueError(f"the student_number {student_number!r} is nobody's: write your own into the cell above")
    return np.random.default_rng(zlib.crc32(number.encode()))
