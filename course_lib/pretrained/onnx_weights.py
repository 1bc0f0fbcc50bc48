"""The arrays in an ONNX file, without the package `onnx`: their names and values are all that is wanted of it.

ONNX files are protocol buffers: a message is a row of fields, each a number, a kind, and a value, which may be a
message again. The numbers used here are those of the published schema, onnx.proto.
"""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

GRAPH, NODE, INITIALISER = 7, 1, 5  # of a model; of a graph
NODE_INPUT, NODE_OUTPUT, NODE_KIND = 1, 2, 4
DIMS, KIND, FLOATS, NAME, RAW = 1, 2, 4, 8, 9  # of a tensor
KINDS = {1: "<f4", 3: "<i1", 6: "<i4", 7: "<i8"}


def arrays(content: bytes) -> dict[str, np.ndarray]:
    """Every constant array by its name, and under the name of the output what DequantizeLinear makes of constants.

    Eight-bit arrays have one scale for all of them or one for each first index; their zero is 0. Raises ValueError for
    a file that is no ONNX model, or has what is not read here.
    """
    try:
        graphs = [value for number, value in fields(content) if number == GRAPH]
        (graph,) = graphs
        found = dict(tensor(value) for number, value in fields(graph) if number == INITIALISER)
        nodes = [list(fields(value)) for number, value in fields(graph) if number == NODE]
    except (ValueError, IndexError, struct.error, KeyError) as error:
        raise ValueError(f"this is no ONNX model that can be read here: {error!r}") from error
    for node in nodes:
        kind, inputs, outputs = (
            [value.decode() for number, value in node if number == wanted]
            for wanted in (NODE_KIND, NODE_INPUT, NODE_OUTPUT)
        )
        if kind == ["DequantizeLinear"] and inputs[0] in found:
            codes, scale = found[inputs[0]], found[inputs[1]]
            if len(inputs) > 2 and found[inputs[2]].any():
                raise ValueError(f"{outputs[0]} is coded around another zero than 0, which is not read here")
            per_row = scale.reshape(-1, *[1] * (codes.ndim - 1)) if scale.ndim else scale
            found[outputs[0]] = codes.astype(np.float32) * per_row
    return found


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: an integer, or bytes."""
    place = 0
    while place < len(message):
        tag, place = varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, place = varint(message, place)
        else:
            length, place = (8, place) if kind == 1 else (4, place) if kind == 5 else varint(message, place)
            if kind not in (1, 2, 5) or place + length > len(message):
                raise ValueError("a field is cut off or of an unknown kind")
            value = message[place : place + length]
            place += length
        yield number, value


def varint(message: bytes, place: int) -> tuple[int, int]:
    """An integer of seven bits a byte, the lowest first, and the place behind it."""
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def tensor(message: bytes) -> tuple[str, np.ndarray]:
    name, kind, shape, content = "", 0, [], b""
    for number, value in fields(message):
        if number == NAME:
            name = value.decode()
        elif number == KIND:
            kind = value
        elif number == DIMS:  # one to a field, or packed into one
            shape += [value] if isinstance(value, int) else list(packed(value))
        elif number in (RAW, FLOATS):  # floats are packed little-endian in both
            content = value
    return name, np.frombuffer(content, KINDS[kind]).reshape(shape).copy()  # the buffer cannot be written to


def packed(content: bytes) -> Iterator[int]:
    place = 0
    while place < len(content):
        value, place = varint(content, place)
        yield value
