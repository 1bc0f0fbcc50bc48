"""Plain data: what goes in comes out, whatever framework made it, and nothing dangerous does."""

import base64
import io
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_lib.marking.inputs import function
from course_lib.marking.plain import Other, PlainDataError, decode, encode

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
number_arrays = st.sampled_from(["f2", "f4", "f8", "i8", "u1", "b1", "c16"]).flatmap(
    lambda kind: arrays(kind, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)
values = st.recursive(
    scalars | number_arrays,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=8,
)


def travelled(value):
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


@settings(deadline=None)
@given(values)
def test_what_goes_in_comes_out(value):
    result = travelled(value)
    assert repr(result) == repr(value)  # NaN, -0.0, dtypes and empty shapes included
    assert type(result) is type(value)


def test_tuples_become_lists_and_keys_stay_keys():
    assert travelled((1, (2, 3))) == [1, [2, 3]]
    assert travelled({(1, 2): "a"}) == {(1, 2): "a"}


def test_the_arrays_of_all_frameworks_are_one():
    import tensorflow as tf
    import torch

    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    weights = torch.tensor(x, requires_grad=True)
    for array in (x, weights, weights * 1, tf.constant(x), tf.Variable(x), torch.tensor(x).bfloat16(),
                  tf.cast(tf.constant(x), tf.bfloat16)):  # fmt: skip
        result = travelled(array)
        assert type(result) is np.ndarray and result.dtype == np.float32, type(array)
        np.testing.assert_array_equal(result, x)
    assert travelled(np.float32(1.5)).shape == ()
    assert travelled(np.True_).dtype == bool


def test_no_framework_is_imported_for_it():
    code = (
        "import sys, numpy, course_lib.checks as c; c.lab('02_activations');"
        "print(*{'torch', 'tensorflow', 'keras', 'matplotlib'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_what_is_not_data_is_named():
    assert travelled(len) == Other("of the type builtin_function_or_method")
    assert "Python objects" in travelled(np.array([[1], [2, 3]], dtype=object)).description
    assert "nested" in str(travelled(nested(500)))
    assert "too large" in travelled(np.broadcast_to(np.zeros(1), (10**9,))).description
    assert travelled(function("sin"))(0.5) == np.sin(0.5)
    assert travelled(...) is Ellipsis


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def pickled_npy() -> str:
    file = io.BytesIO()
    np.save(file, np.array([Evil()], dtype=object), allow_pickle=True)
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    "tree",
    [
        {"npy": pickled_npy()},
        {"npy": base64.b64encode(pickle.dumps(Evil())).decode()},
        {"npy": "not base64!"},
        {"npy": 3},
        {"npy": base64.b64encode(b"\x93NUMPY\x01\x00").decode()},
        {"dict": [[1]]},
        {"dict": [[{"dict": []}, 1]]},
        {"float": "one"},
        {"function": "os.system"},
        {"unheard": 1},
        {"npy": "", "more": 1},
        {},
        b"bytes",
    ],
)
def test_a_forged_tree_is_refused(tree):
    with pytest.raises(PlainDataError):
        decode(tree)
