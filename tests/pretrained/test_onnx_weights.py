"""Arrays out of an ONNX file, against Google's own reader of protocol buffers."""

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from course_lib.pretrained.onnx_weights import arrays
from course_lib.weights.find import read
from course_lib.weights.stylisation import FILES

REPEATED, ONE = 3, 1
INT64, STRING, BYTES, MESSAGE, INT32, FLOAT = 3, 9, 12, 11, 5, 2


@pytest.fixture(scope="module")
def model():
    """The class of ONNX models, from the lines of its published schema that are needed here."""
    schema = {
        "Model": [("graph", 7, MESSAGE, ONE, ".Graph")],
        "Graph": [("node", 1, MESSAGE, REPEATED, ".Node"), ("initializer", 5, MESSAGE, REPEATED, ".Tensor")],
        "Node": [
            ("input", 1, STRING, REPEATED, ""),
            ("output", 2, STRING, REPEATED, ""),
            ("op_type", 4, STRING, ONE, ""),
        ],
        "Tensor": [
            ("dims", 1, INT64, REPEATED, ""),
            ("data_type", 2, INT32, ONE, ""),
            ("float_data", 4, FLOAT, REPEATED, ""),
            ("name", 8, STRING, ONE, ""),
            ("raw_data", 9, BYTES, ONE, ""),
        ],
    }
    file = descriptor_pb2.FileDescriptorProto(name="onnx_for_tests.proto", syntax="proto2")
    for name, fields in schema.items():
        message = file.message_type.add(name=name)
        for field, number, kind, label, type_name in fields:
            added = message.field.add(name=field, number=number, type=kind, label=label, type_name=type_name or None)
            if field == "float_data":
                added.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Model"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_published_files_are_read_as_google_reads_them(file, model, weights):
    content = read(file)
    ours = arrays(content)
    kinds = {1: np.float32, 3: np.int8, 6: np.int32, 7: np.int64}
    theirs = {
        tensor.name: (
            np.frombuffer(tensor.raw_data, kinds[tensor.data_type])
            if tensor.raw_data
            else np.array(tensor.float_data, np.float32)
        ).reshape(tensor.dims)
        for tensor in model.FromString(content).graph.initializer
    }
    assert len(theirs) > 50 and set(theirs) <= set(ours)
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array)
        assert ours[name].dtype == array.dtype


@pytest.fixture
def coded(model):
    """Two rows of bytes with a scale each."""
    made = model()
    tensors = {
        "codes": (3, np.array([[-128, 0], [1, 127]], np.int8)),
        "scales": (1, np.array([0.5, 2], np.float32)),
        "zeros": (3, np.zeros(2, np.int8)),
    }
    for name, (kind, array) in tensors.items():
        made.graph.initializer.add(name=name, data_type=kind, raw_data=array.tobytes(), dims=array.shape)
    made.graph.initializer.add(name="plain", data_type=1, float_data=[1.5, -2], dims=[1, 2])
    made.graph.node.add(op_type="DequantizeLinear", input=["codes", "scales", "zeros"], output=["values"])
    made.graph.node.add(op_type="Relu", input=["values"], output=["y"])
    return made


def test_bytes_are_multiplied_by_the_scale_of_their_row(coded):
    found = arrays(coded.SerializeToString())
    np.testing.assert_array_equal(found["values"], [[-64, 0], [2, 254]])
    np.testing.assert_array_equal(found["plain"], [[1.5, -2]])
    assert found["values"].dtype == np.float32 and "y" not in found


def test_codes_around_another_zero_are_refused(coded):
    coded.graph.initializer[2].raw_data = b"\1\0"
    with pytest.raises(ValueError, match="values is coded around another zero than 0"):
        arrays(coded.SerializeToString())


@pytest.mark.parametrize("wrong", [b"", b"not a model", b"\x3a\xff", bytes(100)])
def test_what_is_no_model_is_refused(wrong):
    with pytest.raises(ValueError, match="this is no ONNX model that can be read here"):
        arrays(wrong)


def test_a_model_that_is_cut_off_is_refused(coded):
    content = coded.SerializeToString()
    for length in (1, len(content) // 2, len(content) - 1):
        with pytest.raises(ValueError, match="this is no ONNX model"):
            arrays(content[:length])
