"""How far two networks agree: in what they say, in their gradients, behind one step of training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import torch
from torch import nn

from course_lib.parity.match import ParityError
from course_lib.parity.pairs import Pair, paired
from course_lib.training.torch_loop import in_mode

Norm = nn.modules.batchnorm._BatchNorm


@dataclass(frozen=True, repr=False)
class Comparison:
    """For each part of the network, the largest difference, as a share of the largest value in that part.

    A part whose values are lost in the rounding of the others, such as the gradient of a bias that batch norm takes
    out again, is measured against what rounding leaves visible.
    """

    differences: dict[str, float]

    @property
    def worst(self) -> str:
        return max(self.differences, key=self.differences.__getitem__)

    @property
    def largest(self) -> float:
        return self.differences[self.worst]

    def __repr__(self) -> str:
        return f"largest difference {self.largest:.0e}, in {self.worst}, of {len(self.differences)} parts"


def compare_outputs(keras_model: keras.Model, torch_model: nn.Module, x: np.ndarray) -> Comparison:
    """What both say about x, in inference mode. Any two networks may be compared; both are left as they were."""
    with in_mode(torch_model, training=False), torch.no_grad():
        theirs = torch_model(as_torch(x)).cpu().numpy()
    theirs = theirs.transpose(0, 2, 3, 1) if theirs.ndim == 4 else theirs
    return compared({"outputs": (array(keras_model(x, training=False)), theirs)})


def compare_gradients(keras_model: keras.Model, torch_model: nn.Module, x: np.ndarray, y: np.ndarray) -> Comparison:
    """The gradients of the mean cross-entropy of the logits for the classes y, in training mode.

    Dropout draws differently in the two: build both networks without it. Both are left as they were: their modes,
    their running statistics, the gradients that PyTorch's parameters hold, and the global random generators.
    """
    pairs = trained(paired(keras_model, torch_model))
    with kept(keras_model, torch_model, statistics=True):
        ours = keras_gradients(keras_model, pairs, x, y)
        theirs = torch_gradients(torch_model, pairs, x, y)
    return compared(
        {
            pair.name: (pair.to_torch(our), their.cpu().numpy())
            for pair, our, their in zip(pairs, ours, theirs, strict=True)
        }
    )


def compare_step(
    keras_model: keras.Model,
    torch_model: nn.Module,
    x: np.ndarray,
    y: np.ndarray,
    keras_optimiser: keras.Optimizer,
    torch_optimiser: torch.optim.Optimizer,
) -> Comparison:
    """Take one training step in both, and compare all weights and running statistics behind it.

    PyTorch divides a batch's variance by n - 1 before it remembers it, Keras by n; this known factor is taken out.
    Adam's epsilon is 1e-7 in Keras and 1e-8 in PyTorch: give both the same, and a small one. Keras adds it before it
    corrects the second moment and PyTorch behind, so that a large one would make the first steps unequal.
    The step remains; modes, stored gradients and the global random generators are left as they were.
    """
    pairs = paired(keras_model, torch_model)
    before = {pair.name: pair.tensor.detach().clone() for pair in pairs}
    moved = trained(pairs)
    with kept(keras_model, torch_model, statistics=False), counted(torch_model) as counts:
        ours, theirs = keras_gradients(keras_model, moved, x, y), torch_gradients(torch_model, moved, x, y)
        keras_optimiser.apply([keras.ops.convert_to_tensor(g) for g in ours], [pair.variable for pair in moved])
        for parameter in torch_model.parameters():
            parameter.grad = None
        for pair, gradient in zip(moved, theirs, strict=True):
            pair.tensor.grad = gradient
        torch_optimiser.step()
    found = {}
    for pair in pairs:
        remembered = pair.tensor.detach()
        layer, _, part = pair.name.rpartition(".")
        if part == "running_var":
            n, momentum = counts[layer]
            old = (1 - momentum) * before[pair.name]
            remembered = old + (remembered - old) * (n - 1) / n
        found[pair.name] = pair.to_torch(array(pair.variable)), remembered.cpu().numpy()
    return compared(found)


def trained(pairs: list[Pair]) -> list[Pair]:
    """Those that have gradients. ParityError where one framework trains what the other does not."""
    for pair in pairs:
        statistic = not isinstance(pair.tensor, nn.Parameter)
        if not statistic and pair.variable.trainable != pair.tensor.requires_grad:
            frozen = "PyTorch" if pair.variable.trainable else "Keras"
            raise ParityError(f"{pair.name!r} is frozen in {frozen} only; freeze it in both, or in neither")
    return [pair for pair in pairs if pair.tensor.requires_grad]


@contextmanager
def kept(keras_model: keras.Model, torch_model: nn.Module, statistics: bool) -> Iterator[None]:
    """Training mode inside. Then modes, gradients and random generators come back.

    Running statistics do so where this is asked, and behind an error.
    """
    gradients = [(parameter, parameter.grad) for parameter in torch_model.parameters()]
    buffers = [(buffer, buffer.clone()) for buffer in torch_model.buffers()]
    values = [(variable, array(variable)) for variable in keras_model.non_trainable_variables]
    weights = {id(weight) for weight in keras_model.weights}  # not among them: the seeds of dropout
    failed = True
    try:
        with in_mode(torch_model, training=True), torch.random.fork_rng():
            yield
        failed = False
    finally:
        for parameter, gradient in gradients:
            parameter.grad = gradient
        for buffer, old in buffers if statistics or failed else []:
            buffer.copy_(old)
        for variable, value in values:
            if statistics or failed or id(variable) not in weights:
                variable.assign(value)


@contextmanager
def counted(model: nn.Module) -> Iterator[dict[str, tuple[int, float]]]:
    """For each batch norm that runs inside: the values behind one variance, and its momentum."""
    counts: dict[str, tuple[int, float]] = {}

    def count(name: str) -> Callable:
        return lambda module, inputs: counts.update({name: (inputs[0].numel() // inputs[0].shape[1], module.momentum)})

    norms = [(name, module) for name, module in model.named_modules() if isinstance(module, Norm)]
    hooks = [module.register_forward_pre_hook(count(name)) for name, module in norms]
    try:
        yield counts
    finally:
        for hook in hooks:
            hook.remove()


def keras_gradients(model: keras.Model, pairs: list[Pair], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        losses = keras.losses.sparse_categorical_crossentropy(y, model(x, training=True), from_logits=True)
        loss = keras.ops.mean(losses)
    variables: Any = [pair.variable.value for pair in pairs]
    return [array(gradient) for gradient in tape.gradient(loss, variables)]  # pyright: ignore[reportCallIssue, reportArgumentType]


def torch_gradients(model: nn.Module, pairs: list[Pair], x: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, ...]:
    """In the order of the pairs; nothing is added to the gradients that the parameters hold."""
    loss = nn.functional.cross_entropy(model(as_torch(x)), torch.from_numpy(np.asarray(y, np.int64)))
    return torch.autograd.grad(loss, [pair.tensor for pair in pairs])


def as_torch(x: np.ndarray) -> torch.Tensor:
    """A batch for PyTorch: images with the channels first."""
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2) if x.ndim == 4 else x))


def array(value: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(value.value if isinstance(value, keras.Variable) else value))


def compared(parts: dict[str, tuple[np.ndarray, np.ndarray]]) -> Comparison:
    sizes = {name: max(np.abs(each).max(initial=0) for each in both) for name, both in parts.items()}
    largest, precision = max(sizes.values()), np.finfo(next(iter(parts.values()))[1].dtype).eps
    differences = {}
    for name, (ours, theirs) in parts.items():
        scale = max(sizes[name], largest * precision**0.5)
        differences[name] = float(np.abs(ours - theirs).max(initial=0) / scale) if scale else 0.0
    return Comparison(differences)
