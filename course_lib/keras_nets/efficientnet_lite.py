"""EfficientNet-Lite: Tan and Le (2019), without squeeze-and-excitation and with ReLU6 in place of swish.

The Lite networks are EfficientNets for small devices: what runs badly on them, or in eight-bit integers, was
left out. What remains is the inverted residual block of MobileNetV2 (Sandler et al. 2018), sixteen times in Lite0,
twenty-one times in Lite1 and Lite2. Lite2 is a little wider, too.

    model = efficientnet_lite0()                   # images (n, height, width, 3) -> logits (n, 1000)
    features = feature_extractor(model, (11, 14))  # images -> (n, 192 + 192 + 1280), the same weights

Images are float32, RGB, (pixel - 127) / 128, of any height and width; the authors' have 224, 240 and 260 pixels a side.
`course_lib.torch_nets.efficientnet_lite` has the same networks.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from course_lib.architectures.efficientnet_lite import HEAD, LITE0, LITE1, LITE2, STEM, Lite


def start() -> keras.initializers.Initializer:
    """The authors' initial weights: variance 2 / (kernel ** 2 * n_out), where n_out is 1 in depthwise layers."""
    return keras.initializers.VarianceScaling(2, "fan_out", "untruncated_normal")


def norm(x: keras.KerasTensor, name: str, relu6: bool = True) -> keras.KerasTensor:
    """Batch norm and, unless `relu6` is False, the activation min(max(x, 0), 6)."""
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=name)(x)
    return layers.ReLU(max_value=6, name=f"{name}_relu6")(x) if relu6 else x


def conv(x: keras.KerasTensor, channels: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    settings = {"padding": "same", "use_bias": False, "kernel_initializer": start()}
    return layers.Conv2D(channels, kernel, stride, **settings, name=name)(x)


def block(
    x: keras.KerasTensor, channels: int, kernel: int, stride: int, expansion: int, name: str
) -> keras.KerasTensor:
    """The inverted residual: widen (1x1), filter each channel on its own (kernel x kernel), narrow (1x1).

    The last convolution has no activation: cutting off negatives would lose what the few channels hold.
    """
    y, n_in = x, x.shape[-1]
    if expansion > 1:
        y = norm(conv(y, n_in * expansion, 1, 1, f"{name}_expand"), f"{name}_expand_bn")
    settings = {"padding": "same", "use_bias": False, "depthwise_initializer": start()}
    y = layers.DepthwiseConv2D(kernel, stride, **settings, name=f"{name}_depthwise")(y)
    y = norm(y, f"{name}_depthwise_bn")
    y = norm(conv(y, channels, 1, 1, f"{name}_project"), f"{name}_project_bn", relu6=False)
    return layers.Add(name=f"{name}_skip")([x, y]) if stride == 1 and n_in == channels else y


def efficientnet_lite0(n_classes: int = 1000, dropout: float = LITE0.dropout) -> keras.Model:
    """The network with new weights: features (n, 1280), dropout, and one dense layer that gives logits.

    4,652,008 trainable parameters with 1,000 classes; the running means and variances of batch norm, which
    PyTorch does not count as parameters, add 42,016. Stochastic depth, which the authors trained with, is left out.
    """
    return build(LITE0, n_classes, dropout)


def efficientnet_lite1(n_classes: int = 1000, dropout: float = LITE1.dropout) -> keras.Model:
    """Five blocks more than Lite0: 5,416,680 trainable parameters with 1,000 classes."""
    return build(LITE1, n_classes, dropout)


def efficientnet_lite2(n_classes: int = 1000, dropout: float = LITE2.dropout) -> keras.Model:
    """As deep as Lite1 and a tenth wider: 6,092,072 trainable parameters with 1,000 classes."""
    return build(LITE2, n_classes, dropout)


def build(lite: Lite, n_classes: int, dropout: float) -> keras.Model:
    images: Any = keras.Input((None, None, 3), name="images")
    x = norm(conv(images, STEM, 3, 2, "stem"), "stem_bn")
    for number, (kernel, stride, expansion, channels) in enumerate(lite.blocks):
        x = block(x, channels, kernel, stride, expansion, f"block_{number}")
    x = norm(conv(x, HEAD, 1, 1, "head"), "head_bn")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(images, layers.Dense(n_classes, name="classifier")(x), name=lite.name)


def feature_extractor(model: keras.Model, blocks: Sequence[int] = ()) -> keras.Model:
    """The network without its last layer: (n, 1280), after the means over the outputs of `blocks`,
    which count from 0 (to 15 in Lite0).

    It shares its weights with `model`: training one trains both. Put a new head behind it to adapt it.
    Raises ValueError for a block that is not there.
    """
    names = {layer.name for layer in model.layers}
    n_blocks = sum(name.endswith("_project") for name in names)
    if unknown := [number for number in blocks if number not in range(n_blocks)]:
        raise ValueError(f"there is no block {unknown[0]}: the blocks have the numbers 0 to {n_blocks - 1}")
    ends = [f"block_{n}_skip" if f"block_{n}_skip" in names else f"block_{n}_project_bn" for n in blocks]
    features = [layers.GlobalAveragePooling2D(name=f"{end}_mean")(model.get_layer(end).output) for end in ends]
    features.append(model.get_layer("features").output)
    outputs = layers.Concatenate(name="all_features")(features) if blocks else features[0]
    return keras.Model(model.input, outputs, name="features")
