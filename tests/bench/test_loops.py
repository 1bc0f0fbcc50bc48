"""The race of the loops is over the same work, and ends with an error where ours is too slow."""

import json

import pytest

from course_lib.bench import loops


def test_the_report_names_both_frameworks(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loops, "LEAST", 0)  # how fast they are is no matter of tests
    path = tmp_path / "report.json"
    loops.main(["--pairs", "1", "--images", "128", "--json", str(path)])
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    assert [row["framework"] for row in results] == ["torch", "keras"]
    assert capsys.readouterr().out.count("of the bare speed") == 2


def test_a_slow_loop_ends_with_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(loops, "LEAST", 1e6)
    with pytest.raises(SystemExit, match="below 1000000.0 of the bare speed: torch, keras"):
        loops.main(["--pairs", "1", "--images", "128", "--json", str(tmp_path / "report.json")])


@pytest.mark.parametrize("name", loops.PAIRS)
def test_both_loops_can_be_called_again(name):
    ours, bare = loops.PAIRS[name](128, 64)
    for _ in range(2):
        ours()
        bare()
    assert len(ours().history["loss"] if name == "keras" else ours().loss) == 1
