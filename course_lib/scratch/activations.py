"""Activation functions and their derivatives, in NumPy.

A function f comes with its derivative d_f; both take x of any shape and answer in that shape. A layer
a = f(z) sends the gradient that reaches a on to z as `gradient * d_f(z)`. Softmax mixes the entries of
a vector, so it has no such derivative: `softmax_vjp` takes the gradient and sends it on itself.

For |x| up to 1e12 nothing overflows, in float32 neither. At a corner the derivative is the left one, as
in PyTorch.
"""

import math
from collections.abc import Callable
from functools import wraps

import numpy as np
from numpy.typing import ArrayLike

Array = np.ndarray


def _on_floats(function: Callable[..., Array]) -> Callable[..., Array]:
    """Hand `function` an array of floats: float32 stays float32, whole numbers become float64.

    Unsigned pixels would otherwise wrap around at the first minus sign.
    """

    @wraps(function)
    def wrapper(x: ArrayLike, *args, **kwargs) -> Array:
        x = np.asarray(x)
        if x.dtype.kind not in "fiub":
            raise TypeError(f"{function.__name__} takes real numbers, not {x.dtype}: convert x first")
        return function(x if x.dtype.kind == "f" else x.astype(np.float64), *args, **kwargs)

    return wrapper


# ---- Soft switches ---------------------------------------------------------------------------------


@_on_floats
def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), the logistic function; in [0, 1]."""
    e = np.exp(-np.abs(x))  # at most 1, so it cannot overflow
    return np.where(x >= 0, 1, e) / (1 + e)


@_on_floats
def d_sigmoid(x: Array) -> Array:
    """s (1 - s) with s = sigmoid(x); at most 1/4."""
    s = sigmoid(x)
    return s * (1 - s)


@_on_floats
def tanh(x: Array) -> Array:
    """Hyperbolic tangent, 2 sigmoid(2x) - 1; in [-1, 1]."""
    return np.tanh(x)


@_on_floats
def d_tanh(x: Array) -> Array:
    """1 - tanh(x)^2; at most 1."""
    return 1 - np.tanh(x) ** 2


# ---- Rectifiers ------------------------------------------------------------------------------------


@_on_floats
def relu(x: Array) -> Array:
    """max(x, 0) (Nair and Hinton, 2010)."""
    return np.maximum(x, 0)


@_on_floats
def d_relu(x: Array) -> Array:
    """1 where x > 0, else 0."""
    return (x > 0).astype(x.dtype)


@_on_floats
def leaky_relu(x: Array, alpha: ArrayLike = 0.01) -> Array:
    """x where x > 0, else alpha x (Maas et al., 2013). `alpha` broadcasts to x: one, or one per channel."""
    return np.where(x > 0, x, alpha * x)


@_on_floats
def d_leaky_relu(x: Array, alpha: ArrayLike = 0.01) -> Array:
    """1 where x > 0, else alpha."""
    return np.where(x > 0, 1, alpha).astype(x.dtype)


# PReLU (He et al., 2015) is the leaky ReLU with an alpha that is learned, so alpha has a derivative too.
prelu, d_prelu = leaky_relu, d_leaky_relu


@_on_floats
def d_prelu_alpha(x: Array) -> Array:
    """Derivative of prelu by alpha: 0 where x > 0, else x."""
    return np.minimum(x, 0)


def rrelu_alpha(shape: tuple[int, ...], rng: np.random.Generator, low=1 / 8, high=1 / 3) -> Array:
    """Slopes for one training step of RReLU (Xu et al., 2015), one per entry of x.

    RReLU is `leaky_relu(x, alpha)` with these slopes in training, and with (low + high) / 2 afterwards.
    """
    return rng.uniform(low, high, shape)


# ---- Smooth functions ------------------------------------------------------------------------------


@_on_floats
def softplus(x: Array) -> Array:
    """log(1 + e^x), a ReLU without the corner."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


d_softplus = sigmoid


@_on_floats
def elu(x: Array, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha (e^x - 1) (Clevert et al., 2015)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))  # where computes both branches


@_on_floats
def d_elu(x: Array, alpha: float = 1.0) -> Array:
    """1 where x > 0, else alpha e^x."""
    return np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))


@_on_floats
def swish(x: Array, beta: float = 1.0) -> Array:
    """x sigmoid(beta x) (Ramachandran et al., 2017); beta = 1 is SiLU (Elfwing et al., 2018)."""
    return x * sigmoid(beta * x)


@_on_floats
def d_swish(x: Array, beta: float = 1.0) -> Array:
    """s + beta x s (1 - s) with s = sigmoid(beta x)."""
    s = sigmoid(beta * x)
    return s + beta * x * s * (1 - s)


silu, d_silu = swish, d_swish

# NumPy has no error function. Python's is exact but takes one number at a time: see gelu_tanh for speed.
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _normal_cdf(x: Array) -> Array:
    """The share of a standard normal distribution that lies below x."""
    return (0.5 * _erfc(-x / math.sqrt(2))).astype(x.dtype)  # 1 + erf would lose the left tail


@_on_floats
def gelu(x: Array) -> Array:
    """x Phi(x), Phi the standard normal distribution function (Hendrycks and Gimpel, 2016)."""
    return x * _normal_cdf(x)


@_on_floats
def d_gelu(x: Array) -> Array:
    """Phi(x) + x phi(x), phi the standard normal density."""
    return _normal_cdf(x) + x * np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)


def _gelu_tanh_argument(x: Array) -> Array:
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


@_on_floats
def gelu_tanh(x: Array) -> Array:
    """GELU with tanh in place of the error function; differs by less than 5e-4 (same paper)."""
    return 0.5 * x * (1 + np.tanh(_gelu_tanh_argument(x)))


@_on_floats
def d_gelu_tanh(x: Array) -> Array:
    """Derivative of gelu_tanh (not of gelu)."""
    t = np.tanh(_gelu_tanh_argument(x))
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner


@_on_floats
def mish(x: Array) -> Array:
    """x tanh(softplus(x)) (Misra, 2019)."""
    return x * np.tanh(softplus(x))


@_on_floats
def d_mish(x: Array) -> Array:
    """t + x (1 - t^2) sigmoid(x) with t = tanh(softplus(x))."""
    t = np.tanh(softplus(x))
    return t + x * (1 - t**2) * sigmoid(x)


ACTIVATIONS: dict[str, tuple[Callable[..., Array], Callable[..., Array]]] = {
    "sigmoid": (sigmoid, d_sigmoid),
    "tanh": (tanh, d_tanh),
    "relu": (relu, d_relu),
    "leaky_relu": (leaky_relu, d_leaky_relu),
    "softplus": (softplus, d_softplus),
    "elu": (elu, d_elu),
    "swish": (swish, d_swish),
    "gelu": (gelu, d_gelu),
    "gelu_tanh": (gelu_tanh, d_gelu_tanh),
    "mish": (mish, d_mish),
}


# ---- Softmax: a whole vector at once ---------------------------------------------------------------


@_on_floats
def softmax(x: Array, axis: int = -1) -> Array:
    """e^x_i / sum_j e^x_j along `axis`: positive, sums to 1. softmax(x / T) has temperature T."""
    e = np.exp(x - x.max(axis, keepdims=True))  # the shift cancels; the largest exponent is 0
    return e / e.sum(axis, keepdims=True)


@_on_floats
def log_softmax(x: Array, axis: int = -1) -> Array:
    """log softmax(x), finite where softmax itself rounds to 0."""
    z = x - x.max(axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis, keepdims=True))


@_on_floats
def softmax_jacobian(x: Array) -> Array:
    """d softmax_i / d x_j = s_i (1[i = j] - s_j) along the last axis; shape (..., n, n)."""
    s = softmax(x)
    return s[..., :, None] * (np.eye(x.shape[-1], dtype=x.dtype) - s[..., None, :])


@_on_floats
def softmax_vjp(x: Array, gradient: Array, axis: int = -1) -> Array:
    """Gradient by x from the gradient by softmax(x), both in the shape of x, without the Jacobian."""
    _check_same_shape(x, gradient)
    s = softmax(x, axis)
    return s * (gradient - (gradient * s).sum(axis, keepdims=True))


@_on_floats
def log_softmax_vjp(x: Array, gradient: Array, axis: int = -1) -> Array:
    """Gradient by x from the gradient by log_softmax(x), both in the shape of x."""
    _check_same_shape(x, gradient)
    return gradient - softmax(x, axis) * gradient.sum(axis, keepdims=True)


def _check_same_shape(x: Array, gradient: Array) -> None:
    if np.shape(gradient) != x.shape:
        raise ValueError(f"gradient has shape {np.shape(gradient)}, not that of x, {x.shape}")
