"""The activations against PyTorch (values, derivatives), finite differences and extreme inputs."""

import warnings

import numpy as np
import pytest
import scipy.special
import torch
import torch.nn.functional as F
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_lib.scratch import activations
from course_lib.scratch.activations import ACTIVATIONS

FLOAT64 = {"rtol": 1e-10, "atol": 1e-10}
NAMES = sorted(ACTIVATIONS)


def torch_mish(x):
    """PyTorch's own Mish and softplus turn into lines at x > 20; logaddexp does not."""
    return x * torch.tanh(torch.logaddexp(x, torch.zeros_like(x)))


TORCH = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "elu": F.elu,
    "swish": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "mish": torch_mish,
}


def inputs(bound=1e4, dtype=np.float64, **shape):
    """Arrays with entries near 0, where the functions bend, and far out, where they overflow."""
    width = 8 * np.dtype(dtype).itemsize
    far, near = np.dtype(dtype).type(bound).item(), 30.0
    entries = st.floats(-near, near, width=width) | st.floats(-far, far, width=width) | st.just(0.0)
    return arrays(dtype, array_shapes(max_dims=3, max_side=5, **shape), elements=entries)


def torch_value_and_derivative(function, x):
    x = torch.tensor(x, requires_grad=True)
    y = function(x)
    y.sum().backward()
    return y.detach().numpy(), x.grad.numpy()


def assert_agrees(name, f, df, reference, x):
    y, dy = torch_value_and_derivative(reference, x)
    np.testing.assert_allclose(f(x), y, **FLOAT64, err_msg=name)
    np.testing.assert_allclose(df(x), dy, **FLOAT64, err_msg=f"derivative of {name}")


def test_every_activation_has_a_reference():
    assert set(TORCH) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(x=inputs())
def test_value_and_derivative_agree_with_pytorch(name, x):
    assert_agrees(name, *ACTIVATIONS[name], TORCH[name], x)


@pytest.mark.parametrize("name", NAMES)
def test_derivative_is_the_slope(name):
    f, df = ACTIVATIONS[name]
    x = np.linspace(-9.95, 9.95, 200)  # an even number of points: 0, where some have a corner, is not one
    slope = (f(x + 1e-5) - f(x - 1e-5)) / 2e-5
    np.testing.assert_allclose(df(x), slope, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(deadline=None)
@given(data=st.data())
def test_extreme_inputs_stay_finite_and_silent(name, dtype, data):
    x = data.draw(inputs(bound=1e12, dtype=dtype))
    with warnings.catch_warnings(), np.errstate(over="raise", divide="raise", invalid="raise"):
        warnings.simplefilter("error")
        for function in ACTIVATIONS[name]:
            assert np.isfinite(function(x)).all()


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(x=inputs(dtype=np.float32))
def test_float32_stays_float32_and_close(name, x):
    for function in ACTIVATIONS[name]:
        y = function(x)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, function(x.astype(np.float64)), rtol=2e-6, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_pixels_lists_and_numbers_count_as_floats(name):
    for function in ACTIVATIONS[name]:
        expected = function(np.array([0.0, 1.0, 200.0]))
        assert np.array_equal(function(np.array([0, 1, 200], dtype=np.uint8)), expected)
        assert np.array_equal(function([0, 1, 200]), expected)
        assert function(200) == expected[2]


def test_what_is_not_a_real_number_is_refused():
    with pytest.raises(TypeError, match="softplus takes real numbers, not complex128"):
        activations.softplus(1j)
    with pytest.raises(TypeError, match="relu takes real numbers"):
        activations.relu(["1.5"])


# ---- Parameters ------------------------------------------------------------------------------------


@settings(deadline=None)
@given(x=inputs(), alpha=st.floats(-2, 2))
def test_leaky_relu_with_any_slope(x, alpha):
    assert_agrees(
        "leaky_relu",
        lambda x: activations.leaky_relu(x, alpha),
        lambda x: activations.d_leaky_relu(x, alpha),
        lambda x: F.leaky_relu(x, alpha),
        x,
    )


@settings(deadline=None)
@given(
    x=arrays(np.float64, (4, 3), elements=st.floats(-50, 50)),
    alpha=arrays(np.float64, 3, elements=st.floats(-2, 2)),
)
def test_prelu_learns_one_slope_per_channel(x, alpha):
    torch_x, torch_alpha = torch.tensor(x, requires_grad=True), torch.tensor(alpha, requires_grad=True)
    y = F.prelu(torch_x, torch_alpha)
    y.sum().backward()
    np.testing.assert_allclose(activations.prelu(x, alpha), y.detach(), **FLOAT64)
    np.testing.assert_allclose(activations.d_prelu(x, alpha), torch_x.grad, **FLOAT64)
    np.testing.assert_allclose(activations.d_prelu_alpha(x).sum(axis=0), torch_alpha.grad, **FLOAT64)


def test_rrelu_draws_its_slopes_like_pytorch():
    x = np.random.default_rng(0).normal(size=100_000)
    alpha = activations.rrelu_alpha(x.shape, np.random.default_rng(1))
    torch.manual_seed(0)
    torch_x = torch.tensor(x, requires_grad=True)
    y = F.rrelu(torch_x, training=True)
    y.sum().backward()
    torch_alpha = (y.detach() / torch_x.detach()).numpy()[x < 0]

    # The same distribution: quantiles of 50,000 draws from a width of 0.208 agree to some 0.001.
    levels = np.linspace(0, 1, 11)
    np.testing.assert_allclose(np.quantile(alpha, levels), np.quantile(torch_alpha, levels), atol=4e-3)
    # With PyTorch's slopes, the same derivative; after training, the mean slope.
    slopes = np.where(x < 0, y.detach() / torch_x.detach(), 0)
    np.testing.assert_allclose(activations.d_leaky_relu(x, slopes), torch_x.grad, **FLOAT64)
    np.testing.assert_allclose(activations.leaky_relu(x, (1 / 8 + 1 / 3) / 2), F.rrelu(torch_x.detach()), **FLOAT64)


@settings(deadline=None)
@given(x=inputs(), alpha=st.floats(0.01, 3))
def test_elu_with_any_alpha(x, alpha):
    assert_agrees(
        "elu",
        lambda x: activations.elu(x, alpha),
        lambda x: activations.d_elu(x, alpha),
        lambda x: F.elu(x, alpha),
        x,
    )


@settings(deadline=None)
@given(x=inputs(), beta=st.floats(0, 20))
def test_swish_with_any_beta(x, beta):
    assert_agrees(
        "swish",
        lambda x: activations.swish(x, beta),
        lambda x: activations.d_swish(x, beta),
        lambda x: x * torch.sigmoid(beta * x),
        x,
    )


def test_swish_runs_from_half_the_line_to_relu():
    x = np.linspace(-4, 4, 41)
    assert np.array_equal(activations.swish(x, beta=0), x / 2)
    np.testing.assert_allclose(activations.swish(x, beta=1000), activations.relu(x), atol=1e-12)


# ---- Tails and identities that a tolerance of 1e-10 cannot see -------------------------------------


@settings(deadline=None)
@given(x=arrays(np.float64, 5, elements=st.floats(-700, 700)))
@example(x=np.linspace(15, 40, 101))  # a line beyond 20, as in PyTorch, is off by 2e-9 there
def test_softplus_is_logaddexp_to_the_last_digits(x):
    np.testing.assert_allclose(activations.softplus(x), np.logaddexp(0, x), rtol=1e-14)


@settings(deadline=None)
@given(x=arrays(np.float64, 5, elements=st.floats(-700, 30)))
def test_left_tails_keep_their_digits(x):
    """Deep in the tail, where sigmoid(-x) is e^x, a careless 1 - ... would answer 0."""
    np.testing.assert_allclose(activations.sigmoid(x), np.exp(-np.logaddexp(0, -x)), rtol=1e-12)
    np.testing.assert_allclose(np.log(activations.sigmoid(x)), -activations.softplus(-x), rtol=1e-12, atol=1e-15)


def test_gelu_keeps_its_left_tail():
    x = np.linspace(-37, 0, 100)  # PyTorch answers 0 from -9 on
    np.testing.assert_allclose(activations.gelu(x), x * scipy.special.ndtr(x), rtol=1e-12)


def test_gelu_tanh_is_as_near_as_its_docstring_says():
    x = np.linspace(-10, 10, 20_001)
    error = np.abs(activations.gelu_tanh(x) - activations.gelu(x)).max()
    assert 1e-4 < error < 5e-4


# ---- Softmax ---------------------------------------------------------------------------------------

PAIRS = {
    "softmax": (activations.softmax, activations.softmax_vjp, torch.softmax),
    "log_softmax": (activations.log_softmax, activations.log_softmax_vjp, torch.log_softmax),
}


@pytest.mark.parametrize("name", PAIRS)
@settings(deadline=None)
@given(data=st.data())
def test_softmax_and_gradient_agree_with_pytorch_along_every_axis(name, data):
    f, vjp, torch_f = PAIRS[name]
    x = data.draw(inputs())
    gradient = data.draw(arrays(np.float64, x.shape, elements=st.floats(-10, 10)))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    torch_x = torch.tensor(x, requires_grad=True)
    y = torch_f(torch_x, axis)
    y.backward(torch.tensor(gradient))
    np.testing.assert_allclose(f(x, axis), y.detach(), **FLOAT64)
    np.testing.assert_allclose(vjp(x, gradient, axis), torch_x.grad, **FLOAT64)


@settings(deadline=None)
@given(x=inputs(min_dims=2))
def test_jacobian_agrees_with_pytorch_and_with_the_vjp(x):
    jacobian = activations.softmax_jacobian(x)
    gradient = np.cos(np.arange(x.size)).reshape(x.shape)
    product = np.einsum("...i,...ij->...j", gradient, jacobian)
    np.testing.assert_allclose(activations.softmax_vjp(x, gradient), product, atol=1e-14)
    row = torch.tensor(x.reshape(-1, x.shape[-1])[0])
    expected = torch.autograd.functional.jacobian(lambda v: torch.softmax(v, -1), row)
    np.testing.assert_allclose(jacobian.reshape(-1, *jacobian.shape[-2:])[0], expected, **FLOAT64)


@settings(deadline=None)
@given(x=inputs(), shift=st.integers(-1000, 1000))
def test_softmax_is_a_distribution_and_ignores_a_shift(x, shift):
    s = activations.softmax(x)
    assert (s >= 0).all()
    np.testing.assert_allclose(s.sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(activations.softmax(x + shift), s, atol=1e-11)


@settings(deadline=None)
@given(x=arrays(np.float64, 2, elements=st.floats(-700, 700)))
def test_softmax_of_two_is_the_sigmoid_of_the_difference(x):
    np.testing.assert_allclose(activations.softmax(x)[0], activations.sigmoid(x[0] - x[1]), rtol=1e-12)


def test_softmax_gives_the_values_printed_in_the_source_lecture():
    s = activations.softmax([1, 2, 2, 3, 3, 3, 4, 4, 4, 4])
    expected = [0.00917887] + 2 * [0.02495075] + 3 * [0.06782318] + 4 * [0.18436252]
    np.testing.assert_allclose(s, expected, atol=5e-9)


def test_log_softmax_survives_where_softmax_rounds_to_zero():
    x = np.array([0.0, 2000.0])
    assert activations.softmax(x)[0] == 0
    assert np.array_equal(activations.log_softmax(x), [-2000.0, 0.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(deadline=None)
@given(data=st.data())
def test_softmax_of_extreme_inputs_stays_finite_and_silent(dtype, data):
    x = data.draw(inputs(bound=1e12, dtype=dtype))
    with warnings.catch_warnings(), np.errstate(over="raise", divide="raise", invalid="raise"):
        warnings.simplefilter("error")
        results = [activations.softmax(x), activations.log_softmax(x), activations.softmax_jacobian(x)]
        results += [vjp(x, np.ones_like(x)) for _, vjp, _ in PAIRS.values()]
    for y in results:
        assert y.dtype == dtype
        assert np.isfinite(y).all()


@settings(deadline=None)
@given(x=inputs(min_dims=2, min_side=2))
def test_gradient_of_another_shape_is_refused(x):
    """NumPy would broadcast it in silence."""
    assume(x.shape[1:] != x.shape)
    for _, vjp, _ in PAIRS.values():
        with pytest.raises(ValueError, match="gradient has shape"):
            vjp(x, np.ones(x.shape[1:]))
