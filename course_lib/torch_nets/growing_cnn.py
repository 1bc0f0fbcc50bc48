"""Five networks for CIFAR-10, each one idea larger than the one before.

`course_lib.keras_nets.growing_cnn` has the same networks.
"""

from torch import nn

from course_lib.architectures.growing_cnn import HIDDEN, STEPS
from course_lib.torch_nets.start import start_like_keras


def growing_cnn(step: int, n_classes: int = 10, dropout: bool = True) -> nn.Sequential:
    """Images (n, 3, 32, 32) -> logits (n, n_classes). Raises ValueError for a step that is not there.

    1   two convolutions with 32 channels, pooling                1,060,138 parameters
    2   two more with 64                                            591,274
    3   two more with 128                                           550,570
    4   dropout after each pooling, and He's start                  550,570
    5   batch norm after each convolution                           551,466, and 896 running statistics
    """
    if step not in STEPS:
        raise ValueError(f"there is no step {step!r}: the steps are 1 to 5")
    table = STEPS[step]
    parts, n_in, side = [], 3, 32
    for channels, rate in table.blocks:
        for _ in range(2):
            parts += [nn.Conv2d(n_in, channels, 3, padding="same"), nn.ReLU()]
            parts += [nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)] if table.batch_norm else []  # Keras' settings
            n_in = channels
        parts.append(nn.MaxPool2d(2))
        parts += [nn.Dropout(rate * dropout)] if rate else []
        side //= 2
    hidden = nn.Sequential(*parts, nn.Flatten(), nn.Linear(side * side * n_in, HIDDEN))
    hidden = start_like_keras(hidden, he=table.he_start)
    return nn.Sequential(*hidden, nn.ReLU(), *start_like_keras(nn.Sequential(nn.Linear(HIDDEN, n_classes))))
