# /// script
# dependencies = ["numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.32.0", "pillow==13.0.0", "scikit-image==0.26.0"]
# ///
"""What ONNX Runtime makes of the published style networks: written once, to `stylised.npz`, for test_stylisation.py.

python tests/pretrained/make_stylised.py    # in an environment of its own, from the root of a checkout with weights

The two eight-bit networks also round what flows between their layers; ours do not. So these roundings are taken out
of the graphs before they run. What they change is in `rounded_code` and `rounded_any`.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import skimage

WEIGHTS = Path("weights")
STYLE = 7


def unrounded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, in which only constants go through DequantizeLinear."""
    constants = {tensor.name for tensor in model.graph.initializer}
    same = {}
    for node in list(model.graph.node):
        if node.op_type == "QuantizeLinear" or (node.op_type == "DequantizeLinear" and node.input[0] not in constants):
            same[node.output[0]] = node.input[0]
            model.graph.node.remove(node)

    def source(name: str) -> str:
        return source(same[name]) if name in same else name

    for node in model.graph.node:
        node.input[:] = [source(name) for name in node.input]
    for output in model.graph.output:
        last = next(node for node in model.graph.node if source(output.name) in node.output)
        last.output[list(last.output).index(source(output.name))] = output.name
    return model


def run(model: onnx.ModelProto, *inputs: np.ndarray) -> np.ndarray:
    for value in (*model.graph.input, *model.graph.output):  # any size, where the file has one
        for place, size in enumerate(value.type.tensor_type.shape.dim):
            size.dim_param = f"{value.name}_{place}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns of every constant that is not needed any more
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [value.name for value in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))[0]


def load(name: str) -> onnx.ModelProto:
    return onnx.load(WEIGHTS / name)


def main() -> None:
    photo = skimage.data.chelsea()[100:164, 200:280]
    picture = skimage.data.retina()[300:556, 300:556]
    pixels, style = (image[None].astype(np.float32) / 255 for image in (photo, picture))
    styles = np.eye(26, dtype=np.float32)[STYLE]
    painted = run(load("stylise_26.onnx"), pixels.transpose(0, 3, 1, 2), styles)[0].transpose(1, 2, 0)
    code = run(unrounded(load("style_of_picture.onnx")), style)
    rounded_code = run(load("style_of_picture.onnx"), style)
    any_style = run(unrounded(load("stylise_any.onnx")), pixels, code)[0]
    rounded_any = run(load("stylise_any.onnx"), pixels, rounded_code)[0]
    arrays = {"style_7": painted, "any": any_style, "rounded_any": rounded_any}
    codes = {"code": code.ravel(), "rounded_code": rounded_code.ravel()}
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    np.savez_compressed(Path(__file__).with_name("stylised.npz"), **codes, **halves)


if __name__ == "__main__":
    main()
