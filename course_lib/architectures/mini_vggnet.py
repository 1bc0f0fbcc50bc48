"""MiniVGGNet: pairs of 3x3 convolutions, a pooling behind each pair."""

CHANNELS = (32, 64)
HIDDEN = 512
DROPOUT = (0.25, 0.5)  # behind each pooling, and behind the hidden layer
