"""VGG16's convolutions with a small head: Simonyan and Zisserman (2015), configuration D.

`course_lib.keras_nets.vgg16` is the same network.
"""

from torch import nn

from course_lib.torch_nets.start import start_like_keras

BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))  # convolutions, channels


def vgg16(n_classes: int = 10, size: int = 32) -> nn.Sequential:
    """Images (n, 3, size, size) -> logits (n, n_classes): 13 convolutions, the mean over all pixels, one dense layer.

    14,714,688 parameters in the convolutions, as in keras.applications; size is 32 or more.
    """
    if size < 32:
        raise ValueError(f"five poolings halve the image five times: size is 32 or more, not {size}")
    parts, n_in = [], 3
    for n_convs, channels in BLOCKS:
        for _ in range(n_convs):
            parts += [nn.Conv2d(n_in, channels, 3, padding="same"), nn.ReLU()]
            n_in = channels
        parts.append(nn.MaxPool2d(2))
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_in, n_classes)]
    return start_like_keras(nn.Sequential(*parts, *head))
