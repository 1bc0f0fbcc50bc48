"""A bank that belongs to one student: the number decides about every customer."""

from dataclasses import dataclass

import numpy as np

from course_lib.data import churn_probability, make_churn
from course_lib.marking.numbers import stream_of

N_CUSTOMERS, N_NEW = 6000, 2000
PRICE_OF_A_CALL = 20  # euros
PRICES_OF_A_LOSS = 100, 120, 150, 200
# Euros for a customer above what the true probabilities would pay. A small network keeps within it, and a logistic
# regression does not: tests/exercises/test_assignment.py trains both.
MARGIN = 2.5


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
    rng = stream_of(student_number)
    loss, seed = int(rng.choice(PRICES_OF_A_LOSS)), int(rng.integers(2**31))
    everybody, left = make_churn(N_CUSTOMERS + N_NEW, seed)
    columns = {name: values[:N_CUSTOMERS] for name, values in everybody.items()}
    new = {name: values[N_CUSTOMERS:] for name, values in everybody.items()}
    new["retention_calls"] = np.zeros(N_NEW, np.int64)  # the bank calls whoever gives notice, and nobody has yet
    best = np.minimum(PRICE_OF_A_CALL, loss * churn_probability(new)).mean()
    return Bank(columns, left[:N_CUSTOMERS], new, PRICE_OF_A_CALL, loss, round(float(best) + MARGIN, 1))
