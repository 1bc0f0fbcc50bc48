"""A table of a network's layers that reads the same in Keras and in PyTorch.

    print(summary(model))                   # a Keras model that knows its input
    print(summary(module, (28, 28, 1)))     # a PyTorch module: the shape of one example, channels last

Whoever has a network has loaded its framework, so the other one is not imported to look at it.
"""

import sys
from collections.abc import Sequence
from typing import Any

from course_lib.graphs.graph import GraphError
from course_lib.graphs.layers import Summary, layers_of


def summary(model: Any, input_shape: Sequence[int] | None = None) -> Summary:
    """The layers in the order of the forward pass, with the shapes of their outputs for one example of `input_shape`.

    Activations are written into the layer before them; zeros laid around an image are part of its convolution.
    GraphError where the network cannot be read, TypeError for what is no network.
    """
    if "torch" in sys.modules and isinstance(model, sys.modules["torch"].nn.Module):
        from course_lib.graphs import in_torch

        if input_shape is None:
            raise GraphError("a PyTorch module does not know its input: give the shape of one example, channels last")
        return Summary(layers_of(in_torch.read(model, input_shape), in_torch.counts(model)))
    if "keras" in sys.modules and isinstance(model, sys.modules["keras"].Model):
        from course_lib.graphs import in_keras

        graph = in_keras.read(model, input_shape)
        return Summary(layers_of(graph, in_keras.counts(graph)))
    raise TypeError(f"a network is a keras.Model or a torch.nn.Module, and this is a {type(model).__name__}")
