"""The same network in Keras and in PyTorch: copy its weights, and see how far the two agree.

    copy_weights(keras_model, torch_model)                  # or the other way round
    compare_outputs(keras_model, torch_model, x)            # inference
    compare_gradients(keras_model, torch_model, x, y)       # training mode, cross-entropy
    compare_step(keras_model, torch_model, x, y, keras_optimiser, torch_optimiser)

Layers are matched in the order in which they were built. Images x are (n, height, width, channels), as Keras has
them; PyTorch gets them with the channels first. What is compared stands in PyTorch's layout:

    dense              (in, out)                    (out, in); after a Flatten the inputs change places, too
    convolution        (height, width, in, out)     (out, in, height, width)
    depthwise          (height, width, in, 1)       (in, 1, height, width)
    batch norm         gamma, beta, moving_...      weight, bias, running_...
    embedding          (words, features)            the same
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import torch
from torch import nn

from course_lib.training.torch_loop import in_mode


class ParityError(ValueError):
    """The two networks are not the same; the text names the first layer in which they differ."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """For each part of the network, the largest difference, as a share of the largest value in that part."""

    differences: dict[str, float]

    @property
    def worst(self) -> str:
        return max(self.differences, key=self.differences.get)

    @property
    def largest(self) -> float:
        return self.differences[self.worst]

    def __repr__(self) -> str:
        return f"largest difference {self.largest:.0e}, in {self.worst}, of {len(self.differences)} parts"


@dataclass(frozen=True)
class Pair:
    """One array in both frameworks. to_torch turns Keras' layout into PyTorch's, to_keras turns it back."""

    name: str
    variable: keras.Variable
    tensor: torch.Tensor
    to_torch: Callable[[np.ndarray], np.ndarray]
    to_keras: Callable[[np.ndarray], np.ndarray]


def copy_weights(source: keras.Model | nn.Module, target: keras.Model | nn.Module) -> None:
    """Give `target` the weights and running statistics of `source`, which is the same network elsewhere.

    Nothing is copied when anything does not fit: ParityError names the layer, and what is unequal about it.
    """
    into_torch = isinstance(source, keras.Model)
    pairs = paired(source, target) if into_torch else paired(target, source)
    with torch.no_grad():
        for pair in pairs:
            if into_torch:
                pair.tensor.copy_(torch.from_numpy(np.array(pair.to_torch(array(pair.variable)))))
            else:
                pair.variable.assign(pair.to_keras(pair.tensor.cpu().numpy()))


def compare_outputs(keras_model: keras.Model, torch_model: nn.Module, x: np.ndarray) -> Comparison:
    """What both say about x, in inference mode; the modes of `torch_model` are put back."""
    with in_mode(torch_model, training=False), torch.no_grad():
        theirs = torch_model(as_torch(x)).cpu().numpy()
    return Comparison({"outputs": difference(array(keras_model(x, training=False)), theirs)})


def compare_gradients(keras_model: keras.Model, torch_model: nn.Module, x: np.ndarray, y: np.ndarray) -> Comparison:
    """The gradients of the mean cross-entropy of the logits for the classes y, in training mode.

    Dropout draws differently in the two: build both networks without it. Batch norm takes a step of its running
    statistics, as in training. Gradients that are already in `torch_model` are lost.
    """
    pairs = [pair for pair in paired(keras_model, torch_model) if pair.tensor.requires_grad]
    gradients = keras_gradients(keras_model, [pair.variable for pair in pairs], x, y)
    torch_gradients(torch_model, x, y)
    ours = {pair.name: pair.to_torch(gradient) for pair, gradient in zip(pairs, gradients, strict=True)}
    return Comparison({pair.name: difference(ours[pair.name], pair.tensor.grad.cpu().numpy()) for pair in pairs})


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
    """
    pairs = paired(keras_model, torch_model)
    before = {pair.name: pair.tensor.detach().clone() for pair in pairs}
    trained = [pair for pair in pairs if pair.tensor.requires_grad]
    gradients = keras_gradients(keras_model, [pair.variable for pair in trained], x, y)
    keras_optimiser.apply([keras.ops.convert_to_tensor(g) for g in gradients], [pair.variable for pair in trained])
    counts = torch_gradients(torch_model, x, y)
    torch_optimiser.step()
    found = {}
    for pair in pairs:
        theirs = pair.tensor.detach()
        layer, _, part = pair.name.rpartition(".")
        if part == "running_var":
            n, momentum = counts[layer]
            kept = (1 - momentum) * before[pair.name]
            theirs = kept + (theirs - kept) * (n - 1) / n
        found[pair.name] = difference(pair.to_torch(array(pair.variable)), theirs.cpu().numpy())
    return Comparison(found)


def paired(keras_model: keras.Model, torch_model: nn.Module) -> list[Pair]:
    """All arrays of the two networks, matched. ParityError where the layers are unequal."""
    ours, theirs = list(keras_layers(keras_model)), list(torch_layers(torch_model))
    pairs = []
    for (layer, flattened), (name, module) in zip(ours, theirs, strict=False):
        pairs += pairs_of(layer, flattened, name, module)
    if len(ours) != len(theirs):
        longer, rest = ("Keras", ours) if len(ours) > len(theirs) else ("PyTorch", theirs)
        extra = rest[min(len(ours), len(theirs))]
        extra = extra[0].name if longer == "Keras" else extra[0]
        raise ParityError(
            f"Keras has {len(ours)} layers with weights and PyTorch {len(theirs)}: "
            f"{extra!r} of {longer} has no partner; build both networks alike"
        )
    return pairs


KINDS = {
    keras.layers.Dense: nn.Linear,
    keras.layers.Conv2D: nn.Conv2d,
    keras.layers.DepthwiseConv2D: nn.Conv2d,
    keras.layers.BatchNormalization: nn.modules.batchnorm._BatchNorm,
    keras.layers.Embedding: nn.Embedding,
}


def pairs_of(layer: keras.Layer, flattened: tuple | None, name: str, module: nn.Module) -> list[Pair]:
    where = f"Keras' {layer.name!r} ({type(layer).__name__}) and PyTorch's {name!r} ({type(module).__name__})"
    if not isinstance(module, KINDS[type(layer)]):
        raise ParityError(f"{where} are different kinds of layers; build both networks in the same order")
    ours, theirs = settings_of(layer), settings_of(module)
    for setting, value in ours.items():
        if theirs[setting] != value:
            raise ParityError(f"{where} have unequal {setting}: {value} and {theirs[setting]}; make them equal")
    weights, arrays = arrays_of(layer), dict(module.named_parameters()) | dict(module.named_buffers())
    arrays.pop("num_batches_tracked", None)
    if list(weights) != list(arrays):
        raise ParityError(f"{where} do not hold the same: {', '.join(weights)} and {', '.join(arrays)}")
    pairs = []
    for part, variable in weights.items():
        forth, back = layouts(layer, part, flattened)
        wanted = forth(np.empty(variable.shape)).shape if variable.shape else ()
        if wanted != tuple(arrays[part].shape):
            raise ParityError(
                f"{where} do not fit: {part} is {tuple(variable.shape)} in Keras, which should be {wanted} in PyTorch "
                f"and is {tuple(arrays[part].shape)}"
            )
        pairs.append(Pair(f"{name}.{part}", variable, arrays[part], forth, back))
    return pairs


def settings_of(layer: keras.Layer | nn.Module) -> dict[str, Any]:
    """What a layer computes with besides its weights, in one vocabulary."""
    match layer:
        case keras.layers.BatchNormalization():
            return {"epsilon": layer.epsilon, "momentum": round(layer.momentum, 6)}
        case nn.modules.batchnorm._BatchNorm():
            return {"epsilon": layer.eps, "momentum": round(1 - layer.momentum, 6)}
        case keras.layers.DepthwiseConv2D():
            return {"stride": tuple(layer.strides), "depthwise": True}
        case keras.layers.Conv2D():
            return {"stride": tuple(layer.strides), "depthwise": False}
        case nn.Conv2d():
            return {"stride": tuple(layer.stride), "depthwise": layer.groups == layer.in_channels > 1}
    return {}


def arrays_of(layer: keras.Layer) -> dict[str, keras.Variable]:
    """Keras' variables under PyTorch's names, in PyTorch's order."""
    match layer:
        case keras.layers.BatchNormalization():
            names = ("gamma", "beta", "moving_mean", "moving_variance")
        case keras.layers.Embedding():
            names = ("embeddings",)
        case _:
            names = ("kernel", "bias") if layer.use_bias else ("kernel",)
    parts = ("weight", "bias", "running_mean", "running_var")
    return {part: getattr(layer, name) for part, name in zip(parts, names, strict=False)}


def layouts(layer: keras.Layer, part: str, flattened: tuple | None) -> tuple[Callable, Callable]:
    """Keras' layout to PyTorch's, and back. flattened: (height, width, channels) that a Flatten has laid out."""
    if isinstance(layer, keras.layers.DepthwiseConv2D) and part == "weight":  # (h, w, in, 1)
        return lambda a: a.transpose(2, 3, 0, 1), lambda a: a.transpose(2, 3, 0, 1)
    if isinstance(layer, keras.layers.Conv2D) and part == "weight":  # (h, w, in, out)
        return lambda a: a.transpose(3, 2, 0, 1), lambda a: a.transpose(2, 3, 1, 0)
    order = slice(None) if flattened is None else channels_first(flattened)
    back = slice(None) if flattened is None else np.argsort(order)
    if isinstance(layer, keras.layers.Dense) and part == "weight":
        return lambda a: a[order].T, lambda a: a.T[back]
    if isinstance(layer, keras.layers.BatchNormalization):
        return lambda a: a[order], lambda a: a[back]
    return lambda a: a, lambda a: a


def channels_first(shape: tuple[int, int, int]) -> np.ndarray:
    """For each place in PyTorch's flat (channels, height, width), the one in Keras' (height, width, channels)."""
    return np.arange(np.prod(shape)).reshape(shape).transpose(2, 0, 1).ravel()


def keras_layers(model: keras.Model, flattened: tuple | None = None) -> Iterator[tuple[keras.Layer, tuple | None]]:
    """Layers with weights, each with the image shape of a Flatten before it that no dense layer has used up."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from keras_layers(layer, flattened)
        elif isinstance(layer, keras.layers.Flatten):
            flattened = tuple(layer.input.shape[1:]) if len(layer.input.shape) == 4 else flattened
        elif layer.weights and type(layer) in KINDS:
            yield layer, flattened if type(layer) in (keras.layers.Dense, keras.layers.BatchNormalization) else None
            flattened = None if isinstance(layer, keras.layers.Dense) else flattened
        elif layer.trainable_weights:
            raise ParityError(f"Keras' {layer.name!r} is a {type(layer).__name__}, whose weights cannot be copied yet")


def torch_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, module in model.named_modules():
        if isinstance(module, tuple(KINDS.values())):
            yield name, module
        elif next(module.parameters(recurse=False), None) is not None:
            raise ParityError(f"PyTorch's {name!r} is a {type(module).__name__}, whose weights cannot be copied yet")


def keras_gradients(model: keras.Model, variables: list, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        losses = keras.losses.sparse_categorical_crossentropy(y, model(x, training=True), from_logits=True)
        loss = keras.ops.mean(losses)
    return [array(gradient) for gradient in tape.gradient(loss, [variable.value for variable in variables])]


def torch_gradients(model: nn.Module, x: np.ndarray, y: np.ndarray) -> dict[str, tuple[int, float]]:
    """Leave the gradients in the parameters. For each batch norm: the values behind one variance, its momentum."""
    counts = {}

    def count(name: str) -> Callable:
        return lambda module, inputs: counts.update({name: (inputs[0].numel() // inputs[0].shape[1], module.momentum)})

    norms = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    hooks = [module.register_forward_pre_hook(count(name)) for name, module in norms]
    model.train()
    model.zero_grad()
    nn.functional.cross_entropy(model(as_torch(x)), torch.from_numpy(np.asarray(y, np.int64))).backward()
    for hook in hooks:
        hook.remove()
    return counts


def as_torch(x: np.ndarray) -> torch.Tensor:
    """A batch for PyTorch: images with the channels first."""
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2) if x.ndim == 4 else x))


def array(value: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(value.value if isinstance(value, keras.Variable) else value)


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    scale = max(np.abs(ours).max(initial=0), np.abs(theirs).max(initial=0))
    return float(np.abs(ours - theirs).max(initial=0) / scale) if scale else 0.0
