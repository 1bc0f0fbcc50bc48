"""Is backpropagation right? Compare it with what the loss does when one weight moves a little."""

import numpy as np

from course_lib.scratch.losses import Loss
from course_lib.scratch.network import Network


def check_gradients(
    network: Network, loss: Loss, X: np.ndarray, y: np.ndarray, step: float = 1e-5, n_checked: int = 1000
) -> float:
    """The largest relative error of `network.backward` against central differences.

    Each derivative g is compared with (L(w + step) - L(w - step)) / (2 step), whose own error shrinks with
    step². Expect about 1e-7 or less; 1e-2 is a bug. A weight whose change carries a ReLU across its corner
    shows as an error too: if only few weights do, draw other X. Derivatives below a thousandth of the largest
    count as that large, for they drown in rounding.

    At most `n_checked` weights are tried, spread evenly over the network. Dropout is off. The weights are the
    same afterwards. Needs a network in float64.
    """
    if network.parameters.dtype != np.float64:
        raise ValueError(
            f"differences this small drown in {network.parameters.dtype}: build the network with dtype=np.float64"
        )

    _, gradient = loss(network.predict(X), y)
    network.backward(gradient)
    chosen = np.linspace(0, network.n_parameters - 1, min(n_checked, network.n_parameters)).astype(int)
    analytic = network.gradients[chosen]

    numeric = np.empty_like(analytic)
    for i, weight in enumerate(chosen):
        kept = network.parameters[weight]
        network.parameters[weight] = kept + step
        above, _ = loss(network.predict(X), y)
        network.parameters[weight] = kept - step
        below, _ = loss(network.predict(X), y)
        network.parameters[weight] = kept
        numeric[i] = (above - below) / (2 * step)

    size = np.maximum(abs(analytic), abs(numeric))
    if not size.any():
        return 0.0
    return float(np.max(abs(analytic - numeric) / np.maximum(size, 1e-3 * size.max())))
