"""Reads the forward pass of a Keras model: of a chain, of a graph of layers, and of a class."""

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from course_lib.graphs.graph import SAME, UNKNOWN, Graph, GraphError, Op, operation

# What has no effect in inference. Cropping, resizing and rescaling have.
HARMLESS = (
    layers.ActivityRegularization, layers.GaussianDropout, layers.GaussianNoise, layers.Identity, layers.InputLayer,
    layers.RandomBrightness, layers.RandomContrast, layers.RandomFlip, layers.RandomRotation, layers.RandomTranslation,
    layers.RandomZoom, layers.SpatialDropout1D, layers.SpatialDropout2D,
)  # fmt: skip
# Functions by their names in keras.activations, with the settings that they have there.
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "leaky_relu": ("leaky relu", {"slope": 0.2}),
    "elu": ("elu", {"alpha": 1.0}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {"approximate": False}),
    "silu": ("silu", {}),
    "sigmoid": ("sigmoid", {}),
    "hard_sigmoid": ("hard sigmoid", {}),
    "hard_silu": ("hard silu", {}),
    "tanh": ("tanh", {}),
    "softmax": ("softmax", {"axis": -1}),
    "log_softmax": ("log softmax", {"axis": -1}),
    "softplus": ("softplus", {}),
    "softsign": ("softsign", {}),
    "mish": ("mish", {}),
    "exponential": ("exponential", {}),
}
# Operations of keras.ops by their class names
FUNCTIONS = {"Add": "add", "Multiply": "multiply", "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid",
             "Tanh": "tanh", "Silu": "silu"}  # fmt: skip
POOLINGS = {
    layers.MaxPooling2D: "max pool",
    layers.AveragePooling2D: "mean pool",
    layers.GlobalMaxPooling2D: "global max",
    layers.GlobalAveragePooling2D: "global mean",
}


def read(model: keras.Model, input_shape: Sequence[int | None] | None = None) -> Graph:
    """The model's operations. input_shape: of one example, where the model's own is open or not known.

    The model is called on symbolic tensors, as in the functional style, and forgets that call again. GraphError where
    that cannot be done: for a class that has not been called yet, or that computes with other things than Keras.
    """
    inputs = symbolic_inputs(model, input_shape)
    reader = Reader()
    starts = [reader.know(x, operation("input", name=x.name, shape=tuple(x.shape[1:]))) for x in as_list(inputs)]
    try:
        return Graph(tuple(starts), reader.follow(model, inputs))
    finally:
        reader.forget()


def symbolic_inputs(model: keras.Model, input_shape: Sequence[int | None] | None) -> Any:
    """Fresh symbolic tensors, one or a list, as the model's `call` takes them."""
    own = getattr(model, "inputs", None)
    if own:
        shapes = [tuple(x.shape[1:]) for x in own] if input_shape is None else [tuple(input_shape)]
        if len(shapes) != len(own):
            raise GraphError(f"Keras' {model.name!r} has {len(own)} inputs, and one shape was given")
        fresh = [keras.Input(shape, dtype=x.dtype) for shape, x in zip(shapes, own, strict=True)]
        return fresh if len(fresh) > 1 else fresh[0]
    shape = (None, *input_shape) if input_shape is not None else (model.get_build_config() or {}).get("input_shape")
    if shape is None:
        raise GraphError(f"Keras' {model.name!r} does not know its input yet: call it once on a batch, then it does")
    return keras.Input(tuple(shape)[1:])


class Reader:
    """What has been read so far: for each symbolic tensor, the operation that made it."""

    def __init__(self):
        self.known: dict[int, Op] = {}
        self.tensors: list[Any] = []  # kept alive, because an id is one object's only while it lives
        self.nodes: list[Any] = []

    def know(self, tensor: Any, op: Op) -> Op:
        self.tensors.append(tensor)
        self.known[id(tensor)] = op
        return op

    def follow(self, model: keras.Model, inputs: Any) -> tuple[Op, ...]:
        """Call the model on symbolic tensors that are known, and read what it did."""
        mode = {"training": False} if "training" in inspect.signature(model.call).parameters else {}
        try:
            outputs = model.call(inputs, **mode)
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise GraphError(
                f"Keras' {model.name!r} cannot be read, because its call fails on symbolic tensors: {reason}"
            ) from error
        for tensor in as_list(outputs):
            self.record(tensor)
        return tuple(self.known[id(tensor)] for tensor in as_list(outputs))

    def record(self, output: Any) -> None:
        """Read the operations behind `output`, without recursion: networks are deep."""
        waiting = [output]
        while waiting:
            tensor = waiting[-1]
            if id(tensor) in self.known:
                waiting.pop()
                continue
            if getattr(tensor, "_keras_history", None) is None:
                raise GraphError("an output of the Keras model does not come from its input")
            layer, node_index, tensor_index = tensor._keras_history
            node = layer._inbound_nodes[node_index]
            missing = [before for before in node.input_tensors if id(before) not in self.known]
            if missing:
                waiting += missing
                continue
            self.nodes.append(node)
            inputs = [self.known[id(before)] for before in node.input_tensors]
            if isinstance(layer, keras.Model):
                inner = [keras.Input(x.shape[1:], dtype=x.dtype) for x in node.input_tensors]
                for x, op in zip(inner, inputs, strict=True):
                    self.know(x, op)
                self.know(tensor, self.follow(layer, inner if len(inner) > 1 else inner[0])[tensor_index])
            else:
                self.know(tensor, read_layer(layer, node, inputs, tuple(tensor.shape[1:])))

    def forget(self) -> None:
        """Take our calls out of the layers' memory of their calls."""
        for node in self.nodes:
            node.operation._inbound_nodes.remove(node)
            for tensor in node.input_tensors:
                before = tensor._keras_history.operation
                before._outbound_nodes = [each for each in before._outbound_nodes if each is not node]


def read_layer(layer: Any, node: Any, inputs: list[Op], shape: tuple[int | None, ...]) -> Op:
    """The operation of a layer or of a function of keras.ops, its activation behind it."""
    kind_of = {"inputs": inputs, "name": layer.name, "type_name": type(layer).__name__, "shape": shape}
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return operation(UNKNOWN, layer=layer if layer.weights else None, **kind_of)
    match layer:
        case layers.Dense() if type(layer) is layers.Dense:
            return activated(layer, operation("dense", settings={"units": layer.units}, layer=layer, **kind_of))
        case layers.Conv2D() | layers.DepthwiseConv2D() if type(layer) in (layers.Conv2D, layers.DepthwiseConv2D):
            return activated(layer, operation("conv", settings=conv_settings(layer), layer=layer, **kind_of))
        case layers.BatchNormalization() if layer.axis in (-1, len(shape)):
            settings = {"epsilon": layer.epsilon, "momentum": round(layer.momentum, 6)}
            return operation("batch norm", settings=settings, layer=layer, **kind_of)
        case layers.Embedding():
            return operation("embedding", settings={"max_norm": None}, layer=layer, **kind_of)
        case layers.Flatten() | layers.Add() | layers.Multiply():
            return operation(type(layer).__name__.lower(), **kind_of)
        case layers.Concatenate():
            return operation("concatenate", settings={"axis": torch_axes(layer.axis, len(shape))}, **kind_of)
        case layers.GlobalMaxPooling2D() | layers.GlobalAveragePooling2D():
            return operation(POOLINGS[type(layer)], settings={"keeps_axes": bool(layer.keepdims)}, **kind_of)
        case layers.MaxPooling2D() | layers.AveragePooling2D():
            return operation(POOLINGS[type(layer)], settings=pool_settings(layer), **kind_of)
        case layers.ZeroPadding2D():
            (top, bottom), (left, right) = layer.padding
            return operation("zero pad", settings={"padding": (top, bottom, left, right)}, **kind_of)
        case layers.Dropout():
            return operation("dropout", settings={"rate": layer.rate}, **kind_of)
        case layers.ReLU() | layers.LeakyReLU() | layers.ELU() | layers.Softmax() | layers.Activation():
            return read_activation(layer, kind_of)
        case _ if isinstance(layer, HARMLESS) or type(layer).__name__ == "ConvertToTensor":
            return inputs[0]
    return read_function(layer, node, kind_of)


def read_function(layer: Any, node: Any, kind_of: dict[str, Any]) -> Op:
    """An operation of keras.ops; what is not known, and every other layer, is an operation of its own kind."""
    constants = len(node.arguments.args) != len(kind_of["inputs"]) or node.arguments.kwargs
    if type(layer).__module__.startswith("keras.src.ops"):
        if type(layer).__name__ in FUNCTIONS and not constants:
            return operation(FUNCTIONS[type(layer).__name__], **kind_of)
        if type(layer).__name__ in ("Mean", "Max") and len(kind_of["inputs"][0].shape or ()) == 3:
            axes = layer.axis if isinstance(layer.axis, tuple | list) else ()
            if sorted(axis % 4 for axis in axes) == [1, 2]:
                kind = "global mean" if type(layer).__name__ == "Mean" else "global max"
                return operation(kind, settings={"keeps_axes": bool(layer.keepdims)}, **kind_of)
    holds = layer if getattr(layer, "weights", None) else None
    return operation(UNKNOWN, layer=holds, **kind_of)


def activated(layer: Any, op: Op) -> Op:
    """The operation with the activation of its layer behind it."""
    if layer.activation in (None, keras.activations.linear):
        return op
    return activation(layer.activation, {"inputs": [op], "name": op.name, "type_name": op.type_name, "shape": op.shape})


def read_activation(layer: Any, kind_of: dict[str, Any]) -> Op:
    match layer:
        case layers.Activation():
            if layer.activation is keras.activations.linear:
                return kind_of["inputs"][0]
            return activation(layer.activation, kind_of)
        case layers.ReLU() if not layer.threshold and not layer.negative_slope and layer.max_value in (None, 6):
            return operation("relu" if layer.max_value is None else "relu6", **kind_of)
        case layers.LeakyReLU():
            return operation("leaky relu", settings={"slope": float(layer.negative_slope)}, **kind_of)
        case layers.ELU():
            return operation("elu", settings={"alpha": float(layer.alpha)}, **kind_of)
        case layers.Softmax():
            rank = len(kind_of["shape"]) + 1
            return operation("softmax", settings={"axis": torch_axes(layer.axis, rank)}, **kind_of)
    return operation(UNKNOWN, **kind_of)


def activation(function: Callable, kind_of: dict[str, Any]) -> Op:
    name = getattr(function, "__name__", type(function).__name__)
    if getattr(keras.activations, name, None) is not function or name not in ACTIVATIONS:
        return operation(UNKNOWN, **{**kind_of, "type_name": f"function {name}"})
    kind, settings = ACTIVATIONS[name]
    if "axis" in settings:
        settings = {"axis": torch_axes(settings["axis"], len(kind_of["shape"]) + 1)}
    return operation(kind, settings=settings, **kind_of)


def conv_settings(layer: Any) -> dict[str, Any]:
    """Of Conv2D and DepthwiseConv2D; an amount of padding is (top, bottom, left, right)."""
    depthwise = isinstance(layer, layers.DepthwiseConv2D)
    n_in, n_each = layer.kernel.shape[2:]
    return {
        "channels": n_in * n_each if depthwise else layer.filters,
        "kernel": tuple(layer.kernel_size),
        "stride": tuple(layer.strides),
        "dilation": tuple(layer.dilation_rate),
        "groups": n_in if depthwise else layer.groups,
        "padding_mode": "zeros",
        "padding": SAME if layer.padding == "same" else (0, 0, 0, 0),
    }


def pool_settings(layer: Any) -> dict[str, Any]:
    mean = {"counts_zeros": False, "divisor_override": None} if isinstance(layer, layers.AveragePooling2D) else {}
    return mean | {
        "kernel": tuple(layer.pool_size),
        "stride": tuple(layer.strides or layer.pool_size),
        "dilation": (1, 1),
        "padding": SAME if layer.padding == "same" else (0, 0, 0, 0),
        "ceil_mode": False,
    }


def torch_axes(axis: int, rank: int) -> tuple[int, int]:
    """PyTorch's two names of an axis of a batch, from 0 and from the end, where channels stand behind the examples."""
    axis %= rank
    if rank == 4:
        axis = (0, 2, 3, 1)[axis]
    return axis, axis - rank


def as_list(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]


def counts(graph: Graph) -> dict[int, tuple[int, int]]:
    """By the id of a layer: its weights with running statistics, and how many of them are trainable."""
    found = {}
    for op in graph.forward():
        if op.layer is not None:
            sizes = [sum(math.prod(w.shape) for w in ws) for ws in (op.layer.weights, op.layer.trainable_weights)]
            found[id(op.layer)] = (sizes[0], sizes[1])
    return found
