"""The convolutional network of the MNIST pages: two convolutions, one pooling, two dense layers.

`course_lib.torch_nets.mnist_cnn` is the same network.
"""

import keras
from keras import layers


def mnist_cnn(n_classes: int = 10, dropout: bool = True) -> keras.Model:
    """Images (n, 28, 28, 1) -> logits (n, n_classes). 1,199,882 parameters."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25 * dropout),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5 * dropout),
            layers.Dense(n_classes),
        ],
        name="mnist_cnn",
    )
