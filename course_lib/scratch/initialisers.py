"""Where learning starts: the random weights of a dense layer.

Equal weights would make all units of a layer learn the same thing, so the weights must differ.
Their spread decides whether signals keep their size from layer to layer: too small and they fade, too
large and they explode. Each function draws W of shape (n_in, n_out) from the Generator `rng`.

Keras' `he_normal` and `glorot_normal` cut the normal curve at two standard deviations; these do not,
and neither does PyTorch.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

Initialiser = Callable[[int, int, Generator], np.ndarray]


def zeros(n_in: int, n_out: int, rng: Generator) -> np.ndarray:
    """All zero: right for logistic regression, useless as soon as there is a hidden layer."""
    return np.zeros((n_in, n_out))


def normal(n_in: int, n_out: int, rng: Generator) -> np.ndarray:
    """N(0, 0.01²), whatever the size of the layer: the rule of thumb before 2010."""
    return rng.normal(0, 0.01, (n_in, n_out))


def glorot_normal(n_in: int, n_out: int, rng: Generator) -> np.ndarray:
    """N(0, 2 / (n_in + n_out)): signals and gradients keep their size (Glorot and Bengio 2010, eq. 12)."""
    return rng.normal(0, np.sqrt(2 / (n_in + n_out)), (n_in, n_out))


def glorot_uniform(n_in: int, n_out: int, rng: Generator) -> np.ndarray:
    """U(-r, r) with the variance of `glorot_normal`, r² = 6 / (n_in + n_out) (the same paper, eq. 16)."""
    limit = np.sqrt(6 / (n_in + n_out))  # U(-r, r) has the variance r² / 3
    return rng.uniform(-limit, limit, (n_in, n_out))


def he_normal(n_in: int, n_out: int, rng: Generator) -> np.ndarray:
    """N(0, 2 / n_in): makes up for ReLU, which zeroes half of its inputs (He et al. 2015, eq. 10)."""
    return rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out))


def he_uniform(n_in: int, n_out: int, rng: Generator) -> np.ndarray:
    """U(-r, r) with the variance of `he_normal`, r² = 6 / n_in."""
    limit = np.sqrt(6 / n_in)
    return rng.uniform(-limit, limit, (n_in, n_out))


INITIALISERS: dict[str, Initialiser] = {
    rule.__name__: rule for rule in (zeros, normal, glorot_normal, glorot_uniform, he_normal, he_uniform)
}


def get_initialiser(name: str) -> Initialiser:
    """The rule called `name`; ValueError lists the names there are. "Xavier" is Glorot's first name."""
    if name not in INITIALISERS:
        raise ValueError(f"unknown initialiser {name!r}: choose one of {', '.join(INITIALISERS)}")
    return INITIALISERS[name]
