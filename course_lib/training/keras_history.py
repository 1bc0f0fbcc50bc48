"""What Keras' `fit` does not write down by itself: the seconds and the learning rate of each epoch."""

import time
from typing import Any

import keras


class Recorder(keras.callbacks.Callback):
    """Adds `seconds` and `learning_rate` to the history of `fit`; put it first in the list of callbacks.

    past = model.fit(..., callbacks=[Recorder()])
    history = History.from_dict(past.history)        # with every metric that the model was compiled with
    """

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        assert logs is not None and self.model is not None  # in `fit` both are there
        rate: Any = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        logs |= {"learning_rate": float(rate), "seconds": time.perf_counter() - self._start}
