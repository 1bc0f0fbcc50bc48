"""Weights from one framework to the other."""

import keras
import numpy as np
import torch
from torch import nn

from course_lib.parity.pairs import paired


def copy_weights(source: keras.Model | nn.Module, target: keras.Model | nn.Module) -> None:
    """Give `target` the weights and running statistics of `source`, which is the same network elsewhere.

    Nothing is copied when anything does not fit, or cannot be proved to be the same: ParityError names the layer, and
    what is unequal about it.
    """
    into_torch = isinstance(source, keras.Model)
    pairs = paired(source, target) if into_torch else paired(target, source)
    with torch.no_grad():
        for pair in pairs:
            if into_torch:
                pair.tensor.copy_(torch.from_numpy(np.array(pair.to_torch(pair.variable.numpy()))))
            else:
                pair.variable.assign(pair.to_keras(pair.tensor.detach().cpu().numpy()))
