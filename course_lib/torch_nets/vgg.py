"""VGG's convolutions with a small head: Simonyan and Zisserman (2015), configurations A, D and E.

`course_lib.keras_nets.vgg` has the same networks.
"""

from collections import OrderedDict

from torch import nn

from course_lib.architectures.vgg import CONFIGURATIONS
from course_lib.torch_nets.start import start_like_keras


def vgg(n_layers: int, n_classes: int = 10, size: int = 32) -> nn.Sequential:
    """Images (n, 3, size, size) -> logits (n, n_classes): convolutions, the mean over all pixels, one dense layer.

    n_layers is 11, 16 or 19: the convolutions, and the three dense layers of the paper, of which one is here.
    The convolutions have 9,220,480, 14,714,688 and 20,024,384 parameters. Raises ValueError for another number of
    layers, and for a size below 32.
    """
    if size < 32:
        raise ValueError(f"five poolings halve the image five times: size is 32 or more, not {size}")
    body = convolutions(n_layers)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CONFIGURATIONS[n_layers][-1][1], n_classes)]
    return start_like_keras(nn.Sequential(*body, *head))


def convolutions(n_layers: int) -> nn.Sequential:
    """The network without its head: images (n, 3, height, width) -> (n, 512, height // 32, width // 32).

    Layers have names: conv1_1, relu1_1, conv1_2, ... pool5. Raises ValueError for another number of layers.
    """
    if n_layers not in CONFIGURATIONS:
        raise ValueError(f"there is no VGG with {n_layers} layers: there are {', '.join(map(str, CONFIGURATIONS))}")
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    n_in = 3
    for block, (n_convs, channels) in enumerate(CONFIGURATIONS[n_layers], start=1):
        for number in range(1, n_convs + 1):
            parts[f"conv{block}_{number}"] = nn.Conv2d(n_in, channels, 3, padding="same")
            parts[f"relu{block}_{number}"] = nn.ReLU()
            n_in = channels
        parts[f"pool{block}"] = nn.MaxPool2d(2)
    return nn.Sequential(parts)


def vgg16(n_classes: int = 10, size: int = 32) -> nn.Sequential:
    """`vgg(16)`: 13 convolutions, with 14,714,688 parameters as in keras.applications."""
    return vgg(16, n_classes, size)
