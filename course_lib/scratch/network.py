"""A chain of layers whose weights are one long vector.

To an optimiser a network is a point in a space with one axis per weight. We store it that way: all weights
lie end to end in `network.parameters`, their gradients likewise in `network.gradients`, and each layer's W
and b are windows on them. A step of gradient descent is then one line, and so are keeping the best weights,
checking gradients and walking through the loss landscape.
"""

import numpy as np

from course_lib.scratch.layers import Activation, Dense, Dropout

Layer = Dense | Activation | Dropout


class Network:
    """`layers` applied one after the other; rows of X are examples.

    parameters: (n_parameters,) of type `dtype`; float64 to check gradients, float32 to train fast.
    gradients: (n_parameters,) of the loss, filled by `backward`.

    A layer belongs to one network only.
    """

    def __init__(self, layers: list[Layer], dtype: type = np.float64):
        self.layers = list(layers)
        if len(set(map(id, self.layers))) < len(self.layers):
            raise ValueError("a layer stands in this list twice, but can remember only one input: make two layers")
        size = sum(getattr(layer, name).size for layer in self.layers for name in layer.parameter_names)
        self.parameters = np.empty(size, dtype)
        self.gradients = np.zeros(size, dtype)
        start = 0
        for layer in self.layers:
            for name in layer.parameter_names:
                drawn = getattr(layer, name)
                window = slice(start, start + drawn.size)
                self.parameters[window] = drawn.ravel()
                setattr(layer, name, self.parameters[window].reshape(drawn.shape))
                setattr(layer, "d" + name, self.gradients[window].reshape(drawn.shape))
                start += drawn.size

    @property
    def n_parameters(self) -> int:
        return self.parameters.size

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """The outputs (n_examples, n_out), for classes as logits; `training` switches dropout on."""
        x = np.asarray(X, self.parameters.dtype)  # one foreign array would drag all others to its type
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, gradient: np.ndarray, to_input: bool = False) -> np.ndarray | None:
        """Fill `gradients`, given the loss's gradient by the outputs of the last `forward`.

        With `to_input` the gradient by X comes back: which pixels would change the loss.
        """
        self._check_windows()
        for layer in reversed(self.layers[1:]):
            gradient = layer.backward(gradient)  # pyright: ignore[reportAssignmentType] - None only on request
        return self.layers[0].backward(gradient, to_input)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The outputs with dropout off; for classes as logits: the class is `predict(X).argmax(axis=1)`."""
        return self.forward(X, training=False)

    def _check_windows(self) -> None:
        for layer in self.layers:
            for name in layer.parameter_names:
                if getattr(layer, name).base is not self.parameters:
                    raise ValueError(
                        f"{name} of {layer} is no longer part of this network's parameters: fill "
                        f"it with layer.{name}[:] = ..., and give a layer to one network only"
                    )

    def __setstate__(self, state: dict) -> None:
        """Copies and unpickled networks get a vector of their own, with windows on it."""
        self.__init__(state["layers"], state["parameters"].dtype)

    def __repr__(self) -> str:
        return f"Network({', '.join(map(str, self.layers))}; {self.n_parameters:,} parameters)"
