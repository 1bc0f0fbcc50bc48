"""VGG19's convolutions, as its authors trained them: the network of style transfer and DeepDream. No classes.

The file holds a byte for each weight: 256 values a layer, found by k-means, and for each weight the number of its
value. The originals come from Caffe, which reads images as BGR and takes the mean colour away.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib.pretrained.backbone import Backbone
from course_lib.pretrained.needed import needed_for
from course_lib.weights.find import read
from course_lib.weights.vgg import VGG19 as FILE

VGG19 = "vgg19"
MEAN_BGR = (103.939, 116.779, 123.68)  # of ImageNet's pixels


class VGG(Backbone):
    """Pixels are BGR, and their mean over ImageNet is taken away. A pixel keeps its range of 255."""

    def scaled(self, pixels: np.ndarray) -> np.ndarray:
        return pixels[..., ::-1] - np.array(MEAN_BGR, np.float32)

    def feature_network(self, blocks: Sequence[int]) -> Any:
        if blocks:
            raise ValueError(f"{self.name} has no `blocks`: take the layers you want from its model, by their names")
        return self.model


def load(framework: str, name: str = VGG19) -> VGG:
    """The sixteen convolutions, in "torch" or "keras". WeightsError if their file is not here."""
    content = read(FILE)
    with needed_for(name):
        import torch

        from course_lib.torch_nets.vgg import convolutions
    model = convolutions(19)
    model.load_state_dict(decoded(torch.load(io.BytesIO(content), weights_only=True)))
    model.eval()
    if framework == "torch":
        return VGG(name, framework, model, classifies=False)
    with needed_for(f"{name} in Keras"):
        from course_lib.keras_nets.vgg import convolutions as keras_convolutions
        from course_lib.parity import copy_weights
    twin = keras_convolutions(19)
    copy_weights(model, twin)
    return VGG(name, framework, twin, classifies=False)


def decoded(coded: dict[str, Any]) -> dict[str, Any]:
    """Tables and numbers, "block1_conv2_W_table", "..._W_q", "..._b", to "conv1_2.weight" and "conv1_2.bias"."""
    arrays = {}
    for layer in [key.removesuffix("_b") for key in coded if key.endswith("_b")]:
        name = layer.removeprefix("block").replace("_conv", "_")
        arrays[f"conv{name}.weight"] = coded[f"{layer}_W_table"][coded[f"{layer}_W_q"].long()]
        arrays[f"conv{name}.bias"] = coded[f"{layer}_b"]
    return arrays
