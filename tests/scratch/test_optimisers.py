import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from course_lib.scratch.optimisers import SGD, Adam

EXACT = {"rtol": 1e-10, "atol": 1e-10}
shapes = st.lists(st.integers(1, 6), min_size=1, max_size=2).map(tuple)
seeds = st.integers(0, 2**32 - 1)
rates = st.sampled_from([1e-3, 0.1, 1.0])
decays = st.sampled_from([0.0, 1e-4, 0.5])


def assert_same_walk(optimiser, torch_class, torch_arguments, seed):
    """Three steps along the same random gradients, the last two at half and at double the rate."""
    theirs = torch.nn.Parameter(torch.from_numpy(optimiser.parameters.copy()))
    reference = torch_class([theirs], **torch_arguments)
    rng = np.random.default_rng(seed)
    for scale in (1.0, 0.5, 2.0):
        gradient = rng.normal(size=theirs.shape) * 10.0 ** rng.integers(-6, 3, size=theirs.shape)
        kept = gradient.copy()
        optimiser.step(gradient, scale)
        assert np.array_equal(gradient, kept)  # the caller's gradient is not touched
        theirs.grad = torch.from_numpy(gradient)
        reference.param_groups[0]["lr"] = scale * torch_arguments["lr"]
        reference.step()
        assert_allclose(optimiser.parameters, theirs.detach(), **EXACT)


@settings(deadline=None)
@given(shapes, seeds, rates, st.sampled_from([0.0, 0.5, 0.9]), decays)
def test_sgd_is_pytorchs(shape, seed, rate, momentum, decay):
    start = np.random.default_rng(seed).normal(size=shape)
    ours = SGD(start, rate, momentum=momentum, weight_decay=decay)
    arguments = {"lr": rate, "momentum": momentum, "weight_decay": decay}
    assert_same_walk(ours, torch.optim.SGD, arguments, seed)


@settings(deadline=None)
@given(shapes, seeds, rates, st.sampled_from([(0.9, 0.999), (0.0, 0.9), (0.5, 0.5)]), decays)
def test_adam_is_pytorchs(shape, seed, rate, betas, decay):
    start = np.random.default_rng(seed).normal(size=shape)
    ours = Adam(start, rate, *betas, weight_decay=decay)
    arguments = {"lr": rate, "betas": betas, "weight_decay": decay}
    assert_same_walk(ours, torch.optim.Adam, arguments, seed)


@settings(deadline=None)
@given(seeds, st.sampled_from([1e-7, 1e-3]))
def test_adam_epsilon_is_pytorchs(seed, epsilon):
    ours = Adam(np.ones(5), 0.1, epsilon=epsilon)
    assert_same_walk(ours, torch.optim.Adam, {"lr": 0.1, "eps": epsilon}, seed)


def test_adams_defaults_are_pytorchs():
    ours = Adam(np.zeros(1))
    theirs = torch.optim.Adam([torch.zeros(1)]).defaults
    assert (ours.learning_rate, (ours.beta1, ours.beta2), ours.epsilon, ours.weight_decay) == (
        theirs["lr"],
        theirs["betas"],
        theirs["eps"],
        theirs["weight_decay"],
    )


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient():
    optimiser = Adam(np.zeros(3), 0.01)
    optimiser.step(np.array([1e-3, -1.0, 1e3]))
    assert_allclose(optimiser.parameters, [-0.01, 0.01, -0.01], rtol=1e-4)


def test_momentum_accelerates():
    plain, heavy = SGD(np.zeros(1), 0.1), SGD(np.zeros(1), 0.1, momentum=0.9)
    for _ in range(3):
        plain.step(np.ones(1))
        heavy.step(np.ones(1))
    assert plain.parameters[0] == pytest.approx(-0.3)
    assert heavy.parameters[0] == pytest.approx(-0.1 * (1 + 1.9 + 2.71))


@pytest.mark.parametrize("optimiser", [SGD, Adam])
def test_moves_the_array_itself_in_its_own_type(optimiser):
    parameters = np.ones(4, np.float32)
    walker = optimiser(parameters, 0.1, weight_decay=0.1)
    walker.step(np.ones(4, np.float32), scale=0.5)
    assert walker.parameters is parameters
    assert (parameters < 1).all()
    assert parameters.dtype == np.float32
