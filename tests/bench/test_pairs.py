import json
from datetime import datetime

import numpy as np
import pytest

from course_lib.bench.pairs import Pairs, measure_pairs, measure_rounds, write_report


class Machine:
    """A clock that stands still unless a task runs, and a record of who ran when."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def clock(self):
        return self.now

    def task(self, name, durations):
        durations = iter(durations)

        def run():
            self.calls.append(name)
            self.now += next(durations)

        return run


def test_times_each_call_and_forgets_the_warm_up():
    machine = Machine()
    first, second = machine.task("a", [100, 100, 1, 2, 4]), machine.task("b", [100, 100, 3, 4, 2])
    pairs = measure_pairs(first, second, n_pairs=3, n_warm_up=2, clock=machine.clock)
    assert pairs == Pairs(first=[1, 2, 4], second=[3, 4, 2])
    assert pairs.ratios == [3, 2, 0.5]


def test_pairs_are_interleaved_and_swap_their_order():
    machine = Machine()
    first, second = machine.task("a", [1] * 5), machine.task("b", [1] * 5)
    measure_pairs(first, second, n_pairs=4, n_warm_up=1, clock=machine.clock)
    assert "".join(machine.calls) == "ab" + "ab" + "ba" + "ab" + "ba"


def test_summary_takes_the_median_of_the_ratios_not_the_ratio_of_the_medians():
    summary = Pairs(first=[1.0, 2.0, 10.0], second=[3.0, 1.0, 20.0]).summary()
    assert summary["ratio"] == 2  # of 3, 0.5, 2; the medians 2 and 3 would give 1.5
    assert (summary["first_median"], summary["second_median"]) == (2, 3)
    assert summary["ratio_range"] == [0.5, 3]
    assert summary["first"] == [1, 2, 10]


def test_no_pairs_no_median():
    with pytest.raises(ValueError, match="n_pairs must be at least 1, not 0"):
        measure_pairs(lambda: None, lambda: None, n_pairs=0)


def test_report_says_when_where_and_with_what(tmp_path):
    path = tmp_path / "new" / "report.json"
    results = [Pairs([1.0], [2.0]).summary()]
    write_report(path, results, ["numpy"])
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["results"] == results
    assert report["versions"]["numpy"] == np.__version__
    assert datetime.fromisoformat(report["date"]).tzinfo is not None
    assert report["machine"]["cores"] >= 1
    assert report["machine"]["processor"] and "gpus" not in report["machine"]
    write_report(path, results, ["numpy"], ["a GPU"])
    assert json.loads(path.read_text(encoding="utf-8"))["machine"]["gpus"] == ["a GPU"]


def test_contests_take_turns():
    calls = []
    contests = [(lambda k=k: calls.append(f"{k} first"), lambda k=k: calls.append(f"{k} second")) for k in "ab"]
    found = measure_rounds(contests, n_pairs=2, n_warm_up=0)
    assert calls == ["a first", "a second", "b first", "b second", "a second", "a first", "b second", "b first"]
    assert [len(pairs.first) for pairs in found] == [2, 2]
