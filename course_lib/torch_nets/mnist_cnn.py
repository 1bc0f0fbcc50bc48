"""The convolutional network of the MNIST pages: two convolutions, one pooling, two dense layers.

`course_lib.keras_nets.mnist_cnn` is the same network.
"""

from torch import nn

from course_lib.architectures.mnist_cnn import CHANNELS, DROPOUT, HIDDEN, KERNEL
from course_lib.torch_nets.start import start_like_keras


def mnist_cnn(n_classes: int = 10, dropout: bool = True) -> nn.Sequential:
    """Images (n, 1, 28, 28) -> logits (n, n_classes). 1,199,882 parameters."""
    first, second = CHANNELS
    return start_like_keras(
        nn.Sequential(
            nn.Conv2d(1, first, KERNEL), nn.ReLU(),
            nn.Conv2d(first, second, KERNEL), nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(DROPOUT[0] * dropout),
            nn.Flatten(),
            nn.Linear(12 * 12 * second, HIDDEN), nn.ReLU(),
            nn.Dropout(DROPOUT[1] * dropout),
            nn.Linear(HIDDEN, n_classes),
        )
    )  # fmt: skip
