"""How a network walks downhill: SGD with momentum, and Adam.

An optimiser moves one array, `parameters`, in place; usually `network.parameters`, but any array will do,
such as a point on a test surface. Both follow PyTorch's definitions and defaults to rounding error.

`weight_decay` is L2 regularisation: it adds `weight_decay * parameters` to the gradient, as if the loss had
the term weight_decay / 2 · Σθ². As in PyTorch it acts on all parameters, biases too. Keras'
`kernel_regularizer=l2(c)` spares the biases and has no half: c corresponds to weight_decay / 2.
"""

import numpy as np


class SGD:
    """Gradient descent, with a memory when `momentum` is above 0 (Polyak 1964):

    velocity = momentum · velocity + gradient,    parameters -= learning_rate · velocity.
    """

    def __init__(self, parameters: np.ndarray, learning_rate: float, momentum: float = 0.0, weight_decay: float = 0.0):
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocity = np.zeros_like(parameters)

    def step(self, gradient: np.ndarray, scale: float = 1.0) -> None:
        """Move once; a schedule changes the learning rate through `scale`."""
        if self.weight_decay:
            gradient = gradient + self.weight_decay * self.parameters
        if self.momentum:
            self.velocity *= self.momentum
            self.velocity += gradient
            gradient = self.velocity
        rate = float(scale * self.learning_rate)  # a NumPy float64 would turn float32 arrays into float64
        self.parameters -= rate * gradient


class Adam:
    """Every parameter gets a step of its own size (Kingma and Ba 2015, algorithm 1).

    mean and square are running averages of the gradient and of its square. They start at zero, so the
    first ones are too small by 1 - beta1^t and 1 - beta2^t, which the step makes up for.
    `epsilon` is 1e-8 as in the paper and in PyTorch; Keras takes 1e-7.
    """

    def __init__(
        self,
        parameters: np.ndarray,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.mean = np.zeros_like(parameters)
        self.square = np.zeros_like(parameters)
        self.n_steps = 0

    def step(self, gradient: np.ndarray, scale: float = 1.0) -> None:
        """Move once; a schedule changes the learning rate through `scale`."""
        if self.weight_decay:
            gradient = gradient + self.weight_decay * self.parameters
        self.n_steps += 1
        self.mean += (1 - self.beta1) * (gradient - self.mean)
        self.square += (1 - self.beta2) * (gradient * gradient - self.square)
        # Both corrections are single numbers, so they go into the rate and into epsilon (section 2 of the
        # paper): the same result, and two passes over all weights fewer.
        mean_part = 1 - self.beta1**self.n_steps
        square_part = (1 - self.beta2**self.n_steps) ** 0.5
        rate = float(scale * self.learning_rate * square_part / mean_part)
        self.parameters -= rate * self.mean / (np.sqrt(self.square) + self.epsilon * square_part)
