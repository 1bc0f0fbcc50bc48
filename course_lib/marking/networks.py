"""Networks as answers: a keras.Model and a PyTorch nn.Module are asked for the same things, in PyTorch's layout.

Whoever hands over a network has loaded its framework, so none is imported to look at it.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np


def is_torch(thing: Any) -> bool:
    return "torch" in sys.modules and isinstance(thing, sys.modules["torch"].nn.Module)


def is_keras(thing: Any) -> bool:
    return "keras" in sys.modules and isinstance(thing, sys.modules["keras"].Model)


def is_network(thing: Any) -> bool:
    return is_torch(thing) or is_keras(thing)


def weights(network: Any) -> list[np.ndarray]:
    """Weights and running statistics, layer after layer."""
    return [np.array(read()) for read, _ in slots(network)]


def set_weights(network: Any, values: list[np.ndarray]) -> None:
    for (_, write), value in zip(slots(network), values, strict=True):
        write(value)


def outputs(network: Any, x: np.ndarray, training: bool = False) -> np.ndarray:
    """What it says about x; images are (n, height, width, channels), as Keras has them. Its mode is put back."""
    x = np.asarray(x, np.float32)
    if is_keras(network):
        return np.array(network(x, training=training))
    import torch

    from course_lib.training.torch_loop import in_mode

    images = x.transpose(0, 3, 1, 2) if x.ndim == 4 else x
    with in_mode(network, training), torch.no_grad():
        return network(torch.from_numpy(np.ascontiguousarray(images))).numpy()


def slots(network: Any) -> list[tuple[Callable, Callable]]:
    """A pair of functions, read() and write(value), for each array of the network."""
    if is_torch(network):
        state = network.state_dict()  # these tensors are the network's own
        found = [tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")]
        torch = sys.modules["torch"]
        return [
            (tensor.numpy, lambda value, to=tensor: to.copy_(torch.from_numpy(np.array(value)))) for tensor in found
        ]
    from course_lib.parity import arrays_of, keras_layers, layouts

    found = []
    for layer, flattened in keras_layers(network):
        for part, variable in arrays_of(layer).items():
            forth, back = layouts(layer, part, flattened)
            found.append((
                lambda v=variable, forth=forth: forth(v.numpy()),
                lambda value, v=variable, back=back: v.assign(back(np.asarray(value))),
            ))  # fmt: skip
    return found
