"""Lab 02_one_neuron: pictures as rows, a neuron that says how sure it is, its gradient, its training, a choice."""

import numpy as np

from course_lib.marking.exercise import exercise, mistake
from course_lib.marking.inputs import Drawn, bits, case, normal, ones, uniform, zeros
from course_lib.scratch.activations import sigmoid, softplus


def pixels(*shape: int, below: int = 256) -> Drawn:
    """Pictures as files hold them: uint8."""
    return Drawn(lambda rng: rng.integers(0, below, shape, dtype=np.uint8))


# ---- Pictures to rows ------------------------------------------------------------------------------

flatten = exercise(
    "flatten",
    task="flatten(images): one row of numbers from 0 to 1 for each picture. uint8 (n, height, width, 3) in, floats "
    "(n, height * width * 3) out.",
    reference=lambda images: images.reshape(len(images), -1) / 255,
    second=lambda images: np.array([picture.ravel() for picture in images], float) / 255,
    inputs=[
        case("two wide pictures", images=pixels(2, 3, 4, 3)),
        case("five square pictures", images=pixels(5, 2, 2, 3)),
        case("one dark picture", images=pixels(1, 3, 3, 3, below=100)),
    ],
    mistakes=[
        mistake(
            "not-divided",
            lambda images: images.reshape(len(images), -1).astype(float),
            "The numbers still run up to 255. Divide by 255, so that they lie between 0 and 1.",
        ),
        mistake(
            "columns",
            lambda images: images.reshape(len(images), -1).T / 255,
            "Pictures should be rows, and yours are columns. That is common in older texts; here X is (n, features).",
        ),
        mistake(
            "mixed-pixels",
            lambda images: images.reshape(-1, len(images)).T / 255,
            "The shape is right, but each row mixes pixels of several pictures. A reshape keeps the order in memory: "
            "put the pictures first, len(images), and let -1 find the rest.",
        ),
        mistake(
            "one-long-row",
            lambda images: images.ravel() / 255,
            "All pictures lie in one long row. Keep one row for each: reshape(len(images), -1).",
        ),
        mistake(
            "floor-division",
            lambda images: (images.reshape(len(images), -1) // 255).astype(float),
            "The double // cuts off what is behind the point, and nearly everything becomes 0. Divide with a single /.",
        ),
        mistake(
            "divided-by-brightest",
            lambda images: images.reshape(len(images), -1) / images.max(),
            "You divide by the brightest pixel of these pictures, so a dark picture comes out as bright as any. "
            "Divide by 255, always.",
        ),
    ],
)

# ---- A probability ---------------------------------------------------------------------------------


def _fraction(z):
    return np.exp(z) / (1 + np.exp(z))


probability = exercise(
    "probability",
    task="probability(w, b, X): the sigmoid of each example's score. X is (n, features), w is (features,), b is a "
    "number, and the result is (n,).",
    reference=lambda w, b, X: sigmoid(X @ w + b),
    second=lambda w, b, X: np.array([0.5 + 0.5 * np.tanh((row @ w + b) / 2) for row in X]),
    inputs=[
        case("four examples", w=normal(3), b=normal(mean=1, scale=0.1), X=normal(4, 3)),
        case("as many examples as features", w=normal(3), b=0.5, X=normal(3, 3)),
        case("scores far out", w=np.array([400.0]), b=1.0, X=np.array([[-2.0], [-0.01], [0.0], [2.0]])),
    ],
    mistakes=[
        mistake(
            "score",
            lambda w, b, X: X @ w + b,
            "This is the score itself. Send it through the sigmoid to make it a probability.",
        ),
        mistake("no-bias", lambda w, b, X: sigmoid(X @ w), "The bias is missing: the score is X @ w + b."),
        mistake(
            "weights-first",
            lambda w, b, X: sigmoid(w @ X + b),
            "In w @ X, the weights meet the examples and not the features. Rows of X are examples, so write X @ w.",
        ),
        mistake(
            "unstable",
            lambda w, b, X: _fraction(X @ w + b),
            "For large scores, infinity is divided by infinity. 1 / (1 + exp(-z)) is the same number without that.",
        ),
        mistake(
            "wrong-sign",
            lambda w, b, X: sigmoid(-(X @ w + b)),
            "The sign in the exponent is wrong: yours falls where the score rises.",
        ),
        mistake(
            "decides",
            lambda w, b, X: (X @ w + b > 0).astype(float),
            "You already decide. Here the neuron only says how sure it is, a number between 0 and 1.",
        ),
    ],
)

# ---- Cost and gradient -----------------------------------------------------------------------------


def _parts(w, b, X, y):
    """Cost and error of each example."""
    z = X @ w + b
    return softplus(z) - y * z, sigmoid(z) - y


def _propagate(w, b, X, y):
    cost, error = _parts(w, b, X, y)
    return {"cost": cost.mean(), "dw": X.T @ error / len(y), "db": error.mean()}


def _propagate_example_by_example(w, b, X, y):
    cost, dw, db = 0.0, np.zeros(len(w)), 0.0
    for row, label in zip(X, y, strict=True):
        z = row @ w + b
        against = -z if label else z  # the score for the other answer
        cost += max(against, 0) + np.log1p(np.exp(-abs(against)))
        error = 0.5 + 0.5 * np.tanh(z / 2) - label
        dw, db = dw + error * row, db + error
    return {"cost": cost / len(y), "dw": dw / len(y), "db": db / len(y)}


def _sums(w, b, X, y):
    return {key: value * len(y) for key, value in _propagate(w, b, X, y).items()}


def _flipped(w, b, X, y):
    found = _propagate(w, b, X, y)
    return {"cost": found["cost"], "dw": -found["dw"], "db": -found["db"]}


def _linear(w, b, X, y):
    error = X @ w + b - y
    return {**_propagate(w, b, X, y), "dw": X.T @ error / len(y), "db": error.mean()}


def _naive(w, b, X, y):
    a = sigmoid(X @ w + b)
    return {**_propagate(w, b, X, y), "cost": np.mean(-y * np.log(a) - (1 - y) * np.log(1 - a))}


def _clipped(w, b, X, y):
    a = np.clip(sigmoid(X @ w + b), 1e-12, 1 - 1e-12)
    return {**_propagate(w, b, X, y), "cost": np.mean(-y * np.log(a) - (1 - y) * np.log(1 - a))}


def _half(w, b, X, y):
    return {**_propagate(w, b, X, y), "cost": np.mean(y * softplus(-(X @ w + b)))}


propagate = exercise(
    "propagate",
    task="propagate(w, b, X, y) -> {'cost', 'dw', 'db'}: the mean cross-entropy and its gradient by w and b. X is "
    "(n, features), y is (n,) with 0 and 1; dw is (features,), cost and db are numbers.",
    reference=_propagate,
    second=_propagate_example_by_example,
    inputs=[
        case("eight examples", w=normal(3), b=0.3, X=normal(8, 3), y=bits(8)),
        case("weights of zero", w=zeros(2), b=0.0, X=normal(4, 2, mean=1), y=np.array([0, 1, 1, 1])),
        case(
            "a neuron that is certain",
            w=np.array([50.0, 0.0]),
            b=0.0,
            X=np.array([[1.0, 2.0], [-2.0, 1.0], [16.0, 1.0], [0.1, 1.0]]),
            y=np.array([1, 1, 0, 0]),
        ),
    ],
    mistakes=[
        mistake(
            "sums", _sums, "These are sums. Divide by the number of examples, or cost and steps grow with the data."
        ),
        mistake("wrong-sign", _flipped, "The gradient has the wrong sign: the error is prediction minus truth, a - y."),
        mistake(
            "score-for-probability",
            _linear,
            "The gradient needs the probability a, and you used the score z. The error is a - y.",
        ),
        mistake(
            "unstable",
            _naive,
            "Where the neuron is certain, the logarithm of 0 makes the cost nan or infinite. "
            "log(1 + exp(z)) - y z is the same cost; np.logaddexp(0, z) computes its first part safely.",
        ),
        mistake(
            "clipped",
            _clipped,
            "Clipping the probability also clips the cost: a neuron that is certain and wrong should pay its full "
            "score. Compute the cost from z: np.logaddexp(0, z) - y * z.",
        ),
        mistake(
            "one-class-free",
            _half,
            "Only the examples with y = 1 cost something. What should the others pay? There is a second term.",
        ),
        mistake(
            "bias-per-example",
            lambda w, b, X, y: {**_propagate(w, b, X, y), "db": _parts(w, b, X, y)[1]},
            "The bias has a single gradient, the mean of the errors; your db has one for each example.",
        ),
    ],
)

# ---- Training --------------------------------------------------------------------------------------


def _train(X, y, n_steps, learning_rate, start=0.0, sign=-1, bias=True):
    w, b, costs = np.full(X.shape[1], start), start, []
    for _ in range(n_steps):
        found = _propagate(w, b, X, y)
        costs.append(found["cost"])
        w = w + sign * learning_rate * found["dw"]
        b = b + sign * learning_rate * found["db"] * bias
    return {"w": w, "b": b, "costs": np.array(costs)}


def _train_in_one_vector(X, y, n_steps, learning_rate):
    X1, v, costs = np.column_stack([X, np.ones(len(X))]), np.zeros(X.shape[1] + 1), np.zeros(n_steps)
    for step in range(n_steps):
        costs[step] = np.mean(softplus(X1 @ v) - y * (X1 @ v))
        v -= learning_rate / len(y) * (sigmoid(X1 @ v) - y) @ X1
    return {"w": v[:-1], "b": v[-1], "costs": costs}


def _costs_after(X, y, n_steps, learning_rate):
    found = _train(X, y, n_steps, learning_rate)
    last = _propagate(found["w"], found["b"], X, y)["cost"]
    return {**found, "costs": np.append(found["costs"][1:], last)}


def _one_after_the_other(X, y, n_steps, learning_rate):
    w, b, costs = np.zeros(X.shape[1]), 0.0, []
    for _ in range(n_steps):
        costs.append(_propagate(w, b, X, y)["cost"])
        w = w - learning_rate * _propagate(w, b, X, y)["dw"]
        b = b - learning_rate * _propagate(w, b, X, y)["db"]
    return {"w": w, "b": b, "costs": np.array(costs)}


_SETTING = {"n_steps": 20, "learning_rate": 0.5}

train = exercise(
    "train",
    task="train(X, y, n_steps, learning_rate) -> {'w', 'b', 'costs'}: gradient descent from w = 0 and b = 0; costs "
    "(n_steps,) holds the cost before each step.",
    reference=_train,
    second=_train_in_one_vector,
    inputs=[
        case("ten examples", X=normal(10, 2), y=np.array([0, 1, 1, 1, 0, 1, 1, 0, 1, 1]), **_SETTING),
        case("more features than examples", X=normal(3, 5, mean=0.5), y=np.array([1, 0, 1]), **_SETTING),
        case("a single step", X=normal(6, 2), y=np.array([1, 1, 1, 0, 1, 1]), n_steps=1, learning_rate=0.1),
    ],
    mistakes=[
        mistake(
            "uphill",
            lambda X, y, n_steps, learning_rate: _train(X, y, n_steps, learning_rate, sign=1),
            "You walk uphill: the gradient points to where the cost grows. Subtract it.",
        ),
        mistake(
            "costs-after",
            _costs_after,
            "Your costs are those after each step. Write the cost down first, then step; the first one is log 2.",
        ),
        mistake(
            "bias-stays",
            lambda X, y, n_steps, learning_rate: _train(X, y, n_steps, learning_rate, bias=False),
            "The bias stays at 0. It takes a step too: b = b - learning_rate * db.",
        ),
        mistake(
            "other-start",
            lambda X, y, n_steps, learning_rate: _train(X, y, n_steps, learning_rate, start=1.0),
            "You do not start at 0. A single neuron may, and then everybody gets the same result.",
        ),
        mistake(
            "no-rate",
            lambda X, y, n_steps, learning_rate: _train(X, y, n_steps, 1.0),
            "The learning rate is not used: a step is learning_rate times the gradient.",
        ),
        mistake(
            "one-after-the-other",
            _one_after_the_other,
            "The step of b knows the new w already. Compute dw and db together, then change both.",
        ),
        mistake(
            "one-cost",
            lambda X, y, n_steps, learning_rate: {
                **(found := _train(X, y, n_steps, learning_rate)),
                "costs": found["costs"][-1],
            },
            "Your costs are one number only. Collect the cost before every step in a list.",
        ),
    ],
)

# ---- A decision ------------------------------------------------------------------------------------

predict = exercise(
    "predict",
    task="predict(w, b, X): 1 where the probability is above one half, else 0; whole numbers, (n,).",
    reference=lambda w, b, X: (X @ w + b > 0).astype(int),
    second=lambda w, b, X: np.array([1 if sigmoid(row @ w + b) > 0.5 else 0 for row in X]),
    inputs=[
        case("eight examples", w=normal(3), b=normal(), X=normal(8, 3)),
        case("scores close to zero", w=np.array([1.0]), b=0.0, X=np.array([[-3.0], [-0.2], [0.0], [0.3], [3.0]])),
    ],
    mistakes=[
        mistake(
            "score-above-half",
            lambda w, b, X: (X @ w + b > 0.5).astype(int),
            "You compare the score with one half. It is the probability that has to be above one half; the score is "
            "then above 0.",
        ),
        mistake(
            "truth-values",
            lambda w, b, X: X @ w + b > 0,
            "These are truth values. Turn them into 0 and 1: .astype(int).",
        ),
        mistake(
            "floats",
            lambda w, b, X: (X @ w + b > 0).astype(float),
            "Right numbers, but floats. Labels are whole numbers: .astype(int).",
        ),
        mistake(
            "probabilities",
            lambda w, b, X: sigmoid(X @ w + b),
            "These are probabilities. Decide: 1 where they are above one half, else 0.",
        ),
        mistake(
            "not-strict",
            lambda w, b, X: (X @ w + b >= 0).astype(int),
            "At exactly one half the answer is 0. Ask for > and not for >=.",
        ),
        mistake(
            "swapped",
            lambda w, b, X: (X @ w + b <= 0).astype(int),
            "The two answers are swapped: 1 means that the neuron says cat.",
        ),
    ],
)

# ---- A choice --------------------------------------------------------------------------------------


def _costs(X, y, X_valid, y_valid, rates, n_steps):
    """Training cost, validation cost and validation accuracy for each rate."""
    rows = []
    for rate in rates:
        found = _train(X, y, n_steps, rate)
        seen, unseen = (_parts(found["w"], found["b"], *part)[0].mean() for part in ((X, y), (X_valid, y_valid)))
        rows.append((seen, unseen, np.mean((X_valid @ found["w"] + found["b"] > 0) == y_valid)))
    return np.array(rows).T


def _best_rate(X, y, X_valid, y_valid, rates, n_steps):
    best = np.inf, 0.0
    for rate in sorted(rates, reverse=True):
        found = _train_in_one_vector(X, y, n_steps, rate)
        cost = _propagate_example_by_example(found["w"], found["b"], X_valid, y_valid)["cost"]
        if cost < best[0]:
            best = cost, rate
    return best[1]


def _chosen(column, pick=np.argmin):
    return lambda *given: given[4][int(pick(_costs(*given)[column]))]


# All examples are alike, and positive. Whoever trains longest is surest that every answer is 1.
_ALIKE = {"X": uniform(6, 2, low=1, high=2), "y": ones(6), "X_valid": uniform(6, 2, low=1, high=2)}

choose_rate = exercise(
    "choose_rate",
    task="choose_rate(X, y, X_valid, y_valid, rates, n_steps): train with each rate on X and y; return the rate whose "
    "neuron has the lowest cost on X_valid and y_valid.",
    reference=_chosen(1),
    second=_best_rate,
    inputs=[
        case(
            "validation data unlike the training data",
            **_ALIKE,
            y_valid=zeros(6),
            rates=[0.02, 0.001, 0.5],
            n_steps=10,
        ),
        case("validation data of the same kind", **_ALIKE, y_valid=ones(6), rates=[0.02, 0.5, 0.001], n_steps=10),
        case(
            "validation data with exceptions",
            **_ALIKE,
            y_valid=np.array([1, 1, 0, 1, 0, 1]),
            rates=[0.001, 0.02, 3.0],
            n_steps=10,
        ),
    ],
    mistakes=[
        mistake(
            "training-cost",
            _chosen(0),
            "You choose by the cost on the training data, and that prefers whoever learns by heart. Compute the cost "
            "on X_valid and y_valid.",
        ),
        mistake("highest-cost", _chosen(1, np.argmax), "This is the rate with the highest cost. Lower is better."),
        mistake(
            "accuracy",
            _chosen(2, np.argmax),
            "You choose by accuracy, and here several rates have the same one. The cost also counts how sure the "
            "neuron is.",
        ),
        mistake(
            "place",
            lambda *given: int(np.argmin(_costs(*given)[1])),
            "You return the place in the list. Return the rate itself: rates[place].",
        ),
        mistake(
            "cost-itself",
            lambda *given: float(np.min(_costs(*given)[1])),
            "You return the cost. It decides, but the answer is the rate.",
        ),
    ],
)

EXERCISES = [flatten, probability, propagate, train, predict, choose_rate]
