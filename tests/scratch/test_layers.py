import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from course_lib.scratch.layers import Activation, Dense, Dropout

EXACT = {"rtol": 1e-10, "atol": 1e-10}
sizes = st.integers(1, 12)
seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(sizes, sizes, sizes, seeds)
def test_dense_is_pytorchs_linear(n_examples, n_in, n_out, seed):
    rng = np.random.default_rng(seed)
    x, gradient = rng.normal(size=(n_examples, n_in)), rng.normal(size=(n_examples, n_out))
    layer = Dense(n_in, n_out, rng)
    layer.b[:] = rng.normal(size=n_out)
    y = layer.forward(x)
    dx = layer.backward(gradient)

    tx, tW, tb = (torch.tensor(array, requires_grad=True) for array in (x, layer.W.T.copy(), layer.b))
    expected = torch.nn.functional.linear(tx, tW, tb)
    expected.backward(torch.from_numpy(gradient))
    assert_allclose(y, expected.detach(), **EXACT)
    assert_allclose(dx, tx.grad, **EXACT)
    assert_allclose(layer.dW, tW.grad.T, **EXACT)
    assert_allclose(layer.db, tb.grad, **EXACT)


def test_dense_takes_any_rule():
    layer = Dense(3, 2, np.random.default_rng(0), init=lambda n_in, n_out, rng: np.full((n_in, n_out), 7.0))
    assert layer.W.tolist() == [[7, 7]] * 3
    with pytest.raises(ValueError, match="unknown initialiser 'hee'"):
        Dense(3, 2, np.random.default_rng(0), init="hee")


@pytest.mark.parametrize("shape", [(5,), (5, 2), (5, 28, 28), (5, 785)])
def test_dense_names_the_shape_it_takes(shape):
    layer = Dense(784, 10, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"Dense\(784, 10\) takes \(n_examples, 784\), not \(5,.*reshape"):
        layer.forward(np.zeros(shape))


def test_activation_applies_function_and_derivative():
    layer = Activation("leaky_relu")
    x = np.array([[-2.0, 3.0]])
    assert_allclose(layer.forward(x), [[-0.02, 3]])
    assert_allclose(layer.backward(np.array([[10.0, 10.0]])), [[0.1, 10]])


def test_unknown_activation_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown activation 'rellu': choose one of sigmoid, tanh, relu"):
        Activation("rellu")
    with pytest.raises(ValueError, match="softmax is part of the loss"):
        Activation("softmax")


@settings(deadline=None, max_examples=30)
@given(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), seeds, st.sampled_from([np.float32, np.float64]))
def test_dropout_drops_its_part_and_keeps_the_mean(rate, seed, dtype):
    layer = Dropout(rate, np.random.default_rng(seed))
    x = np.ones((200, 100), dtype)
    y = layer.forward(x, training=True)
    assert y.dtype == dtype
    assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)
    n = x.size
    assert abs(np.sum(y == 0) - n * rate) <= 6 * np.sqrt(n * rate * (1 - rate))  # six standard deviations
    assert_allclose(layer.backward(x), y)  # what was dropped gets no gradient, the rest the same scale


def test_dropout_draws_anew_each_time():
    layer = Dropout(0.5, np.random.default_rng(0))
    x = np.ones((10, 10))
    assert not np.array_equal(layer.forward(x, training=True), layer.forward(x, training=True))


def test_dropout_rests_when_predicting():
    layer = Dropout(0.5, np.random.default_rng(0))
    x = np.arange(6.0).reshape(2, 3)
    layer.forward(x, training=True)
    assert np.array_equal(layer.forward(x), x)
    assert np.array_equal(layer.backward(x), x)


@pytest.mark.parametrize("rate", [-0.1, 1, 50])
def test_dropout_rate_out_of_range(rate):
    with pytest.raises(ValueError, match=f"from 0 to below 1, not {rate}"):
        Dropout(rate, np.random.default_rng(0))
