"""The perceptron for digits: 784 pixels, two hidden layers, ten classes."""

N_IN, HIDDEN, N_CLASSES = 784, (256, 128), 10
