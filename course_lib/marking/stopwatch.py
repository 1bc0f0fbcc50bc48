"""How long a student's code took, on a machine that may have had other things to do.

Seconds of the clock fail a right answer where twenty kernels share a processor. Seconds of the processor alone never
end a cell that sleeps. So code that computes is charged what the processor did for it, and code that waits is charged
the clock. Which of the two it does is told by how much it computes.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Protocol

WAITS = 0.05  # of a processor: code that uses less than this waits for something else
STEP = 1.0  # seconds between two looks; over less, a share of a processor is mostly chance
PATIENCE = 10  # times as long on the clock; then the machine is too busy to say anything about the code


class Process(Protocol):
    """What `psutil.Process` has of this."""

    def cpu_times(self) -> tuple[float, ...]: ...

    def children(self, recursive: bool = False) -> Sequence["Process"]: ...


class Stopwatch:
    """Of one process and all below it, from now on."""

    def __init__(self, process: Process, clock: Callable[[], float] = time.monotonic):
        self.process, self.clock = process, clock
        self.start = self.looked = clock()
        self.charged = 0.0
        # To list children takes milliseconds, and most code ends before the first look. If some have worked before,
        # the first step is charged as the clock has it, at most.
        self.used = seconds_of(process)

    @property
    def on_the_clock(self) -> float:
        return self.clock() - self.start

    def look(self) -> float:
        """The seconds charged so far, in whole steps."""
        now = self.clock()
        passed = now - self.looked
        if passed >= STEP:
            used = processor_seconds(self.process)
            worked = used - self.used
            self.charged += passed if worked < WAITS * passed else min(worked, passed)
            self.looked, self.used = now, used
        return self.charged


def processor_seconds(process: Process) -> float:
    """Of the process and all below it."""
    import psutil

    below: Sequence[Process] = []
    with contextlib.suppress(psutil.Error):
        below = process.children(recursive=True)
    return sum(map(seconds_of, [process, *below]))


def seconds_of(process: Process) -> float:
    """Its own and those of its children that have ended, in user and system mode; none of a process that is gone."""
    import psutil

    try:
        return sum(process.cpu_times()[:4])
    except psutil.Error:
        return 0.0
