"""Tables of networks, one module a family, without a framework: `keras_nets` and `torch_nets` both build from them."""
