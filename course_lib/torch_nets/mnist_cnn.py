"""The convolutional network of the MNIST pages: two convolutions, one pooling, two dense layers.

`course_lib.keras_nets.mnist_cnn` is the same network.
"""

from torch import nn

from course_lib.torch_nets.start import start_like_keras


def mnist_cnn(n_classes: int = 10, dropout: bool = True) -> nn.Sequential:
    """Images (n, 1, 28, 28) -> logits (n, n_classes). 1,199,882 parameters."""
    return start_like_keras(
        nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(),
            nn.Conv2d(32, 64, 3), nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.25 * dropout),
            nn.Flatten(),
            nn.Linear(12 * 12 * 64, 128), nn.ReLU(),
            nn.Dropout(0.5 * dropout),
            nn.Linear(128, n_classes),
        )
    )  # fmt: skip
