"""A small network for CIFAR-10: two convolutions with pooling, one hidden dense layer.

`course_lib.keras_nets.small_cnn` is the same network.
"""

from torch import nn

from course_lib.architectures.small_cnn import CHANNELS, HIDDEN, KERNEL
from course_lib.torch_nets.start import start_like_keras


def small_cnn(n_classes: int = 10) -> nn.Sequential:
    """Images (n, 3, 32, 32) -> logits (n, n_classes). 225,610 parameters, nine tenths of them in one dense layer."""
    first, second = CHANNELS
    return start_like_keras(
        nn.Sequential(
            nn.Conv2d(3, first, KERNEL), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(first, second, KERNEL), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(5 * 5 * second, HIDDEN), nn.ReLU(),
            nn.Linear(HIDDEN, n_classes),
        )
    )  # fmt: skip
