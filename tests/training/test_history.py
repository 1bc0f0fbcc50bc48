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
    with pytest.raises(ValueError, match="by its val_loss, which was never measured; measured was loss, mae"):
        _ = History([0.5], mae=[0.1]).best_epoch


def test_any_metric_is_a_list_of_its_own():
    history = History()
    history.append(loss=1.0, val_mae=3.0)
    history.append(loss=0.5, val_mae=2.0)
    history.append(loss=0.6, val_mae=2.0)
    assert history["val_mae"] == history.val_mae == [3.0, 2.0, 2.0]
    assert "val_mae" in history and "mae" not in history
    assert (history.best("val_mae"), history.best("val_mae", lowest=False), history.best("loss")) == (1, 0, 1)
    assert History.from_dict(json.loads(json.dumps(history.as_dict()))) == history
    assert repr(history) == "History of 3 epochs: loss, val_mae" and repr(History()) == "History of no epoch"
    with pytest.raises(AttributeError, match="val_auc"):
        _ = history.val_auc
    with pytest.raises(ValueError, match="a metric cannot be named 'best'"):
        history.append(best=1.0)


def test_a_metric_measured_in_some_epochs_only_keeps_its_place():
    history = History()
    history.append(loss=1.0)
    history.append(loss=1.0, auc=0.5)
    history.append(loss=1.0)
    history.append(loss=1.0, auc=0.25)
    assert len(history) == 4 and np.array_equal(history.auc, [np.nan, 0.5, np.nan, 0.25], equal_nan=True)
    assert history.best("auc") == 3 and history.best("auc", lowest=False) == 1 and history.accuracy == []


def test_what_was_saved_before_there_were_other_metrics_is_read():
    """`as_dict` of the first edition, as checkpoints hold it."""
    old = {
        "loss": [0.5, 0.25], "accuracy": [], "val_loss": [0.75, 0.875], "val_accuracy": [], "learning_rate": [0.1, 0.1],
        "seconds": [1.0, 2.0],
    }  # fmt: skip
    history = History.from_dict(old)
    assert history.as_dict() == old and history.best_epoch == 0 and len(history) == 2
    history.append(loss=0.125, val_loss=0.5, val_mae=1.0)
    assert history.best_epoch == 2 and np.array_equal(history.val_mae, [np.nan, np.nan, 1.0], equal_nan=True)


def test_keras_fills_the_same_fields():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    top = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top_2")
    model.compile(keras.optimizers.SGD(0.5), loss, metrics=["accuracy", top])
    x, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    past = model.fit(x, y, epochs=3, validation_data=(x, y), callbacks=[Recorder(), halve], verbose=0)
    history = History.from_dict(past.history)
    assert all(len(getattr(history, name)) == 3 for name in FIELDS)
    assert history.learning_rate == [0.5, 0.25, 0.125]
    assert history.val_loss[-1] == pytest.approx(model.evaluate(x, y, verbose=0)[0], rel=1e-5)
    assert min(history.seconds) > 0
    assert history["top_2"] == history.val_top_2 == [1.0] * 3  # two classes: both are always among the first two
