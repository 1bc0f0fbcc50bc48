"""What code is charged on machines of every kind; the clock and the processor are made up."""

from types import SimpleNamespace

import psutil
import pytest

from course_lib.marking.stopwatch import STEP, Stopwatch, processor_seconds


class Machine:
    """A clock, a process and its child. advance(seconds, own, child): how much of the processor each had meanwhile."""

    def __init__(self, children: bool = False):
        self.now, self.own, self.childs = 100.0, 7.0, 3.0
        child = SimpleNamespace(cpu_times=lambda: (self.childs, 0.0, 0.0, 0.0), children=lambda recursive: [])
        self.process = SimpleNamespace(
            cpu_times=lambda: (self.own, 0.0, 0.0, 0.0, 5.0), children=lambda recursive: [child] if children else []
        )
        self.stopwatch = Stopwatch(self.process, lambda: self.now)

    def advance(self, seconds: float, own: float = 0.0, child: float = 0.0, steps: int = 1) -> float:
        for _ in range(steps):
            self.now += seconds / steps
            self.own += own / steps
            self.childs += child / steps
            self.stopwatch.look()
        return self.stopwatch.charged


def test_who_computes_alone_is_charged_the_clock():
    assert Machine().advance(30, own=30, steps=30) == pytest.approx(30)


def test_who_shares_a_processor_is_charged_what_the_processor_did():
    assert Machine().advance(60, own=10, steps=60) == pytest.approx(10)


def test_who_sleeps_is_charged_the_clock():
    assert Machine().advance(30, own=0.3, steps=30) == pytest.approx(30)


def test_who_waits_for_a_child_that_computes_is_charged_for_the_child():
    machine = Machine(children=True)
    machine.advance(STEP)  # the first step may count what the child did before
    before = machine.stopwatch.charged
    assert machine.advance(60, child=10, steps=60) - before == pytest.approx(10)


def test_many_threads_are_not_charged_more_than_the_clock():
    assert Machine().advance(10, own=80, steps=10) == pytest.approx(10)


def test_nothing_is_charged_before_a_whole_step():
    machine = Machine()
    assert machine.advance(0.9 * STEP, own=0.9) == 0
    assert machine.advance(0.2 * STEP, own=0.2) == pytest.approx(1.1)
    assert machine.stopwatch.on_the_clock == pytest.approx(1.1)


def test_a_process_that_is_gone_has_used_nothing():
    def gone(*_, **__):
        raise psutil.NoSuchProcess(1)

    assert processor_seconds(SimpleNamespace(cpu_times=gone, children=gone)) == 0


def test_this_process_uses_the_processor():
    process = psutil.Process()
    before = processor_seconds(process)
    times = process.cpu_times()
    while sum(process.cpu_times()[:2]) < sum(times[:2]) + 0.05:
        pass
    assert processor_seconds(process) >= before + 0.05
