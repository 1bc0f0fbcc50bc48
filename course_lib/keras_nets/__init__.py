"""The networks of this course in Keras; `torch_nets` has the same under the same names."""
