"""Values as plain data: a JSON tree with arrays as base64 of NumPy's own file format. Never pickle.

An answer may come from a process that a student controls. Reading plain data runs nothing of theirs.
"""

import base64
import binascii
import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.marking.inputs import NamedFunction, function

MAX_BYTES = 50_000_000  # of one array; no exercise has an answer of that size
MAX_DEPTH = 20  # of lists in lists
LONGEST_TEXT = 300  # characters of an exception's message and the like


class PlainDataError(ValueError):
    """The tree is not what `encode` writes."""


@dataclass(frozen=True)
class Other:
    """Something that plain data cannot hold, said in words; no expected value is ever one."""

    description: str


def encode(value: Any, depth: int = 0) -> Any:
    """The JSON tree of a value. Arrays of NumPy, PyTorch, TensorFlow and Keras become the same thing."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, NamedFunction):
        return {"function": value.name}
    if isinstance(value, list | tuple | dict):
        if depth == MAX_DEPTH:
            return {"other": f"lists nested more than {MAX_DEPTH} deep"}
        if isinstance(value, dict):
            return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in value.items()]}
        return [encode(item, depth + 1) for item in value]
    array = as_array(value)
    if array is None:
        return {"other": f"of the type {type(value).__name__}"}
    if array.dtype.hasobject:
        return {"other": "an array of Python objects (are its rows of different lengths?)"}
    if array.nbytes > MAX_BYTES:
        return {"other": f"an array of shape {array.shape}, far too large"}
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return {"npy": base64.b64encode(file.getvalue()).decode("ascii")}


def as_array(value: Any) -> np.ndarray | None:
    """A NumPy array from whatever framework, by what the object can do: no framework is imported for it."""
    try:
        if hasattr(value, "detach"):  # PyTorch, perhaps on a GPU, perhaps with a gradient
            value = value.detach().cpu()
            value = (value.float() if "bfloat16" in str(value.dtype) else value).numpy()
        if isinstance(value, type) or not hasattr(value, "__array__"):
            return None
        array = np.asarray(value)
        # NumPy cannot store the bfloat16 of TensorFlow; every one of its values is a float32.
        return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
    except Exception:  # a symbolic, sparse or broken tensor has no values: its type is all we can say
        return None


def decode(tree: Any) -> Any:
    """The value of a JSON tree; every array is a new one. PlainDataError where `encode` did not write it."""
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    if isinstance(tree, list):
        return [decode(item) for item in tree]
    if not isinstance(tree, dict) or len(tree) != 1:
        raise PlainDataError(f"not plain data: {str(tree)[:60]}")
    ((kind, content),) = tree.items()
    try:
        if kind == "npy":
            return np.load(io.BytesIO(base64.b64decode(content, validate=True)), allow_pickle=False)
        if kind == "dict":
            return {as_key(decode(key)): decode(item) for key, item in content}
        if kind == "float":
            return float(content)
        if kind == "ellipsis":
            return Ellipsis
        if kind == "function":
            return function(content)
        if kind == "other":
            return Other(printable(str(content)))
    except (ValueError, TypeError, EOFError, MemoryError, binascii.Error) as error:
        raise PlainDataError(f"damaged plain data of kind {kind}: {error}") from None
    raise PlainDataError(f"plain data of an unknown kind: {str(kind)[:60]}")


def printable(text: str) -> str:
    """One line without control characters: a student's words must not look like the marker's, nor move a cursor."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:LONGEST_TEXT]


def as_key(key: Any) -> Any:
    """A tuple has become a list on the way, and a list is no key."""
    return tuple(map(as_key, key)) if isinstance(key, list) else key
