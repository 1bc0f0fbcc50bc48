"""The report has everything that the page draws. Its speed is no matter of tests."""

import json

import numpy as np
import pytest

from course_lib.bench import frameworks


def test_images_are_repeated_where_there_are_too_few():
    x, y = frameworks.examples("small CNN", 4100)
    assert x.shape == (4100, 32, 32, 3) and x.max() <= 1
    assert np.array_equal(x[:100], x[4000:]) and np.array_equal(y[:100], y[4000:])


def test_the_report_has_a_row_of_each_kind(tmp_path, capsys):
    path = tmp_path / "report.json"
    arguments = ["--networks", "MLP", "--batch", "32", "--pairs", "1", "--images", "64", "--seeds", "0"]
    frameworks.main([*arguments, "--json", str(path)])
    kinds = [row["kind"] for row in json.loads(path.read_text(encoding="utf-8"))["results"]]
    assert kinds == ["speed", "memory", "memory", "time to goal", "time to goal"]
    rows = json.loads(path.read_text(encoding="utf-8"))["results"]
    assert all(row["peak_mib"] > row["before_mib"] > 50 for row in rows[1:3])
    assert rows[0]["keras"] == pytest.approx(64 / rows[0]["first"][0])
    assert all(row["accuracy"] >= row["goal"] and row["seconds"] > 0 for row in rows[3:])
    assert "MLP" in capsys.readouterr().out


def test_a_goal_out_of_reach_has_no_time(monkeypatch):
    monkeypatch.setitem(frameworks.TASKS, "MLP", frameworks.Task(True, 64, 1.1))
    row = frameworks.time_to_goal("MLP", "torch", seed=0, max_epochs=2)
    assert row["epochs"] == 2 and row["seconds"] is None and row["accuracy"] > 0.5


def test_a_worker_that_fails_is_an_error_that_says_why():
    with pytest.raises(RuntimeError, match="(?s)MLP in theano with batch 32 failed.*KeyError"):
        frameworks.memory("MLP", "theano", 32)


@pytest.mark.parametrize(("device", "backend"), [("cpu", "tensorflow"), ("gpu", "jax")])
def test_the_published_reports_are_complete(device, backend):
    report = frameworks.published(device)
    for name in frameworks.TASKS:
        batches = {row["batch_size"] for row in frameworks.select(report, "speed", name)}
        assert batches >= {32, 128, 512, 1024} and len(batches) == 6
        for framework in frameworks.FRAMEWORKS:
            sizes = {row["batch_size"] for row in frameworks.select(report, "memory", name, framework)}
            assert sizes >= {32, 1024}
            trainings = frameworks.select(report, "time to goal", name, framework)
            assert {row["seed"] for row in trainings} == {0, 1, 2} and {row["framework"] for row in trainings} == {
                framework
            }
    assert ("gpus" in report["machine"]) == (device == "gpu") == ("NVIDIA" in frameworks.describe(report))
    assert report["date"][:10] in frameworks.describe(report) and f"{backend} " in frameworks.describe(report)
    assert set(report["versions"]) == {"python", "keras", "numpy", backend, "torch"}
