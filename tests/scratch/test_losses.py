import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from course_lib.scratch.losses import (
    binary_cross_entropy,
    categorical_cross_entropy,
    mean_squared_error,
)

EXACT = {"rtol": 1e-10, "atol": 1e-10}
sizes = st.integers(1, 12)
seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([0.01, 1.0, 30.0, 1000.0])  # the last two saturate sigmoid and softmax


def torch_loss(function, outputs, targets):
    """Value and gradient of a PyTorch loss."""
    tensor = torch.from_numpy(outputs).requires_grad_()
    value = function(tensor, torch.from_numpy(targets))
    value.backward()
    return value.item(), tensor.grad.numpy()


@settings(deadline=None)
@given(sizes, sizes, seeds, scales)
def test_mean_squared_error_is_pytorchs(n_examples, n_out, seed, scale):
    rng = np.random.default_rng(seed)
    outputs, targets = scale * rng.normal(size=(2, n_examples, n_out))
    value, gradient = mean_squared_error(outputs, targets)
    expected, expected_gradient = torch_loss(F.mse_loss, outputs, targets)
    assert_allclose(value, expected, **EXACT)
    assert_allclose(gradient, expected_gradient, **EXACT)


@settings(deadline=None)
@given(sizes, sizes, seeds, scales)
def test_binary_cross_entropy_is_pytorchs(n_examples, n_out, seed, scale):
    rng = np.random.default_rng(seed)
    logits = scale * rng.normal(size=(n_examples, n_out))
    targets = rng.random((n_examples, n_out)).round(rng.integers(3))  # hard and soft labels
    value, gradient = binary_cross_entropy(logits, targets)
    expected, expected_gradient = torch_loss(F.binary_cross_entropy_with_logits, logits, targets)
    assert_allclose(value, expected, **EXACT)
    assert_allclose(gradient, expected_gradient, **EXACT)


@settings(deadline=None)
@given(sizes, sizes, seeds, scales)
def test_categorical_cross_entropy_is_pytorchs(n_examples, n_classes, seed, scale):
    rng = np.random.default_rng(seed)
    logits = scale * rng.normal(size=(n_examples, n_classes))
    labels = rng.integers(0, n_classes, n_examples)
    value, gradient = categorical_cross_entropy(logits, labels)
    expected, expected_gradient = torch_loss(F.cross_entropy, logits, labels)
    assert_allclose(value, expected, **EXACT)
    assert_allclose(gradient, expected_gradient, **EXACT)


def test_ten_classes_untrained_cost_ln_10():
    value, gradient = categorical_cross_entropy(np.zeros((3, 10)), np.array([0, 4, 9], np.uint8))
    assert value == pytest.approx(np.log(10))
    assert gradient[0, 0] == pytest.approx(-0.9 / 3)
    assert gradient[0, 1] == pytest.approx(0.1 / 3)


def test_arguments_are_not_changed():
    logits, labels = np.arange(6.0).reshape(2, 3), np.array([0, 2])
    categorical_cross_entropy(logits, labels)
    binary_cross_entropy(logits, np.ones((2, 3)))
    assert logits.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert labels.tolist() == [0, 2]


@pytest.mark.parametrize("loss", [mean_squared_error, binary_cross_entropy, categorical_cross_entropy])
def test_float32_stays_float32(loss):
    outputs = np.ones((4, 3), np.float32)
    targets = np.ones(4, int) if loss is categorical_cross_entropy else np.ones((4, 3))
    value, gradient = loss(outputs, targets)
    assert gradient.dtype == np.float32
    assert type(value) is float


@pytest.mark.parametrize("loss", [mean_squared_error, binary_cross_entropy])
def test_flat_targets_are_not_broadcast(loss):
    with pytest.raises(ValueError, match=r"shape \(4, 1\) but targets \(4,\).*reshape\(-1, 1\)"):
        loss(np.zeros((4, 1)), np.zeros(4))


@pytest.mark.parametrize("wrong", [-0.1, 2, 255])
def test_binary_targets_outside_0_to_1(wrong):
    with pytest.raises(ValueError, match=r"targets must lie in \[0, 1\]"):
        binary_cross_entropy(np.zeros((2, 1)), np.array([[0], [wrong]]))


@pytest.mark.parametrize("wrong", [-1, 3])
def test_label_out_of_range(wrong):
    with pytest.raises(ValueError, match=r"with 3 outputs they must lie from 0 to 2"):
        categorical_cross_entropy(np.zeros((2, 3)), np.array([0, wrong]))


def test_one_hot_labels():
    with pytest.raises(ValueError, match=r"one-hot.*argmax\(axis=1\)"):
        categorical_cross_entropy(np.zeros((3, 3)), np.eye(3))


@pytest.mark.parametrize("labels", [np.zeros(3), np.zeros((3, 1), int), np.zeros(4, int), np.array(["a"] * 3)])
def test_labels_that_are_not_one_whole_number_each(labels):
    with pytest.raises(ValueError, match=r"labels must be 3 whole numbers of shape \(3,\), not"):
        categorical_cross_entropy(np.zeros((3, 2)), labels)
