"""A small network for CIFAR-10."""

KERNEL, CHANNELS = 4, (32, 32)  # of the convolutions, a pooling behind each
HIDDEN = 256
