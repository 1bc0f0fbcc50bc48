"""Lab 05_pytorch: a slope, a network, one epoch, an honest evaluation, and the best of many epochs.

PyTorch is imported inside the functions: whoever marks another lab does not need it.
"""

import numpy as np

from course_lib.marking.exercise import exercise, mistake
from course_lib.marking.inputs import Drawn, case, normal
from course_lib.marking.networks import is_network, outputs, set_weights, weights

_ROUNDING = 2e-5  # the sums of float32 in another order, after a few steps

# ---- A slope ---------------------------------------------------------------------------------------

_SCALARS = {
    "(x**2).sum()": lambda x: (x**2).sum(),
    "x[0] * x[1].sin()": lambda x: x[0] * x[1].sin(),
    "(x[1:] - x[:-1]).exp().sum()": lambda x: (x[1:] - x[:-1]).exp().sum(),
}


def _try_slope(slope_at, f, x):
    """Ask twice with the same tensor: nothing may be left behind on it."""
    import torch

    point = torch.tensor(x, dtype=torch.float32)
    first = slope_at(_SCALARS[f], point)
    if first is None or first is ...:
        return first
    first = first.detach().clone() if isinstance(first, torch.Tensor) else first
    again = slope_at(_SCALARS[f], point)
    return {"the slope": first, "the slope when asked again": again,
            "x afterwards": "marked" if point.requires_grad else "as it was"}  # fmt: skip


def _slope(f, x):
    x = x.detach().clone().requires_grad_()
    f(x).backward()
    return x.grad


def _slope_functional(f, x):
    import torch

    return torch.func.grad(f)(x).numpy()


def _slope_on_the_callers(f, x):
    x.requires_grad_()
    f(x).backward()
    return x.grad


def _slope_with_a_mark_left(f, x):
    import torch

    return torch.autograd.grad(f(x.requires_grad_()), x)[0]


def _forward_difference(f, x, step=0.01):
    import torch

    moved = x + step * torch.eye(len(x))
    return torch.stack([(f(row) - f(x)) / step for row in moved])


slope_at = exercise(
    "slope_at",
    task="slope_at(f, x): the gradient of f at x by autograd. f takes a float tensor (n,) and gives one number; the "
    "result is (n,). x is left as it was.",
    reference=_slope,
    second=_slope_functional,
    trial=_try_slope,
    inputs=[
        case("a sum of squares", f="(x**2).sum()", x=normal(4)),
        case("a product with a sine", f="x[0] * x[1].sin()", x=normal(2, mean=1)),
        case("a sum of exponentials", f="(x[1:] - x[:-1]).exp().sum()", x=normal(3, scale=0.5)),
    ],
    mistakes=[
        mistake(
            "value-itself",
            lambda f, x: f(x).detach(),
            "This is f(x) itself. Call backward() on it, and read the gradient in .grad.",
        ),
        mistake(
            "gradients-pile-up",
            _slope_on_the_callers,
            "Asked twice, it says twice as much: backward() adds to what is in .grad. Mark a fresh copy in every call, "
            "x.detach().clone().requires_grad_().",
        ),
        mistake(
            "mark-left",
            _slope_with_a_mark_left,
            "The slope is right, but x belongs to the caller, and you leave it marked. Mark a copy: "
            "x.detach().clone().requires_grad_().",
        ),
        mistake(
            "wrong-sign",
            lambda f, x: -_slope(f, x),
            "The sign is wrong. The gradient points uphill; to go downhill is a step's business.",
        ),
        mistake(
            "sum",
            lambda f, x: _slope(f, x).sum(),
            "One number is not enough: the gradient has one for each entry of x.",
        ),
        mistake(
            "difference",
            _forward_difference,
            "A difference of two values is only nearly the slope. Autograd gives it exactly: mark, compute, "
            "backward().",
        ),
    ],
)

# ---- A network -------------------------------------------------------------------------------------


def _try_classifier(build, n_inputs, hidden, n_classes, x):
    """Shapes first. Where they are right, known weights go in and the outputs are compared."""
    network = build(n_inputs, hidden, n_classes)
    if not is_network(network):
        return network
    outputs(network, x[:1])  # a network of Keras may learn its number of inputs only now
    found = [part.shape for part in weights(network)]
    sizes = [n_inputs, *hidden, n_classes]
    right = [shape for n_in, n_out in zip(sizes, sizes[1:], strict=False) for shape in ((n_out, n_in), (n_out,))]
    rng = np.random.default_rng(len(sizes))
    said = None
    if found == right:
        set_weights(network, [rng.normal(0, 0.8, shape) for shape in right])
        said = outputs(network, x)
    return {"the shapes of its parameters": ", ".join(map(str, found)) or "none", "its outputs": said}


def _classifier(n_inputs, hidden, n_classes, bends=None, last=(), bias=True):
    """bends: whether a ReLU follows each hidden layer."""
    from torch import nn

    layers, sizes = [], [n_inputs, *hidden]
    for n_in, n_out, bend in zip(sizes, hidden, bends or [True] * len(hidden), strict=False):
        layers += [nn.Linear(n_in, n_out, bias)] + [nn.ReLU()] * bend
    return nn.Sequential(*layers, nn.Linear(sizes[-1], n_classes, bias), *last)


def _classifier_in_keras(n_inputs, hidden, n_classes):
    import keras

    dense = [keras.layers.Dense(n, "relu") for n in hidden]
    return keras.Sequential([keras.Input((n_inputs,)), *dense, keras.layers.Dense(n_classes)])


def _classifier_in_a_list(n_inputs, hidden, n_classes):
    from torch import nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            sizes = [n_inputs, *hidden, n_classes]
            self.layers = [nn.Linear(n_in, n_out) for n_in, n_out in zip(sizes, sizes[1:], strict=False)]

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = layer(x).relu()
            return self.layers[-1](x)

    return Classifier()


def _with_last(make):
    def build(*sizes):
        from torch import nn

        return _classifier(*sizes, last=[make(nn)])

    return build


build_classifier = exercise(
    "build_classifier",
    task="build_classifier(n_inputs, hidden, n_classes): a module that takes (n, n_inputs) to logits (n, n_classes), "
    "with a ReLU behind each hidden layer. hidden is a list of widths.",
    reference=_classifier,
    second=_classifier_in_keras,
    trial=_try_classifier,
    inputs=[
        case("two hidden layers", n_inputs=3, hidden=[6, 5], n_classes=4, x=normal(5, 3)),
        case("one hidden layer", n_inputs=4, hidden=[5], n_classes=2, x=normal(3, 4)),
        case("three hidden layers", n_inputs=2, hidden=[4, 6, 4], n_classes=3, x=normal(4, 2)),
    ],
    mistakes=[
        mistake(
            "softmax",
            _with_last(lambda nn: nn.Softmax(dim=1)),
            "It ends in a softmax, and CrossEntropyLoss applies the softmax itself: then it is there twice. Return the "
            "logits.",
        ),
        mistake(
            "log-softmax",
            _with_last(lambda nn: nn.LogSoftmax(dim=1)),
            "It ends in a log-softmax, which belongs to NLLLoss. Return the plain logits; CrossEntropyLoss does the "
            "rest.",
        ),
        mistake(
            "relu-at-the-end",
            _with_last(lambda nn: nn.ReLU()),
            "A ReLU behind the last layer cuts off every negative logit. Only hidden layers are bent.",
        ),
        mistake(
            "plain-list",
            _classifier_in_a_list,
            "No parameters are registered, so nothing would be trained. A plain list is not searched for layers: use "
            "nn.Sequential or nn.ModuleList.",
        ),
        mistake(
            "last-hidden-not-bent",
            lambda n, hidden, k: _classifier(n, hidden, k, bends=[True] * (len(hidden) - 1) + [False]),
            "The ReLU behind the last hidden layer is missing, and two layers without a bend between them are one.",
        ),
        mistake(
            "first-hidden-only",
            lambda n, hidden, k: _classifier(n, hidden, k, bends=[True] + [False] * (len(hidden) - 1)),
            "Only the first hidden layer is bent. Put a ReLU behind every one.",
        ),
        mistake(
            "no-relu",
            lambda n, hidden, k: _classifier(n, hidden, k, bends=[False] * len(hidden)),
            "Nothing bends, so however deep it is, it is one linear layer. Put a ReLU behind every hidden layer.",
        ),
        mistake(
            "no-bias",
            lambda n, hidden, k: _classifier(n, hidden, k, bias=False),
            "The biases are missing. Leave nn.Linear's bias as it is by default.",
        ),
    ],
)

# ---- One epoch -------------------------------------------------------------------------------------


def _small_network(seed, dropout=0.0):
    from torch import nn

    network = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(dropout), nn.Linear(5, 3))
    rng = np.random.default_rng(seed)
    set_weights(network, [rng.uniform(0.2, 1, part.shape) * rng.choice([-1, 1], part.shape) * (k != 5) + (k == 5)
                          for k, part in enumerate(weights(network))])  # fmt: skip
    return network


def _batches(x, y, batch_size):
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    return DataLoader(TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y)), batch_size)


def _flat(parts):
    return np.concatenate([part.ravel() for part in parts])


def _try_epoch(train_epoch, seed, x, y, batch_size, learning_rate):
    """The network comes in inference mode, as an evaluation may have left it."""
    import torch

    network = _small_network(seed).eval()
    optimiser = torch.optim.SGD(network.parameters(), learning_rate)
    loss = train_epoch(network, _batches(x, y, batch_size), torch.nn.CrossEntropyLoss(), optimiser)
    if loss is None or loss is ...:
        return loss
    parts = weights(network)
    return {"the loss": loss, "the weights afterwards": _flat(parts[:4] + parts[6:]),
            "the running mean of the batch norm": parts[4]}  # fmt: skip


def _train_epoch(model, batches, loss_fn, optimiser, mode=True, clear=True, step=True, last_step=False, n_batches=None,
                 mean=lambda losses, sizes: np.average(losses, weights=sizes)):  # fmt: skip
    model.train(mode)
    losses, sizes = [], []
    for x, y in list(batches)[:n_batches]:
        if clear:
            optimiser.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        if step:
            optimiser.step()
        losses.append(loss.item())
        sizes.append(len(y))
    if last_step:
        optimiser.step()
    return float(mean(losses, sizes))


def _train_epoch_by_hand(model, batches, loss_fn, optimiser):
    """Without zero_grad and without step: new gradients, and the step of plain gradient descent."""
    import torch

    model.train()
    total = torch.zeros(())
    for x, y in batches:
        loss = loss_fn(model(x), y)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter -= optimiser.param_groups[0]["lr"] * gradient
        total += loss.detach() * len(x)
    return total / len(batches.dataset)


def _epoch_that(**settings):
    return lambda *given: _train_epoch(*given, **settings)


_SEED = Drawn(lambda rng: int(rng.integers(1000)))


def classes(n: int) -> Drawn:
    """Each of three classes about equally often, in any order."""
    return Drawn(lambda rng: rng.permutation(np.arange(n) % 3))


train_epoch = exercise(
    "train_epoch",
    task="train_epoch(model, batches, loss_fn, optimiser): train on every batch (x, y) once, in training mode; return "
    "the mean loss of an example, a number.",
    reference=_train_epoch,
    second=_train_epoch_by_hand,
    trial=_try_epoch,
    tolerance=_ROUNDING,
    inputs=[
        case(
            "three batches of unequal size", seed=_SEED, x=normal(10, 3), y=classes(10), batch_size=4, learning_rate=0.3
        ),
        case("two equal batches", seed=_SEED, x=normal(12, 3), y=classes(12), batch_size=6, learning_rate=0.1),
    ],
    mistakes=[
        mistake(
            "no-zero-grad",
            _epoch_that(clear=False),
            "The gradients pile up: backward() adds to those of the batch before. Begin each batch with "
            "optimiser.zero_grad().",
        ),
        mistake(
            "no-step",
            _epoch_that(step=False),
            "The weights have not moved. Behind loss.backward() belongs optimiser.step().",
        ),
        mistake(
            "one-step-at-the-end",
            _epoch_that(step=False, last_step=True),
            "There was only one step, at the end. Indent optimiser.step(): every batch takes one.",
        ),
        mistake(
            "no-train-mode",
            _epoch_that(mode=False),
            "The network was not in training mode: its batch norm has learned nothing. Begin with model.train().",
        ),
        mistake(
            "first-batch-only",
            _epoch_that(n_batches=1),
            "It ends behind the first batch. Move the return out of the loop, to the left.",
        ),
        mistake(
            "last-loss",
            _epoch_that(mean=lambda losses, sizes: losses[-1]),
            "This is the loss of the last batch. The mean of all examples is asked for.",
        ),
        mistake(
            "mean-of-batches",
            _epoch_that(mean=lambda losses, sizes: np.mean(losses)),
            "This is the mean of the batches, in which a small last batch counts as much as the others. Weight each "
            "loss with len(y).",
        ),
        mistake(
            "sum-of-examples",
            _epoch_that(mean=lambda losses, sizes: np.dot(losses, sizes)),
            "This is the sum over all examples. Divide by how many there are.",
        ),
        mistake(
            "sum-of-batches",
            _epoch_that(mean=lambda losses, sizes: np.sum(losses)),
            "This is the sum over the batches. Weight each loss with len(y), and divide by the number of examples.",
        ),
    ],
)

# ---- An evaluation ---------------------------------------------------------------------------------


def _try_evaluation(evaluate, seed, training, x, y, batch_size):
    """With dropout and batch norm, which both mind the mode, and a spy that sees whether a graph is kept."""
    import torch

    network, kept = _small_network(seed, dropout=0.5).train(training), []
    network.register_forward_hook(lambda module, given, found: kept.append(found.requires_grad))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        measured = evaluate(network, _batches(x, y, batch_size), torch.nn.CrossEntropyLoss())
    if measured is None or measured is ...:
        return measured
    return {
        "the loss and accuracy": measured,
        "the running mean of the batch norm": weights(network)[4],
        "the graph": "kept" if any(kept) else "none",
        "the mode afterwards": "training" if network.training else "inference",
    }


def _evaluate(model, batches, loss_fn, mode=False, graph=False, after=None, mean=np.average, share=True):
    import torch

    before = model.training
    model.train(mode if mode is not None else before)
    losses, right, sizes = [], [], []
    with torch.set_grad_enabled(graph):
        for x, y in batches:
            logits = model(x)
            losses.append(loss_fn(logits, y).item())
            right.append((logits.argmax(1) == y).float().mean().item())
            sizes.append(len(y))
    model.train(before if after is None else after)
    n = 1 if share else sum(sizes)
    return float(mean(losses, weights=sizes)), float(mean(right, weights=sizes)) * n


def _evaluate_at_once(model, batches, loss_fn):
    import torch

    before, (x, y) = model.training, batches.dataset.tensors
    with torch.inference_mode():
        logits = model.eval()(x)
        found = [loss_fn(logits, y), (logits.argmax(dim=1) == y).double().mean()]
    model.train(before)
    return found


def _evaluation_that(**settings):
    return lambda *given: _evaluate(*given, **settings)


evaluate = exercise(
    "evaluate",
    task="evaluate(model, batches, loss_fn) -> (loss, accuracy): both means over all examples, in inference mode and "
    "without a graph. The model's mode is put back.",
    reference=_evaluate,
    second=_evaluate_at_once,
    trial=_try_evaluation,
    tolerance=_ROUNDING,
    inputs=[
        case("a model in training mode", seed=_SEED, training=True, x=normal(10, 3), y=classes(10), batch_size=4),
        case("a model in inference mode", seed=_SEED, training=False, x=normal(11, 3), y=classes(11), batch_size=8),
    ],
    mistakes=[
        mistake(
            "no-eval",
            _evaluation_that(mode=None),
            "The model stays in training mode: dropout drops, and batch norm even learns from what should only be "
            "measured. Call model.eval() first.",
        ),
        mistake(
            "no-eval-and-graph",
            _evaluation_that(mode=None, graph=True),
            "Neither mode nor graph: call model.eval() before the loop, and compute under torch.no_grad().",
        ),
        mistake(
            "graph-kept",
            _evaluation_that(graph=True),
            "The numbers are right, but PyTorch still takes notes for a backward() that never comes. Compute under "
            "torch.no_grad().",
        ),
        mistake(
            "stays-in-inference",
            _evaluation_that(after=False),
            "The model is left in inference mode, and who trains on would do so without dropout. Remember "
            "model.training before, and put it back.",
        ),
        mistake(
            "ends-in-training",
            _evaluation_that(after=True),
            "The model always ends in training mode, also where it came in inference mode. Remember model.training "
            "before, and put that back.",
        ),
        mistake(
            "mean-of-batches",
            _evaluation_that(mean=lambda values, weights: np.mean(values)),
            "These are means of the batches, in which a small last batch counts as much as the others. Weight with "
            "len(y).",
        ),
        mistake(
            "last-batch",
            _evaluation_that(mean=lambda values, weights: values[-1]),
            "These are those of the last batch alone. Add up over all batches.",
        ),
        mistake(
            "count-for-share",
            _evaluation_that(share=False),
            "The accuracy is a share, between 0 and 1. Divide the number of right answers by that of the examples.",
        ),
    ],
)

# ---- The best of many epochs -----------------------------------------------------------------------


def _try_fit(fit, x, sign, flipped, n_epochs, learning_rate):
    """One input decides. Where some validation labels are flipped, to become too sure is punished."""
    import torch

    truth = (sign > 0).astype(np.int64)
    other = truth.copy()
    other[:flipped] = 1 - other[:flipped]
    network = torch.nn.Sequential(torch.nn.BatchNorm1d(1, affine=False), torch.nn.Linear(1, 2))
    set_weights(network, [np.zeros(1), np.ones(1), np.zeros((2, 1)), np.zeros(2)])
    optimiser = torch.optim.SGD(network.parameters(), learning_rate)
    batches = [_batches(x * sign[:, None], labels, 8) for labels in (truth, other)]
    losses = fit(network, *batches, torch.nn.CrossEntropyLoss(), optimiser, n_epochs)
    if losses is None or losses is ...:
        return losses
    parts = weights(network)
    return {"the validation losses": losses, "the weights afterwards": _flat(parts[2:]),
            "the running statistics afterwards": _flat(parts[:2])}  # fmt: skip


def _fit(model, train_batches, valid_batches, loss_fn, optimiser, n_epochs, better=lambda new, old: new < old,
         before=False, restore=True, statistics=True, patient=True, say=lambda seen, valid: valid):  # fmt: skip
    import copy

    seen, valid, best, state = [], [], None, {}
    for _ in range(n_epochs):
        start = copy.deepcopy(model.state_dict())
        seen.append(_train_epoch(model, train_batches, loss_fn, optimiser))
        valid.append(_evaluate(model, valid_batches, loss_fn)[0])
        if best is None or better(valid[-1], best):
            best = valid[-1]
            state = start if before else copy.deepcopy(model.state_dict())
        elif not patient:
            break
    if restore:
        parameters = {name for name, _ in model.named_parameters()}
        model.load_state_dict({k: v for k, v in state.items() if statistics or k in parameters}, strict=False)
    return say(seen, valid)


def _fit_with_copies(model, train_batches, valid_batches, loss_fn, optimiser, n_epochs):
    """Keep the states of all epochs, and choose behind the last one."""
    states, losses = [], np.zeros(n_epochs)
    for epoch in range(n_epochs):
        _train_epoch_by_hand(model, train_batches, loss_fn, optimiser)
        losses[epoch] = _evaluate_at_once(model, valid_batches, loss_fn)[0]
        states.append({name: value.clone() for name, value in model.state_dict().items()})
    model.load_state_dict(states[losses.argmin()])
    return losses.tolist()


def _fit_that(**settings):
    return lambda *given: _fit(*given, **settings)


_STRENGTH = Drawn(lambda rng: rng.uniform(1, 2, (12, 1)))
_SIGN = Drawn(lambda rng: rng.permutation(np.array([-1.0, 1.0] * 6)))

fit = exercise(
    "fit",
    task="fit(model, train_batches, valid_batches, loss_fn, optimiser, n_epochs): train all epochs; return the list of "
    "validation losses. The model ends with the weights of the epoch with the lowest one.",
    reference=_fit,
    second=_fit_with_copies,
    trial=_try_fit,
    tolerance=_ROUNDING,
    inputs=[
        case("a validation loss that turns", x=_STRENGTH, sign=_SIGN, flipped=4, n_epochs=8, learning_rate=0.2),
        case(
            "a validation loss that falls to the end", x=_STRENGTH, sign=_SIGN, flipped=0, n_epochs=4, learning_rate=0.2
        ),
    ],
    mistakes=[
        mistake(
            "last-weights",
            _fit_that(restore=False),
            "The model has the weights of the last epoch. state_dict() hands out the living tensors: keep "
            "copy.deepcopy(model.state_dict()), and load_state_dict() it behind the loop.",
        ),
        mistake(
            "worst-weights",
            _fit_that(better=lambda new, old: new > old),
            "The model has the weights of the worst epoch. A loss is better when it is lower.",
        ),
        mistake(
            "weights-before-best",
            _fit_that(before=True),
            "The weights are those from before the best epoch. Copy them behind train_epoch and evaluate.",
        ),
        mistake(
            "no-statistics",
            _fit_that(statistics=False),
            "The parameters are those of the best epoch, but the running statistics of the batch norm are not. "
            "state_dict() holds both; parameters() does not.",
        ),
        mistake(
            "stops-early",
            _fit_that(patient=False),
            "It stops at the first loss that is no better. Here all epochs are trained.",
        ),
        mistake(
            "training-losses",
            _fit_that(say=lambda seen, valid: seen),
            "These are training losses. What chooses is the loss on the validation batches.",
        ),
        mistake(
            "best-loss-alone",
            _fit_that(say=lambda seen, valid: min(valid)),
            "This is the best loss alone. Return the list of all, one for each epoch.",
        ),
    ],
)

EXERCISES = [slope_at, build_classifier, train_epoch, evaluate, fit]
