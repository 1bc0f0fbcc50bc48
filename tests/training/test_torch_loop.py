"""The loop against one written bare, and against means taken by hand."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_lib.training.torch_loop import Callback, evaluate, fit, train_epoch

rng = np.random.default_rng(0)
X = torch.from_numpy(rng.normal(size=(50, 4)).astype(np.float32))
Y = torch.from_numpy(rng.integers(3, size=50))


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))


def loader(shuffle=False, y=Y):
    return DataLoader(TensorDataset(X, y), batch_size=16, shuffle=shuffle, generator=torch.Generator().manual_seed(1))


def test_it_is_the_bare_loop_bit_for_bit():
    ours, bare = net(), net()
    optimiser = torch.optim.Adam(bare.parameters(), 0.01)
    torch.manual_seed(5)
    data = loader(shuffle=True)
    for _ in range(3):
        for x, y in data:
            bare.train()
            optimiser.zero_grad()
            nn.functional.cross_entropy(bare(x), y).backward()
            optimiser.step()
    torch.manual_seed(5)
    history = fit(ours, loader(shuffle=True), None, nn.CrossEntropyLoss(), torch.optim.Adam(ours.parameters(), 0.01), 3)
    assert all(torch.equal(a, b) for a, b in zip(ours.state_dict().values(), bare.state_dict().values(), strict=True))
    assert len(history) == 3 and history.val_loss == [] and history.learning_rate == [0.01] * 3


def test_evaluation_is_the_mean_over_examples_in_inference_mode():
    model = net()
    model[1].eval()
    found = evaluate(model, loader(), nn.CrossEntropyLoss())
    assert model.training and model[3].training and not model[1].training  # modes are put back
    with torch.no_grad():
        outputs = model.eval()(X)
    assert found["loss"] == pytest.approx(nn.functional.cross_entropy(outputs, Y).item(), rel=1e-6)
    assert found["accuracy"] == (outputs.argmax(1) == Y).sum().item() / 50
    assert evaluate(model, loader(), nn.CrossEntropyLoss()) == found  # nothing has changed


def test_the_smaller_last_batch_counts_for_less():
    """50 examples in batches of 16 leave 2; a mean of batch means would be off."""
    model = nn.Linear(4, 3)
    optimiser = torch.optim.SGD(model.parameters(), 0.0)  # nothing moves, so the mean can be checked
    found = train_epoch(model, loader(), nn.CrossEntropyLoss(), optimiser)
    batches = [nn.functional.cross_entropy(model(x), y).item() for x, y in loader()]
    assert found["loss"] == pytest.approx(nn.functional.cross_entropy(model(X), Y).item(), rel=1e-6)
    assert abs(found["loss"] - np.mean(batches)) > 1e-4


def test_regression_has_no_accuracy():
    y = X[:, :1] * 2 + 1
    model = nn.Linear(4, 1)
    history = fit(model, loader(y=y), loader(y=y), nn.MSELoss(), torch.optim.SGD(model.parameters(), 0.1), epochs=40)
    assert history.accuracy == history.val_accuracy == [] and history.val_loss[-1] < 0.01 < history.val_loss[0]


def test_any_other_metric_is_a_mean_over_examples_and_changes_nothing():
    y = X[:, :1] * 2 + 1
    mae, seen = nn.functional.l1_loss, {}
    for metrics in (None, {"mae": mae, "largest": lambda outputs, y: (outputs - y).abs().max()}):
        torch.manual_seed(0)
        model = nn.Linear(4, 1)
        history = fit(
            model, loader(y=y), loader(y=y), nn.MSELoss(), torch.optim.SGD(model.parameters(), 0.1), 2, metrics=metrics
        )
        seen[metrics is None] = model.weight.detach().clone(), history
    assert torch.equal(seen[True][0], seen[False][0])
    history = seen[False][1]
    with torch.no_grad():
        assert history.val_mae[-1] == pytest.approx(mae(model(X), y).item(), rel=1e-6)
    assert len(history["mae"]) == 2 and history.mae[0] > history.val_mae[0] and "mae" not in seen[True][1]
    assert evaluate(model, loader(y=y), nn.MSELoss(), {"mae": mae})["mae"] == history.val_mae[-1]


def test_a_schedule_steps_behind_every_batch():
    model = nn.Linear(4, 3)
    optimiser = torch.optim.SGD(model.parameters(), 1.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 0.5**step)
    history = fit(model, loader(), None, nn.CrossEntropyLoss(), optimiser, 2, schedule=schedule)
    assert history.learning_rate == [0.5**4, 0.5**8]


def test_every_callback_is_called_and_one_can_end_it():
    seen = []

    class Stop(Callback):
        def after_epoch(self, run):
            seen.append(("stop", len(run.history)))
            run.stop = len(run.history) == 2

    class See(Callback):
        def after_epoch(self, run):
            seen.append(("see", run.history.loss[-1] > 0))

        def after_training(self, run):
            seen.append("end")

    model = net()
    fit(model, loader(), None, nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 0.1), 5, [Stop(), See()])
    assert seen == [("stop", 1), ("see", True), ("stop", 2), ("see", True), "end"]


def test_no_examples_are_no_result():
    with pytest.raises(ValueError, match="the loader gives no examples"):
        evaluate(net(), [], nn.CrossEntropyLoss())
