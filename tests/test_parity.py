"""Weights between Keras and PyTorch: every kind of layer, both ways; what is unequal is named."""

import random
from contextlib import contextmanager

import keras
import numpy as np
import pytest
import torch
from keras import layers
from numpy.testing import assert_array_equal
from torch import nn

from course_lib.keras_nets.efficientnet_lite import efficientnet_lite0 as keras_lite0
from course_lib.parity import (
    Comparison,
    ParityError,
    compare_gradients,
    compare_outputs,
    compare_step,
    copy_weights,
)
from course_lib.torch_nets.efficientnet_lite import efficientnet_lite0 as torch_lite0

NORM = {"eps": 1e-3, "momentum": 0.01}
rng = np.random.default_rng(0)
IMAGES, LABELS = rng.normal(size=(8, 6, 5, 3)).astype(np.float32), rng.integers(4, size=8)


def keras_net(norm=None, flatten=True, stride=1):
    """Image (6, 5, 3): convolution, batch norm, depthwise, flatten (not square!), batch norm, two dense layers."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([
        keras.Input((6, 5, 3)),
        layers.Conv2D(4, 3, stride, activation="relu"),
        layers.BatchNormalization(**(norm or {})),
        layers.DepthwiseConv2D(2, activation="relu"),
        layers.Flatten(),
        layers.BatchNormalization(),
        layers.Dense(7, activation="tanh"),
        layers.Dense(4),
    ])  # fmt: skip


def torch_net(norm=NORM, channels=4, swapped=False):
    torch.manual_seed(1)
    head = [nn.Linear(7, 4)] if not swapped else [nn.BatchNorm1d(7, **NORM)]
    return nn.Sequential(
        nn.Conv2d(3, channels, 3), nn.ReLU(), nn.BatchNorm2d(channels, **norm),
        nn.Conv2d(channels, channels, 2, groups=channels), nn.ReLU(),
        nn.Flatten(), nn.BatchNorm1d(3 * 2 * channels, **NORM), nn.Linear(3 * 2 * channels, 7), nn.Tanh(), *head,
    )  # fmt: skip


@pytest.fixture
def both():
    ours, theirs = keras_net(), torch_net()
    for number, weight in enumerate(ours.weights):  # also the running statistics: nothing may be 0 or 1
        values = np.random.default_rng(number).uniform(-1, 1, weight.shape)
        weight.assign(0.2 + np.abs(values) if "variance" in weight.path else values)
    return ours, theirs


@pytest.mark.parametrize("into_torch", [True, False])
def test_every_kind_of_layer_is_copied_both_ways(both, into_torch):
    ours, theirs = both
    assert compare_outputs(ours, theirs, IMAGES).largest > 0.01
    copy_weights(*(both if into_torch else both[::-1]))
    assert compare_outputs(ours, theirs, IMAGES).largest < 1e-5


def test_there_and_back_is_the_same_to_the_last_bit(both):
    ours, theirs = both
    before = [w.numpy().copy() for w in ours.weights]
    copy_weights(ours, theirs)
    for weight in ours.weights:
        weight.assign(np.zeros(weight.shape))
    copy_weights(theirs, ours)
    for weight, old in zip(ours.weights, before, strict=True):
        assert_array_equal(weight.numpy(), old)


def test_an_embedding_is_copied():
    ours = keras.Sequential(
        [keras.Input((3,), dtype="int32"), layers.Embedding(9, 4), layers.Flatten(), layers.Dense(2)]
    )
    theirs = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(12, 2))
    words = rng.integers(9, size=(5, 3))
    copy_weights(ours, theirs)
    assert compare_outputs(ours, theirs, words).largest < 1e-6
    assert_array_equal(theirs[0].weight.detach().numpy(), ours.layers[0].embeddings.numpy())


def test_a_network_with_branches_is_copied():
    ours, theirs = keras_lite0(10), torch_lite0(10)
    copy_weights(theirs, ours)
    x = rng.normal(size=(2, 64, 64, 3)).astype(np.float32)
    assert compare_outputs(ours, theirs, x).largest < 1e-4


def test_comparing_outputs_leaves_modes_and_statistics(both):
    ours, theirs = both
    theirs[2].eval()
    before = theirs[2].running_mean.clone()
    compare_outputs(ours, theirs, IMAGES)
    assert theirs.training and theirs[0].training and not theirs[2].training
    assert torch.equal(theirs[2].running_mean, before)


def test_gradients_agree_with_each_other_and_with_slopes(both):
    ours, theirs = both
    copy_weights(ours, theirs)
    found = compare_gradients(ours, theirs, IMAGES, LABELS)
    assert found.largest < 1e-4 and len(found.differences) == 12

    double = torch_net().double()
    double.load_state_dict(theirs.state_dict())
    x = torch.from_numpy(IMAGES.transpose(0, 3, 1, 2)).double()

    def loss():
        return nn.functional.cross_entropy(double.train()(x), torch.from_numpy(LABELS)).item()

    # What agrees with Keras is the slope of PyTorch's loss.
    nn.functional.cross_entropy(theirs.train()(x.float()), torch.from_numpy(LABELS)).backward()
    for name, place in (
        ("7.weight", (2, 11)),
        ("0.weight", (1, 2, 0, 1)),
        ("3.weight", (3, 0, 1, 0)),
        ("6.weight", (5,)),
    ):
        parameter = dict(double.named_parameters())[name]
        with torch.no_grad():
            parameter[place] += 1e-6
            up = loss()
            parameter[place] -= 2e-6
            slope = (up - loss()) / 2e-6
            parameter[place] += 1e-6
        assert dict(theirs.named_parameters())[name].grad[place].item() == pytest.approx(slope, rel=1e-3, abs=1e-6)


OPTIMISERS = {
    "SGD": (lambda: keras.optimizers.SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "momentum": (lambda: keras.optimizers.SGD(0.1, 0.9), lambda p: torch.optim.SGD(p, 0.1, 0.9)),
    "Nesterov": (lambda: keras.optimizers.SGD(0.1, 0.9, nesterov=True), lambda p: torch.optim.SGD(p, 0.1, 0.9, nesterov=True)),
    "Adam": (lambda: keras.optimizers.Adam(0.01, epsilon=1e-7), lambda p: torch.optim.Adam(p, 0.01, eps=1e-7)),
    "AdamW": (
        lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1, epsilon=1e-7),
        lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1, eps=1e-7),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["SGD", "momentum", "Nesterov", "Adam", "AdamW"])
def test_a_step_is_the_same_running_statistics_included(both, name):
    ours, theirs = both
    copy_weights(ours, theirs)
    make_keras, make_torch = OPTIMISERS[name]
    found = compare_step(ours, theirs, IMAGES, LABELS, make_keras(), make_torch(theirs.parameters()))
    assert found.largest < 5e-3, found
    assert {"2.running_mean", "2.running_var", "6.running_var"} < set(found.differences)


def test_a_step_with_other_settings_is_seen(both):
    ours, theirs = both
    copy_weights(ours, theirs)
    found = compare_step(
        ours, theirs, IMAGES, LABELS, keras.optimizers.SGD(0.1), torch.optim.SGD(theirs.parameters(), 0.12)
    )
    assert found.largest > 0.005


def test_the_factor_of_the_variance_is_needed(both, monkeypatch):
    """Without it the step would differ: PyTorch remembers the unbiased variance."""
    ours, theirs = both
    copy_weights(ours, theirs)
    forgotten = contextmanager(lambda model: iter([{"2": (10**9, 0.01), "6": (10**9, 0.01)}]))
    monkeypatch.setattr("course_lib.parity.compare.counted", forgotten)
    found = compare_step(
        ours,
        theirs,
        IMAGES,
        LABELS,
        *[make(*p) for make, p in zip(OPTIMISERS["SGD"], ((), (theirs.parameters(),)), strict=True)],
    )
    assert found.worst.endswith(".running_var") and found.largest > 2e-4


UNEQUAL = {
    "have unequal epsilon: 0.001 and 1e-05": lambda: (keras_net(), torch_net(norm={"eps": 1e-5, "momentum": 0.01})),
    "have unequal momentum: 0.99 and 0.9": lambda: (keras_net(), torch_net(norm={"eps": 1e-3, "momentum": 0.1})),
    "have unequal stride": lambda: (keras_net(stride=2), torch_net()),
    r"'0' \(Conv2d\) have unequal channels: 4 and 5": lambda: (keras_net(), torch_net(channels=5)),
    r"'0' \(Linear\) do not fit: weight is \(3, 2\) in Keras, which should be \(2, 3\) in PyTorch and is \(2, 4\)": (
        lambda: (keras.Sequential([keras.Input((3,)), layers.Dense(2)]), nn.Sequential(nn.Linear(4, 2)))
    ),
    "are different kinds of layers": lambda: (keras_net(), torch_net(swapped=True)),
    "Keras has 11 operations and PyTorch 12: '10' of PyTorch has no partner": (
        lambda: (keras_net(), nn.Sequential(*torch_net(), nn.Linear(4, 4)))
    ),
    "do not hold the same: weight, bias and weight": lambda: (
        keras.Sequential([keras.Input((3,)), layers.Dense(2)]), nn.Sequential(nn.Linear(3, 2, bias=False)),
    ),
    "whose weights cannot be copied yet": lambda: (
        keras.Sequential([keras.Input((3, 2)), layers.LSTM(2)]), nn.Sequential(nn.Linear(3, 2)),
    ),
    "'0' is a PReLU, whose weights cannot be copied yet": lambda: (
        keras.Sequential([keras.Input((3,)), layers.Dense(2)]), nn.Sequential(nn.PReLU()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", UNEQUAL)
def test_what_is_unequal_is_named_and_nothing_is_copied(message):
    ours, theirs = UNEQUAL[message]()
    before = [p.clone() for p in theirs.parameters()]
    with pytest.raises(ParityError, match=message):
        copy_weights(ours, theirs)
    assert all(torch.equal(p, old) for p, old in zip(theirs.parameters(), before, strict=True))


def dropping():
    """Twins with dropout and batch norm, with mixed modes and a gradient that was there before."""
    ours = keras.Sequential([
        keras.Input((3,)), layers.Dense(5), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(4),
    ])  # fmt: skip
    theirs = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5, **NORM), nn.Dropout(0.5), nn.Linear(5, 4)).eval()
    theirs[2].train()
    theirs[0].weight.grad = torch.full((5, 3), 7.0)
    return ours, theirs


def state_of(ours, theirs):
    gradients = [None if p.grad is None else p.grad.clone() for p in theirs.parameters()]
    return {
        "modes": [module.training for module in theirs.modules()],
        "gradients": gradients,
        "torch": [value.clone() for value in theirs.state_dict().values()],
        "keras": [variable.numpy().copy() for variable in ours.variables],  # the seeds of dropout are among them
        "trainable": [layer.trainable for layer in ours.layers],
        "random": [torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()[1]],  # noqa: NPY002
    }


def assert_same(first, second, but=()):
    for part, values in first.items():
        for a, b in zip(values, second[part], strict=True):
            assert part in but or (a is b is None) or np.array_equal(a, b), part


ROWS, CLASSES = IMAGES[:, 0, 0], LABELS


def step(ours, theirs):
    compare_step(ours, theirs, ROWS, CLASSES, keras.optimizers.SGD(0.1), torch.optim.SGD(theirs.parameters(), 0.1))


COMPARE = {
    "outputs": (lambda ours, theirs: compare_outputs(ours, theirs, ROWS), ()),
    "gradients": (lambda ours, theirs: compare_gradients(ours, theirs, ROWS, CLASSES), ()),
    "step": (step, ("torch", "keras")),
    "copy": (copy_weights, ("torch",)),
}


@pytest.mark.parametrize("name", COMPARE)
@pytest.mark.parametrize("breaks", [False, True])
def test_a_comparison_leaves_the_networks_as_they_came(name, breaks, monkeypatch):
    ours, theirs = dropping()
    before = state_of(ours, theirs)
    run, but = COMPARE[name]
    if breaks:
        if name == "copy":
            theirs.append(nn.Hardtanh())
            before = state_of(ours, theirs)
        monkeypatch.setattr(theirs[2] if name != "copy" else theirs[0], "forward", fails)
        with pytest.raises((ParityError, ArithmeticError)):
            run(ours, theirs)
        assert_same(before, state_of(ours, theirs))
    else:
        run(ours, theirs)
        assert_same(before, state_of(ours, theirs), but)


def fails(x):
    raise ArithmeticError("in the middle of the forward pass")


def test_a_layer_frozen_in_one_framework_only_has_no_gradient_to_compare():
    ours, theirs = dropping()
    ours.layers[0].trainable = False
    with pytest.raises(ParityError, match="'0.weight' is frozen in Keras only; freeze it in both, or in neither"):
        compare_gradients(ours, theirs, ROWS, CLASSES)
    theirs[0].requires_grad_(False)
    assert set(compare_gradients(ours, theirs, ROWS, CLASSES).differences) == {
        "1.weight",
        "1.bias",
        "3.weight",
        "3.bias",
    }


def test_a_comparison_says_the_worst():
    found = Comparison({"a": 1e-7, "b": 0.25, "c": 0.0})
    assert (found.worst, found.largest, repr(found)) == ("b", 0.25, "largest difference 2e-01, in b, of 3 parts")
