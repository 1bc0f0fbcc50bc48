"""Callbacks decide as Keras' do, and an interrupted training ends as if nothing had happened."""

import random

import keras
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_lib.training.history import History
from course_lib.training.torch_callbacks import (
    Checkpoint,
    EarlyStopping,
    ReduceOnPlateau,
    random_state,
    set_random_state,
)
from course_lib.training.torch_loop import Run, fit

SEQUENCES = [np.random.default_rng(seed).normal(1 / (1 + np.arange(25)), 0.1).tolist() for seed in range(12)]
SEQUENCES += [[1.0] * 12, [3.0, 2.0, 1.0] * 4, [1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]]


def keras_says(callback, losses):
    """Drive a callback of Keras with these validation losses: the epoch of the end, the learning rates, its weights."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        model.layers[0].kernel.assign([[epoch]])
        callback.on_epoch_end(epoch, {"val_loss": loss})
        rates.append(float(model.optimizer.learning_rate))
        if getattr(model, "stop_training", False):
            break
    callback.on_train_end()
    return epoch, rates, float(model.layers[0].kernel[0, 0])


def we_say(make, losses):
    model = nn.Linear(1, 1, bias=False)
    optimiser = torch.optim.SGD(model.parameters(), 1.0)
    callback, run, rates = make(optimiser), Run(model, optimiser, History()), []
    for epoch, loss in enumerate(losses):
        nn.init.constant_(model.weight, epoch)
        run.history.append(loss=0, val_loss=loss)
        callback.after_epoch(run)
        rates.append(optimiser.param_groups[0]["lr"])
        if run.stop:
            break
    callback.after_training(run)
    return epoch, rates, model.weight.item()


@pytest.mark.parametrize("patience", [0, 1, 3])
@pytest.mark.parametrize("restore", [True, False])
def test_early_stopping_decides_as_keras(patience, restore):
    for losses in SEQUENCES:
        theirs = keras_says(
            keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=restore), losses
        )
        ours = we_say(lambda _: EarlyStopping(patience, restore), losses)
        assert ours == theirs, losses


@pytest.mark.parametrize("patience", [1, 3])
def test_the_rate_falls_when_keras_lets_it_fall(patience):
    for losses in SEQUENCES:
        theirs = keras_says(
            keras.callbacks.ReduceLROnPlateau("val_loss", 0.5, patience, min_delta=0, min_lr=0.05), losses
        )
        ours = we_say(lambda optimiser: ReduceOnPlateau(optimiser, 0.5, patience, min_rate=0.05), losses)
        assert ours[1] == pytest.approx(theirs[1]), losses


rng = np.random.default_rng(0)
X = torch.from_numpy(rng.normal(size=(60, 4)).astype(np.float32))
Y = torch.from_numpy(rng.integers(3, size=60))


class Noise(nn.Module):
    """Uses the generators of NumPy and Python, as an augmentation might."""

    def forward(self, x):
        return x * (1 + 0.1 * np.random.rand() + 0.1 * random.random()) if self.training else x  # noqa: NPY002


def parts(path):
    model = nn.Sequential(Noise(), nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.4), nn.Linear(16, 3))
    optimiser = torch.optim.Adam(model.parameters(), 0.05)
    shuffle = torch.Generator().manual_seed(3)
    train = DataLoader(TensorDataset(X[:40], Y[:40]), 16, shuffle=True, generator=shuffle)
    valid = DataLoader(TensorDataset(X[40:], Y[40:]), 16)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.99)
    stop, plateau = EarlyStopping(patience=6), ReduceOnPlateau(optimiser, 0.5, patience=2)
    save = Checkpoint(path, [schedule, stop, plateau], [shuffle])
    return model, train, valid, optimiser, schedule, [stop, plateau, save]


def run_to(path, epochs, seed):
    for seeded in (torch.manual_seed, random.seed, np.random.seed):  # noqa: NPY002
        seeded(seed)
    model, train, valid, optimiser, schedule, callbacks = parts(path)
    history = callbacks[-1].resume(model, optimiser)
    return model, fit(model, train, valid, nn.CrossEntropyLoss(), optimiser, epochs, callbacks, schedule, history)


@pytest.mark.parametrize("interrupted", [1, 3, 7])
def test_a_resumed_training_ends_bit_for_bit_as_an_uninterrupted_one(tmp_path, interrupted):
    whole, expected = run_to(tmp_path / "whole.pt", 9, seed=0)
    run_to(tmp_path / "halves.pt", interrupted, seed=0)
    resumed, history = run_to(tmp_path / "halves.pt", 9, seed=999)  # another process would have another seed
    assert all(
        torch.equal(a, b) for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    )
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"):
        assert getattr(history, name) == getattr(expected, name), name
    assert len(set(expected.learning_rate)) > 2  # the schedule and the plateau were both at work
    assert [path.name for path in tmp_path.glob("*.partial")] == []


def test_a_machine_with_fewer_gpus_takes_the_states_it_can_use(monkeypatch):
    taken = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: taken.append((state, device)))
    set_random_state(random_state() | {"cuda": ["first", "second"]})
    assert taken == [("first", 0)]


def test_without_a_file_it_starts_anew(tmp_path):
    model, *_, optimiser, _, callbacks = parts(tmp_path / "none.pt")
    before = [p.clone() for p in model.parameters()]
    assert len(callbacks[-1].resume(model, optimiser)) == 0
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path):
    path = tmp_path / "some.pt"
    run_to(path, 2, seed=0)
    model, *_, optimiser, _, callbacks = parts(path)
    before = [p.clone() for p in model.parameters()]
    content = path.read_bytes()
    for damaged in (b"", b"no checkpoint", content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is no checkpoint, or is damaged: delete it to start anew"):
            callbacks[-1].resume(model, optimiser)
    torch.save({"weights": 1}, path)
    with pytest.raises(ValueError, match="a checkpoint of something else"):
        callbacks[-1].resume(model, optimiser)
    path.write_bytes(content)
    other = nn.Linear(4, 3)
    with pytest.raises(ValueError, match="a checkpoint of another network"):
        callbacks[-1].resume(other, torch.optim.SGD(other.parameters(), 1))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_where_no_loss_is_a_number_there_is_nothing_to_go_back_to():
    model = nn.Linear(1, 1, bias=False)
    run, stop = Run(model, torch.optim.SGD(model.parameters(), 1), History()), EarlyStopping(patience=2)
    for epoch in range(2):
        nn.init.constant_(model.weight, epoch)
        run.history.append(loss=0, val_loss=float("nan"))
        stop.after_epoch(run)
    stop.after_training(run)
    assert run.stop and model.weight.item() == 1
