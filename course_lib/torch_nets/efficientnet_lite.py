"""EfficientNet-Lite: Tan and Le (2019), without squeeze-and-excitation and with ReLU6 in place of swish.

The Lite networks are EfficientNets for small devices: what runs badly on them, or in eight-bit integers, was
left out. What remains is the inverted residual block of MobileNetV2 (Sandler et al. 2018), sixteen times in Lite0,
twenty-one times in Lite1 and Lite2. Lite2 is a little wider, too.

    model = efficientnet_lite0()                   # images (n, 3, height, width) -> logits (n, 1000)
    features = feature_extractor(model, (11, 14))  # images -> (n, 192 + 192 + 1280), the same weights

Images are float32, RGB, (pixel - 127) / 128, of any height and width; the authors' have 224, 240 and 260 pixels a side.
`course_lib.keras_nets.efficientnet_lite` has the same networks.
"""

import copy
from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from course_lib.architectures.efficientnet_lite import HEAD, LITE0, LITE1, LITE2, STEM, Lite
from course_lib.torch_nets.start import start_like_keras


class SamePad(nn.Module):
    """Zeros around an image, as TensorFlow's padding "same" lays them before a convolution with a stride.

    The output has ceil(side / stride) pixels. An odd number of zeros puts the extra one right and below,
    where PyTorch's own symmetric padding would shift the image by a pixel.
    """

    def __init__(self, kernel: int, stride: int):
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pads = []
        for side in (x.shape[3], x.shape[2]):  # F.pad counts from the last axis
            steps = -(-side // self.stride) - 1
            zeros = max(steps * self.stride + self.kernel - side, 0)
            pads += [zeros // 2, zeros - zeros // 2]
        return F.pad(x, pads)


def conv_bn(n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution with padding "same" and batch norm, with TensorFlow's epsilon and momentum.

    Weights start with the variance 2 / (kernel ** 2 * n_out), as the authors' do; PyTorch's own start is so
    small that in an untrained network of this depth nothing arrives at the end.
    """
    padding = kernel // 2 if stride == 1 else 0
    pad = [] if stride == 1 else [SamePad(kernel, stride)]
    conv = nn.Conv2d(n_in, n_out, kernel, stride, padding, groups=groups, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out" if groups == 1 else "fan_in")  # depthwise: n_out is 1
    return [*pad, conv, nn.BatchNorm2d(n_out, eps=1e-3, momentum=0.01)]


class Block(nn.Module):
    """The inverted residual: widen (1x1), filter each channel on its own (kernel x kernel), narrow (1x1).

    The last convolution has no activation: cutting off negatives would lose what the few channels hold.
    """

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = n_in * expansion
        expand = [*conv_bn(n_in, wide, 1), nn.ReLU6()] if expansion > 1 else []
        depthwise = [*conv_bn(wide, wide, kernel, stride, groups=wide), nn.ReLU6()]
        self.layers = nn.Sequential(*expand, *depthwise, *conv_bn(wide, n_out, 1))
        self.skip = stride == 1 and n_in == n_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x) if self.skip else self.layers(x)


class Features(nn.Module):
    """Images (n, 3, height, width) to features: the means over all pixels of what `taps` and the head see."""

    def __init__(self, stem: nn.Module, blocks: nn.ModuleList, head: nn.Module, taps: Sequence[int] = ()):
        super().__init__()
        self.stem, self.blocks, self.head, self.taps = stem, blocks, head, tuple(taps)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tapped = {}
        x = self.stem(x)
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in self.taps:
                tapped[number] = x.mean((2, 3))
        return torch.cat([*(tapped[number] for number in self.taps), self.head(x).mean((2, 3))], 1)


def efficientnet_lite0(n_classes: int = 1000, dropout: float = LITE0.dropout) -> nn.Sequential:
    """The network with new weights: features (n, 1280), dropout, and one dense layer that gives logits.

    4,652,008 parameters with 1,000 classes. Stochastic depth, which the authors trained with, is left out.
    """
    return build(LITE0, n_classes, dropout)


def efficientnet_lite1(n_classes: int = 1000, dropout: float = LITE1.dropout) -> nn.Sequential:
    """Five blocks more than Lite0: 5,416,680 parameters with 1,000 classes."""
    return build(LITE1, n_classes, dropout)


def efficientnet_lite2(n_classes: int = 1000, dropout: float = LITE2.dropout) -> nn.Sequential:
    """As deep as Lite1 and a tenth wider: 6,092,072 parameters with 1,000 classes."""
    return build(LITE2, n_classes, dropout)


def build(lite: Lite, n_classes: int, dropout: float) -> nn.Sequential:
    blocks, n_in = nn.ModuleList(), STEM
    for kernel, stride, expansion, n_out in lite.blocks:
        blocks.append(Block(n_in, n_out, kernel, stride, expansion))
        n_in = n_out
    stem = nn.Sequential(*conv_bn(3, STEM, 3, 2), nn.ReLU6())
    head = nn.Sequential(*conv_bn(n_in, HEAD, 1), nn.ReLU6())
    parts = (
        ("features", Features(stem, blocks, head)),
        ("dropout", nn.Dropout(dropout)),
        ("classifier", start_like_keras(nn.Linear(HEAD, n_classes))),
    )
    return nn.Sequential(OrderedDict(parts))


def feature_extractor(model: nn.Sequential, blocks: Sequence[int] = ()) -> Features:
    """The network without its last layer: (n, 1280), after the means over the outputs of `blocks`,
    which count from 0 (to 15 in Lite0).

    It shares its weights with `model`: training one trains both. Put a new head behind it to adapt it.
    Raises ValueError for a block that is not there.
    """
    whole = cast(Features, model.features)
    if unknown := [block for block in blocks if block not in range(len(whole.blocks))]:
        raise ValueError(f"there is no block {unknown[0]}: the blocks have the numbers 0 to {len(whole.blocks) - 1}")
    features = Features(whole.stem, whole.blocks, whole.head, blocks)
    features.training = whole.training  # not .train(), which would set the parts, and they are shared
    return features


def folded(network: nn.Module) -> nn.Module:
    """A copy for inference, each batch norm folded into the convolution before it: equal outputs, 1.4 times as fast."""
    network = copy.deepcopy(network).eval()
    for part in list(network.modules()):
        if isinstance(part, nn.Sequential):
            for number, (first, second) in enumerate(pairwise(part)):
                if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                    part[number], part[number + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return network
