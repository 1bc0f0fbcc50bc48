"""Comparison: equal where a teacher would say equal, and otherwise a sentence that names the difference."""

import numpy as np
import pytest

from course_lib.marking.calls import Raised
from course_lib.marking.compare import difference, shown
from course_lib.marking.plain import Other

nan, inf = np.nan, np.inf


def floats(*values) -> np.ndarray:
    return np.array(values, dtype=float)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (floats(1, nan, inf), floats(1, nan, inf)),
        (floats(1 + 1e-9), floats(1)),
        (np.float32(0.1) * np.ones(3, np.float32), 0.1 * np.ones(3)),
        (np.ones(3, np.float16) / np.float16(3), np.ones(3) / 3),
        (np.array(2.5), 2.5),
        (2, 2.0),
        (np.array([1, 2], dtype=np.int32), np.array([1, 2])),
        ([1, floats(2)], [1.0, floats(2)]),
        ({"cost": 0.5, "dw": floats(1)}, {"dw": floats(1), "cost": 0.5}),
        (Raised("ValueError", "mine"), Raised("ValueError", "yours")),
        (None, None),
        ("text", "text"),
        (floats(), floats()),
    ],
)
def test_equal(answer, expected):
    assert difference(answer, expected) is None


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        (floats(1, 2), floats(1, 3), "one of its values is wrong, at [1]"),
        (np.zeros((2, 2)), np.eye(2), "2 of its 4 values are wrong, the first at [0, 0]"),
        (floats(1.0001), floats(1), "one of its values is wrong, at [0]"),
        (floats(1, nan, inf), floats(1, 2, 3), "it has 2 of 3 values that are nan or infinite"),
        (floats(inf), floats(-inf), "it has 1 of 1 values that are nan or infinite"),
        (floats(1), floats(nan), "one of its values is wrong, at [0]"),
        (np.zeros((3, 1)), np.zeros(3), "its shape is (3, 1), not (3,)"),
        (np.zeros(1), 0.0, "its shape is (1,), not ()"),
        (np.array([0, 1]), floats(0, 1), "it holds whole numbers (int64), not floats (float64)"),
        (np.array([False]), floats(0), "it holds truth values (bool), not floats (float64)"),
        (floats(1), np.array([1]), "it holds floats (float64), not whole numbers (int64)"),
        (True, 1.0, "it holds truth values (bool), not floats (float64)"),
        (2, 2.5, "it is 2, not 2.5"),
        (None, 1.0, "it returns None (does it end with return?)"),
        (1.0, None, "it is 1"),
        ([1.0], floats(1), "it is a list, not an array of shape (1,)"),
        ("1", 1.0, "it is text, not a number"),
        (Other("of the type function"), 1.0, "it is of the type function"),
        (Raised("TypeError", "bad"), floats(1), "it raises TypeError: bad"),
        (Raised("TypeError"), Raised("ValueError"), "it should raise ValueError here, and it raises TypeError"),
        (3, Raised("ValueError"), "it should raise ValueError here, and it is 3"),
        ({"cost": 1.0}, {"cost": 1.0, "dw": 1.0}, "it has no key 'dw'; it should have 'cost', 'dw'"),
        ({"a": 1.0, "b": 1}, {"a": 1.0}, "it has a key too many: 'b'"),
        ({"a": floats(1)}, {"a": floats(2)}, "its entry 'a' is wrong: one of its values is wrong, at [0]"),
        (floats(1), {"a": 1}, "it is an array of shape (1,), not a dictionary with the keys 'a'"),
        ([1.0], [1.0, 2.0], "it has 1 values, not 2"),
        ([1.0, 3.0], [1.0, 2.0], "its value number 1 is wrong: it is 3, not 2"),
        (1.0, [1.0, 2.0], "it is a number, not 2 values in a list or tuple"),
        ("a", "b", "it is 'a', not 'b'"),
    ],
)
def test_a_difference_is_named(answer, expected, said):
    assert difference(answer, expected) == said


def test_a_tolerance_replaces_the_usual_ones():
    assert difference(1e-11, 3e-7, tolerance=1e-6) is None
    assert difference(1e-11, 3e-7) == "it is 1e-11, not 3e-07"
    assert difference(1e6 + 1, 1e6) is None
    assert difference(1e6 + 1, 1e6, tolerance=0.5) == "it is 1000001.0, not 1000000.0"


def test_values_are_shown_in_little_space():
    assert shown(floats(1, 0.123456)) == "[1, 0.1235]"
    assert shown(np.zeros((30, 40))).endswith("shape (30, 40)")
    assert len(shown(np.zeros((30, 40)))) < 100
    assert shown({"a": 1.0, "b": [floats(1), None]}) == "{'a': 1, 'b': [[1], None]}"
    assert len(shown("x" * 1000)) == 160
