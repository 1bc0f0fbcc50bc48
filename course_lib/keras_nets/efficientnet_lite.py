"""EfficientNet-Lite0: Tan and Le (2019), without squeeze-and-excitation and with ReLU6 in place of swish.

The Lite networks are EfficientNets for small devices: what runs badly on them, or in eight-bit integers, was
left out. What remains is the inverted residual block of MobileNetV2 (Sandler et al. 2018), sixteen times.

    model = efficientnet_lite0()                   # images (n, height, width, 3) -> logits (n, 1000)
    features = feature_extractor(model, (11, 14))  # images -> (n, 192 + 192 + 1280), the same weights

Images are float32, RGB, (pixel - 127) / 128, of any height and width; the paper's are 224 by 224.
`course_lib.torch_nets.efficientnet_lite` is the same network.
"""

from collections.abc import Sequence

import keras
from keras import layers

# kernel, stride of the first block, expansion, channels, blocks: table 1 of the paper, rows 2 to 8
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
N_BLOCKS = sum(stage[-1] for stage in STAGES)


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


def efficientnet_lite0(n_classes: int = 1000, dropout: float = 0.2) -> keras.Model:
    """The network with new weights: features (n, 1280), dropout, and one dense layer that gives logits.

    4,652,008 trainable parameters with 1,000 classes; the running means and variances of batch norm, which
    PyTorch does not count as parameters, add 42,016. Stochastic depth, which the authors trained with, is left out.
    """
    images = keras.Input((None, None, 3), name="images")
    x = norm(conv(images, 32, 3, 2, "stem"), "stem_bn")
    number = 0
    for kernel, first_stride, expansion, channels, n_blocks in STAGES:
        for stride in (first_stride, *[1] * (n_blocks - 1)):
            x = block(x, channels, kernel, stride, expansion, f"block_{number}")
            number += 1
    x = norm(conv(x, 1280, 1, 1, "head"), "head_bn")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(images, layers.Dense(n_classes, name="classifier")(x), name="efficientnet_lite0")


def feature_extractor(model: keras.Model, blocks: Sequence[int] = ()) -> keras.Model:
    """The network without its last layer: (n, 1280), after the means over the outputs of `blocks` (0 to 15).

    It shares its weights with `model`: training one trains both. Put a new head behind it to adapt it.
    Raises ValueError for a block that is not there.
    """
    if unknown := [number for number in blocks if number not in range(N_BLOCKS)]:
        raise ValueError(f"there is no block {unknown[0]}: the blocks have the numbers 0 to {N_BLOCKS - 1}")
    names = {layer.name for layer in model.layers}
    ends = [f"block_{n}_skip" if f"block_{n}_skip" in names else f"block_{n}_project_bn" for n in blocks]
    features = [layers.GlobalAveragePooling2D(name=f"{end}_mean")(model.get_layer(end).output) for end in ends]
    features.append(model.get_layer("features").output)
    outputs = layers.Concatenate(name="all_features")(features) if blocks else features[0]
    return keras.Model(model.input, outputs, name="features")
