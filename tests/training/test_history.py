"""The record that both frameworks share."""

import json

import keras
import numpy as np
import pytest

from course_lib.training.history import FIELDS, History
from course_lib.training.keras_history import Recorder


def test_there_and_back_through_json():
    history = History()
    history.append(loss=0.5, accuracy=0.75, val_loss=np.float32(0.25), learning_rate=0.1)
    history.append(loss=0.25, accuracy=1, val_loss=0.5, learning_rate=0.1)
    again = History.from_dict(json.loads(json.dumps(history.as_dict())))
    assert again == history and len(again) == 2 and again.val_accuracy == []
    assert again.best_epoch == 0
    assert tuple(again.as_dict()) == FIELDS


def test_no_loss_is_no_history():
    with pytest.raises(ValueError, match="a history has at least a loss; these are 'mae'"):
        History.from_dict({"mae": [1.0]})
    with pytest.raises(ValueError, match="lowest validation loss, and there is none"):
        _ = History([0.5]).best_epoch


def test_keras_fills_the_same_fields():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.5), loss, metrics=["accuracy"])
    x, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    past = model.fit(x, y, epochs=3, validation_data=(x, y), callbacks=[Recorder(), halve], verbose=0)
    history = History.from_dict(past.history)
    assert all(len(getattr(history, name)) == 3 for name in FIELDS)
    assert history.learning_rate == [0.5, 0.25, 0.125]
    assert history.val_loss[-1] == pytest.approx(model.evaluate(x, y, verbose=0)[0], rel=1e-5)
    assert min(history.seconds) > 0
