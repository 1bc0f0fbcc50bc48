"""Lab 05_side_by_side: a Keras network becomes a PyTorch network: its images, its weights, its layers, its steps.

Answers of either framework are accepted, and get the same words. Neither is imported before an answer needs it.
"""

from typing import Any

import numpy as np

from course_lib.marking.exercise import exercise, mistake
from course_lib.marking.inputs import Drawn, case
from course_lib.marking.networks import is_network, outputs, set_weights, weights


def floats(*shape: int) -> Drawn:
    """Normally distributed float32, the numbers of networks."""
    return Drawn(lambda rng: rng.normal(size=shape).astype(np.float32))


def _in_torch(*axes):
    def move(array):
        import torch

        return torch.from_numpy(array).permute(*axes)

    return move


def _in_keras(*axes):
    def move(array):
        import keras

        return keras.ops.transpose(array, axes)

    return move


# ---- Images ----------------------------------------------------------------------------------------

image_to_torch = exercise(
    "image_to_torch",
    task="image_to_torch(images): images (n, height, width, channels) as PyTorch wants them, (n, channels, height, "
    "width).",
    reference=_in_torch(0, 3, 1, 2),
    second=_in_keras(0, 3, 1, 2),
    inputs=[
        case("two wide images", images=floats(2, 3, 5, 4)),
        case("three images of equal sides", images=floats(3, 3, 3, 3)),
        case("a single grey image", images=floats(1, 4, 2, 1)),
    ],
    mistakes=[
        mistake(
            "reshape",
            lambda images: images.reshape(len(images), images.shape[3], *images.shape[1:3]),
            "The shape is right, but a reshape moves no number in memory: each channel is now a mixture of all "
            "colours. Move the axis: transpose or permute.",
        ),
        mistake(
            "sides-swapped",
            lambda images: images.transpose(0, 3, 2, 1),
            "Height and width have changed places, so all images lie on their side. The order of axes is 0, 3, 1, 2.",
        ),
        mistake(
            "all-axes-turned",
            lambda images: images.T,
            "All axes are turned around, and the images come last. Only the channels move: 0, 3, 1, 2.",
        ),
        mistake(
            "channels-before-images",
            lambda images: images.transpose(3, 0, 1, 2),
            "The channels stand before the images. The first axis stays; the channels come second.",
        ),
        mistake(
            "way-back",
            lambda images: images.transpose(0, 2, 3, 1),
            "That is the way back, from PyTorch to Keras. transpose lists where each new axis comes from: 0, 3, 1, 2.",
        ),
        mistake("nothing-moved", lambda images: images, "Nothing has moved: the channels are still last."),
    ],
)

# ---- The kernel of a convolution -------------------------------------------------------------------

kernel_to_torch = exercise(
    "kernel_to_torch",
    task="kernel_to_torch(kernel): the kernel of a Keras convolution, (height, width, in, out), as the weight of "
    "PyTorch's, (out, in, height, width).",
    reference=_in_torch(3, 2, 0, 1),
    second=_in_keras(3, 2, 0, 1),
    inputs=[
        case("a wide kernel", kernel=floats(2, 3, 4, 5)),
        case("a kernel of equal sides", kernel=floats(3, 3, 3, 3)),
    ],
    mistakes=[
        mistake(
            "reshape",
            lambda kernel: kernel.reshape(*kernel.shape[:1:-1], *kernel.shape[:2]),
            "The shape is right, but a reshape moves no number in memory, and every filter is scrambled. Move the "
            "axes.",
        ),
        mistake(
            "all-axes-turned",
            lambda kernel: kernel.T,
            "Each filter is mirrored at its diagonal: .T turns all four axes around, also height and width. "
            "The order is 3, 2, 0, 1.",
        ),
        mistake(
            "inputs-outputs-swapped",
            lambda kernel: kernel.transpose(2, 3, 0, 1),
            "Inputs and outputs have changed places. PyTorch has the outputs first: 3, 2, 0, 1.",
        ),
        mistake(
            "filters-flipped",
            lambda kernel: kernel[::-1, ::-1].transpose(3, 2, 0, 1),
            "The filters are turned upside down. Neither framework flips a kernel, so there is nothing to undo.",
        ),
        mistake(
            "sides-first",
            lambda kernel: kernel.transpose(0, 1, 3, 2),
            "The filters are right, but height and width come first. PyTorch has them last: 3, 2, 0, 1.",
        ),
        mistake("nothing-moved", lambda kernel: kernel, "Nothing has moved. PyTorch wants (out, in, height, width)."),
    ],
)

# ---- The dense layer behind a Flatten --------------------------------------------------------------


def _dense(kernel, height, width, channels):
    return kernel.reshape(height, width, channels, -1).transpose(3, 2, 0, 1).reshape(kernel.shape[1], -1)


def _dense_by_order(kernel, height, width, channels):
    """For each place in PyTorch's flat image, the row of Keras' kernel."""
    import torch

    rows = torch.arange(len(kernel)).reshape(height, width, channels).permute(2, 0, 1).flatten()
    return torch.from_numpy(kernel)[rows].T


dense_after_flatten = exercise(
    "dense_after_flatten",
    task="dense_after_flatten(kernel, height, width, channels): the kernel (height * width * channels, out) of a dense "
    "layer behind Keras' Flatten as the weight (out, channels * height * width) behind PyTorch's.",
    reference=_dense,
    second=_dense_by_order,
    inputs=[
        case("a wide image", kernel=floats(24, 5), height=2, width=3, channels=4),
        case("equal sides", kernel=floats(27, 27), height=3, width=3, channels=3),
    ],
    mistakes=[
        mistake(
            "transposed-only",
            lambda kernel, height, width, channels: kernel.T,
            "The shape is right, but the inputs stand in Keras' order. PyTorch flattens channel by channel, Keras "
            "pixel by pixel: bring the rows into PyTorch's order first.",
        ),
        mistake(
            "not-transposed",
            lambda *given: _dense(*given).T,
            "The order of the inputs is right, but PyTorch stores (out, in). Transpose it at the end.",
        ),
        mistake(
            "channels-taken-first",
            lambda kernel, height, width, channels: (
                kernel.reshape(channels, height, width, -1).transpose(3, 1, 2, 0).reshape(kernel.shape[1], -1)
            ),
            "The rows of Keras run over height, then width, then channels: take them apart in that order, and move the "
            "channels to the front afterwards.",
        ),
        mistake(
            "column-by-column",
            lambda kernel, height, width, channels: (
                kernel.reshape(height, width, channels, -1).transpose(3, 2, 1, 0).reshape(kernel.shape[1], -1)
            ),
            "Within each channel you go column by column. PyTorch goes row by row: channels, height, width.",
        ),
        mistake(
            "reshape",
            lambda kernel, *size: kernel.reshape(kernel.shape[1], -1),
            "The shape is right, but a reshape of the whole kernel mixes inputs with outputs. Split only the first "
            "axis, into height, width and channels.",
        ),
    ],
)

# ---- The layers ------------------------------------------------------------------------------------


def _try_twin(build, height, width, channels, n_filters, n_classes, images):
    """Shapes first. Where they are right, known weights go in; then a batch in each mode."""
    network = build(height, width, channels, n_filters, n_classes)
    if not is_network(network):
        return network
    n_features = n_filters * (height // 2) * (width // 2)
    per_filter = [(n_filters,)] * 5  # bias, then scale, shift, running mean and running variance
    right = [(n_filters, channels, 3, 3), *per_filter, (n_classes, n_features), (n_classes,)]
    found = [part.shape for part in weights(network)]
    report: dict[str, Any] = {"the shapes of its arrays": ", ".join(map(str, found))}
    if found != right:
        return report
    rng = np.random.default_rng(n_features)
    # The running variances are small, so that epsilon matters.
    values = [rng.normal(0, 0.5, shape) if k != 5 else rng.uniform(0.001, 0.01, shape) for k, shape in enumerate(right)]
    set_weights(network, values)
    report["the outputs in inference mode"] = outputs(network, images)
    report["the outputs in training mode"] = outputs(network, images, training=True)
    report["the running mean behind it"] = weights(network)[4]
    return report


def _twin(height, width, channels, n_filters, n_classes, padding="same", norm=None, pool="MaxPool2d", last=(),
          early=False):  # fmt: skip
    """early: the ReLU stands before the batch norm."""
    from torch import nn

    n_features = n_filters * ((height - 2 * (padding == 0)) // 2) * ((width - 2 * (padding == 0)) // 2)
    settings: dict[str, Any] = {"eps": 1e-3, "momentum": 0.01} if norm is None else norm
    middle = [nn.BatchNorm2d(n_filters, **settings), nn.ReLU()]
    return nn.Sequential(
        nn.Conv2d(channels, n_filters, 3, padding=padding), *(reversed(middle) if early else middle),
        getattr(nn, pool)(2), nn.Flatten(), nn.Linear(n_features, n_classes), *[make(nn) for make in last],
    )  # fmt: skip


def _twin_in_keras(height, width, channels, n_filters, n_classes):
    import keras
    from keras import layers

    return keras.Sequential([
        keras.Input((height, width, channels)), layers.Conv2D(n_filters, 3, padding="same"),
        layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(n_classes),
    ])  # fmt: skip


def _twin_that(**settings):
    return lambda *given: _twin(*given, **settings)


build_twin = exercise(
    "build_twin",
    task="build_twin(height, width, channels, n_filters, n_classes): convolution 3 x 3 with padding, batch norm as in "
    "Keras, ReLU, max-pooling 2 x 2, flatten, dense; it returns logits.",
    reference=_twin,
    second=_twin_in_keras,
    trial=_try_twin,
    inputs=[
        case("wide colour images", height=4, width=6, channels=3, n_filters=5, n_classes=3, images=floats(6, 4, 6, 3)),
        case(
            "grey images of odd height",
            height=5,
            width=4,
            channels=1,
            n_filters=3,
            n_classes=2,
            images=floats(5, 5, 4, 1),
        ),
    ],
    mistakes=[
        mistake(
            "torch-epsilon",
            _twin_that(norm={"momentum": 0.01}),
            "The epsilon of the batch norm is PyTorch's, 0.00001. Keras adds 0.001 to the variance.",
        ),
        mistake(
            "torch-momentum",
            _twin_that(norm={"eps": 1e-3}),
            "The momentum of the batch norm is PyTorch's. Keras keeps 0.99 of the old mean; PyTorch's momentum is the "
            "share of the new one, so 0.01.",
        ),
        mistake(
            "torch-epsilon-and-momentum",
            _twin_that(norm={}),
            "The batch norm has PyTorch's epsilon and momentum. Keras adds 0.001 to the variance, and keeps 0.99 of "
            "the old mean, which PyTorch calls a momentum of 0.01.",
        ),
        mistake(
            "keras-momentum",
            _twin_that(norm={"eps": 1e-3, "momentum": 0.99}),
            "The momentum of the batch norm is written as in Keras, and means the opposite in PyTorch: there it is the "
            "share of the new mean. Write 1 - 0.99.",
        ),
        mistake(
            "no-padding",
            _twin_that(padding=0),
            'The convolution has no padding, so the image shrinks by two rows and two columns. Keras\' "same" is one '
            "row of zeros on every side here: padding=1.",
        ),
        mistake(
            "softmax",
            _twin_that(last=[lambda nn: nn.Softmax(dim=1)]),
            "It ends in a softmax. Return the logits: the loss applies the softmax, and twice is once too often.",
        ),
        mistake(
            "mean-pooling",
            _twin_that(pool="AvgPool2d"),
            "It takes means over 2 x 2 pixels. The network keeps the largest of them: max-pooling.",
        ),
        mistake(
            "relu-first",
            _twin_that(early=True),
            "The ReLU stands before the batch norm. Here the batch norm comes first.",
        ),
    ],
)

# ---- The steps -------------------------------------------------------------------------------------


def _try_optimiser(twin_optimiser, settings, weights, gradients):
    """Give it one gradient after the other, and look at rate and weights behind each."""
    import torch

    parameter = torch.nn.Parameter(torch.tensor(weights))
    found = twin_optimiser([parameter], settings)
    if found is None or found is ...:
        return found
    optimiser, schedule = found if isinstance(found, tuple | list) else (found, None)
    rates, path = [], []
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if schedule is not None:
            schedule.step()
        path.append(parameter.detach().clone().numpy())
    return {"the learning rates": np.array(rates), "the weights behind each step": np.array(path)}


def _optimiser(parameters, settings, factor=lambda decay, step: 1 / (1 + decay * step), weight_decay=False, **changes):
    import torch

    settings = {**settings, **{key: value for key, value in changes.items() if key in settings}}
    rate, decay = settings["learning_rate"], settings["decay"]
    shrink = {"weight_decay": decay} if weight_decay else {}
    if settings["kind"] == "SGD":
        momentum = {key: settings[key] for key in ("momentum", "nesterov")}
        optimiser = torch.optim.SGD(parameters, lr=rate, **momentum, **shrink)
    else:
        betas = settings["beta_1"], settings["beta_2"]
        optimiser = torch.optim.Adam(parameters, lr=rate, betas=betas, eps=settings["epsilon"], **shrink)
    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: factor(decay, step))


def _optimiser_by_hand(parameters, settings):
    """The update rules themselves, in a class of their own."""
    import torch

    class ByHand(torch.optim.Optimizer):
        def __init__(self):
            super().__init__(parameters, {"lr": settings["learning_rate"]})
            self.n_steps, self.first, self.second = 0, 0.0, 0.0

        @torch.no_grad()
        def step(self):  # pyright: ignore[reportIncompatibleMethodOverride] - a closure is never handed over
            (group,) = self.param_groups
            (p,), rate = group["params"], group["lr"]
            self.n_steps += 1
            if settings["kind"] == "SGD":
                self.first = settings["momentum"] * self.first + p.grad
                p -= rate * (p.grad + settings["momentum"] * self.first if settings["nesterov"] else self.first)
                return
            b1, b2 = settings["beta_1"], settings["beta_2"]
            self.first = b1 * self.first + (1 - b1) * p.grad
            self.second = b2 * self.second + (1 - b2) * p.grad**2
            mean, square = self.first / (1 - b1**self.n_steps), self.second / (1 - b2**self.n_steps)
            p -= rate * mean / (square.sqrt() + settings["epsilon"])

    class InverseTime:
        def __init__(self, optimiser):
            self.optimiser, self.n_steps = optimiser, 0

        def step(self):
            self.n_steps += 1
            self.optimiser.param_groups[0]["lr"] = settings["learning_rate"] / (1 + settings["decay"] * self.n_steps)

    optimiser = ByHand()
    return optimiser, InverseTime(optimiser)


def _optimiser_that(**settings):
    return lambda *given: _optimiser(*given, **settings)


_SGD = {"kind": "SGD", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False, "decay": 0.0}
_ADAM = {"kind": "Adam", "learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 0.001, "decay": 0.0}
_STEPS = {"weights": floats(4), "gradients": floats(5, 4)}

twin_optimiser = exercise(
    "twin_optimiser",
    task="twin_optimiser(parameters, settings) -> (optimiser, schedule): PyTorch's optimiser with the settings of a "
    "Keras one, and a schedule, stepped behind every step, for the rate learning_rate / (1 + decay * steps so far).",
    reference=_optimiser,
    second=_optimiser_by_hand,
    trial=_try_optimiser,
    tolerance=1e-5,
    inputs=[
        case("SGD with momentum", settings=_SGD, **_STEPS),
        case("SGD with Nesterov momentum", settings={**_SGD, "nesterov": True}, **_STEPS),
        case("SGD with a decay", settings={**_SGD, "momentum": 0.0, "decay": 0.5}, **_STEPS),
        case("Adam", settings=_ADAM, **_STEPS),
    ],
    mistakes=[
        mistake(
            "weight-decay",
            _optimiser_that(weight_decay=True, factor=lambda decay, step: 1),
            "The decay of Keras lowers the learning rate. PyTorch's weight_decay pulls the weights towards zero, "
            "which is something else. Use a schedule.",
        ),
        mistake(
            "no-schedule",
            _optimiser_that(factor=lambda decay, step: 1),
            "The learning rate never falls. Return a schedule too, for instance a LambdaLR with 1 / (1 + decay * "
            "step).",
        ),
        mistake(
            "one-step-early",
            _optimiser_that(factor=lambda decay, step: 1 / (1 + decay * (step + 1))),
            "The first step is already taken with a lower rate. At step 0 the factor is 1.",
        ),
        mistake(
            "power",
            _optimiser_that(factor=lambda decay, step: (1 - decay) ** step),
            "The learning rate falls like a power. Keras' decay divides by 1 + decay * step.",
        ),
        mistake(
            "no-momentum",
            _optimiser_that(momentum=0.0, nesterov=False),
            "The momentum is missing; PyTorch's SGD has none by default.",
        ),
        mistake(
            "no-nesterov", _optimiser_that(nesterov=False), "Nesterov's momentum is missing: pass nesterov on as well."
        ),
        mistake(
            "default-epsilon",
            _optimiser_that(epsilon=1e-8),
            'Adam has PyTorch\'s epsilon, and not the one that is given: eps=settings["epsilon"].',
        ),
        mistake(
            "default-betas",
            _optimiser_that(beta_1=0.9, beta_2=0.999),
            'Adam has PyTorch\'s default betas: betas=(settings["beta_1"], settings["beta_2"]).',
        ),
    ],
)

EXERCISES = [image_to_torch, kernel_to_torch, dense_after_flatten, build_twin, twin_optimiser]
