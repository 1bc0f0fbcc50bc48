import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits

from course_lib.scratch.activations import ACTIVATIONS
from course_lib.scratch.layers import Activation, Dense
from course_lib.scratch.losses import binary_cross_entropy, categorical_cross_entropy, mean_squared_error
from course_lib.scratch.network import Network
from course_lib.scratch.optimisers import SGD, Adam
from course_lib.scratch.schedules import cosine
from course_lib.scratch.training import evaluate, fit, train_step

EXACT = {"rtol": 1e-10, "atol": 1e-10}
TORCH_LOSSES = {
    mean_squared_error: F.mse_loss,
    binary_cross_entropy: F.binary_cross_entropy_with_logits,
    categorical_cross_entropy: F.cross_entropy,
}


def optimiser_pair(name, network, model):
    weights = model.parameters()
    if name == "SGD":
        return SGD(network.parameters, 0.1), torch.optim.SGD(weights, 0.1)
    if name == "momentum":
        return (
            SGD(network.parameters, 0.1, momentum=0.9, weight_decay=1e-3),
            torch.optim.SGD(weights, 0.1, momentum=0.9, weight_decay=1e-3),
        )
    # The epsilon of 1e-8 would blow up the rounding of a gradient that is really zero to a whole step.
    return Adam(network.parameters, 0.01, epsilon=1e-3), torch.optim.Adam(weights, 0.01, eps=1e-3)


def draw_targets(loss, rng, n_examples, n_out):
    if loss is categorical_cross_entropy:
        return rng.integers(0, n_out, n_examples)
    return rng.integers(0, 2, (n_examples, n_out)).astype(float)


def torch_step(model, loss, optimiser, X, y):
    optimiser.zero_grad()
    value = TORCH_LOSSES[loss](model(torch.from_numpy(X)), torch.from_numpy(y))
    value.backward()
    optimiser.step()
    return value.item()


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=4),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    loss=st.sampled_from(list(TORCH_LOSSES)),
    optimiser=st.sampled_from(["SGD", "momentum", "Adam"]),
    n_examples=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_three_steps_are_pytorchs(twins, flat, sizes, activation, loss, optimiser, n_examples, seed):
    network, model = twins(sizes, activation, seed)
    ours, theirs = optimiser_pair(optimiser, network, model)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        X, y = rng.normal(size=(n_examples, sizes[0])), draw_targets(loss, rng, n_examples, sizes[-1])
        value = train_step(network, loss, ours, X, y)
        assert_allclose(value, torch_step(model, loss, theirs, X, y), **EXACT)
        assert_allclose(network.gradients, flat(p.grad for p in model.parameters()), **EXACT)
        assert_allclose(network.parameters, flat(model.parameters()), **EXACT)


def test_fit_is_the_loop_one_would_write_in_pytorch(twins, flat):
    """37 examples in batches of 10: the last batch is smaller and counts less in the epoch's mean."""
    network, model = twins([4, 6, 3], "tanh", seed=0)
    rng = np.random.default_rng(0)
    X, X_val, y, y_val = *rng.normal(size=(2, 37, 4)), *rng.integers(0, 3, (2, 37))
    loss, n_epochs = categorical_cross_entropy, 3
    history = fit(
        network, loss, SGD(network.parameters, 0.5), X, y,
        n_epochs=n_epochs, batch_size=10, rng=np.random.default_rng(7), X_val=X_val, y_val=y_val, schedule=cosine,
    )  # fmt: skip

    optimiser, order = torch.optim.SGD(model.parameters(), 0.5), np.random.default_rng(7)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=n_epochs * 4)
    assert_allclose(history.learning_rate, [0.5 * cosine(step / 12) for step in (3, 7, 11)])
    for epoch in range(n_epochs):
        total = 0.0
        for batch in np.split(order.permutation(37), [10, 20, 30]):
            total += len(batch) * torch_step(model, loss, optimiser, X[batch], y[batch])
            schedule.step()
        with torch.no_grad():
            logits = model(torch.from_numpy(X_val))
        assert_allclose(history.loss[epoch], total / 37, **EXACT)
        assert_allclose(history.val_loss[epoch], F.cross_entropy(logits, torch.from_numpy(y_val)), **EXACT)
        assert history.val_accuracy[epoch] == np.mean(logits.argmax(dim=1).numpy() == y_val)
    assert_allclose(network.parameters, flat(model.parameters()), **EXACT)


# -- what it is for ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_solves_xor(seed):
    X, y = np.array([[0, 1], [1, 0], [1, 1], [0, 0]]), np.array([[1], [1], [0], [0]])
    rng = np.random.default_rng(seed)
    network = Network([Dense(2, 5, rng, "glorot_normal"), Activation("tanh"), Dense(5, 1, rng)])
    optimiser = SGD(network.parameters, 0.5)
    history = fit(network, binary_cross_entropy, optimiser, X, y, n_epochs=1000, batch_size=4, rng=rng)
    assert evaluate(network, binary_cross_entropy, X, y)["accuracy"] == 1
    assert history.loss[-1] < 0.05 and history.val_loss == history.val_accuracy == []
    assert len(history) == 1000 and history.learning_rate == [0.5] * 1000 and min(history.seconds) > 0


def digits():
    """1,797 handwritten digits of 8x8 pixels: 1,400 to learn from, 397 to be tested on."""
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return np.split(X[order] / 16, [1400]), np.split(y[order], [1400])


def train_on_digits(seed):
    (X, X_test), (y, y_test) = digits()
    rng = np.random.default_rng(seed)
    network = Network([Dense(64, 32, rng), Activation("relu"), Dense(32, 10, rng)], np.float32)
    optimiser = Adam(network.parameters, 0.01)
    fit(network, categorical_cross_entropy, optimiser, X, y, n_epochs=20, batch_size=50, rng=rng)
    return network, evaluate(network, categorical_cross_entropy, X_test, y_test)["accuracy"]


def test_learns_to_read_digits():
    assert train_on_digits(seed=0)[1] > 0.94


def test_same_seed_same_network():
    first, second, other = (train_on_digits(seed)[0].parameters for seed in (0, 0, 1))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


# -- validation and early stopping ---------------------------------------------------------------------------


def noisy_problem(seed=0):
    """Few examples, random labels: a network learns them by heart, and soon gets worse on others."""
    rng = np.random.default_rng(seed)
    X, X_val = rng.normal(size=(2, 30, 5))
    labels = (X[:, 0] + 2 * rng.normal(size=30) > 0).astype(int), (X_val[:, 0] > 0).astype(int)
    network = Network([Dense(5, 20, rng), Activation("relu"), Dense(20, 2, rng)])
    data = {"X": X, "y": labels[0], "X_val": X_val, "y_val": labels[1]}
    return network, data | {"batch_size": 10, "rng": rng}


@pytest.mark.parametrize("patience", [1, 3])
def test_early_stopping_returns_the_best_weights(patience):
    network, arguments = noisy_problem()
    optimiser = Adam(network.parameters, 0.01)
    history = fit(network, categorical_cross_entropy, optimiser, n_epochs=200, patience=patience, **arguments)
    best = int(np.argmin(history.val_loss))
    assert best == history.best_epoch > 0
    assert len(history) == best + 1 + patience < 200
    after = evaluate(network, categorical_cross_entropy, arguments["X_val"], arguments["y_val"])
    assert after["loss"] == history.val_loss[best] < history.val_loss[-1]


def test_patience_counts_from_the_last_improvement():
    """A loss that tells its own story: better, worse, better than ever, worse, worse: stop after two."""
    network, arguments = noisy_problem()
    story = iter([3.0, 4.0, 2.0, 2.5, 2.0, 0.0])

    def loss(outputs, y):
        value = 1.0 if y is not arguments["y_val"] else next(story)
        return value, np.zeros_like(outputs)

    history = fit(network, loss, SGD(network.parameters, 0.1), n_epochs=6, patience=2, **arguments)
    assert (history.loss, history.val_loss) == ([1.0] * 5, [3.0, 4.0, 2.0, 2.5, 2.0])


def test_the_best_weights_come_back_even_if_patience_never_ran_out():
    network, arguments = noisy_problem()
    optimiser = Adam(network.parameters, 0.01)
    history = fit(network, categorical_cross_entropy, optimiser, n_epochs=50, patience=50, **arguments)
    after = evaluate(network, categorical_cross_entropy, arguments["X_val"], arguments["y_val"])
    assert len(history) == 50
    assert after["loss"] == min(history.val_loss) < history.val_loss[-1]


def test_without_patience_the_last_weights_stay():
    network, arguments = noisy_problem()
    optimiser = Adam(network.parameters, 0.01)
    history = fit(network, categorical_cross_entropy, optimiser, n_epochs=50, **arguments)
    after = evaluate(network, categorical_cross_entropy, arguments["X_val"], arguments["y_val"])
    assert after["loss"] == history.val_loss[-1] > min(history.val_loss)


def test_accuracy_of_yes_or_no_questions_has_its_threshold_at_a_half():
    network = Network([Dense(1, 1, np.random.default_rng(0))])
    network.parameters[:] = [2, -1]  # logit 2x - 1: yes above x = 1/2
    X = np.array([[0.4], [0.6], [0.6], [2.0]])
    result = evaluate(network, binary_cross_entropy, X, np.array([[0], [1], [1], [0]]))
    assert result["accuracy"] == 0.75


def test_regression_has_no_accuracy():
    network = Network([Dense(1, 1, np.random.default_rng(0))])
    assert evaluate(network, mean_squared_error, np.ones((3, 1)), network.predict(np.ones((3, 1)))) == {"loss": 0}


# -- what goes wrong -----------------------------------------------------------------------------------------


def test_divergence_is_named_with_its_place_and_without_warnings():
    network, arguments = noisy_problem()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FloatingPointError, match=r"epoch 1, batch \d: the loss is (nan|inf): lower the learn"):
            fit(network, categorical_cross_entropy, SGD(network.parameters, 1e200), n_epochs=2, **arguments)


def test_nan_in_the_data_does_not_reach_the_weights():
    network, arguments = noisy_problem()
    before = network.parameters.copy()
    X = np.where(np.eye(30, 5) == 1, np.nan, arguments["X"])
    with pytest.raises(FloatingPointError, match="the loss is nan.*look for nan or huge numbers in X"):
        train_step(network, categorical_cross_entropy, SGD(network.parameters, 0.1), X, arguments["y"])
    assert np.array_equal(network.parameters, before)


def test_nan_in_the_validation_data():
    network, arguments = noisy_problem()
    arguments["X_val"][3, 0] = np.nan
    with pytest.raises(FloatingPointError, match="epoch 1: the validation loss is nan: look at X_val"):
        fit(network, categorical_cross_entropy, SGD(network.parameters, 0.1), n_epochs=2, **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.zeros(29, int)}, "X has 30 examples and y has 29"),
        ({"X": np.empty((0, 5)), "y": np.empty(0, int)}, "X has 0 examples and y has 0: .* at least one"),
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"X_val": None}, "needs both X_val and y_val"),
        ({"y_val": None}, "needs both X_val and y_val"),
        ({"X_val": None, "y_val": None, "patience": 3}, "give X_val and y_val, or leave patience out"),
    ],
)
def test_wrong_arguments(change, message):
    network, arguments = noisy_problem()
    with pytest.raises(ValueError, match=message):
        fit(network, categorical_cross_entropy, SGD(network.parameters, 0.1), n_epochs=1, **arguments | change)


def test_the_optimiser_of_another_network():
    network, arguments = noisy_problem()
    stranger, _ = noisy_problem()
    with pytest.raises(ValueError, match="build it with network.parameters"):
        fit(network, categorical_cross_entropy, SGD(stranger.parameters, 0.1), n_epochs=1, **arguments)
