"""Callbacks for `torch_loop.fit`: stop early, lower the learning rate, save and resume."""

import copy
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from course_lib.training.history import History
from course_lib.training.torch_loop import Callback, Run


class EarlyStopping(Callback):
    """End when the validation loss has not improved for `patience` epochs.

    restore_best: weights and running statistics go back to the best epoch, also where the epochs ran out first.
    """

    def __init__(self, patience: int = 0, restore_best: bool = True):
        self.patience, self.restore_best = patience, restore_best
        self.best_loss, self.best_epoch, self.best_state = float("inf"), -1, None

    def before_training(self, run: Run) -> None:
        if self.best_state is not None:  # a training goes on: perhaps it had ended already
            run.stop = self.waited(run) >= max(self.patience, 1)

    def after_epoch(self, run: Run) -> None:
        epoch, loss = len(run.history) - 1, run.history.val_loss[-1]
        if loss < self.best_loss:
            self.best_loss, self.best_epoch = loss, epoch
            self.best_state = copy.deepcopy(run.model.state_dict())
        run.stop |= self.waited(run) >= max(self.patience, 1)

    def after_training(self, run: Run) -> None:
        if self.restore_best and self.best_state is not None:
            run.model.load_state_dict(self.best_state)

    def waited(self, run: Run) -> int:
        """Epochs since the best one."""
        return len(run.history) - 1 - self.best_epoch

    def state_dict(self) -> dict[str, Any]:
        return {"best_loss": self.best_loss, "best_epoch": self.best_epoch, "best_state": self.best_state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best_loss, self.best_epoch, self.best_state = state["best_loss"], state["best_epoch"], state["best_state"]


class ReduceOnPlateau(Callback):
    """Multiply the learning rate by `factor` when the validation loss has not improved for `patience` epochs.

    A thin coat around PyTorch's ReduceLROnPlateau, with the counting of Keras' callback of the same purpose.
    """

    def __init__(
        self, optimiser: torch.optim.Optimizer, factor: float = 0.1, patience: int = 10, min_rate: float = 0.0
    ):
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimiser, factor=factor, patience=max(patience - 1, 0), threshold=0, min_lr=min_rate, eps=0
        )

    def after_epoch(self, run: Run) -> None:
        self.scheduler.step(run.history.val_loss[-1])

    def state_dict(self) -> dict[str, Any]:
        return self.scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scheduler.load_state_dict(state)


class Checkpoint(Callback):
    """Save everything a training needs to go on, behind every epoch. Put it last: it saves the other callbacks too.

    others       callbacks and schedules with a state_dict
    generators   torch.Generators that shuffle or augment, such as the loader's
    """

    def __init__(self, path: str | Path, others: Sequence[Any] = (), generators: Sequence[torch.Generator] = ()):
        self.path, self.others, self.generators = Path(path), others, generators

    def after_epoch(self, run: Run) -> None:
        state = {
            "model": run.model.state_dict(),
            "optimiser": run.optimiser.state_dict(),
            "history": run.history.as_dict(),
            "others": [other.state_dict() for other in self.others],
            "generators": [generator.get_state() for generator in self.generators],
            "random": random_state(),
        }
        partial = self.path.with_name(f"{self.path.name}.partial")
        torch.save(state, partial)
        os.replace(partial, self.path)  # whoever stops us finds the old file or the new one, never half of one

    def resume(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> History:
        """Put everything back as it was behind the last epoch saved; hand the history to `fit`.

        Without a file yet, nothing changes and the history is empty. ValueError for a file that is damaged or
        belongs to another network; then too, nothing has changed.
        """
        if not self.path.exists():
            return History()
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)  # a GPU's file opens without one
        except Exception as error:  # zip, pickle and end-of-file errors alike
            raise ValueError(f"{self.path} is no checkpoint, or is damaged: delete it to start anew") from error
        wanted = {"model", "optimiser", "history", "others", "generators", "random"}
        counts = {"others": len(self.others), "generators": len(self.generators)}
        if not isinstance(state, dict) or set(state) != wanted or any(len(state[k]) != n for k, n in counts.items()):
            raise ValueError(
                f"{self.path} is a checkpoint of something else: it holds other things than this one saves"
            )
        shapes = {name: value.shape for name, value in model.state_dict().items()}
        if shapes != {name: value.shape for name, value in state["model"].items()}:
            raise ValueError(f"{self.path} is a checkpoint of another network: its layers have other names or shapes")
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        for other, saved in zip(self.others, state["others"], strict=True):
            other.load_state_dict(saved)
        for generator, saved in zip(self.generators, state["generators"], strict=True):
            generator.set_state(saved)
        set_random_state(state["random"])
        return History.from_dict(state["history"])


def random_state() -> dict[str, Any]:
    """The generators of PyTorch, NumPy and Python, as what `torch.load(weights_only=True)` may read."""
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 - the global one, which libraries still use
    version, internal, gauss = random.getstate()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {
        "torch": torch.get_rng_state(),
        "cuda": cuda,
        "numpy": [kind, torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest],
        "python": [version, list(internal), gauss],
    }


def set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    for device, saved in zip(range(torch.cuda.device_count()), state["cuda"], strict=False):  # or on another machine
        torch.cuda.set_rng_state(saved, device)
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
