"""Lab 02_activations: functions, derivatives, a stable softmax, and a gradient check."""

import math

import numpy as np

from course_lib.marking.exercise import exercise, mistake
from course_lib.marking.inputs import case, function, normal, uniform
from course_lib.scratch import activations

# ---- A function ------------------------------------------------------------------------------------

leaky_relu = exercise(
    "leaky_relu",
    task="leaky_relu(x, alpha): x where x is positive, alpha times x elsewhere. Any shape, and the same shape back.",
    reference=activations.leaky_relu,
    second=lambda x, alpha: np.maximum(x, 0) + alpha * np.minimum(x, 0),
    inputs=[
        case("five numbers", x=normal(5), alpha=0.1),
        case("a batch", x=normal(3, 4, scale=3), alpha=0.01),
        case("an alpha above 1", x=np.array([-2.0, -0.5, 0.0, 0.5, 2.0]), alpha=1.5),
    ],
    mistakes=[
        mistake(
            "plain-relu",
            lambda x, alpha: np.maximum(x, 0),
            "Yours is zero on the left, and that is the plain ReLU. There, let alpha times x through.",
        ),
        mistake(
            "swapped-sides",
            lambda x, alpha: np.where(x > 0, alpha * x, x),
            "The two sides are swapped: a positive x passes unchanged, a negative one is multiplied by alpha.",
        ),
        mistake(
            "alpha-itself",
            lambda x, alpha: np.where(x > 0, x, alpha),
            "On the left you return alpha itself. That is the slope; the value is alpha times x.",
        ),
        mistake(
            "larger-of-two",
            lambda x, alpha: np.maximum(x, alpha * x),
            "The larger of x and alpha * x is right only while alpha is below 1. Ask for the sign of x instead.",
        ),
    ],
)

# ---- Derivatives -----------------------------------------------------------------------------------


def _naive_d_sigmoid(x):
    return np.exp(-x) / (1 + np.exp(-x)) ** 2


d_sigmoid = exercise(
    "d_sigmoid",
    task="d_sigmoid(x): the slope of the sigmoid at x, entry by entry, also for x = -800. The same shape back.",
    reference=activations.d_sigmoid,
    second=lambda x: 0.25 / np.cosh(x / 2) ** 2,  # overflows only to 1 / infinity, which is right
    inputs=[
        case("five numbers", x=normal(5, scale=2)),
        case("a batch", x=normal(2, 3)),
        case("numbers far out", x=np.array([-800.0, -40.0, 0.0, 40.0, 800.0])),
    ],
    mistakes=[
        mistake(
            "unstable",
            _naive_d_sigmoid,
            "Far to the left, e to the power of -x is infinite, and infinity divided by infinity is nan. "
            "Compute s = sigmoid(x) first and make the slope of s.",
        ),
        mistake(
            "x-as-output",
            lambda x: x * (1 - x),
            "You treat x as if it were already the output of the sigmoid. First s = sigmoid(x), then s times (1 - s).",
        ),
        mistake("sigmoid-itself", activations.sigmoid, "This is the sigmoid itself. Its slope is s times (1 - s)."),
        mistake(
            "wrong-sign",
            lambda x: -activations.d_sigmoid(x),
            "The sign is wrong: the sigmoid never falls, so its slope is never negative.",
        ),
        mistake(
            "tanh-slope",
            lambda x: 1 - activations.sigmoid(x) ** 2,
            "1 - s^2 is the slope of tanh. The slope of the sigmoid is s times (1 - s).",
        ),
    ],
)


def _count_layers(answer) -> tuple[str, str] | None:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.ndarray) or np.ndim(answer):
        return "not-one-number", "Give one number."
    n = float(answer)
    if n != math.floor(n) or not math.isfinite(n):
        return "not-whole", "Layers come whole. Round to the number that is just enough."
    if n == 20:
        return "half-as-slope", "A half is the value of the sigmoid in the middle. What is its steepest slope there?"
    if n == 9:
        return "one-too-few", "Nine layers leave nearly four millionths. That is still more than one."
    if n == 11:
        return "one-too-many", "One layer too many: the gradient is already below a millionth before the last one."
    if n != 10:
        return (
            "other-number",
            "Multiply a quarter by itself, once per layer, and stop at the first result below 0.000001.",
        )
    return None


sigmoid_layers = exercise(
    "sigmoid_layers",
    task="The smallest number of sigmoid layers after which less than a millionth of a gradient is left, at best.",
    verify=_count_layers,
    accepts=[10, 10.0, np.int64(10), np.array(10)],
    rejects=[
        mistake("not-one-number", [10], "Give one number."),
        mistake(
            "not-whole", math.log(1e-6) / math.log(0.25), "Layers come whole. Round to the number that is just enough."
        ),
        mistake(
            "half-as-slope", 20, "A half is the value of the sigmoid in the middle. What is its steepest slope there?"
        ),
        mistake("one-too-few", 9, "Nine layers leave nearly four millionths. That is still more than one."),
        mistake(
            "one-too-many", 11, "One layer too many: the gradient is already below a millionth before the last one."
        ),
        mistake(
            "other-number",
            6,
            "Multiply a quarter by itself, once per layer, and stop at the first result below 0.000001.",
        ),
    ],
)


def _d_swish_by_tanh(x, beta):
    s = 0.5 + 0.5 * np.tanh(beta * x / 2)
    return s * (1 + beta * x * (1 - s))


def _d_swish_without_beta(x, beta):
    s = activations.sigmoid(beta * x)
    return s + x * s * (1 - s)


d_swish = exercise(
    "d_swish",
    task="d_swish(x, beta): the slope of x * sigmoid(beta * x) at x, entry by entry. The same shape back.",
    reference=activations.d_swish,
    second=_d_swish_by_tanh,
    inputs=[
        case("five numbers with beta = 1", x=normal(5, scale=2), beta=1.0),
        case("a batch with a larger beta", x=normal(2, 3), beta=uniform(low=1.5, high=3)),
        case("numbers far out", x=np.array([-900.0, -1.0, 0.0, 1.0, 900.0]), beta=1.0),
    ],
    mistakes=[
        mistake(
            "no-second-term",
            lambda x, beta: activations.sigmoid(beta * x),
            "A product has two terms: besides the switch itself, x times the slope of the switch.",
        ),
        mistake(
            "no-first-term",
            lambda x, beta: beta * x * activations.d_sigmoid(beta * x),
            "The first term of the product rule is missing: the slope of x is 1, times the switch.",
        ),
        mistake(
            "no-inner-slope",
            _d_swish_without_beta,
            "The chain rule asks for the inner slope too: beta * x grows beta times as fast as x.",
        ),
        mistake(
            "product-of-slopes",
            lambda x, beta: beta * activations.d_sigmoid(beta * x),
            "The slope of a product is not the product of the slopes. Use the product rule: f'g + fg'.",
        ),
    ],
)

# ---- Softmax ---------------------------------------------------------------------------------------


def _naive_softmax(x, axis):
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def _softmax_without_keepdims(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis)


def _softmax_over_everything(x, axis):
    e = np.exp(x - x.max())
    return e / e.sum()


def _softmax_with_one_shift(x, axis):
    e = np.exp(x - x.max())
    return e / e.sum(axis=axis, keepdims=True)


def _unscaled_softmax(x, axis):
    return np.exp(x - x.max(axis=axis, keepdims=True))


softmax = exercise(
    "softmax",
    task="softmax(x, axis): positive numbers that sum to 1 along axis, also for scores of 1000. The same shape back.",
    reference=activations.softmax,
    second=lambda x, axis: np.exp(x - np.logaddexp.reduce(x, axis=axis, keepdims=True)),
    inputs=[
        case("four scores", x=normal(4), axis=-1),
        case("the rows of a batch", x=normal(3, 4, scale=2), axis=-1),
        case("the columns of a batch", x=normal(3, 4, scale=2), axis=0),
        case("the middle axis of three", x=normal(2, 3, 4), axis=1),
        case("scores of 1000", x=np.array([[1000.0, 999.0, 990.0]]), axis=-1),
        case("two rows far apart", x=np.array([[1000.0, 1001.0], [-1000.0, -998.0]]), axis=-1),
    ],
    mistakes=[
        mistake(
            "unstable",
            _naive_softmax,
            "Large scores overflow: e to the power of 1000 is infinite. Subtract the largest score of each row first; "
            "it cancels in the fraction.",
        ),
        mistake(
            "no-keepdims",
            _softmax_without_keepdims,
            "The sum has lost an axis, so it lines up with the wrong numbers. Say keepdims=True.",
        ),
        mistake(
            "sum-of-all",
            _softmax_over_everything,
            "You divide by the sum of everything. Sum along axis only, and keep that axis.",
        ),
        mistake(
            "last-axis",
            lambda x, axis: activations.softmax(x, -1),
            "You always work along the last axis. Hand axis on to max and to sum.",
        ),
        mistake(
            "one-shift",
            _softmax_with_one_shift,
            "You subtract the largest score of the whole array, and the exponentials of the lower row all become zero. "
            "Take the largest along axis.",
        ),
        mistake("not-normalised", _unscaled_softmax, "Positive, but the sum is not 1. Divide by the sum along axis."),
    ],
)

# ---- A gradient check ------------------------------------------------------------------------------

STEP = 1e-5


def _slope(f, x):
    return (f(x + STEP) - f(x - STEP)) / (2 * STEP)


def _largest(distances) -> float:
    return float(np.max(np.abs(distances)))


def _gradient_error_in_a_loop(f, df, x):
    errors = [abs((f(value + STEP) - f(value - STEP)) / 2 / STEP - df(value)) for value in np.ravel(x)]
    return float(sorted(errors)[-1])


gradient_error = exercise(
    "gradient_error",
    task="gradient_error(f, df, x): the largest distance, over all entries of x, between df(x) and the measured slope "
    "(f(x + h) - f(x - h)) / 2h with h = 1e-5. One number.",
    reference=lambda f, df, x: _largest(_slope(f, x) - df(x)),
    second=_gradient_error_in_a_loop,
    tolerance=1e-6,  # where df is right, the distance is rounding and nobody's digits agree
    inputs=[
        case("a right derivative", f=function("sin"), df=function("cos"), x=uniform(5, low=-3, high=3)),
        case(
            "a derivative that is too small", f=function("square"), df=function("identity"), x=uniform(4, low=1, high=2)
        ),
        case(
            "a derivative that is too large", f=function("square"), df=function("exp"), x=uniform(2, 3, low=1, high=2)
        ),
        case("a large second derivative", f=function("exp"), df=function("exp"), x=uniform(4, low=3, high=4)),
    ],
    mistakes=[
        mistake(
            "no-absolute-value",
            lambda f, df, x: float(np.max(_slope(f, x) - df(x))),
            "Without the absolute value, a derivative that is too large gives negative distances, and the largest of "
            "them belongs to the smallest error.",
        ),
        mistake(
            "divides-by-h",
            lambda f, df, x: _largest(2 * _slope(f, x) - df(x)),
            "From x - h to x + h is a way of 2h, so divide by 2h.",
        ),
        mistake(
            "one-sided",
            lambda f, df, x: _largest((f(x + STEP) - f(x)) / STEP - df(x)),
            "Your difference looks to one side only, and its error shrinks only as fast as h. Step to both sides.",
        ),
        mistake(
            "mean",
            lambda f, df, x: float(np.mean(np.abs(_slope(f, x) - df(x)))),
            "A mean hides one wrong entry among many right ones. Take the largest distance.",
        ),
        mistake(
            "no-brackets-above",
            lambda f, df, x: _largest(f(x + STEP) - f(x - STEP) / (2 * STEP) - df(x)),
            "Division comes before subtraction: put brackets around f(x + h) - f(x - h).",
        ),
        mistake(
            "no-brackets-below",
            lambda f, df, x: _largest((f(x + STEP) - f(x - STEP)) / 2 * STEP - df(x)),
            "2 * h has to stand in brackets: a / 2 * h divides by 2 and multiplies by h.",
        ),
        mistake(
            "one-per-entry",
            lambda f, df, x: np.abs(_slope(f, x) - df(x)),
            "You return one distance per entry. Return the largest, as one number.",
        ),
    ],
)

EXERCISES = [leaky_relu, d_sigmoid, sigmoid_layers, d_swish, softmax, gradient_error]
