"""A small network for CIFAR-10: two convolutions with pooling, one hidden dense layer.

`course_lib.torch_nets.small_cnn` is the same network.
"""

import keras
from keras import layers

from course_lib.architectures.small_cnn import CHANNELS, HIDDEN, KERNEL


def small_cnn(n_classes: int = 10) -> keras.Model:
    """Images (n, 32, 32, 3) -> logits (n, n_classes). 225,610 parameters, nine tenths of them in one dense layer."""
    first, second = CHANNELS
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(first, KERNEL, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(second, KERNEL, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(HIDDEN, activation="relu"),
            layers.Dense(n_classes),
        ],
        name="small_cnn",
    )
