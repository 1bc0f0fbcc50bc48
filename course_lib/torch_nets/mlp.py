"""A multi-layer perceptron: dense layers with ReLU between them.

`course_lib.keras_nets.mlp` is the same network.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from course_lib.architectures.mlp import HIDDEN, N_CLASSES, N_IN
from course_lib.torch_nets.start import start_like_keras


def mlp(hidden: Sequence[int] = HIDDEN, n_in: int = N_IN, n_classes: int = N_CLASSES) -> nn.Sequential:
    """Rows (n, n_in) -> logits (n, n_classes). 235,146 parameters as it stands, 109,386 with hidden=(128, 64)."""
    sizes = (n_in, *hidden)
    dense = [layer for n_from, n_to in pairwise(sizes) for layer in (nn.Linear(n_from, n_to), nn.ReLU())]
    return start_like_keras(nn.Sequential(*dense, nn.Linear(sizes[-1], n_classes)))
