"""EfficientNet-Lite0, -Lite1, -Lite2 with ImageNet's classes: one set of published weights for both frameworks."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib.architectures import efficientnet_lite as architectures
from course_lib.pretrained.backbone import Backbone
from course_lib.pretrained.needed import needed_for
from course_lib.weights import efficientnet_lite as weights
from course_lib.weights.find import read

LITE0 = "efficientnet_lite0"
NETWORKS = {lite.name: lite for lite in (architectures.LITE0, architectures.LITE1, architectures.LITE2)}
FILES = dict(zip(NETWORKS, weights.FILES, strict=True))


class EfficientNetLite(Backbone):
    """Pixels are scaled to [-1, 1], as nearly as the authors' do: (pixel - 127) / 128."""

    @property
    def own_size(self) -> int:
        return NETWORKS[self.name].size

    def scaled(self, pixels: np.ndarray) -> np.ndarray:
        return (pixels - 127) / 128

    def feature_network(self, blocks: Sequence[int]) -> Any:
        if self.framework == "torch":
            from course_lib.torch_nets.efficientnet_lite import feature_extractor
        else:
            from course_lib.keras_nets.efficientnet_lite import feature_extractor
        return feature_extractor(self.model, blocks)

    def probabilities(self, *arguments: Any, **options: Any) -> np.ndarray:
        """The network gives logits; softmax makes probabilities of them."""
        logits = super().probabilities(*arguments, **options)
        powers = np.exp(logits - logits.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)


def load(framework: str, name: str) -> EfficientNetLite:
    """The network with its published weights, in "torch" or "keras". WeightsError if they are not here."""
    content = read(FILES[name])
    with needed_for(name):
        import torch

        from course_lib.torch_nets import efficientnet_lite as torch_nets
    published = torch.load(io.BytesIO(content), weights_only=True)
    model = getattr(torch_nets, name)()
    # Other names, the same order; load_state_dict compares every shape.
    model.load_state_dict(dict(zip(model.state_dict(), published.values(), strict=True)))
    model.eval()
    if framework == "torch":
        return EfficientNetLite(name, framework, model)
    with needed_for(f"{name} in Keras"):
        from course_lib.keras_nets import efficientnet_lite as keras_nets
        from course_lib.parity import copy_weights
    twin = getattr(keras_nets, name)()
    copy_weights(model, twin)
    return EfficientNetLite(name, framework, twin)
