"""One call for every backbone."""

from pathlib import Path
from typing import Any

from course_lib.pretrained import applications, efficientnet_lite, vgg
from course_lib.pretrained.backbone import Backbone
from course_lib.pretrained.efficientnet_lite import LITE0

OURS = [*efficientnet_lite.NETWORKS, vgg.VGG19]


def load_backbone(framework: str, name: str = LITE0, weights: str | Path | None = None, **options: Any) -> Backbone:
    """A pre-trained network in "keras" or "torch".

    "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2" and "vgg19" (without classes) have their
    published weights in both, with equal outputs: they are built in PyTorch and copied to Keras. Any other `name`
    is one of `keras.applications`, such as "MobileNetV2"; `weights` may then be a local file instead of the
    download, and `options` (include_top, pooling, alpha, ...) go to that function.

    Raises ImportError for a missing package, WeightsError when weights cannot be had or do not fit,
    ValueError for an unknown name; each says what to do.
    """
    if framework not in ("keras", "torch"):
        raise ValueError(f"unknown framework {framework!r}: choose 'keras' or 'torch'")
    if name in OURS:
        if weights is not None or options:
            raise ValueError(f"{name} takes no `weights` and no options: its weights come with the set-up")
        return vgg.load(framework) if name == vgg.VGG19 else efficientnet_lite.load(framework, name)
    if framework == "torch":
        raise ValueError(
            f"in PyTorch there is {', '.join(OURS)}; for {name!r} of keras.applications say framework='keras'"
        )
    return applications.load(name, weights, options, OURS)
