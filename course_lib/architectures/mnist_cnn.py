"""The convolutional network of the MNIST pages."""

KERNEL, CHANNELS = 3, (32, 64)
HIDDEN = 128
DROPOUT = (0.25, 0.5)  # before the hidden layer, and behind it
