"""The planar sets against their formulas and against scikit-learn."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from course_lib.data.planar import (
    PLANAR_SETS,
    make_blobs,
    make_circles,
    make_distorted_spirals,
    make_flower,
    make_moons,
    make_quantiles,
    make_random,
    make_spirals,
)


def as_set(X, y):
    """Points with labels, rounded, in an order of their own."""
    rows = np.column_stack([X.round(9) + 0.0, y])
    return rows[np.lexsort(rows.T)]


def same_distribution(X, y, X_ref, y_ref):
    """Kolmogorov-Smirnov on each coordinate of each class; false about once in 10,000 when true."""
    return all(
        ks_2samp(X[y == label, axis], X_ref[y_ref == label, axis]).pvalue > 1e-4
        for label in np.unique(y_ref)
        for axis in (0, 1)
    )


@pytest.mark.parametrize("name", PLANAR_SETS)
@settings(deadline=None, max_examples=20)
@given(n=st.integers(2, 300), seed=st.integers(0, 2**32 - 1))
def test_every_set_keeps_the_contract(name, n, seed):
    X, y = PLANAR_SETS[name](n, seed=seed)
    assert X.shape == (n, 2) and X.dtype == np.float64 and np.isfinite(X).all()
    assert y.shape == (n,) and y.dtype == np.int64 and set(y) <= {0, 1}
    if name != "random":
        assert np.bincount(y, minlength=2).tolist() == [n // 2, n - n // 2]
    again = PLANAR_SETS[name](n, seed=seed)
    assert np.array_equal(X, again[0]) and np.array_equal(y, again[1])


@pytest.mark.parametrize("name", PLANAR_SETS)
def test_seeds_noise_and_order_matter(name):
    make = PLANAR_SETS[name]
    assert list(inspect.signature(make).parameters)[:3] == ["n", "noise", "seed"]
    assert not np.array_equal(make(100, seed=0)[0], make(100, seed=1)[0])
    assert not np.array_equal(make(100, noise=0.0)[0], make(100, noise=0.3)[0])
    y = make(400)[1]
    assert 0.35 < y[:200].mean() < 0.65  # shuffled: a prefix is a fair sample


@pytest.mark.parametrize("name", PLANAR_SETS)
def test_too_few_points_are_refused(name):
    with pytest.raises(ValueError, match="2 or more, and not 1"):
        PLANAR_SETS[name](1)


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for make in PLANAR_SETS.values():
        make(50)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("n", [100, 101])
def test_circles_are_scikit_learns(n):
    from sklearn.datasets import make_circles as reference

    expected = as_set(*reference(n, factor=0.3, noise=None))
    assert np.allclose(as_set(*make_circles(n, noise=0.0, factor=0.3)), expected)
    ours, theirs = make_circles(4000, noise=0.2), reference(4000, factor=0.5, noise=0.2, random_state=0)
    assert same_distribution(*ours, *theirs)


@pytest.mark.parametrize("n", [100, 101])
def test_moons_are_scikit_learns(n):
    from sklearn.datasets import make_moons as reference

    assert np.allclose(as_set(*make_moons(n, noise=0.0)), as_set(*reference(n, noise=None)))
    assert same_distribution(*make_moons(4000, noise=0.2), *reference(4000, noise=0.2, random_state=0))


def test_quantiles_are_scikit_learns():
    from sklearn.datasets import make_gaussian_quantiles as reference

    assert same_distribution(*make_quantiles(4000), *reference(n_samples=4000, n_classes=2, random_state=0))
    X, y = make_quantiles(4000)
    radius = np.linalg.norm(X, axis=1)
    assert radius[y == 0].max() < radius[y == 1].min()
    assert abs(radius[y == 0].max() - np.sqrt(2 * np.log(2))) < 0.05  # the median of a Rayleigh variable


def test_blobs_are_scikit_learns():
    from sklearn.datasets import make_blobs as reference

    t = 2 * np.pi * np.arange(6) / 6
    centres = 3 * np.stack([np.cos(t), np.sin(t)], axis=1)
    X, blob = reference(6000, centers=centres, cluster_std=0.8, random_state=0)
    assert same_distribution(*make_blobs(6000, noise=0.8), X, blob % 2)


def test_blobs_take_turns_on_the_circle():
    X, y = make_blobs(120, noise=0.0, n_blobs=4)
    assert np.allclose(np.linalg.norm(X, axis=1), 3)
    quarter = np.round(np.arctan2(X[:, 1], X[:, 0]) / (np.pi / 2)).astype(int) % 4
    assert np.array_equal(quarter % 2, y)
    assert np.bincount(quarter).tolist() == [30] * 4
    with pytest.raises(ValueError, match="n_blobs should be even"):
        make_blobs(n_blobs=5)


def test_flower_petals():
    X, y = make_flower(800, noise=0.0)
    radius, t = np.linalg.norm(X, axis=1), np.arctan2(X[:, 0], X[:, 1])
    assert np.allclose(radius, np.abs(4 * np.sin(4 * t)))
    petal = np.floor(t / (np.pi / 4)).astype(int) % 8
    inside = radius > 0.1  # at the centre the petals meet
    labels = [set(y[inside & (petal == k)]) for k in range(8)]
    assert all(len(some) == 1 for some in labels)  # one class to a petal
    flat = [some.pop() for some in labels]
    assert sorted(flat) == [0] * 4 + [1] * 4


def test_spirals_follow_their_formula():
    X, y = make_spirals(200, noise=0.0)
    r = np.linalg.norm(X, axis=1)
    t = 4 * r + 4 * y
    assert np.allclose(X, np.stack([r * np.sin(t), r * np.cos(t)], axis=1))
    assert np.allclose(np.sort(r[y == 1]), np.linspace(0, 1, 100))


def test_distorted_spirals_follow_their_formula():
    X, y = make_distorted_spirals(200, noise=0.0)
    for label in (0, 1):
        r = np.linspace(0, 1, 100)
        t = 4 * r + 4 * label
        expected = np.stack([r * np.sin(t) * np.cos(t), r * np.cos(t) ** 2], axis=1)
        assert np.allclose(as_set(X[y == label], 0 * r), as_set(expected, 0 * r))


def test_noise_of_a_spiral_turns_and_never_stretches():
    (X, y), (calm, calm_y) = make_spirals(2000, noise=0.5), make_spirals(2000, noise=0.0)
    for label in (0, 1):
        radii = (np.sort(np.linalg.norm(a[b == label], axis=1)) for a, b in ((X, y), (calm, calm_y)))
        assert np.allclose(*radii)
    turned = np.angle(np.exp(1j * (np.arctan2(X[:, 0], X[:, 1]) - 4 * np.linalg.norm(X, axis=1) - 4 * y)))
    assert abs(turned.std() - 0.5) < 0.03


def test_random_labels_ignore_the_points():
    X, y = make_random(4000)
    assert X.min() >= 0 and X.max() <= 1 and abs(y.mean() - 0.5) < 0.03
    assert ks_2samp(X[y == 0, 0], X[y == 1, 0]).pvalue > 1e-4
    assert ks_2samp(X[:, 0], np.linspace(0, 1, 4000)).pvalue > 1e-4
