"""Inputs that an exercise is tried on: drawn from a seed, so that a notebook and a marker can draw different ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Drawn:
    """An argument that is drawn anew for every seed."""

    draw: Callable[[np.random.Generator], Any]


def normal(*shape: int, mean: float = 0.0, scale: float = 1.0) -> Drawn:
    """Normally distributed floats; without a shape, one Python float."""
    return Drawn(lambda rng: rng.normal(mean, scale, shape) if shape else float(rng.normal(mean, scale)))


def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> Drawn:
    """Floats in [low, high); without a shape, one Python float."""
    return Drawn(lambda rng: rng.uniform(low, high, shape) if shape else float(rng.uniform(low, high)))


def integers(*shape: int, low: int = 0, high: int = 10) -> Drawn:
    """Whole numbers in [low, high); without a shape, one Python int."""
    return Drawn(lambda rng: rng.integers(low, high, shape) if shape else int(rng.integers(low, high)))


def bits(*shape: int) -> Drawn:
    """Zeros and ones, int64: the labels of two classes."""
    return integers(*shape, low=0, high=2)


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape)


@dataclass(frozen=True)
class NamedFunction:
    """A function as an argument. Only its name travels between processes."""

    name: str

    def __call__(self, x):
        return FUNCTIONS[self.name](x)

    def __repr__(self) -> str:
        return self.name


FUNCTIONS: dict[str, Callable] = {
    "sin": np.sin,
    "cos": np.cos,
    "exp": np.exp,
    "square": np.square,
    "identity": lambda x: +x,
}


def function(name: str) -> NamedFunction:
    """One of FUNCTIONS, for an exercise whose answer is called with a function."""
    if name not in FUNCTIONS:
        raise ValueError(f"no function named {name}; there are {', '.join(FUNCTIONS)}")
    return NamedFunction(name)


@dataclass(frozen=True)
class Case:
    """One call of the student's function: its arguments in order, and what this case is about."""

    what: str
    arguments: dict[str, Any]

    def draw(self, rng: np.random.Generator) -> list:
        values = self.arguments.values()
        return [value.draw(rng) if isinstance(value, Drawn) else value for value in values]


def case(what: str, /, **arguments) -> Case:
    """case("a batch", x=normal(8, 3), alpha=0.1). `what` is read by the student, after "right for".

    Arguments are passed by position in this order, so that a student may name them as they like.
    """
    return Case(what, arguments)
