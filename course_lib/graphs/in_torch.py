"""Reads the forward pass of a PyTorch module, by symbolic tracing with torch.fx."""

import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F

from course_lib.graphs.graph import SAME, UNKNOWN, Graph, GraphError, Op, operation
from course_lib.torch_nets.efficientnet_lite import SamePad
from course_lib.training.torch_loop import in_mode

HARMLESS = (nn.Identity, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)  # no effect in inference
MODULES: dict[type[nn.Module], str] = {
    nn.ReLU: "relu", nn.ReLU6: "relu6", nn.SELU: "selu", nn.SiLU: "silu", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh",
    nn.Hardsigmoid: "hard sigmoid", nn.Hardswish: "hard silu", nn.Softsign: "softsign", nn.Mish: "mish",
}  # fmt: skip
FUNCTIONS: dict[Any, str] = {
    F.relu: "relu", torch.relu: "relu", "relu": "relu", "relu_": "relu", F.relu6: "relu6", F.selu: "selu",
    F.silu: "silu", torch.sigmoid: "sigmoid", F.sigmoid: "sigmoid", "sigmoid": "sigmoid", torch.tanh: "tanh",
    F.tanh: "tanh", "tanh": "tanh", F.hardsigmoid: "hard sigmoid", F.hardswish: "hard silu", F.softsign: "softsign",
    F.mish: "mish",
    operator.add: "add", torch.add: "add", "add": "add", "add_": "add",
    operator.mul: "multiply", torch.mul: "multiply", "mul": "multiply",
}  # fmt: skip
GLOBAL: dict[Any, str] = {
    torch.mean: "global mean",
    "mean": "global mean",
    torch.amax: "global max",
    "amax": "global max",
}


class Tracer(fx.Tracer):
    """Looks into every module but PyTorch's own, and the padding of TensorFlow, whose amount depends on the image."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, SamePad) or super().is_leaf_module(m, module_qualified_name)


def read(model: nn.Module, input_shape: Sequence[int] | None = None) -> Graph:
    """The module's operations. input_shape: of one example, channels last; with it the shapes are known.

    Nothing of the module changes, its modes and the state of the random generators included. GraphError where the
    forward pass depends on the numbers that come in, so that it is not one list of operations.
    """
    whole = nn.Sequential(model) if Tracer().is_leaf_module(model, "") else model
    try:
        with in_mode(whole, training=False):
            nodes = list(Tracer().trace(whole).nodes)
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise GraphError(
            f"PyTorch's {type(model).__name__} cannot be read, for its forward pass is no fixed list of steps: {reason}"
        ) from error
    shapes = shapes_of(whole, nodes, input_shape) if input_shape is not None else {}
    names = {id(module): name for name, module in model.named_modules(remove_duplicate=False)}
    known: dict[fx.Node, Op] = {}
    for node in nodes:
        if node.op == "output":
            ends = node.args[0] if isinstance(node.args[0], list | tuple) else [node.args[0]]
            if not all(isinstance(end, fx.Node) for end in ends):
                raise GraphError(f"PyTorch's {type(model).__name__} returns something else than tensors")
            starts = tuple(known[each] for each in nodes if each.op == "placeholder")
            return Graph(starts, tuple(known[end] for end in ends))
        known[node] = read_node(node, whole, names, known, shapes.get(node))
    raise GraphError(f"PyTorch's {type(model).__name__} has no output")


def shapes_of(model: nn.Module, nodes: list[fx.Node], input_shape: Sequence[int]) -> dict[fx.Node, tuple[int, ...]]:
    """The shape of each result for one example, channels last, by running the network on zeros."""
    shapes = {}

    class Recorder(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            result = super().run_node(n)
            if isinstance(result, torch.Tensor):
                shapes[n] = channels_last(result.shape[1:])
            return result

    starts = [node for node in nodes if node.op == "placeholder"]
    if len(starts) != 1:
        raise GraphError(f"PyTorch's {type(model).__name__} has {len(starts)} inputs, and one shape was given")
    words = any(
        isinstance(model.get_submodule(str(n.target)), nn.Embedding) for n in starts[0].users if n.op == "call_module"
    )
    weight = next(model.parameters(), torch.zeros(()))
    first = (input_shape[-1], *input_shape[:-1]) if len(input_shape) == 3 else input_shape
    x = torch.zeros((1, *first), dtype=torch.long if words else weight.dtype, device=weight.device)
    with in_mode(model, training=False), torch.no_grad(), torch.random.fork_rng():
        Recorder(fx.GraphModule(model, starts[0].graph)).run(x)
    return shapes


def channels_last(shape: Sequence[int]) -> tuple[int, ...]:
    return (*shape[1:], shape[0]) if len(shape) == 3 else tuple(shape)


def read_node(node: fx.Node, model: nn.Module, names: dict[int, str], known: dict[fx.Node, Op], shape: Any) -> Op:
    """The operation of one step of the forward pass; what is not known is an operation of its own kind."""
    flat = [each for part in node.args for each in (part if isinstance(part, list | tuple) else [part])]
    inputs = [known[each] for each in flat if isinstance(each, fx.Node)]
    what = getattr(node.target, "__name__", str(node.target))
    kind_of = {"inputs": inputs, "name": node.name, "type_name": what, "shape": shape}
    if node.op == "placeholder":
        return operation("input", name=node.name, shape=shape)
    if changes_what_others_use(node, model):
        return operation(UNKNOWN, **{**kind_of, "type_name": f"{what} in place of what is used again"})
    if node.op == "call_module":
        module = model.get_submodule(str(node.target))
        return read_module(module, {**kind_of, "name": names[id(module)], "type_name": type(module).__name__})
    if node.op in ("call_function", "call_method"):
        return read_function(node, kind_of)
    return operation(UNKNOWN, **kind_of)


def changes_what_others_use(node: fx.Node, model: nn.Module) -> bool:
    """Whether a step overwrites its input while another step takes it, too: then the order of the steps matters."""
    in_place = bool(node.kwargs.get("inplace"))
    in_place |= isinstance(node.target, str) and node.op == "call_method" and node.target.endswith("_")
    if node.op == "call_module":
        in_place = getattr(model.get_submodule(str(node.target)), "inplace", False)
    return in_place and isinstance(node.args[0], fx.Node) and len(node.args[0].users) > 1


def read_module(module: nn.Module, kind_of: dict[str, Any]) -> Op:
    match module:
        case nn.Linear():
            return operation("dense", settings={"units": module.out_features}, layer=module, **kind_of)
        case nn.Conv2d():
            return operation("conv", settings=conv_settings(module), layer=module, **kind_of)
        case nn.modules.batchnorm._BatchNorm():
            kept = "of all batches" if module.momentum is None else round(1 - module.momentum, 6)
            return operation("batch norm", settings={"epsilon": module.eps, "momentum": kept}, layer=module, **kind_of)
        case nn.Embedding():
            return operation("embedding", settings={"max_norm": module.max_norm}, layer=module, **kind_of)
        case nn.Flatten() if (module.start_dim, module.end_dim) == (1, -1):
            return operation("flatten", **kind_of)
        case nn.MaxPool2d():
            return operation("max pool", settings=max_pool_settings(**pool_arguments(module)), **kind_of)
        case nn.AvgPool2d():
            more = {"count_include_pad": module.count_include_pad, "divisor_override": module.divisor_override}
            return operation("mean pool", settings=mean_pool_settings(**pool_arguments(module), **more), **kind_of)
        case nn.AdaptiveAvgPool2d() | nn.AdaptiveMaxPool2d() if module.output_size in (1, (1, 1)):
            kind = "global mean" if isinstance(module, nn.AdaptiveAvgPool2d) else "global max"
            return operation(kind, settings={"keeps_axes": True}, **kind_of)
        case nn.ZeroPad2d():
            left, right, top, bottom = module.padding
            return operation("zero pad", settings={"padding": (top, bottom, left, right)}, **kind_of)
        case SamePad():
            settings = {"padding": SAME, "kernel": (module.kernel,) * 2, "stride": (module.stride,) * 2}
            return operation("zero pad", settings=settings, **kind_of)
        case nn.Dropout():
            return operation("dropout", settings={"rate": module.p}, **kind_of)
        case nn.LeakyReLU():
            return operation("leaky relu", settings={"slope": module.negative_slope}, **kind_of)
        case nn.ELU():
            return operation("elu", settings={"alpha": module.alpha}, **kind_of)
        case nn.GELU():
            return operation("gelu", settings={"approximate": module.approximate == "tanh"}, **kind_of)
        case nn.Softplus() if (module.beta, module.threshold) == (1, 20):
            return operation("softplus", **kind_of)
        case nn.Softmax() | nn.LogSoftmax():
            kind = "softmax" if isinstance(module, nn.Softmax) else "log softmax"
            return operation(kind, settings={"axis": module.dim}, **kind_of)
        case _ if isinstance(module, HARMLESS):
            return kind_of["inputs"][0]
        case _ if type(module) in MODULES:
            return operation(MODULES[type(module)], **kind_of)
    holds = module if next(module.parameters(), None) is not None else None
    return operation(UNKNOWN, layer=holds, **kind_of)


def read_function(node: fx.Node, kind_of: dict[str, Any]) -> Op:
    """A function of PyTorch or a method of a tensor. Constants among its arguments make it another operation."""
    target: Any = node.target
    rest: tuple[Any, ...] = node.args[1:]
    keywords: dict[str, Any] = {name: value for name, value in node.kwargs.items() if name != "inplace"}
    inputs, tensors = kind_of["inputs"], all(isinstance(each, fx.Node) for each in node.args)
    if target in FUNCTIONS and tensors and not keywords and len(node.args) == (2 if len(inputs) == 2 else 1):
        return operation(FUNCTIONS[target], **kind_of)
    if target == "contiguous":
        return inputs[0]
    try:
        if target is F.dropout:
            return operation("dropout", settings=dropout_settings(*rest, **keywords), **kind_of)
        if target in (F.softmax, torch.softmax, "softmax", F.log_softmax, torch.log_softmax, "log_softmax"):
            kind = "log softmax" if "log" in kind_of["type_name"] else "softmax"
            return operation(kind, settings={"axis": argument(rest, keywords, "dim", None)}, **kind_of)
        if target in (F.max_pool2d, torch.max_pool2d):
            return operation("max pool", settings=max_pool_settings(*rest, **keywords), **kind_of)
        if target is F.avg_pool2d:
            return operation("mean pool", settings=mean_pool_settings(*rest, **keywords), **kind_of)
    except TypeError:
        return operation(UNKNOWN, **kind_of)
    if target in (F.adaptive_avg_pool2d,) and rest in ((1,), ((1, 1),)):
        return operation("global mean", settings={"keeps_axes": True}, **kind_of)
    if target in GLOBAL and image_axes(argument(rest, keywords, "dim", None)):
        keeps = rest[1] if len(rest) > 1 else keywords.get("keepdim", False)
        return operation(GLOBAL[target], settings={"keeps_axes": bool(keeps)}, **kind_of)
    if target in (torch.flatten, "flatten") and (rest, keywords) in (((1,), {}), ((), {"start_dim": 1}), ((1, -1), {})):
        return operation("flatten", **kind_of)
    if target in ("view", "reshape") and len(rest) == 2 and is_number_of_examples(rest[0]) and rest[1] == -1:
        return operation("flatten", **{**kind_of, "inputs": inputs[:1]})
    if target in (torch.cat, torch.concat):
        axis = argument(rest, keywords, "dim", 0)
        return operation("concatenate", settings={"axis": axis}, **kind_of)
    zeros = (keywords.pop("mode", "constant"), keywords.pop("value", None) or 0) == ("constant", 0)
    if target is F.pad and len(rest) == 1 and len(rest[0]) == 4 and zeros and not keywords:
        left, right, top, bottom = rest[0]
        return operation("zero pad", settings={"padding": (top, bottom, left, right)}, **kind_of)
    return operation(UNKNOWN, **kind_of)


def argument(rest: Sequence[Any], keywords: dict[str, Any], name: str, default: Any) -> Any:
    return rest[0] if rest else keywords.get(name, default)


def is_number_of_examples(value: Any) -> bool:
    """Whether this is x.size(0) or x.shape[0]."""
    return isinstance(value, fx.Node) and value.target in ("size", operator.getitem) and value.args[1:] == (0,)


def dropout_settings(p: float = 0.5, training: bool = True) -> dict[str, Any]:
    if training:  # while the network is read in inference mode
        raise TypeError("this dropout drops in inference, too")
    return {"rate": p}


def image_axes(axes: Any) -> bool:
    """Whether these are the height and the width of a batch of images."""
    return isinstance(axes, list | tuple) and sorted(axis % 4 for axis in axes) == [2, 3]


def conv_settings(layer: nn.Conv2d) -> dict[str, Any]:
    """An amount of padding is (top, bottom, left, right)."""
    return {
        "channels": layer.out_channels,
        "kernel": tuple(layer.kernel_size),
        "stride": tuple(layer.stride),
        "dilation": tuple(layer.dilation),
        "groups": layer.groups,
        "padding_mode": layer.padding_mode,
        "padding": SAME if layer.padding == "same" else around(0 if layer.padding == "valid" else layer.padding),
    }


def pool_arguments(module: nn.MaxPool2d | nn.AvgPool2d) -> dict[str, Any]:
    names = ("kernel_size", "stride", "padding", "ceil_mode", "dilation")
    return {name: getattr(module, name) for name in names if hasattr(module, name)}


def max_pool_settings(kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False) -> dict:
    if return_indices:
        raise TypeError("the places of the largest values are another operation")
    return {
        "kernel": pair(kernel_size),
        "stride": pair(kernel_size if stride is None else stride),
        "dilation": pair(dilation),
        "padding": around(padding),
        "ceil_mode": ceil_mode,
    }


def mean_pool_settings(
    kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
) -> dict:
    settings = max_pool_settings(kernel_size, stride, padding, 1, ceil_mode)
    counts_zeros = count_include_pad and any(settings["padding"])
    return settings | {"counts_zeros": counts_zeros, "divisor_override": divisor_override}


def pair(value: Any) -> tuple[int, int]:
    return tuple(value) if isinstance(value, list | tuple) else (value, value)


def around(padding: Any) -> tuple[int, int, int, int]:
    """PyTorch's (vertical, horizontal) padding as (top, bottom, left, right)."""
    vertical, horizontal = pair(padding)
    return vertical, vertical, horizontal, horizontal


def counts(model: nn.Module) -> dict[int, tuple[int, int]]:
    """By the id of a module: its own parameters with running statistics, and how many of them are trainable."""
    found = {}
    for module in model.modules():
        inside = isinstance(module, nn.Sequential) or not module.__module__.startswith("torch.nn")
        parameters = list(module.parameters(recurse=not inside))
        statistics = [
            b for name, b in module.named_buffers(recurse=not inside) if not name.endswith("num_batches_tracked")
        ]
        trainable = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
        found[id(module)] = sum(each.numel() for each in [*parameters, *statistics]), trainable
    return found
