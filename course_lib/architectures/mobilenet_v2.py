"""MobileNetV2: Sandler et al. (2018), table 2. The first network of inverted residuals; all kernels are 3 by 3.

for stride, expansion, channels in BLOCKS: ...    # seventeen inverted residuals
"""

STEM, HEAD = 32, 1280  # channels before the first block and behind the last

# expansion, channels, blocks, stride of the first block: the paper's t, c, n, s
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
BLOCKS = tuple(
    (stride if number == 0 else 1, expansion, channels)
    for expansion, channels, n_blocks, stride in STAGES
    for number in range(n_blocks)
)
