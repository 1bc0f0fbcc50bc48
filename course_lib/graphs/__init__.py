"""The forward pass of a network as a list of operations, in one vocabulary for Keras and PyTorch.

`in_keras.read` and `in_torch.read` make a `graph.Graph` of a network; `parity` compares two, `summary` prints one.
"""
