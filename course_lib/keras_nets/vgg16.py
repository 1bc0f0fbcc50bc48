"""VGG16's convolutions with a small head: Simonyan and Zisserman (2015), configuration D.

`course_lib.torch_nets.vgg16` is the same network.
"""

import keras
from keras import layers

BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))  # convolutions, channels


def vgg16(n_classes: int = 10, size: int = 32) -> keras.Model:
    """Images (n, size, size, 3) -> logits (n, n_classes): 13 convolutions, the mean over all pixels, one dense layer.

    14,714,688 parameters in the convolutions, as in keras.applications; size is 32 or more.
    """
    if size < 32:
        raise ValueError(f"five poolings halve the image five times: size is 32 or more, not {size}")
    parts = [keras.Input((size, size, 3))]
    for n_convs, channels in BLOCKS:
        parts += [layers.Conv2D(channels, 3, padding="same", activation="relu") for _ in range(n_convs)]
        parts.append(layers.MaxPooling2D())
    return keras.Sequential([*parts, layers.GlobalAveragePooling2D(), layers.Dense(n_classes)], name="vgg16")
