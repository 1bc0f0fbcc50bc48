"""The networks of this course in PyTorch; `keras_nets` has the same under the same names."""
