"""Two-dimensional data sets whose decision boundaries can be drawn.

Every function returns X (n, 2) float64 and y (n,) int64 with classes 0 and 1, in random order, so
that X[:k] and X[k:] are fair halves. The two classes have n // 2 and n - n // 2 points except in
`make_random`, where each label is a coin toss. Circles, moons and quantiles agree with
scikit-learn's generators of similar names; the flower and the spirals are those of a well-known
programming exercise, with exact angles. The randomness comes from the seed alone.
"""

from collections.abc import Callable

import numpy as np


def class_sizes(n: int) -> tuple[int, int]:
    if n < 2:
        raise ValueError(f"n is the number of points of both classes together, 2 or more, and not {n}.")
    return n // 2, n - n // 2


def shuffled(parts: list[np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points of class 0, 1, ... each (n_k, 2), as X and y in random order."""
    y = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = rng.permutation(len(y))
    return np.concatenate(parts)[order], y[order]


def jittered(parts: list[np.ndarray], noise: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Add Gaussian noise with standard deviation `noise` to both coordinates."""
    return [part + rng.normal(0.0, noise, part.shape) for part in parts]


def make_flower(n: int = 400, noise: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Eight petals of radius 4, four to a class: (r sin t, r cos t) with r = 4 sin 4t.

    Class 0 takes t from 0 to pi and class 1 from pi to 2 pi; where r is negative, the petal lies
    on the far side. `noise` is the standard deviation on the angle (radians) and on the radius.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for label, size in enumerate(class_sizes(n)):
        t = np.linspace(label * np.pi, (label + 1) * np.pi, size) + rng.normal(0.0, noise, size)
        r = 4 * np.sin(4 * t) + rng.normal(0.0, noise, size)
        parts.append(np.stack([r * np.sin(t), r * np.cos(t)], axis=1))
    return shuffled(parts, rng)


def make_circles(n: int = 200, noise: float = 0.1, seed: int = 0, factor: float = 0.5):
    """A circle of radius 1 (class 0) around one of radius `factor` (class 1); `noise` on both coordinates."""
    rng = np.random.default_rng(seed)
    parts = []
    for radius, size in zip((1.0, factor), class_sizes(n), strict=True):
        t = np.linspace(0, 2 * np.pi, size, endpoint=False)
        parts.append(radius * np.stack([np.cos(t), np.sin(t)], axis=1))
    return shuffled(jittered(parts, noise, rng), rng)


def make_moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles of radius 1 that reach into each other; `noise` on both coordinates."""
    rng = np.random.default_rng(seed)
    upper, lower = (np.linspace(0, np.pi, size) for size in class_sizes(n))
    parts = [
        np.stack([np.cos(upper), np.sin(upper)], axis=1),
        np.stack([1 - np.cos(lower), 0.5 - np.sin(lower)], axis=1),
    ]
    return shuffled(jittered(parts, noise, rng), rng)


def make_blobs(n: int = 200, noise: float = 0.8, seed: int = 0, n_blobs: int = 6):
    """Round clusters on a circle of radius 3, classes in turn; `noise` is the deviation of a cluster.

    No straight line separates four clusters or more. `n_blobs` is even.
    """
    if n_blobs < 2 or n_blobs % 2:
        raise ValueError(f"n_blobs should be even, so that the classes take turns, and not {n_blobs}.")
    rng = np.random.default_rng(seed)
    parts = []
    for label, size in enumerate(class_sizes(n)):
        t = 2 * np.pi * (2 * (np.arange(size) % (n_blobs // 2)) + label) / n_blobs
        parts.append(3 * np.stack([np.cos(t), np.sin(t)], axis=1))
    return shuffled(jittered(parts, noise, rng), rng)


def make_quantiles(n: int = 200, noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """One standard Gaussian, cut by radius: the inner half is class 0; then `noise` on both coordinates.

    Without noise, the boundary is near the circle of radius sqrt(2 ln 2) = 1.18.
    """
    rng = np.random.default_rng(seed)
    inner, _ = class_sizes(n)
    X = rng.normal(size=(n, 2))
    X = X[np.argsort(np.sum(X**2, axis=1))]
    return shuffled(jittered([X[:inner], X[inner:]], noise, rng), rng)


def make_spirals(n: int = 200, noise: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two arms, (r sin t, r cos t), with r from 0 to 1 and `noise` on the angle (radians).

    Class 0 turns from t = 0 to 4, class 1 from 4 to 8.
    """
    return spiral_arms(n, noise, seed, lambda r, t: (r * np.sin(t), r * np.cos(t)))


def make_distorted_spirals(n: int = 200, noise: float = 0.2, seed: int = 0):
    """The same arms folded onto one side, (r sin t cos t, r cos^2 t): a much harder boundary."""
    return spiral_arms(n, noise, seed, lambda r, t: (r * np.sin(t) * np.cos(t), r * np.cos(t) ** 2))


def spiral_arms(n: int, noise: float, seed: int, point: Callable) -> tuple[np.ndarray, np.ndarray]:
    """Two arms whose points are `point(radius, angle)`."""
    rng = np.random.default_rng(seed)
    parts = []
    for label, size in enumerate(class_sizes(n)):
        t = np.linspace(4 * label, 4 * (label + 1), size) + rng.normal(0.0, noise, size)
        parts.append(np.stack(point(np.linspace(0, 1, size), t), axis=1))
    return shuffled(parts, rng)


def make_random(n: int = 200, noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The control: points all over the unit square, labels by coin toss. There is nothing to learn."""
    class_sizes(n)
    rng = np.random.default_rng(seed)
    X = rng.random((n, 2)) + rng.normal(0.0, noise, (n, 2))
    return X, rng.integers(0, 2, n)


PLANAR_SETS = {
    "flower": make_flower,
    "circles": make_circles,
    "moons": make_moons,
    "blobs": make_blobs,
    "quantiles": make_quantiles,
    "spirals": make_spirals,
    "distorted spirals": make_distorted_spirals,
    "random": make_random,
}
