"""EfficientNet-Lite: the stages of Tan and Le (2019), and how Lite1 and Lite2 grow out of Lite0.

    for kernel, stride, expansion, channels in LITE0.blocks: ...    # sixteen inverted residuals

The scaling is that of the authors' own program: the stem, the head and the numbers of blocks in the first and the
last stage are those of Lite0 in all of them.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

STEM, HEAD = 32, 1280  # channels before the first block and behind the last


class Block(NamedTuple):
    """One inverted residual: the expansion is how many times as wide it is inside."""

    kernel: int
    stride: int
    expansion: int
    channels: int


# kernel, stride of the first block, expansion, channels, blocks: table 1 of the paper, rows 2 to 8
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


@dataclass(frozen=True)
class Lite:
    """One network of the family: its width and depth as multiples of Lite0's, the side of its images, its dropout."""

    name: str
    width: float
    depth: float
    size: int
    dropout: float

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, the first one first."""
        found = []
        for number, (kernel, stride, expansion, channels, n_blocks) in enumerate(STAGES):
            inner = 0 < number < len(STAGES) - 1
            n_blocks = math.ceil(self.depth * n_blocks) if inner else n_blocks
            wide = multiple_of_8(self.width * channels)
            found += [Block(kernel, stride if i == 0 else 1, expansion, wide) for i in range(n_blocks)]
        return tuple(found)


def multiple_of_8(channels: float) -> int:
    """The nearest multiple of 8, but never less than nine tenths of what was asked for."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


LITE0 = Lite("efficientnet_lite0", width=1.0, depth=1.0, size=224, dropout=0.2)
LITE1 = Lite("efficientnet_lite1", width=1.0, depth=1.1, size=240, dropout=0.2)
LITE2 = Lite("efficientnet_lite2", width=1.1, depth=1.2, size=260, dropout=0.3)
