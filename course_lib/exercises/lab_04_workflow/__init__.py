"""Lab 04_workflow: cut a table, scale it, build, compile and fit a network, and decide whom to call."""

import numpy as np

from course_lib.data import churn_probability
from course_lib.exercises.lab_04_workflow.bank import Bank, bank
from course_lib.marking.exercise import exercise, mistake
from course_lib.marking.inputs import Drawn, case, integers
from course_lib.marking.networks import is_keras
from course_lib.scratch.activations import sigmoid, softplus

# ---- Three parts -----------------------------------------------------------------------------------

SHARES = 0.5, 0.2, 0.3
SEEDS = 3  # splits that are looked at: a single one may have the right shares by luck


def leavers(n: int, n_ones: int, sort: bool = False) -> Drawn:
    """y (n,) with so many ones."""
    y = (np.arange(n) >= n - n_ones).astype(np.int64)
    return Drawn(lambda rng: y if sort else rng.permutation(y))


def _parts(answer, n: int) -> list[np.ndarray] | None:
    """Three arrays of row numbers of a table with n rows, or None."""
    if not isinstance(answer, list | tuple) or len(answer) != 3:
        return None
    parts = [np.asarray(part) for part in answer]
    right = all(part.ndim == 1 and part.dtype.kind in "iu" and np.isin(part, np.arange(n)).all() for part in parts)
    return parts if right else None


def _try_split(split, y, seed):
    answers = [split(y, one) for one in (*range(seed, seed + SEEDS), seed)]
    if answers[0] is None or answers[0] is ...:
        return answers[0]
    found = [parts for answer in answers if (parts := _parts(answer, len(y))) is not None]
    if len(found) < len(answers):
        return {"the form": "not three arrays of row numbers"}
    sizes = np.array([[len(part) for part in parts] for parts in found])  # (splits, parts)
    n_leavers = np.array([[y[part].sum() for part in parts] for parts in found])
    shared = (abs(n_leavers - sizes * y.mean()) < 1.5).all(axis=0)  # a row more or less is rounding
    n_different = [len(np.unique(np.concatenate(parts))) for parts in found]
    first, second, *_, again = (b"".join(np.sort(part).tobytes() for part in parts) for parts in found)
    shares = ["that of the table" if right else "another" for right in shared]
    return {
        "the form": "three arrays of row numbers",
        "the sizes": "half, a fifth and the rest" if (abs(sizes - len(y) * np.array(SHARES)) < 1.5).all() else "others",
        "the rows that stand in two parts": "none" if n_different == sizes.sum(axis=1).tolist() else "some",
        "the rows that are left out": "none" if n_different == [len(y)] * len(found) else "some",
        "the share of leavers in the first part": shares[0],
        "the share of leavers in the second part": shares[1],
        "the share of leavers in the third part": shares[2],
        "the parts for the same seed": "the same" if first == again else "others",
        "the parts for another seed": "others" if first != second else "the same",
    }


def _cut(rows, *ends):
    return np.split(rows, [round(len(rows) * end) for end in ends])


def _split(y, seed):
    rng = np.random.default_rng(seed)
    classes = [_cut(rng.permutation(np.flatnonzero(y == one)), 0.5, 0.7) for one in (0, 1)]
    return [np.concatenate(parts) for parts in zip(*classes, strict=True)]


def _split_in_two_cuts(y, seed, first=True, second=True, test_size=0.6):
    """As the lecture does it. first, second: whether that cut looks at y."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(y))
    train, others = train_test_split(rows, test_size=0.5, stratify=y if first else None, random_state=seed)
    valid, test = train_test_split(
        others, test_size=test_size, stratify=y[others] if second else None, random_state=seed
    )
    return train, valid, test


def _three_draws(y, seed):
    rng, parts = np.random.default_rng(seed), []
    for place in range(3):
        shuffled = [rng.permutation(np.flatnonzero(y == one)) for one in (0, 1)]
        parts.append(np.concatenate([rows[: round(len(rows) * SHARES[place])] for rows in shuffled]))
    return parts


def _places_of_the_second_cut(y, seed):
    train, valid, test = _split(y, seed)
    others = np.sort(np.concatenate([valid, test]))
    return train, np.searchsorted(others, valid), np.searchsorted(others, test)


split = exercise(
    "split",
    task="split(y, seed) -> (train, valid, test): three arrays of row numbers, half of the rows, a fifth and the rest, "
    "with the share of leavers of y (n,) in each.",
    trial=_try_split,
    reference=_split,
    second=_split_in_two_cuts,
    inputs=[
        case("a table of 2000 customers", y=leavers(2000, 400), seed=integers(high=1000)),
        case("a table sorted by the answer", y=leavers(600, 60, sort=True), seed=integers(high=1000)),
    ],
    mistakes=[
        mistake(
            "no-stratify",
            lambda y, seed: _split_in_two_cuts(y, seed, first=False, second=False),
            "Stratify, in both cuts: chance alone gives one part more leavers than another.",
        ),
        mistake(
            "second-cut-not-stratified",
            lambda y, seed: _split_in_two_cuts(y, seed, second=False),
            "Your first cut is stratified, but the second one is not: it takes stratify=y[others].",
        ),
        mistake(
            "share-of-the-half",
            lambda y, seed: _split_in_two_cuts(y, seed, test_size=0.8),
            "The second cut divides only half of the table. A fifth of all rows are two fifths of those.",
        ),
        mistake(
            "parts-overlap",
            _three_draws,
            "You draw each part from all rows, so some customers train and judge. Cut off one part, then divide the "
            "others.",
        ),
        mistake(
            "second-cut-renumbered",
            _places_of_the_second_cut,
            "The second cut numbers its rows anew, from 0. Hand it the row numbers that the first cut has left.",
        ),
        mistake(
            "no-seed",
            lambda y, seed: _split(y, None),
            "You never use the seed, so nobody can repeat your split. Hand it on, as random_state or to default_rng.",
        ),
        mistake(
            "fixed-seed",
            lambda y, seed: _split(y, 0),
            "You always use the same seed. Take the one that is handed over.",
        ),
        mistake(
            "not-shuffled",
            lambda y, seed: _cut(np.arange(len(y)), 0.5, 0.7),
            "The rows keep the order of the table, and tables come sorted. Shuffle before you cut.",
        ),
        mistake(
            "answers-for-rows",
            lambda y, seed: [y[part] for part in _split(y, seed)],
            "These are the answers of the customers. Return row numbers, so that columns and answers stay together.",
        ),
    ],
)

# ---- One scale -------------------------------------------------------------------------------------


def table(n: int, mean: float, spread: float, constant: float | None = None) -> Drawn:
    """X (n, 3): columns of different scale, the last one perhaps without any."""

    def draw(rng):
        X = rng.normal(mean, spread, (n, 3)) * [1, 10, 1000]
        if constant is not None:
            X[:, 2] = constant
        return X

    return Drawn(draw)


def _scaled(parts, mean, spread):
    return [(part - mean) / spread for part in parts]


def _without_zeros(spread):
    return np.where(spread == 0, 1, spread)


def _standardise(*parts):
    return _scaled(parts, parts[0].mean(axis=0), _without_zeros(parts[0].std(axis=0)))


def _standardise_by_the_library(X_train, X_valid, X_test):
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_valid), scaler.transform(X_test)


def _leaky(*parts):
    everything = np.concatenate(parts)
    return _scaled(parts, everything.mean(axis=0), _without_zeros(everything.std(axis=0)))


standardise = exercise(
    "standardise",
    task="standardise(X_train, X_valid, X_test): the three arrays as z-scores, by the means and deviations of the "
    "training rows' columns; a column that is constant there is only shifted.",
    reference=_standardise,
    second=_standardise_by_the_library,
    inputs=[
        case("three columns", X_train=table(8, 2, 1), X_valid=table(4, 3, 1), X_test=table(5, 2, 3)),
        case(
            "a column that is constant in training",
            X_train=table(6, 0, 1, constant=4),
            X_valid=table(3, 1, 1, constant=4),
            X_test=table(3, 1, 2, constant=5),
        ),
    ],
    mistakes=[
        mistake(
            "scale-of-all-rows",
            _leaky,
            "Validation and test rows have moved your means and deviations. Take both from the training rows alone.",
        ),
        mistake(
            "scale-of-each-part",
            lambda *parts: [_standardise(part)[0] for part in parts],
            "Each part has a scale of its own, so the same customer gets other numbers in each. Scale all by the "
            "training rows.",
        ),
        mistake(
            "divides-by-zero",
            lambda *parts: _scaled(parts, parts[0].mean(axis=0), parts[0].std(axis=0)),
            "A column that is constant in training has the deviation 0, and you divide by it. Divide by 1 there.",
        ),
        mistake(
            "tiny-deviation",
            lambda *parts: _scaled(
                parts, parts[0].mean(axis=0), np.where(parts[0].std(axis=0) == 0, 1e-8, parts[0].std(axis=0))
            ),
            "A tiny number in place of the deviation 0 turns the first new value of that column into millions. Divide "
            "by 1 there.",
        ),
        mistake(
            "variance",
            lambda *parts: _scaled(parts, parts[0].mean(axis=0), _without_zeros(parts[0].var(axis=0))),
            "You divide by the variance. The deviation is its square root: np.std.",
        ),
        mistake(
            "one-scale-for-all-columns",
            lambda *parts: _scaled(parts, parts[0].mean(), parts[0].std()),
            "One mean and one deviation for the whole table. Every column needs its own: axis=0.",
        ),
        mistake(
            "divides-by-n-minus-1",
            lambda *parts: _scaled(parts, parts[0].mean(axis=0), _without_zeros(parts[0].std(axis=0, ddof=1))),
            "Your deviations divide by n - 1, as pandas does. Here they divide by n, as np.std and StandardScaler do.",
        ),
        mistake(
            "test-not-scaled",
            lambda *parts: [*_standardise(*parts)[:2], parts[2]],
            "The test rows are still in their old units. Every row that the network meets needs the same scale.",
        ),
    ],
)

# ---- Build and compile -----------------------------------------------------------------------------

LOGIT = -7.0


def _try_build(build, n_inputs, n_hidden):
    network = build(n_inputs, n_hidden)
    if not is_keras(network):
        return network
    X = np.ones((5, n_inputs), np.float32)
    outputs = np.asarray(network(X))
    shapes = [part.shape for part in network.get_weights()]
    # Weights of one and no bias: then a row of ones arrives as n_inputs, and a row of minus ones gets past no ReLU.
    network.set_weights([np.full(shape, float(len(shape) == 2)) for shape in shapes])
    bent = np.asarray(network(np.concatenate([X[:1], -X[:1]])))
    # Nothing but a bias at the end, which is then the output.
    network.set_weights([np.full(shape, LOGIT * (part == len(shapes) - 1)) for part, shape in enumerate(shapes)])
    output = np.asarray(network(X[:1]))
    losses = {}
    if network.compiled and output.shape == (1, 1):
        losses = {y: np.asarray(network.compute_loss(y=np.array([[y]], np.float32), y_pred=output)) for y in (0.0, 1.0)}
    return {
        "the shape of the answer to five customers": list(outputs.shape),
        "the number of parameters": int(sum(np.prod(shape) for shape in shapes)),
        "the output when only its bias is -7 and not 0": output,
        "the outputs for rows of 1 and of -1 when all weights are 1": bent,
        "its compile": "called" if network.compiled else "never called",
        "the loss of the logit -7 for a leaver": losses.get(1.0),
        "the loss of the logit -7 for a stayer": losses.get(0.0),
    }


def _build(n_inputs, n_hidden, *, end=None, n_outputs=1, bend: str | None = "relu", loss="from logits", compiled=True):
    import keras

    network = keras.Sequential(
        [
            keras.Input((n_inputs,)),
            keras.layers.Dense(n_hidden, activation=bend),
            keras.layers.Dense(n_outputs, activation=end),
        ]
    )
    if compiled:
        network.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True) if loss == "from logits" else loss)
    return network


def _build_by_functions(n_inputs, n_hidden):
    import keras
    from keras import layers

    inputs = keras.Input((n_inputs,))
    bent = layers.ReLU()(layers.Dense(n_hidden)(inputs))
    network = keras.Model(inputs, layers.Dense(1)(bent))

    def cost(y, z):
        return keras.ops.mean(keras.ops.softplus(z) - y * z, axis=-1)

    network.compile(optimizer=keras.optimizers.SGD(0.1), loss=cost)
    return network


build = exercise(
    "build",
    task="build(n_inputs, n_hidden): a compiled Keras network, n_inputs numbers in, one layer of n_hidden neurons with "
    "ReLU, one logit out, and the cross-entropy of that logit as its loss.",
    trial=_try_build,
    reference=_build,
    second=_build_by_functions,
    tolerance=1e-3,
    inputs=[
        case("three inputs", n_inputs=3, n_hidden=4),
        case("drawn sizes", n_inputs=integers(low=5, high=9), n_hidden=integers(low=10, high=20)),
    ],
    mistakes=[
        mistake(
            "loss-takes-probabilities",
            lambda *given: _build(*given, loss="binary_crossentropy"),
            'The name "binary_crossentropy" takes your logits for probabilities. Use '
            "keras.losses.BinaryCrossentropy(from_logits=True).",
        ),
        mistake(
            "two-sigmoids",
            lambda *given: _build(*given, end="sigmoid"),
            "Two sigmoids: one in your last layer, and one in the loss, which expects logits. Leave the last layer "
            "without activation.",
        ),
        mistake(
            "probabilities-out",
            lambda *given: _build(*given, end="sigmoid", loss="binary_crossentropy"),
            "Your network gives probabilities, and they are rounded to 0 and 1 far out. Give logits, and let the loss "
            "take the sigmoid.",
        ),
        mistake(
            "softmax-of-one",
            lambda *given: _build(*given, end="softmax"),
            "A softmax over a single output is always 1. Leave the last layer without activation.",
        ),
        mistake(
            "relu-at-the-end",
            lambda *given: _build(*given, end="relu"),
            "The last layer bends, and no negative logit gets through. Leave it without activation.",
        ),
        mistake(
            "two-outputs",
            lambda *given: _build(*given, n_outputs=2, loss="sparse_categorical_crossentropy"),
            "Two outputs, one for each class. One logit says it all: the other class has the rest of the probability.",
        ),
        mistake(
            "no-relu",
            lambda *given: _build(*given, bend=None),
            'Your hidden layer does not bend, so two layers do the work of one. Give it activation="relu".',
        ),
        mistake(
            "squared-error",
            lambda *given: _build(*given, loss="mse"),
            "The squared error hardly grows for a network that is sure of the wrong answer, once a sigmoid follows. "
            "Use the cross-entropy.",
        ),
        mistake(
            "not-compiled",
            lambda *given: _build(*given, compiled=False),
            "Your network has no loss and no optimiser yet. Call its compile before you return it.",
        ),
        mistake(
            "fixed-width",
            lambda n_inputs, n_hidden: _build(n_inputs, 16),
            "You do not use n_hidden. The layer has as many neurons as the caller asks for.",
        ),
    ],
)

# ---- Fit -------------------------------------------------------------------------------------------

N_ROWS = 16  # of each part
N_HELD_OUT = 4  # of the training rows, with validation_split=0.2
RATE = 1.0


def _rows(n: int) -> Drawn:
    """X (n, 2): positive and negative in turn, and noise."""
    sign = np.tile([1.0, -1.0], n // 2)
    return Drawn(lambda rng: np.column_stack([sign * rng.uniform(0.9, 1.1, n), rng.uniform(-0.2, 0.2, n)]))


def _lesson(n: int, share: float) -> np.ndarray:
    """y (n,): for this share of the rows, whether the first column is positive. To be surer than that is a mistake."""
    row = np.arange(n)
    return ((row % 2 == 0) ^ (row >= share * n)).astype(np.int64)


def _try_fit(fit, X, y, X_valid, y_valid, n_epochs, patience):
    import keras

    # One neuron that starts at zero, and all rows in one batch: the order of the rows does not matter.
    neuron = keras.Sequential([keras.Input((X.shape[1],)), keras.layers.Dense(1, kernel_initializer="zeros")])
    # Eagerly: TensorFlow would warn that so many small networks are traced.
    neuron.compile(keras.optimizers.SGD(RATE), keras.losses.BinaryCrossentropy(from_logits=True), run_eagerly=True)
    losses = fit(neuron, X, y, X_valid, y_valid, n_epochs, patience)
    if losses is None or losses is ...:
        return losses
    return {
        "the number of epochs": int(neuron.optimizer.iterations),
        "the validation losses": np.array(losses) if isinstance(losses, list | tuple) else losses,
        "the weights afterwards": np.concatenate([part.ravel() for part in neuron.get_weights()]),
    }


def _fit(network, X, y, X_valid, y_valid, n_epochs, patience, *, stops=True, restores=True, returns="valid"):
    """What fit does to that one neuron, in NumPy: the hint is looked for among all mistakes, and Keras takes its time.

    tests/labs/test_fit.py makes the same mistakes in Keras.
    """
    parts = {"train": (np.column_stack([X, np.ones(len(X))]), y)}
    parts["valid"] = np.column_stack([X_valid, np.ones(len(X_valid))]), y_valid
    v = kept = np.concatenate([part.ravel() for part in network.get_weights()])
    losses = {"train": [], "valid": []}
    for epoch in range(n_epochs):
        A, truth = parts["train"]
        losses["train"].append(_cross_entropy(A @ v, truth))  # Keras: of the batch, before the step
        v = v - RATE * A.T @ (sigmoid(A @ v) - truth) / len(truth)
        network.optimizer.iterations.assign_add(1)
        A, truth = parts["valid"]
        losses["valid"].append(_cross_entropy(A @ v, truth))
        best = int(np.argmin(losses["valid"]))
        if best == epoch:
            kept = v
        elif stops and epoch - best >= patience:
            break
    kept = kept if restores and stops else v
    network.set_weights([kept[:-1, None], kept[-1:]])
    return losses[returns]


def _cross_entropy(z, y) -> float:
    return float(np.mean(softplus(z) - y * z))


def _fit_in_keras(network, X, y, X_valid, y_valid, n_epochs, patience):
    import keras

    stop = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    judges = X_valid, y_valid
    history = network.fit(X, y, validation_data=judges, epochs=n_epochs, verbose=0, callbacks=[stop])
    return history.history["val_loss"]


fit = exercise(
    "fit",
    task="fit(network, X, y, X_valid, y_valid, n_epochs, patience): train a compiled Keras network in batches of 32, "
    "stop after `patience` epochs without a better validation loss, go back to the best weights; return the "
    "validation losses, one for each epoch.",
    trial=_try_fit,
    reference=_fit,
    second=_fit_in_keras,
    tolerance=1e-3,
    inputs=[
        case(
            "a validation loss that falls before it rises",
            X=_rows(N_ROWS),
            y=_lesson(N_ROWS, 1),
            X_valid=_rows(N_ROWS),
            y_valid=_lesson(N_ROWS, 0.75),
            n_epochs=7,
            patience=2,
        ),
    ],
    mistakes=[
        mistake(
            "last-weights",
            lambda *given: _fit(*given, restores=False),
            "You stop in time, and keep the weights of the last epoch: restore_best_weights=True goes back to the "
            "best.",
        ),
        mistake(
            "no-stopping",
            lambda *given: _fit(*given, stops=False),
            "Nothing stops the training. Hand EarlyStopping to fit, in the list callbacks, and let it watch val_loss: "
            "the training loss nearly always falls.",
        ),
        mistake(
            "validation-from-training",
            lambda network, X, y, X_valid, y_valid, *rest: _fit(
                network, X[:-N_HELD_OUT], y[:-N_HELD_OUT], X[-N_HELD_OUT:], y[-N_HELD_OUT:], *rest
            ),
            "Your validation rows come out of the training rows. Hand over the others: validation_data=(X_valid, "
            "y_valid).",
        ),
        mistake(
            "train-rows-judge",
            lambda network, X, y, X_valid, y_valid, *rest: _fit(network, X, y, X, y, *rest),
            "The training rows judge their own training. Hand over validation_data=(X_valid, y_valid).",
        ),
        mistake(
            "validation-rows-train",
            lambda network, X, y, X_valid, y_valid, *rest: _fit(
                network, np.concatenate([X, X_valid]), np.concatenate([y, y_valid]), X_valid, y_valid, *rest
            ),
            "The validation rows train too, and then they judge what they have taught. Train on X and y alone.",
        ),
        mistake(
            "training-losses",
            lambda *given: _fit(*given, returns="train"),
            "These are the training losses. Those of the validation rows are called val_loss.",
        ),
        mistake(
            "no-patience",
            lambda *given: _fit(*given[:-1], patience=0),
            "You do not use patience, and stop at the first epoch that is no better.",
        ),
    ],
)

# ---- Decide ----------------------------------------------------------------------------------------

THRESHOLDS = np.arange(1, 100) / 100


def sure(n: int, low: float = 0.0) -> Drawn:
    """p (n,) that rises from row to row, between low and 1."""
    return Drawn(lambda rng: low + (1 - low) * (np.arange(n) + rng.random(n)) / n)


def fate(n: int, bend: float) -> Drawn:
    """y (n,), 1 the more often the larger p is; bend says how much too large p is."""
    return Drawn(lambda rng: (rng.random(n) < ((np.arange(n) + 0.5) / n) ** bend).astype(np.int64))


def _bill(p, y, threshold, call, loss):
    return np.where(p > threshold, call, loss * y).mean()


def _cheapest(p, y, call, loss):
    return float(THRESHOLDS[np.argmin([_bill(p, y, threshold, call, loss) for threshold in THRESHOLDS])])


def _judged(p, y, threshold, call, loss):
    called = p > threshold
    return {
        "threshold": threshold,
        "cost": float(_bill(p, y, threshold, call, loss)),
        "precision": float(y[called].mean()),
        "recall": float(called[y == 1].mean()),
    }


def _decide(p_valid, y_valid, p_test, y_test, call, loss):
    return _judged(p_test, y_test, _cheapest(p_valid, y_valid, call, loss), call, loss)


def _decide_by_counting(p_valid, y_valid, p_test, y_test, call, loss):
    def count(p, y, threshold):
        """Leavers called, stayers called, leavers lost."""
        pairs = list(zip(p.tolist(), y.tolist(), strict=True))
        hits = sum(1 for one, left in pairs if one > threshold and left)
        calls = sum(1 for one, _ in pairs if one > threshold)
        return hits, calls - hits, sum(left for _, left in pairs) - hits

    best = np.inf, 0.0
    for place in range(99, 0, -1):  # from above, so that the lowest of equals stays
        hits, needless, lost = count(p_valid, y_valid, place / 100)
        price = (hits + needless) * call + lost * loss
        if price <= best[0]:
            best = price, place / 100
    hits, needless, lost = count(p_test, y_test, best[1])
    return {
        "threshold": best[1],
        "cost": ((hits + needless) * call + lost * loss) / len(y_test),
        "precision": hits / (hits + needless),
        "recall": hits / (hits + lost),
    }


def _most_accurate(p_valid, y_valid, p_test, y_test, call, loss):
    right = [np.mean((p_valid > threshold) == y_valid) for threshold in THRESHOLDS]
    return _judged(p_test, y_test, float(THRESHOLDS[np.argmax(right)]), call, loss)


def _changed(change):
    """The right answer with entries replaced."""

    def mistaken(p_valid, y_valid, p_test, y_test, call, loss):
        found = _decide(p_valid, y_valid, p_test, y_test, call, loss)
        return {**found, **change(found, p_test, y_test, call, loss)}

    return mistaken


# Prices that no two sums of calls and losses share: two sets of calls never cost the same.
decide = exercise(
    "decide",
    task="decide(p_valid, y_valid, p_test, y_test, call, loss) -> {'threshold', 'cost', 'precision', 'recall'}: the "
    "threshold of 0.01, 0.02, ... 0.99 that is cheapest for the validation customers (the lowest of equals), and what "
    "calling above it means for the test customers: mean cost, precision and recall.",
    reference=_decide,
    second=_decide_by_counting,
    inputs=[
        case(
            "probabilities that are too high",
            p_valid=sure(150),
            y_valid=fate(150, 6),
            p_test=sure(100),
            y_test=fate(100, 3),
            call=19.87,
            loss=101.3,
        ),
        case(
            "calls that are dear",
            p_valid=sure(150, low=0.2),
            y_valid=fate(150, 0.5),
            p_test=sure(200, low=0.2),
            y_test=fate(200, 1.2),
            call=70.21,
            loss=99.7,
        ),
    ],
    mistakes=[
        mistake(
            "threshold-from-test",
            lambda p_valid, y_valid, p_test, y_test, call, loss: _decide(p_test, y_test, p_test, y_test, call, loss),
            "You choose the threshold on the test customers, and then they judge their own choice. Choose on the "
            "validation customers.",
        ),
        mistake(
            "one-half",
            lambda p_valid, y_valid, p_test, y_test, call, loss: _judged(p_test, y_test, 0.5, call, loss),
            "One half is nobody's choice. Try all thresholds on the validation customers and take the cheapest.",
        ),
        mistake(
            "call-over-loss",
            lambda p_valid, y_valid, p_test, y_test, call, loss: _judged(p_test, y_test, call / loss, call, loss),
            "The threshold call / loss is right when the probabilities are. Here they are not: ask the validation "
            "customers.",
        ),
        mistake(
            "most-accurate",
            _most_accurate,
            "You choose the most accurate threshold, as if both mistakes cost the same. Choose the cheapest.",
        ),
        mistake(
            "validation-numbers",
            lambda p_valid, y_valid, p_test, y_test, call, loss: _decide(
                p_valid, y_valid, p_valid, y_valid, call, loss
            ),
            "All numbers except the threshold belong to the test customers; yours are those of the validation "
            "customers.",
        ),
        mistake(
            "precision-recall-swapped",
            _changed(lambda found, *rest: {"precision": found["recall"], "recall": found["precision"]}),
            "Precision and recall are swapped. Precision: how many of those called would leave? Recall: how many "
            "leavers are called?",
        ),
        mistake(
            "cost-sum",
            _changed(lambda found, p, *rest: {"cost": found["cost"] * len(p)}),
            "The cost is a sum, and grows with the bank. Take the mean over the customers.",
        ),
        mistake(
            "calls-free",
            _changed(lambda found, p, y, call, loss: {"cost": _bill(p, y, found["threshold"], 0, loss)}),
            "A call costs its price whether or not it was needed. You count only the losses.",
        ),
        mistake(
            "accuracy-for-precision",
            _changed(lambda found, p, y, *rest: {"precision": float(np.mean((p > found["threshold"]) == y))}),
            "The share of right answers is the accuracy. Precision looks only at those who are called.",
        ),
    ],
)

# ---- A bank of one's own ---------------------------------------------------------------------------

FORM = 'Hand over {"student_number": student_number, "calls": calls}, where calls is an array with one truth value for '
FORM += "each of the 2000 new customers."
OLD = "These are 6000 calls, one for each customer of last year. Decide for the 2000 in my_bank.new."
SURE = "These are probabilities. Say whom to call: compare them with your threshold."


def _verify(answer) -> tuple[str, str] | None:
    if not isinstance(answer, dict) or set(answer) != {"student_number", "calls"}:
        return "wrong-form", FORM
    try:
        mine = bank(answer["student_number"])
    except ValueError as error:
        return "nobodys-number", f"{str(error)[0].upper()}{str(error)[1:]}."
    calls = answer["calls"]
    if not isinstance(calls, np.ndarray) or calls.ndim != 1:
        return "wrong-form", FORM
    if len(calls) == len(mine.left):
        return "last-years-customers", OLD
    if calls.dtype.kind == "f" and not np.isin(calls, (0, 1)).all():
        return "probabilities", SURE
    if len(calls) != len(mine.new["age"]) or not np.isin(calls, (0, 1)).all():
        return "wrong-form", FORM
    return None if mine.price(calls) <= mine.goal else _too_dear(mine, calls)


def _worth(mine: Bank) -> np.ndarray:
    return mine.price_of_a_loss * churn_probability(mine.new) > mine.price_of_a_call


def _too_dear(mine: Bank, calls: np.ndarray) -> tuple[str, str]:
    share, worth = calls.mean(), _worth(mine).mean()
    said = f"A new customer costs {mine.price(calls):.2f} euros with these calls; the goal is {mine.goal:.2f}. "
    if share < 0.6 * worth:
        return "too-few-calls" if share else "no-calls", said + (
            f"You call {share:.0%}, and {worth:.0%} are worth it. Is your threshold the cheapest? Did the network read "
            "retention_calls, when nobody has called the new ones yet?"
        )
    return "wrong-customers", said + (
        "Are the new customers scaled like the training rows? Did you run all cells again after changing the number?"
    )


STUDENT = 1002
_MINE = bank(STUDENT)
_TRUTH = churn_probability(_MINE.new)


def _answer(calls, student_number: int | str = STUDENT):
    return {"student_number": student_number, "calls": calls}


my_calls = exercise(
    "my_calls",
    task="my_calls: student_number and calls, one truth value for each new customer of your own bank, cheap enough to "
    "reach its goal.",
    verify=_verify,
    accepts=[_answer(_worth(_MINE)), _answer((_TRUTH > 0.15).astype(float), f"0{STUDENT}")],
    rejects=[
        mistake("wrong-form", _answer(_worth(_MINE)[:100]), FORM),
        mistake(
            "nobodys-number",
            _answer(_worth(_MINE), 0),
            "The student_number 0 is nobody's: write your own into the cell above.",
        ),
        mistake("last-years-customers", _answer(np.zeros(len(_MINE.left), bool)), OLD),
        mistake("probabilities", _answer(_TRUTH), SURE),
        mistake("wrong-customers", _answer(~_worth(_MINE)), _too_dear(_MINE, ~_worth(_MINE))[1]),
        mistake("too-few-calls", _answer(_TRUTH > 0.5), _too_dear(_MINE, _TRUTH > 0.5)[1]),
        mistake("no-calls", _answer(np.zeros(len(_TRUTH), bool)), _too_dear(_MINE, np.zeros(len(_TRUTH), bool))[1]),
    ],
)

EXERCISES = [split, standardise, build, fit, decide, my_calls]
