import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from course_lib.scratch.activations import ACTIVATIONS
from course_lib.scratch.layers import Activation, Dense, Dropout
from course_lib.scratch.losses import categorical_cross_entropy
from course_lib.scratch.network import Network
from course_lib.scratch.optimisers import SGD
from course_lib.scratch.training import train_step

EXACT = {"rtol": 1e-10, "atol": 1e-10}


def small_network(seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return Network([Dense(3, 5, rng), Activation("tanh"), Dense(5, 2, rng)], dtype)


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    n_examples=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_outputs_and_gradients_are_pytorchs(twins, flat, sizes, activation, n_examples, seed):
    network, model = twins(sizes, activation, seed)
    rng = np.random.default_rng(seed)
    X, gradient = rng.normal(size=(n_examples, sizes[0])), rng.normal(size=(n_examples, sizes[-1]))
    outputs = network.forward(X)
    dX = network.backward(gradient, to_input=True)

    tensor = torch.from_numpy(X).requires_grad_()
    expected = model(tensor)
    expected.backward(torch.from_numpy(gradient))
    assert_allclose(outputs, expected.detach(), **EXACT)
    assert_allclose(network.gradients, flat(p.grad for p in model.parameters()), **EXACT)
    assert_allclose(dX, tensor.grad, **EXACT)


def test_gradients_are_replaced_not_summed():
    network, X, gradient = small_network(), np.ones((4, 3)), np.ones((4, 2))
    for _ in range(2):
        network.forward(X)
        network.backward(gradient)
    once = small_network()
    once.forward(X)
    once.backward(gradient)
    assert np.array_equal(network.gradients, once.gradients)


def test_input_gradient_only_on_request():
    network = small_network()
    network.forward(np.ones((4, 3)))
    assert network.backward(np.ones((4, 2))) is None
    assert network.backward(np.ones((4, 2)), to_input=True).shape == (4, 3)


def test_parameters_are_all_weights_end_to_end():
    network = small_network()
    first, _, last = network.layers
    assert network.n_parameters == 3 * 5 + 5 + 5 * 2 + 2
    assert network.parameters.tolist() == [*first.W.flat, *first.b, *last.W.flat, *last.b]
    network.parameters[:] = np.arange(32)
    assert first.W[0, 1] == 1
    assert last.b.tolist() == [30, 31]
    last.W[:] = 0
    assert not network.parameters[20:30].any()


def test_the_right_number_of_parameters():
    rng = np.random.default_rng(0)
    sizes = [784, 128, 64, 10]
    layers = [Dense(n_in, n_out, rng) for n_in, n_out in zip(sizes, sizes[1:], strict=False)]
    assert Network(layers).n_parameters == 109_386


def test_float32_throughout():
    network = Network(
        [Dense(3, 5, np.random.default_rng(0)), Activation("relu"), Dropout(0.5, np.random.default_rng(0))],
        np.float32,
    )
    outputs = network.forward(np.ones((4, 3)), training=True)  # X is float64
    dX = network.backward(outputs, to_input=True)
    assert {array.dtype.name for array in (outputs, dX, network.parameters, network.gradients)} == {"float32"}


def test_predict_switches_dropout_off():
    rng = np.random.default_rng(0)
    network = Network([Dropout(0.5, rng), Dense(30, 4, rng)])
    X = np.ones((2, 30))
    assert_allclose(network.predict(X), X @ network.layers[1].W)
    assert not np.allclose(network.forward(X, training=True), network.predict(X))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_a_copy_learns_on_its_own(duplicate):
    network = small_network()
    twin = duplicate(network)
    X, y, before = np.ones((4, 3)), np.array([0, 0, 1, 0]), network.parameters.copy()
    assert np.array_equal(twin.predict(X), network.predict(X))
    train_step(twin, categorical_cross_entropy, SGD(twin.parameters, 0.1), X, y)
    assert np.array_equal(network.parameters, before)
    assert not np.array_equal(twin.predict(X), network.predict(X))


def test_replaced_weights_are_noticed():
    network = small_network()
    network.layers[2].W = np.ones((5, 2))
    outputs = network.forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"W of Dense\(5, 2\) is no longer part.*layer.W\[:\] = "):
        network.backward(outputs)


def test_a_layer_in_two_networks_is_noticed():
    network = small_network()
    Network(network.layers[:2])
    outputs = network.forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match="one network only"):
        network.backward(outputs)


def test_the_same_layer_twice():
    rng = np.random.default_rng(0)
    relu = Activation("relu")
    with pytest.raises(ValueError, match="twice, but can remember only one input"):
        Network([Dense(3, 5, rng), relu, Dense(5, 2, rng), relu])


def test_layers_that_do_not_fit():
    rng = np.random.default_rng(0)
    network = Network([Dense(3, 5, rng), Dense(4, 2, rng)])
    with pytest.raises(ValueError, match=r"Dense\(4, 2\) takes \(n_examples, 4\), not \(1, 5\)"):
        network.predict(np.ones((1, 3)))


def test_repr_shows_the_chain():
    assert repr(small_network()) == "Network(Dense(3, 5), Activation('tanh'), Dense(5, 2); 32 parameters)"
