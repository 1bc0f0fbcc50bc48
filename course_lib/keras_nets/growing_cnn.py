"""Five networks for CIFAR-10, each one idea larger than the one before.

`course_lib.torch_nets.growing_cnn` has the same networks.
"""

from typing import Any

import keras
from keras import layers

from course_lib.architectures.growing_cnn import HIDDEN, STEPS


def growing_cnn(step: int, n_classes: int = 10, dropout: bool = True) -> keras.Model:
    """Images (n, 32, 32, 3) -> logits (n, n_classes). Raises ValueError for a step that is not there.

    1   two convolutions with 32 channels, pooling                1,060,138 parameters
    2   two more with 64                                            591,274
    3   two more with 128                                           550,570
    4   dropout after each pooling, and He's start                  550,570
    5   batch norm after each convolution                           551,466, and 896 running statistics
    """
    if step not in STEPS:
        raise ValueError(f"there is no step {step!r}: the steps are 1 to 5")
    table = STEPS[step]
    parts = [keras.Input((32, 32, 3))]
    start = "he_uniform" if table.he_start else "glorot_uniform"
    settings: dict[str, Any] = {"activation": "relu", "kernel_initializer": start}
    for channels, rate in table.blocks:
        for _ in range(2):
            parts.append(layers.Conv2D(channels, 3, padding="same", **settings))
            parts += [layers.BatchNormalization()] if table.batch_norm else []
        parts.append(layers.MaxPooling2D())
        parts += [layers.Dropout(rate * dropout)] if rate else []
    parts += [layers.Flatten(), layers.Dense(HIDDEN, **settings)]
    return keras.Sequential([*parts, layers.Dense(n_classes)], name=f"growing_cnn_{step}")
