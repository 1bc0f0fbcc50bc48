"""MiniVGGNet: VGG's pairs of 3x3 convolutions (Simonyan and Zisserman 2015), small, with batch norm after each ReLU.

`course_lib.keras_nets.mini_vggnet` is the same network.
"""

from typing import Any

from torch import nn

from course_lib.architectures.mini_vggnet import CHANNELS, DROPOUT, HIDDEN
from course_lib.torch_nets.start import start_like_keras

KERAS_NORM: dict[str, Any] = {"eps": 1e-3, "momentum": 0.01}  # PyTorch's own are 1e-5 and 0.1


def mini_vggnet(n_classes: int = 10, dropout: bool = True) -> nn.Sequential:
    """Images (n, 3, 32, 32) -> logits (n, n_classes). 2,169,770 parameters; 1,408 running statistics."""
    parts, n_in = [], 3
    for channels in CHANNELS:
        for _ in range(2):
            parts += [nn.Conv2d(n_in, channels, 3, padding="same"), nn.ReLU(), nn.BatchNorm2d(channels, **KERAS_NORM)]
            n_in = channels
        parts += [nn.MaxPool2d(2), nn.Dropout(DROPOUT[0] * dropout)]
    parts += [nn.Flatten(), nn.Linear(8 * 8 * n_in, HIDDEN), nn.ReLU(), nn.BatchNorm1d(HIDDEN, **KERAS_NORM)]
    return start_like_keras(nn.Sequential(*parts, nn.Dropout(DROPOUT[1] * dropout), nn.Linear(HIDDEN, n_classes)))
