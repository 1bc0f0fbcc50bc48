"""The training loop: shuffled mini-batches, validation, early stopping."""

import math
import time
from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from course_lib.scratch.losses import Loss, binary_cross_entropy, categorical_cross_entropy
from course_lib.scratch.network import Network
from course_lib.scratch.optimisers import SGD, Adam
from course_lib.scratch.schedules import constant
from course_lib.training.history import History


def train_step(
    network: Network, loss: Loss, optimiser: SGD | Adam, X: np.ndarray, y: np.ndarray, scale: float = 1.0
) -> float:
    """Forward, loss, backward, step: learn from one batch and return its loss before the step.

    A loss that is not finite raises FloatingPointError, and leaves the weights as they are.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # the check below says it better than a warning
        value, gradient = loss(network.forward(X, training=True), y)
        if not math.isfinite(value):
            raise FloatingPointError(
                f"the loss is {value}: lower the learning rate, and look for nan or huge numbers in X"
            )
        network.backward(gradient)
        optimiser.step(network.gradients, scale)
    return value


def evaluate(network: Network, loss: Loss, X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """{"loss": ...} on (X, y) with dropout off, and with a cross-entropy {"accuracy": ...} as well."""
    outputs = network.predict(X)
    result = {"loss": loss(outputs, y)[0]}
    if loss is categorical_cross_entropy:
        result["accuracy"] = float(np.mean(outputs.argmax(axis=1) == y))
    if loss is binary_cross_entropy:
        result["accuracy"] = float(np.mean((outputs > 0) == (np.asarray(y) > 0.5)))  # p > 1/2
    return result


def fit(
    network: Network,
    loss: Loss,
    optimiser: SGD | Adam,
    X: np.ndarray,
    y: np.ndarray,
    *,
    n_epochs: int,
    batch_size: int,
    rng: Generator,
    X_val: np.ndarray | None = None,
    y_val: np.ndarray | None = None,
    patience: int | None = None,
    schedule: Callable[[float], float] = constant,
) -> History:
    """Train for `n_epochs` passes over X (n_examples, n_in) and y. The history has

    loss: the mean over the epoch, each batch taken before its step and with dropout on;
    val_loss, val_accuracy: of `evaluate(network, loss, X_val, y_val)` after the epoch;
    learning_rate, seconds: the rate of the last step, and what the epoch took.

    With `patience`, training stops when val_loss has not improved for so many epochs, and the network gets
    the weights of its best epoch back. `schedule` scales the learning rate over the run, see `schedules`.
    """
    _check(network, optimiser, X, y, batch_size, X_val, y_val, patience)
    X = np.asarray(X, network.parameters.dtype)
    y = np.asarray(y)
    history = History()
    best_loss, best_epoch, best_parameters = math.inf, 0, network.parameters.copy()
    starts = range(0, len(X), batch_size)
    n_steps = n_epochs * len(starts)

    for epoch in range(n_epochs):
        clock_start, scale = time.perf_counter(), 1.0
        order = rng.permutation(len(X))
        total = 0.0
        for i, start in enumerate(starts):
            batch = order[start : start + batch_size]
            scale = schedule((epoch * len(starts) + i) / n_steps)
            try:
                total += len(batch) * train_step(network, loss, optimiser, X[batch], y[batch], scale)
            except FloatingPointError as error:
                raise FloatingPointError(f"epoch {epoch + 1}, batch {i + 1}: {error}") from None
        measured = {"loss": total / len(X), "learning_rate": scale * optimiser.learning_rate}
        if X_val is not None and y_val is not None:
            measured |= {f"val_{name}": value for name, value in evaluate(network, loss, X_val, y_val).items()}
        history.append(**measured, seconds=time.perf_counter() - clock_start)

        if X_val is None:
            continue
        val_loss = history.val_loss[-1]
        if not math.isfinite(val_loss):
            raise FloatingPointError(f"epoch {epoch + 1}: the validation loss is {val_loss}: look at X_val")
        if patience is None:
            continue
        if val_loss < best_loss:
            best_loss, best_epoch, best_parameters = val_loss, epoch, network.parameters.copy()
        elif epoch - best_epoch >= patience:
            break

    if patience is not None:
        network.parameters[:] = best_parameters
    return history


def _check(network, optimiser, X, y, batch_size, X_val, y_val, patience) -> None:
    if len(X) != len(y) or len(X) == 0:
        raise ValueError(f"X has {len(X)} examples and y has {len(y)}: they need the same number, at least one")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    if (X_val is None) != (y_val is None):
        raise ValueError("validation needs both X_val and y_val: give both or neither")
    if patience is not None and X_val is None:
        raise ValueError("early stopping watches the validation loss: give X_val and y_val, or leave patience out")
    if optimiser.parameters is not network.parameters:
        raise ValueError("the optimiser moves other weights: build it with network.parameters of this network")
