"""The race is fair: same weights, same batches, same steps. How fast they are is no matter of tests."""

import json
import sys

import numpy as np
import pytest
import torch

from course_lib.bench import scratch


@pytest.fixture(autouse=True)
def small_race(monkeypatch):
    n_threads = torch.get_num_threads()
    monkeypatch.setattr(scratch, "N_IMAGES", 64)
    yield
    torch.set_num_threads(n_threads)


def test_both_start_from_the_same_weights():
    network, model = scratch.build_pair()
    assert np.array_equal(network.parameters, scratch.flat_weights(model))
    assert network.n_parameters == 109_386
    X, _ = scratch.draw_batches(16)[0]
    np.testing.assert_allclose(network.predict(X), model(torch.from_numpy(X)).detach(), rtol=1e-4, atol=1e-5)


def test_batches_are_float32_and_make_up_the_images():
    batches = scratch.draw_batches(16)
    assert [X.shape for X, _ in batches] == [(16, 784)] * 4
    assert {X.dtype for X, _ in batches} == {np.dtype(np.float32)}
    assert not np.array_equal(batches[0][0], batches[1][0])


@pytest.mark.parametrize("optimiser", scratch.OPTIMISERS)
def test_images_per_second_follow_from_the_medians(optimiser):
    result = scratch.compare(batch_size=16, n_pairs=2, n_threads=1, optimiser=optimiser)
    assert result["numpy_images_per_second"] == pytest.approx(64 / result["first_median"])
    assert result["torch_images_per_second"] == pytest.approx(64 / result["second_median"])
    assert len(result["first"]) == len(result["second"]) == 2
    assert torch.get_num_threads() == 1


def test_a_race_of_different_work_is_refused(monkeypatch):
    """PyTorch with another learning rate: 2 % of the way is enough to be noticed."""
    monkeypatch.setitem(
        scratch.OPTIMISERS, "sgd", (scratch.SGD, lambda weights, rate: torch.optim.SGD(weights, 1.02 * rate))
    )
    with pytest.raises(RuntimeError, match=r"2\.\d% of the way apart"):
        scratch.compare(batch_size=16, n_pairs=1, n_threads=1, optimiser="sgd")


def test_command_prints_a_table_and_writes_the_report(tmp_path, capsys, monkeypatch):
    path = tmp_path / "report.json"
    arguments = ["scratch", "--batch", "16", "32", "--pairs", "1", "--json", str(path)]
    monkeypatch.setattr(sys, "argv", arguments)
    scratch.main()
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.startswith("batch  threads  NumPy images/s  PyTorch images/s  ratio")
    assert [row.split()[0] for row in rows] == ["16", "32"]
    report = json.loads(path.read_text(encoding="utf-8"))
    assert [result["batch_size"] for result in report["results"]] == [16, 32]
    assert set(report["versions"]) == {"python", "numpy", "torch"}
