import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.scratch.activations import ACTIVATIONS
from course_lib.scratch.gradient_check import check_gradients
from course_lib.scratch.layers import Activation, Dense, Dropout
from course_lib.scratch.losses import binary_cross_entropy, categorical_cross_entropy, mean_squared_error
from course_lib.scratch.network import Network

SMOOTH = sorted(set(ACTIVATIONS) - {"relu", "leaky_relu"})
LOSSES = [mean_squared_error, binary_cross_entropy, categorical_cross_entropy]


def problem(loss, n_out, seed, n_examples=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_examples, 4))
    if loss is categorical_cross_entropy:
        return X, rng.integers(0, n_out, n_examples)
    return X, rng.integers(0, 2, (n_examples, n_out))


def build(activation, n_out, seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    layers = [Dense(4, 5, rng, "glorot_normal"), Activation(activation), Dropout(0.5, rng)]
    return Network([*layers, Dense(5, n_out, rng, "glorot_normal")], dtype)


@settings(deadline=None)
@given(st.sampled_from(SMOOTH), st.sampled_from(LOSSES), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_backpropagation_passes(activation, loss, n_out, seed):
    network = build(activation, n_out, seed)
    assert check_gradients(network, loss, *problem(loss, n_out, seed)) < 1e-5


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("loss", LOSSES)
def test_backpropagation_passes_away_from_corners(activation, loss):
    assert check_gradients(build(activation, 3, seed=0), loss, *problem(loss, 3, seed=0)) < 1e-6


def slightly_wrong_slope(network):
    network.layers[1].derivative = lambda x: 1.02 * (1 - np.tanh(x) ** 2)


def mean_instead_of_sum(network):
    layer, backward = network.layers[3], network.layers[3].backward

    def wrong(gradient, to_input=True):
        answer = backward(gradient, to_input)
        layer.db[:] = gradient.mean(axis=0)
        return answer

    layer.backward = wrong


def one_weight_forgotten(network):
    layer, backward = network.layers[0], network.layers[0].backward

    def wrong(gradient, to_input=True):
        backward(gradient, to_input)
        layer.dW[2, 3] = 0

    layer.backward = wrong


@pytest.mark.parametrize("bug", [slightly_wrong_slope, mean_instead_of_sum, one_weight_forgotten])
def test_finds_the_bug(bug):
    network, (X, y) = build("tanh", 3, seed=1), problem(categorical_cross_entropy, 3, seed=1)
    assert check_gradients(network, categorical_cross_entropy, X, y) < 1e-6
    bug(network)
    assert check_gradients(network, categorical_cross_entropy, X, y) > 0.01


def test_is_the_relative_error():
    """Gradients 2 % too large differ from the differences by 0.02 / 1.02 of themselves."""
    network, (X, y) = build("tanh", 3, seed=1), problem(mean_squared_error, 3, seed=1)
    error = check_gradients(
        network, lambda a, b: (mean_squared_error(a, b)[0], 1.02 * mean_squared_error(a, b)[1]), X, y
    )
    assert error == pytest.approx(0.02 / 1.02, rel=1e-4)


def test_leaves_the_weights_as_they_were():
    network, (X, y) = build("relu", 3, seed=0), problem(categorical_cross_entropy, 3, seed=0)
    before = network.parameters.copy()
    check_gradients(network, categorical_cross_entropy, X, y)
    assert np.array_equal(network.parameters, before)


def test_tries_as_many_weights_as_asked_first_and_last_included():
    network, (X, y) = build("tanh", 3, seed=0), problem(categorical_cross_entropy, 3, seed=0)
    tried = set()

    def spy(outputs, labels):
        tried.update(np.flatnonzero(network.parameters != before))
        return categorical_cross_entropy(outputs, labels)

    before = network.parameters.copy()
    check_gradients(network, spy, X, y, n_checked=5)
    assert len(tried) == 5
    assert {0, network.n_parameters - 1} <= tried


def test_no_gradient_at_all_is_no_error():
    network = build("relu", 1, seed=0)
    network.parameters[:] = 0
    assert check_gradients(network, mean_squared_error, np.ones((6, 4)), np.zeros((6, 1))) == 0


def test_float32_is_too_coarse():
    network, (X, y) = build("relu", 3, 0, np.float32), problem(categorical_cross_entropy, 3, seed=0)
    with pytest.raises(ValueError, match=r"drown in float32: .*dtype=np.float64"):
        check_gradients(network, categorical_cross_entropy, X, y)
