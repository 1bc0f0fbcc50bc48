"""The same network in PyTorch, for comparison."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.scratch.layers import Activation, Dense
from course_lib.scratch.network import Network

TORCH_ACTIVATIONS = {
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(0.01),
    "softplus": nn.Softplus(),
    "elu": nn.ELU(),
    "swish": nn.SiLU(),
    "gelu": nn.GELU(),
    "gelu_tanh": nn.GELU(approximate="tanh"),
    "mish": nn.Mish(),
}


def build_twins(sizes, activation, seed) -> tuple[Network, nn.Sequential]:
    """A network with `sizes` units per layer and random biases, and its twin in float64 PyTorch."""
    rng = np.random.default_rng(seed)
    ours, theirs = [], []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        dense, linear = Dense(n_in, n_out, rng, init="glorot_normal"), nn.Linear(n_in, n_out).double()
        dense.b[:] = rng.normal(size=n_out)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(dense.W.T))
            linear.bias.copy_(torch.from_numpy(dense.b))
        ours += [dense, Activation(activation)]
        theirs += [linear, TORCH_ACTIVATIONS[activation]]
    return Network(ours[:-1]), nn.Sequential(*theirs[:-1])


def flatten(tensors) -> np.ndarray:
    """PyTorch's weights, biases or their gradients in the order of `Network.parameters`."""
    return np.concatenate([(t.T if t.ndim == 2 else t).detach().numpy().ravel() for t in tensors])


@pytest.fixture(scope="session")
def twins():
    return build_twins


@pytest.fixture(scope="session")
def flat():
    return flatten
