"""Five networks for CIFAR-10, each one idea larger than the one before."""

from typing import NamedTuple


class Step(NamedTuple):
    """blocks: channels of two 3x3 convolutions, and the rate of the dropout behind the pooling that follows."""

    blocks: tuple[tuple[int, float], ...]
    he_start: bool = False
    batch_norm: bool = False


HIDDEN = 128
STEPS = {
    1: Step(((32, 0),)),
    2: Step(((32, 0), (64, 0))),
    3: Step(((32, 0), (64, 0), (128, 0))),
    4: Step(((32, 0.2), (64, 0.2), (128, 0.3)), he_start=True),
    5: Step(((32, 0.2), (64, 0.3), (128, 0.3)), he_start=True, batch_norm=True),
}
