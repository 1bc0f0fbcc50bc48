"""Which of two functions is faster? Timed in interleaved pairs.

A machine has moods: clocks change, other programs wake up. Two functions timed one right after the other
share the mood, so the ratio within a pair is steady where the times themselves are not. The median over the
pairs then ignores the rare pair that was disturbed in the middle.
"""

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter

from course_lib.devices import processor_name


@dataclass(frozen=True)
class Pairs:
    """Seconds of both functions, one entry per pair."""

    first: list[float]
    second: list[float]

    @property
    def ratios(self) -> list[float]:
        """How many times as fast the first function was, in each pair."""
        return [second / first for first, second in zip(self.first, self.second, strict=True)]

    def summary(self) -> dict:
        """Everything above and the medians, ready for JSON; `ratio` is the median of the ratios."""
        return asdict(self) | {
            "first_median": median(self.first),
            "second_median": median(self.second),
            "ratio": median(self.ratios),
            "ratio_range": [min(self.ratios), max(self.ratios)],
        }


def measure_pairs(
    first: Callable[[], object],
    second: Callable[[], object],
    n_pairs: int = 10,
    n_warm_up: int = 2,
    clock: Callable[[], float] = perf_counter,
) -> Pairs:
    """Time both functions `n_pairs` times, after `n_warm_up` calls of each that do not count.

    The order within a pair alternates, so that a machine that slows down steadily favours neither.
    """
    return measure_rounds([(first, second)], n_pairs, n_warm_up, clock)[0]


def measure_rounds(
    contests: Sequence[tuple[Callable[[], object], Callable[[], object]]],
    n_pairs: int = 10,
    n_warm_up: int = 2,
    clock: Callable[[], float] = perf_counter,
) -> list[Pairs]:
    """The same for several pairs of functions that are to be compared with each other, too: they take turns."""
    if n_pairs < 1:
        raise ValueError(f"n_pairs must be at least 1, not {n_pairs}")
    for contest in contests:
        for _ in range(n_warm_up):
            for function in contest:
                function()

    def seconds(function: Callable[[], object]) -> float:
        start = clock()
        function()
        return clock() - start

    found = [Pairs([], []) for _ in contests]
    for i in range(n_pairs):
        for (first, second), times in zip(contests, found, strict=True):
            runs = [(first, times.first), (second, times.second)]
            for function, record in runs if i % 2 == 0 else reversed(runs):
                record.append(seconds(function))
    return found


def version_of(package: str) -> str:
    """TensorFlow's build for machines without a GPU is a package of another name."""
    try:
        return version(package)
    except PackageNotFoundError:
        return version(f"{package}-cpu")


def write_report(path: Path, results: list[dict], packages: Sequence[str], gpus: Sequence[str] = ()) -> None:
    """Write `results` as JSON, with the date, the machine and the versions of `packages`."""
    machine = {"system": platform.system(), "processor": processor_name(), "cores": os.cpu_count()}
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine | ({"gpus": list(gpus)} if gpus else {}),
        "versions": {"python": platform.python_version()} | {name: version_of(name) for name in packages},
        "results": results,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
