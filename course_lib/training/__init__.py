"""PyTorch's training loop, and the record of a training. Keras brings its own loop: here it has the record only."""
