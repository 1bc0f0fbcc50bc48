"""Lab 02_hidden_layer: a network with one hidden layer, from its first weights to points of the student's own."""

from itertools import pairwise

import numpy as np

from course_lib.exercises.lab_02_hidden_layer.points import goal, points
from course_lib.marking.exercise import exercise, mistake
from course_lib.marking.inputs import Drawn, bits, case, normal
from course_lib.scratch.activations import sigmoid, softplus
from course_lib.scratch.layers import Activation, Dense
from course_lib.scratch.losses import binary_cross_entropy
from course_lib.scratch.network import Network

MOST_HIDDEN = 8
CIRCLES = 1002  # a number whose set is the circles


def network(n_inputs: int, n_hidden: int) -> Drawn:
    """[W1, b1, W2, b2] with no bias at zero."""
    shapes = ((n_inputs, n_hidden), (1, n_hidden), (n_hidden, 1), (1, 1))
    return Drawn(lambda rng: [rng.normal(0.3, 1, shape) for shape in shapes])


# ---- First weights ---------------------------------------------------------------------------------


def _initialise(n_inputs, n_hidden, seed, deviation=lambda n: 1 / np.sqrt(n)):
    rng = np.random.default_rng(seed)
    W1 = rng.normal(0, deviation(n_inputs), (n_inputs, n_hidden))
    W2 = rng.normal(0, deviation(n_hidden), (n_hidden, 1))
    return [W1, np.zeros((1, n_hidden)), W2, np.zeros((1, 1))]


def _second_first(n_inputs, n_hidden, seed):
    rng = np.random.default_rng(seed)
    W2 = rng.normal(0, 1 / np.sqrt(n_hidden), (n_hidden, 1))
    W1 = rng.normal(0, 1 / np.sqrt(n_inputs), (n_inputs, n_hidden))
    return [W1, np.zeros((1, n_hidden)), W2, np.zeros((1, 1))]


def _initialise_by_scaling(n_inputs, n_hidden, seed):
    rng, found = np.random.default_rng(seed), []
    for n_in, n_out in pairwise((n_inputs, n_hidden, 1)):
        found += [rng.standard_normal((n_in, n_out)) / n_in**0.5, np.zeros((1, n_out))]
    return found


def _transposed(n_inputs, n_hidden, seed):
    W1, b1, W2, b2 = _initialise(n_inputs, n_hidden, seed)
    return [W1.T, b1.T, W2.T, b2]


initialise = exercise(
    "initialise",
    task="initialise(n_inputs, n_hidden, seed) -> [W1, b1, W2, b2]: W1 (n_inputs, n_hidden) and then W2 (n_hidden, 1) "
    "from the normal distribution with deviation 1 / sqrt(rows); b1 (1, n_hidden) and b2 (1, 1) zero.",
    reference=_initialise,
    second=_initialise_by_scaling,
    inputs=[
        case("two inputs with four hidden neurons", n_inputs=2, n_hidden=4, seed=1),
        case(
            "five inputs with three hidden neurons",
            n_inputs=5,
            n_hidden=3,
            seed=Drawn(lambda rng: int(rng.integers(100))),
        ),
    ],
    mistakes=[
        mistake(
            "zero-weights",
            lambda n_inputs, n_hidden, seed: _initialise(n_inputs, n_hidden, seed, lambda n: 0),
            "All weights are zero. Then all hidden neurons are twins and stay twins: draw the weights.",
        ),
        mistake(
            "deviation-one",
            lambda n_inputs, n_hidden, seed: _initialise(n_inputs, n_hidden, seed, lambda n: 1),
            "The weights have the deviation 1 everywhere. Divide by the square root of the number of rows.",
        ),
        mistake(
            "no-root",
            lambda n_inputs, n_hidden, seed: _initialise(n_inputs, n_hidden, seed, lambda n: 1 / n),
            "You divide by the number of rows itself. Take its square root.",
        ),
        mistake(
            "transposed",
            _transposed,
            "Your shapes belong to the other convention, with examples in columns. Here W1 is (n_inputs, n_hidden).",
        ),
        mistake(
            "second-weights-first",
            _second_first,
            "You draw W2 before W1, so the same seed gives other weights. Draw in the order W1, W2.",
        ),
        mistake(
            "flat-biases",
            lambda n_inputs, n_hidden, seed: [
                part if part.shape[0] > 1 else part[0] for part in _initialise(n_inputs, n_hidden, seed)
            ],
            "The biases have lost an axis: b1 is (1, n_hidden) and b2 is (1, 1), so that they fit rows of examples.",
        ),
    ],
)

# ---- Forward ---------------------------------------------------------------------------------------


def _forward(X, parameters, bend=np.tanh):
    W1, b1, W2, b2 = parameters
    A = bend(X @ W1 + b1)
    return A, A @ W2 + b2


def _forward_neuron_by_neuron(X, parameters):
    W1, b1, W2, b2 = parameters
    A = np.column_stack([np.tanh(X @ W1[:, k] + b1[0, k]) for k in range(W1.shape[1])])
    return A, np.array([[row @ W2[:, 0] + b2[0, 0]] for row in A])


def _without_bias(X, parameters):
    W1, b1, W2, b2 = parameters
    return _forward(X, [W1, 0 * b1, W2, b2])


forward = exercise(
    "forward",
    task="forward(X, parameters) -> (A, z): A = tanh(X W1 + b1) is (n, n_hidden), z = A W2 + b2 is (n, 1).",
    reference=_forward,
    second=_forward_neuron_by_neuron,
    inputs=[
        case("five points", X=normal(5, 2), parameters=network(2, 4)),
        case("a single hidden neuron", X=normal(3, 2), parameters=network(2, 1)),
        case("three inputs", X=normal(2, 3), parameters=network(3, 3)),
    ],
    mistakes=[
        mistake(
            "probability",
            lambda X, parameters: (_forward(X, parameters)[0], sigmoid(_forward(X, parameters)[1])),
            "You return the probability. Return the score z before the sigmoid: cost and gradient are simplest with "
            "it.",
        ),
        mistake(
            "sigmoid-inside",
            lambda X, parameters: _forward(X, parameters, sigmoid),
            "The hidden neurons bend with tanh, and yours with the sigmoid.",
        ),
        mistake(
            "no-bend",
            lambda X, parameters: _forward(X, parameters, lambda z: z),
            "The hidden neurons do not bend at all, and a network without a bend is a single neuron. Use np.tanh.",
        ),
        mistake("no-hidden-bias", _without_bias, "The bias b1 of the hidden neurons is missing."),
        mistake(
            "bent-output",
            lambda X, parameters: (_forward(X, parameters)[0], np.tanh(_forward(X, parameters)[1])),
            "The output is bent too. Only the hidden neurons use tanh; z is a plain sum.",
        ),
        mistake(
            "score-alone",
            lambda X, parameters: _forward(X, parameters)[1],
            "The score z alone is not enough: the way back needs A as well. Return A, z.",
        ),
    ],
)

# ---- Cost ------------------------------------------------------------------------------------------


def _each(z, y):
    return softplus(z) - y * z


def _stable_by_sign(z, y):
    wrong = np.where(y == 1, -z, z)  # the score for the other answer
    return float(np.mean(np.maximum(wrong, 0) + np.log1p(np.exp(-np.abs(z)))))


def _naive(z, y):
    p = sigmoid(z)
    return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)))


cost = exercise(
    "cost",
    task="cost(z, y): the mean cross-entropy of the scores z (n, 1) for the labels y (n, 1), 0 or 1. One number, "
    "finite for scores of 800 too.",
    reference=lambda z, y: float(_each(z, y).mean()),
    second=_stable_by_sign,
    inputs=[
        case("six points", z=normal(6, 1, scale=2), y=np.array([[0], [1], [1], [0], [1], [0]])),
        case("scores far out", z=np.array([[800.0], [-800.0], [900.0]]), y=np.array([[1], [1], [0]])),
    ],
    mistakes=[
        mistake(
            "unstable",
            _naive,
            "Far out, the logarithm of 0 is infinite, or nan. log(1 + exp(z)) - y z is the same cost; np.logaddexp(0, "
            "z) computes its first part safely.",
        ),
        mistake(
            "sum",
            lambda z, y: float(_each(z, y).sum()),
            "This is the sum. Take the mean, or the cost grows with the number of points.",
        ),
        mistake("one-per-point", _each, "One number for each point. Their mean is the cost."),
        mistake("wrong-sign", lambda z, y: -float(_each(z, y).mean()), "The sign is wrong: a cost is never negative."),
        mistake(
            "one-class-free",
            lambda z, y: float((y * softplus(-z)).mean()),
            "Points with y = 0 cost nothing in yours. Being sure of the wrong class costs in both directions.",
        ),
        mistake(
            "squared-error",
            lambda z, y: float(np.mean((sigmoid(z) - y) ** 2)),
            "This is the squared error of the probability. The cross-entropy is minus the logarithm of the "
            "probability of the right answer.",
        ),
    ],
)

# ---- Backward --------------------------------------------------------------------------------------


def _backward(X, y, parameters, slope=lambda A: 1 - A**2, through=True, mean=True, sign=1):
    A, z = _forward(X, parameters)
    dz = sign * (sigmoid(z) - y) / (len(y) if mean else 1)
    dA = dz @ parameters[2].T if through else np.broadcast_to(dz, A.shape)
    dZ = dA * slope(A)
    return [X.T @ dZ, dZ.sum(0, keepdims=True), A.T @ dz, dz.sum(0, keepdims=True)]


def _slopes(X, y, parameters):
    """By complex steps (Squire and Trapp, 1998): the imaginary part of cost(p + ih) / h is the derivative, exactly."""
    found = []
    for place, part in enumerate(parameters):
        gradient = np.zeros_like(part)
        for entry in np.ndindex(part.shape):
            moved = [one.astype(complex) for one in parameters]
            moved[place][entry] += 1e-30j
            z = _forward(X, moved)[1]
            gradient[entry] = np.mean(np.log(1 + np.exp(z)) - y * z).imag / 1e-30
        found.append(gradient)
    return found


def _flat_biases(*given):
    return [part[0] if place % 2 else part for place, part in enumerate(_backward(*given))]


def _bent_at_the_end(X, y, parameters):
    A, z = _forward(X, parameters)
    p = sigmoid(z)
    dz = (p - y) * p * (1 - p) / len(y)
    dZ = dz @ parameters[2].T * (1 - A**2)
    return [X.T @ dZ, dZ.sum(0, keepdims=True), A.T @ dz, dz.sum(0, keepdims=True)]


backward = exercise(
    "backward",
    task="backward(X, y, parameters) -> [dW1, db1, dW2, db2]: the gradient of the mean cross-entropy, each part in the "
    "shape of its parameter.",
    reference=_backward,
    second=_slopes,
    inputs=[
        case("five points", X=normal(5, 2), y=bits(5, 1), parameters=network(2, 3)),
        case("a single hidden neuron", X=normal(4, 2), y=bits(4, 1), parameters=network(2, 1)),
    ],
    mistakes=[
        mistake(
            "no-slope",
            lambda *given: _backward(*given, slope=np.ones_like),
            "The slope of tanh is missing: multiply the error at the hidden neurons by 1 - A**2.",
        ),
        mistake(
            "tanh-twice",
            lambda *given: _backward(*given, slope=lambda A: 1 - np.tanh(A) ** 2),
            "A is the output of tanh already, so its slope is 1 - A**2; you send A through tanh once more.",
        ),
        mistake(
            "sigmoid-slope",
            lambda *given: _backward(*given, slope=lambda A: A * (1 - A)),
            "A (1 - A) is the slope of the sigmoid. These neurons bend with tanh: 1 - A**2.",
        ),
        mistake(
            "not-through-weights",
            lambda *given: _backward(*given, through=False),
            "The error has to pass back through W2 before it reaches the hidden neurons: dz @ W2.T.",
        ),
        mistake(
            "slope-of-output",
            _bent_at_the_end,
            "The slope of the sigmoid does not belong here: with the cross-entropy it cancels. What is left is "
            "sigmoid(z) - y.",
        ),
        mistake(
            "sums",
            lambda *given: _backward(*given, mean=False),
            "These gradients are sums over the points. The cost is a mean, so divide by the number of points.",
        ),
        mistake(
            "wrong-sign",
            lambda *given: _backward(*given, sign=-1),
            "The sign is wrong: the error is prediction minus truth, sigmoid(z) - y.",
        ),
        mistake(
            "flat-biases",
            _flat_biases,
            "The parts for the biases have lost an axis. Sum over the points with keepdims=True.",
        ),
    ],
)

# ---- Training --------------------------------------------------------------------------------------


def _cost_of(X, y, parameters):
    return float(_each(_forward(X, parameters)[1], y).mean())


def _step(X, y, parameters, rate):
    gradients = _backward(X, y, parameters)
    return [part - rate * gradient for part, gradient in zip(parameters, gradients, strict=True)]


def _train(X, y, n_hidden, n_steps, learning_rate, seed, step=_step):
    parameters, costs = _initialise(X.shape[1], n_hidden, seed), []
    for _ in range(n_steps):
        costs.append(_cost_of(X, y, parameters))
        parameters = step(X, y, parameters, learning_rate)
    return {"parameters": parameters, "costs": np.array(costs)}


def _train_in_the_library(X, y, n_hidden, n_steps, learning_rate, seed):
    start = _initialise(X.shape[1], n_hidden, seed)
    rng = np.random.default_rng(0)  # the weights it draws are replaced
    net = Network([Dense(X.shape[1], n_hidden, rng), Activation("tanh"), Dense(n_hidden, 1, rng)])
    net.parameters[:] = np.concatenate([part.ravel() for part in start])
    costs = np.zeros(n_steps)
    for step in range(n_steps):
        costs[step], gradient = binary_cross_entropy(net.forward(X), y)
        net.backward(gradient)
        net.parameters[:] -= learning_rate * net.gradients
    ends = np.cumsum([part.size for part in start])[:-1]
    parts = [part.copy() for part in np.split(net.parameters, ends)]
    return {"parameters": [part.reshape(old.shape) for part, old in zip(parts, start, strict=True)], "costs": costs}


def _only_weights(X, y, parameters, rate):
    stepped = _step(X, y, parameters, rate)
    return [stepped[0], parameters[1], stepped[2], parameters[3]]


def _one_gradient(X, y, n_hidden, n_steps, learning_rate, seed):
    gradients = _backward(X, y, _initialise(X.shape[1], n_hidden, seed))
    return _train(
        X, y, n_hidden, n_steps, learning_rate, seed,
        step=lambda X, y, p, rate: [part - rate * one for part, one in zip(p, gradients, strict=True)],
    )  # fmt: skip


def _costs_after(X, y, n_hidden, n_steps, learning_rate, seed):
    found = _train(X, y, n_hidden, n_steps, learning_rate, seed)
    return {**found, "costs": np.append(found["costs"][1:], _cost_of(X, y, found["parameters"]))}


def _layer_after_layer(X, y, parameters, rate):
    """W2 and b2 first, and the gradient of W1 and b1 from the network that has them."""
    top = [*parameters[:2], *_step(X, y, parameters, rate)[2:]]
    return [*_step(X, y, top, rate)[:2], *top[2:]]


_SETTING = {"n_steps": 15, "learning_rate": 0.8}

train = exercise(
    "train",
    task="train(X, y, n_hidden, n_steps, learning_rate, seed) -> {'parameters', 'costs'}: gradient descent from "
    "initialise(...); costs (n_steps,) holds the cost before each step.",
    reference=_train,
    second=_train_in_the_library,
    inputs=[
        case("twelve points", X=normal(12, 2), y=np.array([[0], [1], [1]] * 4), n_hidden=3, **_SETTING, seed=2),
        case("three inputs", X=normal(5, 3), y=np.array([[1], [1], [0], [1], [0]]), n_hidden=4, **_SETTING, seed=5),
        case(
            "a single step",
            X=normal(6, 2),
            y=np.array([[1], [1], [1], [0], [1], [1]]),
            n_hidden=2,
            n_steps=1,
            learning_rate=0.3,
            seed=1,
        ),
    ],
    mistakes=[
        mistake(
            "uphill",
            lambda *given: _train(*given, step=lambda X, y, p, rate: _step(X, y, p, -rate)),
            "You walk uphill: subtract the gradient.",
        ),
        mistake(
            "network-unchanged",
            lambda *given: _train(*given, step=lambda X, y, p, rate: p),
            "The network never changes. Keep what a step returns: the new parameters are those of the next step.",
        ),
        mistake(
            "biases-stay",
            lambda *given: _train(*given, step=_only_weights),
            "The biases stay at zero. They take a step too, like the weights.",
        ),
        mistake(
            "one-gradient",
            _one_gradient,
            "You step with the same gradient every time. The network has changed, so go forward and backward again in "
            "each step.",
        ),
        mistake(
            "no-rate",
            lambda *given: _train(*given, step=lambda X, y, p, rate: _step(X, y, p, 1.0)),
            "The learning rate is not used: a step is learning_rate times the gradient.",
        ),
        mistake(
            "costs-after", _costs_after, "Your costs are those after each step. Write the cost down first, then step."
        ),
        mistake(
            "layer-after-layer",
            lambda *given: _train(*given, step=_layer_after_layer),
            "W2 changes before the gradient of W1 is computed. Compute all four gradients, then change all four parts.",
        ),
    ],
)

# ---- Points of one's own ---------------------------------------------------------------------------

FORM = (
    'Hand over {"student_number": student_number, "parameters": [W1, b1, W2, b2]}, where W1 is (2, m), b1 is (1, m), '
)
FORM += "W2 is (m, 1) and b2 is (1, 1)."

WHOLE = (
    "Your train returns two things, the parameters and the costs. Hand over the parameters alone: found['parameters']."
)


def _as_network(parameters) -> list[np.ndarray] | None:
    """The four parts as floats, or None where they are no network for points in the plane."""
    parts = list(parameters) if isinstance(parameters, list | tuple) else []
    if not all(isinstance(part, np.ndarray) and part.dtype.kind in "fiu" for part in parts):
        return None
    m = parts[0].shape[1] if len(parts) and parts[0].ndim == 2 else 0
    return parts if m and [part.shape for part in parts] == [(2, m), (1, m), (m, 1), (1, 1)] else None


def _verify(answer) -> tuple[str, str] | None:
    if not isinstance(answer, dict) or set(answer) != {"student_number", "parameters"}:
        return "wrong-form", FORM
    try:
        X, y = points(answer["student_number"], 2000, new=True)
    except ValueError as error:
        return "nobodys-number", f"{str(error)[0].upper()}{str(error)[1:]}."
    if isinstance(answer["parameters"], dict):
        return "costs-handed-over", WHOLE
    parameters = _as_network(answer["parameters"])
    if parameters is None:
        return "wrong-form", FORM
    if not all(np.isfinite(part).all() for part in parameters):
        return "not-finite", "Some parameters are nan or infinite. Train again with a smaller learning rate."
    if parameters[0].shape[1] > MOST_HIDDEN:
        n_hidden = parameters[0].shape[1]
        return (
            "too-many-neurons",
            f"Your network has {n_hidden} hidden neurons. It can be done with {MOST_HIDDEN} or fewer.",
        )
    accuracy = np.mean((_forward(X, parameters)[1] > 0) == y)
    if accuracy < goal(answer["student_number"]):
        return (
            "goal-missed",
            f"On new points of your set, the network is right for {accuracy:.0%}; the goal is "
            f"{goal(answer['student_number']):.0%}. Did you run all cells again after changing the number? Then change "
            "n_hidden, n_steps or the learning rate.",
        )
    return None


def fence(n_lines: int) -> list[np.ndarray]:
    """A network made by hand for the circles: each hidden neuron sees what lies beyond one side of a polygon."""
    angle = 2 * np.pi * np.arange(n_lines) / n_lines
    X, y = points(CIRCLES, 2000)
    inner = np.linalg.cholesky(np.cov(X[y[:, 0] == 1].T)) * 2**0.5 / 0.5  # of the round circles: x = inner @ round
    W1 = np.linalg.inv(inner).T @ (20 * np.array([np.cos(angle), np.sin(angle)]))
    b1 = np.full((1, n_lines), -20 * 0.72)
    return [W1, b1, np.full((n_lines, 1), -5.0), np.array([[-5.0 * (n_lines - 1)]])]


my_network = exercise(
    "my_network",
    task=f"my_network: student_number and parameters of a network that is right on new points of your own set, with at "
    f"most {MOST_HIDDEN} hidden neurons.",
    verify=_verify,
    accepts=[
        {"student_number": CIRCLES, "parameters": fence(8)},
        {"student_number": f"0{CIRCLES}", "parameters": tuple(fence(6))},
    ],
    rejects=[
        mistake("wrong-form", fence(8), FORM),
        mistake(
            "costs-handed-over",
            {"student_number": CIRCLES, "parameters": {"parameters": fence(8), "costs": np.zeros(3)}},
            WHOLE,
        ),
        mistake(
            "nobodys-number",
            {
                "student_number": 0,
                "parameters": fence(8),
            },
            "The student_number 0 is nobody's: write your own into the cell above.",
        ),
        mistake(
            "not-finite",
            {
                "student_number": CIRCLES,
                "parameters": [part * np.nan for part in fence(8)],
            },
            "Some parameters are nan or infinite. Train again with a smaller learning rate.",
        ),
        mistake(
            "too-many-neurons",
            {
                "student_number": CIRCLES,
                "parameters": fence(9),
            },
            "Your network has 9 hidden neurons. It can be done with 8 or fewer.",
        ),
        mistake(
            "goal-missed",
            {
                "student_number": CIRCLES,
                "parameters": [part * 0 for part in fence(8)],
            },
            "On new points of your set, the network is right for 50%; the goal is 95%. Did you run all cells again "
            "after changing the number? Then change n_hidden, n_steps or the learning rate.",
        ),
    ],
)

EXERCISES = [initialise, forward, cost, backward, train, my_network]
