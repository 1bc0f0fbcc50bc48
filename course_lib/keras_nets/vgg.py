"""VGG's convolutions with a small head: Simonyan and Zisserman (2015), configurations A, D and E.

`course_lib.torch_nets.vgg` has the same networks.
"""

import keras
from keras import layers

from course_lib.architectures.vgg import CONFIGURATIONS


def vgg(n_layers: int, n_classes: int = 10, size: int = 32) -> keras.Model:
    """Images (n, size, size, 3) -> logits (n, n_classes): convolutions, the mean over all pixels, one dense layer.

    n_layers is 11, 16 or 19: the convolutions, and the three dense layers of the paper, of which one is here.
    The convolutions have 9,220,480, 14,714,688 and 20,024,384 parameters. Raises ValueError for another number of
    layers, and for a size below 32.
    """
    if size < 32:
        raise ValueError(f"five poolings halve the image five times: size is 32 or more, not {size}")
    head = [layers.GlobalAveragePooling2D(), layers.Dense(n_classes)]
    parts = [keras.Input((size, size, 3)), *convolution_layers(n_layers), *head]
    return keras.Sequential(parts, name=f"vgg{n_layers}")


def convolutions(n_layers: int) -> keras.Model:
    """The network without its head: images (n, height, width, 3) -> (n, height // 32, width // 32, 512).

    Layers have names: conv1_1, conv1_2, ... pool5; behind each convolution is its ReLU. Raises ValueError for
    another number of layers.
    """
    parts = [keras.Input((None, None, 3)), *convolution_layers(n_layers)]
    return keras.Sequential(parts, name=f"vgg{n_layers}_convolutions")


def convolution_layers(n_layers: int) -> list[keras.Layer]:
    if n_layers not in CONFIGURATIONS:
        raise ValueError(f"there is no VGG with {n_layers} layers: there are {', '.join(map(str, CONFIGURATIONS))}")
    parts: list[keras.Layer] = []
    for block, (n_convs, channels) in enumerate(CONFIGURATIONS[n_layers], start=1):
        for number in range(1, n_convs + 1):
            parts.append(layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"conv{block}_{number}"))
        parts.append(layers.MaxPooling2D(name=f"pool{block}"))
    return parts


def vgg16(n_classes: int = 10, size: int = 32) -> keras.Model:
    """`vgg(16)`: 13 convolutions, with 14,714,688 parameters as in keras.applications."""
    return vgg(16, n_classes, size)
