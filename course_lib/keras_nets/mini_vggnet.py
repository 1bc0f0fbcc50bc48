"""MiniVGGNet: VGG's pairs of 3x3 convolutions (Simonyan and Zisserman 2015), small, with batch norm after each ReLU.

`course_lib.torch_nets.mini_vggnet` is the same network.
"""

import keras
from keras import layers

from course_lib.architectures.mini_vggnet import CHANNELS, DROPOUT, HIDDEN


def mini_vggnet(n_classes: int = 10, dropout: bool = True) -> keras.Model:
    """Images (n, 32, 32, 3) -> logits (n, n_classes). 2,169,770 trainable parameters; 1,408 running statistics."""
    parts = [keras.Input((32, 32, 3))]
    for channels in CHANNELS:
        for _ in range(2):
            parts += [layers.Conv2D(channels, 3, padding="same", activation="relu"), layers.BatchNormalization()]
        parts += [layers.MaxPooling2D(), layers.Dropout(DROPOUT[0] * dropout)]
    parts += [layers.Flatten(), layers.Dense(HIDDEN, activation="relu"), layers.BatchNormalization()]
    return keras.Sequential([*parts, layers.Dropout(DROPOUT[1] * dropout), layers.Dense(n_classes)], name="mini_vggnet")
