"""What a training remembers, the same for NumPy, Keras and PyTorch."""

import math
from collections.abc import Mapping, Sequence

FIELDS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


class History:
    """One list for each thing that was measured, one entry in it for each epoch.

    loss, accuracy          of the training examples, averaged *while* the network was changing
    val_loss, val_accuracy  of the validation examples, behind the epoch
    learning_rate           at the end of the epoch
    seconds                 of the epoch, validation included

    These six are always there, empty where nothing was measured: regression has no accuracy. Any other metric, such
    as "mae" and "val_mae", is a list of its own, `history.mae` or `history["mae"]`. An epoch in which a metric was
    not measured, though it was in another, has nan.
    """

    loss: list[float]
    accuracy: list[float]
    val_loss: list[float]
    val_accuracy: list[float]
    learning_rate: list[float]
    seconds: list[float]

    def __init__(
        self,
        loss: Sequence[float] = (),
        accuracy: Sequence[float] = (),
        val_loss: Sequence[float] = (),
        val_accuracy: Sequence[float] = (),
        learning_rate: Sequence[float] = (),
        seconds: Sequence[float] = (),
        **metrics: Sequence[float],
    ):
        usual = (loss, accuracy, val_loss, val_accuracy, learning_rate, seconds)
        for name, values in (dict(zip(FIELDS, usual, strict=True)) | metrics).items():
            self._check_name(name)
            setattr(self, name, [float(value) for value in values])

    @classmethod
    def from_dict(cls, values: Mapping[str, Sequence[float]]) -> "History":
        """From `as_dict`, or from the `history` of what Keras' `fit` returns. ValueError where there is no loss."""
        if "loss" not in values:
            raise ValueError(f"a history has at least a loss; these are {', '.join(map(repr, values)) or 'nothing'}")
        return cls(**values)

    def as_dict(self) -> dict[str, list[float]]:
        return dict(vars(self))

    def append(self, **measured: float) -> None:
        """One epoch more: append(loss=0.3, val_loss=0.4, val_mae=0.5)."""
        n_epochs = len(self)
        for name in measured:
            self._check_name(name)
            if name not in vars(self):
                setattr(self, name, [])
        for name, values in vars(self).items():
            if name in measured:
                values += [math.nan] * (n_epochs - len(values))
                values.append(float(measured[name]))
            elif values:
                values.append(math.nan)

    def best(self, metric: str = "val_loss", lowest: bool = True) -> int:
        """The epoch, from 0, in which a metric is best; the first of several. lowest: whether less is better.

        ValueError where it was never measured.
        """
        measured = [(value, epoch) for epoch, value in enumerate(vars(self).get(metric, [])) if not math.isnan(value)]
        if not measured:
            names = ", ".join(name for name, values in vars(self).items() if values) or "nothing"
            raise ValueError(f"the best epoch is one by its {metric}, which was never measured; measured was {names}")
        return min(measured, key=lambda pair: (pair[0] if lowest else -pair[0], pair[1]))[1]

    @property
    def best_epoch(self) -> int:
        """The epoch, from 0, with the lowest validation loss."""
        return self.best("val_loss")

    def __getitem__(self, metric: str) -> list[float]:
        return vars(self)[metric]

    def __contains__(self, metric: str) -> bool:
        return metric in vars(self)

    def __len__(self) -> int:
        """The number of epochs."""
        return max(map(len, vars(self).values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and vars(self) == vars(other)

    def __repr__(self) -> str:
        measured = ", ".join(name for name, values in vars(self).items() if values)
        return f"History of {len(self)} epochs: {measured}" if measured else "History of no epoch"

    @classmethod
    def _check_name(cls, name: str) -> None:
        if hasattr(cls, name):
            raise ValueError(f"a metric cannot be named {name!r}, which is a method of the history")
