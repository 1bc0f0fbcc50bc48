"""Say in words how an answer differs from the expected one, and show values in little space."""

import math
from typing import Any

import numpy as np

from course_lib.marking.calls import Raised
from course_lib.marking.plain import Other

KINDS = {"b": "truth values", "i": "whole numbers", "u": "whole numbers", "f": "floats", "c": "complex numbers",
         "U": "text", "S": "bytes"}  # fmt: skip
# Relative and absolute tolerance by the size of the answer's floats in bytes: rounding is no mistake.
TOLERANCES = {2: (1e-2, 1e-2), 4: (1e-4, 1e-5)}
FULL_PRECISION = (1e-6, 1e-9)


def difference(answer: Any, expected: Any, tolerance: float | None = None) -> str | None:
    """What is wrong with `answer`, as a sentence that begins with "it" or "its"; None where nothing is.

    NaNs are equal, and so are exceptions of one kind. Numbers and arrays without axes are one; lists and tuples too.
    tolerance: an absolute one for all numbers, in place of the usual ones.
    """
    if isinstance(expected, Raised):
        if isinstance(answer, Raised) and answer.kind == expected.kind:
            return None
        return f"it should raise {expected.kind} here, and it {said(answer)}"
    if isinstance(answer, Raised | Other) or (answer is None) != (expected is None):
        return f"it {said(answer)}"
    if isinstance(expected, dict):
        return dict_difference(answer, expected, tolerance)
    if isinstance(expected, list):
        return list_difference(answer, expected, tolerance)
    if is_numeric(expected):
        return array_difference(answer, np.asarray(expected), tolerance)
    if type(answer) is not type(expected) or answer != expected:
        return f"it is {shown(answer)}, not {shown(expected)}"
    return None


def said(answer: Any) -> str:
    """What came out, as the end of a sentence."""
    if isinstance(answer, Raised):
        return f"raises {answer.kind}" + (f": {answer.says}" if answer.says else "")
    if answer is None:
        return "returns None (does it end with return?)"
    if isinstance(answer, Other):
        return f"is {answer.description}"
    return f"is {shown(answer)}"


def dict_difference(answer: Any, expected: dict, tolerance: float | None) -> str | None:
    if not isinstance(answer, dict):
        return f"it is {a_kind_of(answer)}, not a dictionary with the keys {', '.join(map(repr, expected))}"
    for key in expected:
        if key not in answer:
            return f"it has no key {key!r}; it should have {', '.join(map(repr, expected))}"
        if found := difference(answer[key], expected[key], tolerance):
            return f"its entry {key!r} is wrong: {found}"
    extra = [key for key in answer if key not in expected]
    return f"it has a key too many: {extra[0]!r}" if extra else None


def list_difference(answer: Any, expected: list, tolerance: float | None) -> str | None:
    if not isinstance(answer, list):
        return f"it is {a_kind_of(answer)}, not {len(expected)} values in a list or tuple"
    if len(answer) != len(expected):
        return f"it has {len(answer)} values, not {len(expected)}"
    for place, (one, other) in enumerate(zip(answer, expected, strict=True)):
        if found := difference(one, other, tolerance):
            return f"its value number {place} is wrong: {found}"
    return None


def array_difference(answer: Any, expected: np.ndarray, tolerance: float | None) -> str | None:
    if not is_numeric(answer):
        return f"it is {a_kind_of(answer)}, not {a_kind_of(expected)}"
    answer = np.asarray(answer)
    if answer.shape != expected.shape:
        return f"its shape is {answer.shape}, not {expected.shape}"
    have, want = answer.dtype.kind, expected.dtype.kind
    # A single whole number may stand for a float. In an array it matters: gradients -= … would fail on integers.
    number_for_float = answer.ndim == 0 and have in "iu" and want == "f"
    if KINDS.get(have, have) != KINDS.get(want, want) and not number_for_float:
        kinds = [f"{KINDS.get(array.dtype.kind, 'values')} ({array.dtype})" for array in (answer, expected)]
        return f"it holds {kinds[0]}, not {kinds[1]}"
    if want not in "fc":
        wrong = answer != expected
    else:
        relative, absolute = TOLERANCES.get(answer.dtype.itemsize if have == "f" else 8, FULL_PRECISION)
        relative, absolute = (relative, absolute) if tolerance is None else (0, tolerance)
        wrong = ~np.isclose(answer, expected, rtol=relative, atol=absolute, equal_nan=True)
    if not wrong.any():
        return None
    if answer.ndim == 0:
        one, other = shown(answer), shown(expected)
        return f"it is {one}, not {other}" if one != other else f"it is {answer.item()!r}, not {expected.item()!r}"
    if have in "fc" and (~np.isfinite(answer) & wrong).any():
        return f"it has {(~np.isfinite(answer) & wrong).sum()} of {answer.size} values that are nan or infinite"
    place = [int(index) for index in np.argwhere(wrong)[0]]
    count = f"{wrong.sum()} of its {answer.size} values are" if wrong.sum() > 1 else "one of its values is"
    return f"{count} wrong, {'the first ' if wrong.sum() > 1 else ''}at {place}"


def is_numeric(value: Any) -> bool:
    return isinstance(value, bool | int | float | np.ndarray)


def a_kind_of(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    names = {list: "a list", dict: "a dictionary", str: "text", bool: "a truth value"}
    return names.get(type(value), "a number" if is_numeric(value) else "something else")


def shown(value: Any, width: int = 160) -> str:
    """A value in little space: few digits, long arrays abbreviated, with the shape where one cannot see it."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return shown(value.item(), width)
    if isinstance(value, np.ndarray):
        text = np.array2string(
            value, threshold=12, edgeitems=2, separator=", ", formatter={"float_kind": lambda number: f"{number:.4g}"}
        )
        text = " ".join(text.split())
        if value.size > 12:
            text += f", shape {value.shape}"
    elif isinstance(value, float):
        text = f"{value:.6g}" if math.isfinite(value) else str(value)
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key!r}: {shown(item, width)}" for key, item in value.items()) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(shown(item, width) for item in value[:12]) + (", …]" if len(value) > 12 else "]")
    elif isinstance(value, Raised):
        text = said(value).removeprefix("raises ")
    elif isinstance(value, Other):
        text = value.description
    else:
        text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"
