"""VGG's convolutions with a small head: Simonyan and Zisserman (2015), configurations A, D and E.

`course_lib.keras_nets.vgg` has the same networks.
"""

from torch import nn

from course_lib.architectures.vgg import CONFIGURATIONS
from course_lib.torch_nets.start import start_like_keras


def vgg(n_layers: int, n_classes: int = 10, size: int = 32) -> nn.Sequential:
    """Images (n, 3, size, size) -> logits (n, n_classes): convolutions, the mean over all pixels, one dense layer.

    n_layers is 11, 16 or 19: the convolutions, and the three dense layers of the paper, of which one is here.
    The convolutions have 9,220,480, 14,714,688 and 20,024,384 parameters. Raises ValueError for another number of
    layers, and for a size below 32.
    """
    if n_layers not in CONFIGURATIONS:
        raise ValueError(f"there is no VGG with {n_layers} layers: there are {', '.join(map(str, CONFIGURATIONS))}")
    if size < 32:
        raise ValueError(f"five poolings halve the image five times: size is 32 or more, not {size}")
    parts, n_in = [], 3
    for n_convs, channels in CONFIGURATIONS[n_layers]:
        for _ in range(n_convs):
            parts += [nn.Conv2d(n_in, channels, 3, padding="same"), nn.ReLU()]
            n_in = channels
        parts.append(nn.MaxPool2d(2))
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_in, n_classes)]
    return start_like_keras(nn.Sequential(*parts, *head))


def vgg16(n_classes: int = 10, size: int = 32) -> nn.Sequential:
    """`vgg(16)`: 13 convolutions, with 14,714,688 parameters as in keras.applications."""
    return vgg(16, n_classes, size)
