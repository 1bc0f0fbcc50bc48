"""How wrong a network is: mean squared error and the two cross-entropies.

Each loss takes the outputs of a network and the truth, and returns two things: the mean loss as a float, and
its gradient by the outputs, in their shape. The cross-entropies take *logits*, the outputs before sigmoid or
softmax. That is stable, since log and exp cancel before they can overflow, and it is simple: the gradient is
predicted probability minus truth.
"""

from collections.abc import Callable

import numpy as np

from course_lib.scratch.activations import log_softmax, sigmoid, softplus

Loss = Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]


def mean_squared_error(outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean of (output - target)² over all examples and outputs; both (n_examples, n_out)."""
    targets = _check_same_shape(outputs, targets)
    error = outputs - targets
    return float(np.mean(error * error)), error * (2 / error.size)


def binary_cross_entropy(logits: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean of -t log p - (1 - t) log(1 - p) with p = sigmoid(logit); both (n_examples, n_out).

    Targets lie in [0, 1]. Several outputs are several independent yes-or-no questions.
    """
    targets = _check_same_shape(logits, targets)
    if targets.min() < 0 or targets.max() > 1:
        raise ValueError(f"targets must lie in [0, 1], but run from {targets.min():g} to {targets.max():g}")
    loss = np.mean(softplus(logits) - targets * logits)  # -log p = softplus(z) - z, -log(1 - p) = softplus(z)
    return float(loss), (sigmoid(logits) - targets) / logits.size


def categorical_cross_entropy(logits: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean of -log p[label] with p = softmax(logits); logits (n_examples, n_classes), labels (n_examples,).

    Labels are whole numbers from 0 to n_classes - 1.
    """
    labels = _check_labels(logits, labels)
    rows = np.arange(len(labels))
    log_p = log_softmax(logits)  # (n_examples, n_classes)
    loss = -np.mean(log_p[rows, labels])
    gradient = np.exp(log_p)
    gradient[rows, labels] -= 1  # p - one-hot(labels)
    gradient /= len(labels)
    return float(loss), gradient


def _check_same_shape(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Broadcasting (n,) against (n, 1) would silently compare every output with every target."""
    if np.shape(targets) != outputs.shape:
        raise ValueError(
            f"outputs have shape {outputs.shape} but targets {np.shape(targets)}: "
            "give one target for each output, for a single output as y.reshape(-1, 1)"
        )
    return np.asarray(targets, outputs.dtype)


def _check_labels(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    n_examples, n_classes = logits.shape
    if labels.shape == logits.shape:
        raise ValueError("labels look one-hot: give class numbers of shape (n_examples,), as in y.argmax(axis=1)")
    if labels.shape != (n_examples,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be {n_examples} whole numbers of shape ({n_examples},), "
            f"not {labels.dtype} of shape {labels.shape}"
        )
    if labels.min() < 0 or labels.max() >= n_classes:
        raise ValueError(
            f"labels run from {labels.min()} to {labels.max()}, but with {n_classes} outputs "
            f"they must lie from 0 to {n_classes - 1}"
        )
    return labels
