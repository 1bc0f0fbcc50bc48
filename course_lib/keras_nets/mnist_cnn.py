"""The convolutional network of the MNIST pages: two convolutions, one pooling, two dense layers.

`course_lib.torch_nets.mnist_cnn` is the same network.
"""

import keras
from keras import layers

from course_lib.architectures.mnist_cnn import CHANNELS, DROPOUT, HIDDEN, KERNEL


def mnist_cnn(n_classes: int = 10, dropout: bool = True) -> keras.Model:
    """Images (n, 28, 28, 1) -> logits (n, n_classes). 1,199,882 parameters."""
    first, second = CHANNELS
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(first, KERNEL, activation="relu"),
            layers.Conv2D(second, KERNEL, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(DROPOUT[0] * dropout),
            layers.Flatten(),
            layers.Dense(HIDDEN, activation="relu"),
            layers.Dropout(DROPOUT[1] * dropout),
            layers.Dense(n_classes),
        ],
        name="mnist_cnn",
    )
