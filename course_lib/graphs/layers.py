"""A network as tables and figures need it: a list of layers. No framework is needed to look at one.

Layer("conv", (26, 26, 32), kernel=(3, 3), activation="relu")      # written by hand, for a figure
summary(model, (28, 28, 1)).layers                                 # or read from a network, see `summary`
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from course_lib.graphs.graph import ACTIVATIONS, Graph, Op, Shape


@dataclass(frozen=True)
class Layer:
    """One layer. Its shape is that of its output for one example, channels last: (height, width, channels) or (units,).

    name         of the layer in this network, such as "conv 2"
    activation   behind it, or ""
    parameters   weights, and the running statistics of batch norm; `trainable` are those that training changes
    """

    kind: str
    shape: Shape = ()
    kernel: tuple[int, int] | None = None
    stride: tuple[int, int] = (1, 1)
    groups: int = 1
    rate: float | None = None
    activation: str = ""
    name: str = ""
    parameters: int = 0
    trainable: int = 0

    @property
    def what(self) -> str:
        """In words: "conv 3x3, stride 2, relu"."""
        depthwise = self.kind == "conv" and self.groups > 1 and self.groups == self.shape[-1]
        words = ["depthwise" if depthwise else self.kind]
        if self.kernel:
            words[0] += f" {times(self.kernel)}"
        if self.rate is not None:
            words[0] += f" {self.rate:g}"
        if self.groups > 1 and not depthwise:
            words.append(f"{self.groups} groups")
        if self.stride != (1, 1) and not ("pool" in self.kind and self.stride == self.kernel):
            words.append(f"stride {self.stride[0] if len(set(self.stride)) == 1 else times(self.stride)}")
        return ", ".join([*words, self.activation] if self.activation else words)


@dataclass(frozen=True)
class Summary:
    """The layers of a network. Printed, it is a table that is the same for the same network in Keras and in PyTorch."""

    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def trainable(self) -> int:
        return sum(layer.trainable for layer in self.layers)

    def __repr__(self) -> str:
        rows = [("name", "layer", "output", "parameters", "trainable")]
        for layer in self.layers:
            counts = f"{layer.parameters:,}", f"{layer.trainable:,}"
            rows.append((layer.name, layer.what, written(layer.shape), *counts))
        rows.append(("total", "", "", f"{self.parameters:,}", f"{self.trainable:,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            texts = [text.ljust(width) for text, width in zip(row[:3], widths[:3], strict=True)]
            numbers = [text.rjust(width) for text, width in zip(row[3:], widths[3:], strict=True)]
            lines.append("  ".join(texts + numbers))
        return "\n".join([*lines, "Outputs are (height, width, channels) of one example."])


def layers_of(graph: Graph, counts: dict[int, tuple[int, int]]) -> tuple[Layer, ...]:
    """The operations of a network as layers, an activation as part of the layer before it.

    counts: by the id of a layer with weights, its parameters and how many of them are trainable.
    """
    found: list[Layer] = []
    numbers: dict[str, int] = {}
    counts, previous = dict(counts), None
    for op in graph.forward():
        if op.kind in ACTIVATIONS and previous is not None and op.inputs == (previous,) and not found[-1].activation:
            found[-1] = replace(found[-1], activation=op.kind)
        else:
            layer = layer_of(op, *counts.pop(id(op.layer), (0, 0)))
            numbers[layer.kind] = numbers.get(layer.kind, 0) + 1
            name = layer.kind if layer.kind == "input" else f"{layer.kind} {numbers[layer.kind]}"
            found.append(replace(layer, name=name))
        previous = op
    return tuple(found)


def layer_of(op: Op, parameters: int, trainable: int) -> Layer:
    settings = op.settings
    kind = op.type_name if op.kind == "unknown" else op.kind
    return Layer(
        kind,
        op.shape or (),
        kernel=settings.get("kernel"),
        stride=settings.get("stride", (1, 1)),
        groups=settings.get("groups", 1),
        rate=settings.get("rate"),
        parameters=parameters,
        trainable=trainable,
    )


def times(numbers: Sequence[int | None]) -> str:
    """3x3, or 3x? where a number is open."""
    return "x".join("?" if number is None else str(number) for number in numbers)


def written(shape: Shape) -> str:
    return ", ".join("?" if number is None else str(number) for number in shape)


def n_values(layer: Layer) -> int:
    """The numbers that a layer gives for one example."""
    return prod(number or 1 for number in layer.shape)
