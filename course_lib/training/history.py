"""What a training remembers, with the same fields for Keras and PyTorch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

FIELDS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


@dataclass
class History:
    """One entry per epoch. What was not measured is an empty list: regression has no accuracy.

    loss, accuracy          of the training examples, averaged *while* the network was changing
    val_loss, val_accuracy  of the validation examples, behind the epoch
    learning_rate           at the end of the epoch
    seconds                 of the epoch, validation included
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @classmethod
    def from_dict(cls, values: Mapping[str, Sequence[float]]) -> "History":
        """From `as_dict`, or from the `history` of what Keras' `fit` returns. Other keys are not read."""
        if "loss" not in values:
            raise ValueError(f"a history has at least a loss; these are {', '.join(map(repr, values)) or 'nothing'}")
        return cls(**{name: [float(value) for value in values.get(name, [])] for name in FIELDS})

    def as_dict(self) -> dict[str, list[float]]:
        return asdict(self)

    def append(self, **measured: float) -> None:
        """One epoch more: append(loss=0.3, val_loss=0.4)."""
        for name, value in measured.items():
            getattr(self, name).append(float(value))

    @property
    def best_epoch(self) -> int:
        """The epoch, from 0, with the lowest validation loss; the first of several."""
        if not self.val_loss:
            raise ValueError("the best epoch is the one with the lowest validation loss, and there is none")
        return self.val_loss.index(min(self.val_loss))

    def __len__(self) -> int:
        return len(self.loss)
