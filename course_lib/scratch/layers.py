"""The three layers of this course: dense, activation, dropout.

A layer knows two things. `forward` turns a batch x (n_examples, n_in) into outputs (n_examples, n_out) and
remembers what it will need on the way back. `backward` takes the gradient of the loss by these outputs,
stores the gradients by its own parameters and returns the gradient by its inputs: the chain rule, one
link at a time. Any class with these two methods and `parameter_names` can join a `Network`.

Whatever is random draws from a Generator that you pass: the same seed gives the same network.
"""

import numpy as np
from numpy.random import Generator

from course_lib.scratch.activations import ACTIVATIONS
from course_lib.scratch.initialisers import Initialiser, get_initialiser


class Dense:
    """Every output is a weighted sum of all inputs plus a bias: x W + b, with W (n_in, n_out), b (n_out,).

    `init` names a rule of `initialisers` or is a function (n_in, n_out, rng) -> W; biases start at zero.
    To put other weights into a layer, fill its arrays (`layer.W[:] = ...`): its network owns them.
    """

    parameter_names = ("W", "b")  # their gradients are called dW and db

    def __init__(self, n_in: int, n_out: int, rng: Generator, init: str | Initialiser = "he_normal"):
        rule = init if callable(init) else get_initialiser(init)
        self.W = rule(n_in, n_out, rng)
        self.b = np.zeros(n_out)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        if x.ndim != 2 or x.shape[1] != len(self.W):
            raise ValueError(
                f"{self} takes (n_examples, {len(self.W)}), not {x.shape}: "
                "rows are examples; flatten images with X.reshape(len(X), -1)"
            )
        self.x = x
        y = x @ self.W  # (n_examples, n_out)
        y += self.b  # in place: at large batches each new array costs time
        return y

    def backward(self, gradient: np.ndarray, to_input: bool = True) -> np.ndarray | None:
        """The first layer of a network needs no gradient by its input: `to_input=False` saves a product."""
        np.matmul(self.x.T, gradient, out=self.dW)  # (n_in, n_examples) (n_examples, n_out)
        np.sum(gradient, axis=0, out=self.db)
        return gradient @ self.W.T if to_input else None

    def __repr__(self) -> str:
        return f"Dense({self.W.shape[0]}, {self.W.shape[1]})"


class Activation:
    """A function from `activations`, by name, applied to every number on its own."""

    parameter_names = ()

    def __init__(self, name: str):
        if name not in ACTIVATIONS:
            hint = "; softmax is part of the loss: end with a dense layer" if name == "softmax" else ""
            raise ValueError(f"unknown activation {name!r}: choose one of {', '.join(ACTIVATIONS)}{hint}")
        self.name = name
        self.function, self.derivative = ACTIVATIONS[name]

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        self.x = x
        return self.function(x)

    def backward(self, gradient: np.ndarray, to_input: bool = True) -> np.ndarray:
        return gradient * self.derivative(self.x)

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"


class Dropout:
    """In training, zero each input with probability `rate` and scale the rest by 1 / (1 - rate).

    The scaling keeps the expected input of the next layer, so that nothing is left to do when predicting
    ("inverted" dropout, after Srivastava et al. 2014).
    """

    parameter_names = ()

    def __init__(self, rate: float, rng: Generator):
        if not 0 <= rate < 1:
            raise ValueError(f"the dropout rate is the part of inputs to drop, from 0 to below 1, not {rate}")
        self.rate = rate
        self.rng = rng

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        self.mask = None
        if not training:
            return x
        keep = self.rng.random(x.shape, dtype=np.float32) >= self.rate
        self.mask = keep.astype(x.dtype)
        self.mask /= 1 - self.rate
        return x * self.mask

    def backward(self, gradient: np.ndarray, to_input: bool = True) -> np.ndarray:
        return gradient if self.mask is None else gradient * self.mask

    def __repr__(self) -> str:
        return f"Dropout({self.rate})"
