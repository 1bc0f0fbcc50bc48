"""How weights start. The networks of `torch_nets` start as those of `keras_nets` do, so that a comparison is fair."""

from typing import TypeVar

from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def start_like_keras(model: Module, he: bool = False) -> Module:
    """Draw all weights anew, in place: Glorot and Bengio's uniform distribution (2010), biases zero; return `model`.

    PyTorch's own default is uniform within 1 / sqrt(fan_in) for weights and biases, a third of He's variance.
    he: He and others' uniform distribution (2015) for convolutions and dense layers.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            if he:
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            else:
                nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model
