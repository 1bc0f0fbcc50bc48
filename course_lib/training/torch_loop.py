"""PyTorch's training loop, written once.

    history = fit(model, train_loader, valid_loader, nn.CrossEntropyLoss(), optimiser, epochs=10)
    test = evaluate(model, test_loader, nn.CrossEntropyLoss())           # {"loss": ..., "accuracy": ...}

A loader gives pairs of inputs and targets. Whole numbers as targets are classes, and the largest output counts as
the answer; with other targets there is no accuracy. Other metrics are asked for by name, each a function of outputs
and targets that gives a mean over the batch:

    fit(..., metrics={"mae": F.l1_loss}).val_mae
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from course_lib.training.history import History

Loader = Iterable[tuple[torch.Tensor, torch.Tensor]]
Metrics = Mapping[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]


@dataclass
class Run:
    """A training under way: what a callback may read and change. `stop` ends it behind the epoch."""

    model: nn.Module
    optimiser: torch.optim.Optimizer
    history: History
    stop: bool = False


class Callback:
    """Something to do around a training; every method does nothing here."""

    def before_training(self, run: Run) -> None:
        """The history is not empty where a training goes on."""

    def after_epoch(self, run: Run) -> None:
        """The history has the new epoch already."""

    def after_training(self, run: Run) -> None:
        """Also where the epochs have run out."""


def train_epoch(
    model: nn.Module,
    loader: Loader,
    loss_fn: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
    metrics: Metrics | None = None,
) -> dict[str, float]:
    """Show every example once. Returns the means of loss, accuracy and metrics *while* the network was changing.

    schedule: steps behind every batch.
    """
    model.train()
    total = Means(device_of(model), metrics)
    for x, y in loader:
        x, y = x.to(total.device), y.to(total.device)
        optimiser.zero_grad()
        outputs = model(x)
        loss = loss_fn(outputs, y)
        loss.backward()
        optimiser.step()
        if schedule is not None:
            schedule.step()
        total.add(loss, outputs, y)
    return total.means()


def evaluate(model: nn.Module, loader: Loader, loss_fn: nn.Module, metrics: Metrics | None = None) -> dict[str, float]:
    """The means of loss, accuracy and metrics over all examples, in inference mode. The model's modes are put back."""
    total = Means(device_of(model), metrics)
    with in_mode(model, training=False), torch.no_grad():
        for x, y in loader:
            x, y = x.to(total.device), y.to(total.device)
            outputs = model(x)
            total.add(loss_fn(outputs, y), outputs, y)
    return total.means()


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Training or inference mode inside; then each part of the model gets its own mode back."""
    modes = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def fit(
    model: nn.Module,
    train_loader: Loader,
    valid_loader: Loader | None,
    loss_fn: nn.Module,
    optimiser: torch.optim.Optimizer,
    epochs: int,
    callbacks: Sequence[Callback] = (),
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
    history: History | None = None,
    metrics: Metrics | None = None,
) -> History:
    """Train until `history` has `epochs` entries, or a callback ends it; the history so far may be handed in.

    The loss is one that averages over a batch, as PyTorch's do by default.
    """
    run = Run(model, optimiser, history if history is not None else History())
    for callback in callbacks:
        callback.before_training(run)
    while len(run.history) < epochs and not run.stop:
        start = time.perf_counter()
        measured = train_epoch(model, train_loader, loss_fn, optimiser, schedule, metrics)
        if valid_loader is not None:
            valid = evaluate(model, valid_loader, loss_fn, metrics)
            measured |= {f"val_{name}": value for name, value in valid.items()}
        rate = optimiser.param_groups[0]["lr"]
        run.history.append(**measured, learning_rate=rate, seconds=time.perf_counter() - start)
        for callback in callbacks:
            callback.after_epoch(run)
    for callback in callbacks:
        callback.after_training(run)
    return run.history


class Means:
    """Sums over examples that stay on the device: asking a GPU for a number after every batch would make it wait."""

    def __init__(self, device: torch.device, metrics: Metrics | None = None):
        self.device, self.n, self.classes, self.metrics = device, 0, False, metrics or {}
        precise = torch.float64 if device.type != "mps" else torch.float32
        self.loss = torch.zeros((), dtype=precise, device=device)
        self.others = {name: torch.zeros((), dtype=precise, device=device) for name in self.metrics}
        self.right = torch.zeros((), dtype=torch.int64, device=device)

    def add(self, loss: torch.Tensor, outputs: torch.Tensor, y: torch.Tensor) -> None:
        self.n += len(y)
        self.loss += loss.detach() * len(y)  # the last batch may be smaller, and counts for less
        self.classes = not y.is_floating_point()
        if self.classes:
            self.right += (outputs.argmax(1) == y).sum()
        for name, metric in self.metrics.items():
            self.others[name] += metric(outputs.detach(), y) * len(y)

    def means(self) -> dict[str, float]:
        if not self.n:
            raise ValueError("the loader gives no examples: is the data set empty, or used up like a generator?")
        accuracy = {"accuracy": self.right.item() / self.n} if self.classes else {}
        others = {name: total.item() / self.n for name, total in self.others.items()}
        return {"loss": self.loss.item() / self.n} | accuracy | others


def device_of(model: nn.Module) -> torch.device:
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device
