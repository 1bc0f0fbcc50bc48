"""What a network computes, operation by operation. No framework is needed to look at it.

Shapes are those of one example, channels last: (height, width, channels) or (features,). The kinds are

    input   dense   conv   batch norm   embedding   flatten   add   multiply   concatenate   dropout   zero pad
    max pool   mean pool   global max   global mean   and the activations, such as relu, relu6 or softmax

An operation that is none of these has the kind "unknown" and keeps its framework's name in `type_name`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

UNKNOWN = "unknown"
SAME = "same"  # TensorFlow's padding, where its amount depends on the size of the image
ACTIVATIONS = frozenset((
    "relu", "relu6", "leaky relu", "elu", "selu", "gelu", "silu", "sigmoid", "hard sigmoid", "hard silu", "tanh",
    "softmax", "log softmax", "softplus", "softsign", "mish", "exponential",
))  # fmt: skip

Shape = tuple[int | None, ...]


class GraphError(ValueError):
    """The forward pass of a network cannot be read; the text says why."""


@dataclass(frozen=True, eq=False)
class Op:
    """One operation.

    inputs            the operations whose outputs it takes
    settings          what it computes with besides its weights
    name, type_name   of the layer or function in its framework
    layer             the layer that holds its weights, if it has any
    shape             of its output, where it is known
    depth             the number of operations on the longest way from an input
    """

    kind: str
    inputs: tuple["Op", ...]
    settings: dict[str, Any]
    name: str
    type_name: str
    layer: Any
    shape: Shape | None
    depth: int


def operation(
    kind: str,
    inputs: Sequence[Op] = (),
    settings: dict[str, Any] | None = None,
    name: str = "",
    type_name: str = "",
    layer: Any = None,
    shape: Shape | None = None,
) -> Op:
    """An operation behind `inputs`, in few words, so that two ways to write a network read alike.

    Zeros around an image become the padding of the convolution behind them, and the Flatten of a single pixel becomes
    part of the global pooling before it; the two halves of a sum stand in one order.
    """
    inputs, settings = tuple(inputs), dict(settings or {})
    first = inputs[0] if inputs else None
    if kind == "concatenate" and len(inputs) == 1:
        return inputs[0]
    if kind == "flatten" and first is not None and first.settings.get("keeps_axes"):
        return replace(first, settings={"keeps_axes": False}, shape=shape)
    if kind == "conv" and first is not None and first.kind == "zero pad":
        padding = added_padding(first.settings, settings)
        if padding is not None:
            inputs, settings = first.inputs, settings | {"padding": padding}
    if kind in ("add", "multiply"):
        inputs = tuple(sorted(inputs, key=lambda op: op.depth))
    depth = 1 + max((op.depth for op in inputs), default=-1)
    return Op(kind, inputs, settings, name, type_name, layer, shape, depth)


def added_padding(zeros: dict[str, Any], conv: dict[str, Any]) -> tuple[int, ...] | str | None:
    """What a convolution pads when zeros have been laid around its image before; None where that is not one amount.

    zeros: {"padding": (top, bottom, left, right)}, or SAME with the kernel and the stride that it was made for.
    """
    own = conv["padding"]
    if own == SAME or conv["padding_mode"] != "zeros":
        return None
    if zeros["padding"] == SAME:
        fits = (zeros["kernel"], zeros["stride"]) == (conv["kernel"], conv["stride"]) and conv["dilation"] == (1, 1)
        return SAME if fits and not any(own) else None
    return tuple(outer + inner for outer, inner in zip(zeros["padding"], own, strict=True))


@dataclass(frozen=True)
class Graph:
    """A network from its inputs to its outputs."""

    inputs: tuple[Op, ...]
    outputs: tuple[Op, ...]

    def forward(self) -> list[Op]:
        """The inputs, then every operation that an output needs, each behind those whose outputs it takes."""
        order, waiting = list(self.inputs), [(op, False) for op in reversed(self.outputs)]
        done = set(map(id, order))
        while waiting:
            op, ready = waiting.pop()
            if id(op) in done:
                continue
            if ready:
                done.add(id(op))
                order.append(op)
            else:
                waiting += [(op, True), *((before, False) for before in reversed(op.inputs))]
        return order

    def without(self, kinds: Collection[str]) -> "Graph":
        """A copy without the operations of these kinds, each of which has one input."""
        new: dict[int, Op] = {}
        for op in self.forward():
            inputs = tuple(new[id(before)] for before in op.inputs)
            new[id(op)] = inputs[0] if op.kind in kinds else replace(op, inputs=inputs)
        return Graph(*(tuple(new[id(op)] for op in ends) for ends in (self.inputs, self.outputs)))
