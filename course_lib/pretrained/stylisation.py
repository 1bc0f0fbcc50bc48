"""Networks that paint a photograph in another style in one pass, with the weights of Google's Magenta. PyTorch only.

    painter = load_styliser("stylise_26")                    # 26 styles, without names: 0 to 25
    painting = painter.paint([photo], painter.code(7))       # uint8 of the photo's own size

    painter = load_styliser("stylise_any")                   # the style of any picture
    painting = painter.paint([photo], painter.code(picture))

A mean of two codes is a style between them. Dumoulin et al. (2017), Ghiasi et al. (2017).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.architectures.stylisation import STYLISE_26, STYLISE_ANY, Styliser
from course_lib.pretrained.images import Images, resize
from course_lib.pretrained.needed import needed_for
from course_lib.pretrained.onnx_weights import arrays
from course_lib.weights import stylisation as weights
from course_lib.weights.find import read

STYLE_SIZE = 256  # the side to which a picture is brought before its style is read off


@dataclass(frozen=True, eq=False)
class Painter:
    """model paints; encoder, where there is one, reads a style off a picture. Both are torch.nn.Module."""

    name: str
    model: Any
    encoder: Any = None

    def code(self, style: int | np.ndarray) -> np.ndarray:
        """The numbers that say a style, float32 (n_code,): of a learned style, or of a picture (height, width, 3).

        Raises ValueError for a number that is no style, and for what is no uint8 RGB picture.
        """
        if self.encoder is None:
            n_styles = STYLISE_26.code
            if not isinstance(style, int | np.integer) or not 0 <= style < n_styles:
                raise ValueError(f"{self.name} has the styles 0 to {n_styles - 1}, not {style!r}")
            return np.eye(n_styles, dtype=np.float32)[style]
        if isinstance(style, int | np.integer):
            raise ValueError(f"{self.name} has no numbered styles: give a picture, uint8 (height, width, 3)")
        picture = resize([style], STYLE_SIZE)
        return run(self.encoder, as_inputs(picture[0]))[0]

    def paint(self, photos: Images, code: np.ndarray) -> list[np.ndarray]:
        """Each photograph, uint8 (height, width, 3) of any size, in the style of the code; sizes are kept.

        Raises ValueError for a code of another length, and for a photograph smaller than 32 pixels.
        """
        n_code = (STYLISE_26 if self.encoder is None else STYLISE_ANY).code
        if np.shape(code) != (n_code,):
            raise ValueError(f"a style of {self.name} is {n_code} numbers, not an array {np.shape(code)}: see code()")
        return [self._paint(np.asarray(photo), np.asarray(code, np.float32)) for photo in photos]

    def _paint(self, photo: np.ndarray, code: np.ndarray) -> np.ndarray:
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or min(photo.shape[:2]) < 32:
            raise ValueError(
                f"a photograph is uint8 (height, width, 3) from 32 pixels on, not {photo.dtype} {photo.shape}"
            )
        height, width = photo.shape[:2]
        painted = run(self.model, as_inputs(photo), code[None])[0, :, :height, :width]  # rounded up to fours
        return (painted.transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)


def load_styliser(name: str = "stylise_any") -> Painter:
    """The network "stylise_26" or "stylise_any" with its weights.

    Raises WeightsError if a file is not here, ValueError for another name.
    """
    if name not in (STYLISE_26.name, STYLISE_ANY.name):
        raise ValueError(f"unknown network {name!r}: choose {STYLISE_26.name!r} or {STYLISE_ANY.name!r}")
    with needed_for(name):
        from course_lib.torch_nets.efficientnet_lite import folded
        from course_lib.torch_nets.stylisation import style_encoder, styliser
    if name == STYLISE_26.name:
        return Painter(name, filled(styliser(STYLISE_26), styles_26(arrays(read(weights.STYLES)))))
    model = filled(styliser(STYLISE_ANY), any_style(arrays(read(weights.TRANSFORM))))
    encoder = folded(style_encoder(STYLISE_ANY.code))  # published with its batch norms folded into the convolutions
    published = encoder_weights(arrays(read(weights.PREDICT)))
    return Painter(name, model, filled(encoder, dict(zip(encoder.state_dict(), published, strict=True))))


def filled(model: Any, published: dict[str, np.ndarray]) -> Any:
    import torch

    arrays = {key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in published.items()}
    model.load_state_dict(arrays)  # which compares every name and every shape
    return model.eval()


def layer_names(table: Styliser) -> list[str]:
    """Where `torch_nets.stylisation` has its layers, from the first to the last."""
    residual = [f"residual.{n}.{part}" for n in range(table.n_residual) for part in ("first", "second")]
    return [*(f"contract.{n}" for n in range(3)), *residual, "expand.0.layer", "expand.1.layer", "expand.2"]


def styles_26(published: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Tables of a scale and a shift for each style are linear maps of a code with a single 1, without a bias."""
    residual = [f"res.{n}.{part}" for n in range(STYLISE_26.n_residual) for part in (0, 1)]
    theirs = [*(f"contract.{n}" for n in range(3)), *residual, *(f"expand.{n}" for n in range(3))]
    found = {}
    for name, layer in zip(layer_names(STYLISE_26), theirs, strict=True):
        found[f"{name}.conv.weight"] = published[f"{layer}.w"]
        for ours, table in (("scale", "gamma"), ("shift", "beta")):
            rows = published[f"{layer}.norm.{table}"].T
            found[f"{name}.norm.{ours}.weight"] = rows
            found[f"{name}.norm.{ours}.bias"] = np.zeros(len(rows), np.float32)
    return found


def any_style(published: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Each scale and each shift has a 1x1 convolution of the code, which is a dense layer."""
    residual = [f"residual/residual{n + 1}/conv{part}" for n in range(STYLISE_ANY.n_residual) for part in (1, 2)]
    theirs = [*(f"contract/conv{n}" for n in (1, 2, 3)), *residual, *(f"expand/conv{n}/conv" for n in (1, 2, 3))]
    found = {}
    for name, layer in zip(layer_names(STYLISE_ANY), theirs, strict=True):
        found[f"{name}.conv.weight"] = published[f"transformer/{layer}/weights_dequant"]
        if layer.startswith("contract"):
            found[f"{name}.conv.bias"] = published[f"transformer/{layer}/Conv2D_bias_dequant"]
            continue
        for ours, conv in (("scale", "Conv_1"), ("shift", "Conv")):
            where = f"style_params/transformer/{layer}/StyleNorm/{conv}"
            found[f"{name}.norm.{ours}.weight"] = published[f"{where}/weights_dequant"][:, :, 0, 0]
            found[f"{name}.norm.{ours}.bias"] = published[f"{where}/Conv2D_bias_dequant"]
    return found


def encoder_weights(published: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Weight and bias of each layer, from the first to the last, which is a 1x1 convolution of a single pixel there."""
    parts = ["MobilenetV2/Conv/"]
    for number in range(17):
        block = f"MobilenetV2/expanded_conv_{number}/" if number else "MobilenetV2/expanded_conv/"
        parts += [f"{block}expand/"] if number else []
        parts += [f"{block}depthwise/depthwise_", f"{block}project/"]
    found = []
    for part in [*parts, "MobilenetV2/Conv_1/", "mobilenet_conv/Conv/"]:
        bias = f"{part}bias_dequant" if part.endswith("depthwise_") else f"{part}Conv2D_bias_dequant"
        found += [published[f"{part}weights_dequant"], published[bias]]
    return [*found[:-2], found[-2][:, :, 0, 0], found[-1]]


def as_inputs(image: np.ndarray) -> np.ndarray:
    """uint8 (height, width, 3) -> float32 (1, 3, height, width), 0 to 1."""
    return image.transpose(2, 0, 1)[None].astype(np.float32) / 255


def run(network: Any, *inputs: np.ndarray) -> np.ndarray:
    import torch

    device = next(network.parameters()).device
    with torch.inference_mode():
        return network(*(torch.from_numpy(x).to(device) for x in inputs)).cpu().numpy()
