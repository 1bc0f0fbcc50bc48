"""The arrays of two matched networks, and how each lies in the other framework. What is compared lies as in PyTorch:

dense              (in, out)                    (out, in); after a Flatten the inputs change places, too
convolution        (height, width, in, out)     (out, in, height, width)
depthwise          (height, width, in, n)       (in * n, 1, height, width)
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

from course_lib.graphs import in_keras, in_torch
from course_lib.graphs.graph import ACTIVATIONS, UNKNOWN, GraphError, Op
from course_lib.parity.match import ParityError, matched, together


@dataclass(frozen=True)
class Pair:
    """One array in both frameworks. to_torch turns Keras' layout into PyTorch's, to_keras turns it back."""

    name: str
    variable: keras.Variable
    tensor: torch.Tensor
    to_torch: Callable[[np.ndarray], np.ndarray]
    to_keras: Callable[[np.ndarray], np.ndarray]


def paired(keras_model: keras.Model, torch_model: nn.Module) -> list[Pair]:
    """All arrays of the two networks, matched. ParityError where the networks are unequal, or cannot be read."""
    try:
        ours, theirs = in_keras.read(keras_model), in_torch.read(torch_model)
    except GraphError as error:
        raise ParityError(str(error)) from error
    both = matched(ours, theirs)
    images = flattened_images([our for our, _ in both])
    if images[id(both[-1][0])] is not None:
        raise ParityError("the networks end with a flat image, which the two frameworks write down in different orders")
    pairs: list[Pair] = []
    partners: dict[int, int] = {}
    for our, their in both:
        if our.layer is None:
            continue
        if id(our.layer) not in partners and id(their.layer) not in partners.values():
            partners[id(our.layer)] = id(their.layer)
            before = images[id(our.inputs[0])]
            pairs += pairs_of(our.layer, before, their.name, their.layer, together(our, their))
        elif partners.get(id(our.layer)) != id(their.layer):
            raise ParityError(f"{together(our, their)}: one network uses the layer twice, the other has two of them")
    check_complete(keras_model, torch_model, pairs)
    return pairs


def check_complete(keras_model: keras.Model, torch_model: nn.Module, pairs: list[Pair]) -> None:
    """Weights that no pair has are weights that the forward pass does not use."""
    variables, tensors = ({id(getattr(pair, name)) for pair in pairs} for name in ("variable", "tensor"))
    unused = [f"Keras' {each.path!r}" for each in keras_model.weights if id(each) not in variables]
    unused += [f"PyTorch's {name!r}" for name, each in torch_model.named_parameters() if id(each) not in tensors]
    if unused:
        raise ParityError(f"the forward pass does not use {unused[0]}, and so nothing can be said about it")


def flattened_images(ops: list[Op]) -> dict[int, tuple[int, int, int] | None]:
    """By the id of an operation: the (height, width, channels) of an image that its output holds flat, else None."""
    images: dict[int, tuple[int, int, int] | None] = {}
    for op in ops:
        before = [images[id(each)] for each in op.inputs]
        shape = op.inputs[0].shape if op.inputs else None
        if op.kind == "flatten" and shape is not None and len(shape) == 3:
            height, width, channels = (number or 0 for number in shape)  # Keras flattens no image of an open size
            images[id(op)] = (height, width, channels) if (height, width) != (1, 1) else None
        elif op.kind == "dense" or not any(before):
            images[id(op)] = None
        elif len(set(before)) == 1 and (op.kind in KEEP_PLACES or op.kind in ACTIVATIONS):
            images[id(op)] = before[0]
        else:
            raise ParityError(
                f"Keras' {op.name!r} ({op.type_name}) gets a flat image, which the two frameworks write down in "
                "different orders; put a dense layer between"
            )
    return images


KEEP_PLACES = ("flatten", "batch norm", "dropout", "add", "multiply")


def keras_layers(model: keras.Model) -> Iterator[tuple[keras.Layer, tuple[int, int, int] | None]]:
    """Layers with weights in the order of the forward pass, each with the image that its input holds flat, or None."""
    ops = in_keras.read(model).forward()
    images = flattened_images(ops)
    done = set()
    for op in ops:
        if op.layer is None or id(op.layer) in done:
            continue
        if op.kind == UNKNOWN and op.layer.trainable_weights:
            raise ParityError(f"Keras' {op.name!r} is a {op.type_name}, whose weights cannot be copied yet")
        if op.kind != UNKNOWN:
            done.add(id(op.layer))
            yield op.layer, images[id(op.inputs[0])]


def pairs_of(layer: keras.Layer, image: tuple | None, name: str, module: nn.Module, where: str) -> list[Pair]:
    """The arrays of two layers of one kind. image: what the input holds flat."""
    weights, arrays = arrays_of(layer), dict(module.named_parameters()) | dict(module.named_buffers())
    arrays.pop("num_batches_tracked", None)
    if list(weights) != list(arrays):
        raise ParityError(f"{where} do not hold the same: {', '.join(weights)} and {', '.join(arrays)}")
    pairs = []
    for part, variable in weights.items():
        forth, back = layouts(layer, part, image)
        wanted = forth(np.empty(variable.shape)).shape
        if wanted != tuple(arrays[part].shape):
            raise ParityError(
                f"{where} do not fit: {part} is {tuple(variable.shape)} in Keras, which should be {wanted} in PyTorch "
                f"and is {tuple(arrays[part].shape)}"
            )
        pairs.append(Pair(f"{name}.{part}" if name else part, variable, arrays[part], forth, back))
    return pairs


def arrays_of(layer: keras.Layer) -> dict[str, keras.Variable]:
    """Keras' variables under PyTorch's names, in PyTorch's order."""
    match layer:
        case keras.layers.BatchNormalization():
            names = ("gamma", "beta", "moving_mean", "moving_variance")
        case keras.layers.Embedding():
            names = ("embeddings",)
        case _:
            names = ("kernel", "bias")
    parts = ("weight", "bias", "running_mean", "running_var")
    found = {part: getattr(layer, name) for part, name in zip(parts, names, strict=False)}
    return {part: variable for part, variable in found.items() if variable is not None}


def layouts(layer: keras.Layer, part: str, image: tuple | None) -> tuple[Callable, Callable]:
    """Keras' layout to PyTorch's, and back. image: (height, width, channels) that a Flatten has laid out."""
    if isinstance(layer, keras.layers.DepthwiseConv2D) and part == "weight":
        height, width, n_in, n_each = layer.kernel.shape
        return (
            lambda a: a.transpose(2, 3, 0, 1).reshape(n_in * n_each, 1, height, width),
            lambda a: a.reshape(n_in, n_each, height, width).transpose(2, 3, 0, 1),
        )
    if isinstance(layer, keras.layers.Conv2D) and part == "weight":
        return lambda a: a.transpose(3, 2, 0, 1), lambda a: a.transpose(2, 3, 1, 0)
    order: Any = slice(None) if image is None else channels_first(image)
    back: Any = slice(None) if image is None else np.argsort(order)
    if isinstance(layer, keras.layers.Dense) and part == "weight":
        return lambda a: a[order].T, lambda a: a.T[back]
    if isinstance(layer, keras.layers.BatchNormalization):
        return lambda a: a[order], lambda a: a[back]
    return lambda a: a, lambda a: a


def channels_first(shape: tuple[int, int, int]) -> np.ndarray:
    """For each place in PyTorch's flat (channels, height, width), the one in Keras' (height, width, channels)."""
    return np.arange(np.prod(shape)).reshape(shape).transpose(2, 0, 1).ravel()
