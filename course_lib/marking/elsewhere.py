"""Marking on other machines: the same `mark`, with results as they come back from a pool."""

import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Iterable
from functools import cache

from course_lib.common.errors import LostCluster
from course_lib.marking.collect import Submission
from course_lib.marking.errors import VoidedRun
from course_lib.marking.labs import Labs
from course_lib.marking.mark import CHANGED, MEMORY, PACKAGES, Result, digest, mark
from course_lib.marking.packages import packages_digest
from course_lib.marking.session import ROOT

Task = tuple[int, Submission, Labs, int, float, float]  # its place among all, and what `mark` is called with


def mark_elsewhere(
    found: list[Submission],
    labs: Labs,
    pool: Callable[..., Iterable],
    seed: int | None = None,
    seconds: float = 10,
    memory: float = MEMORY,
    progress: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Mark in the order given; what could not be marked so is marked again, alone, after the others.

    What a lost cluster leaves over has a problem in place of verdicts. VoidedRun when course_lib or the packages are
    changed on one of the machines.

    pool: pool(function, tasks, give_up) yields results in any order, see `course_lib.cluster`; it keeps the reason
    where it was lost.
    """
    seed = secrets.randbelow(2**31) if seed is None else seed
    write_no_bytecode()
    results = [Result(submission.name, problem="not marked: the cluster was lost before") for submission in found]
    tasks = [(place, submission, labs, seed, seconds, memory) for place, submission in enumerate(found)]
    waiting = []
    with contextlib.suppress(LostCluster):
        for place, result in pool(mark_there, tasks, not_marked):
            results[place] = result
            if result.state == "unmarked":
                waiting.append(tasks[place])
            else:
                progress(result)
        for task in waiting:
            for place, result in pool(mark_there, [task], not_marked):
                results[place] = result
                progress(result)
    return results


def mark_there(task: Task) -> tuple[int, Result]:
    """The job. VoidedRun when what marks there is not what it was before the first submission of its process."""
    place, submission, labs, seed, seconds, memory = task
    library, packages = marker()
    result = mark(submission, labs, seed, seconds, memory, library)
    if digest(ROOT / "course_lib") != library:
        raise VoidedRun(CHANGED)
    if packages_digest() != packages:
        raise VoidedRun(PACKAGES)
    return place, result


@cache
def marker() -> tuple[str, str]:
    """Digests of course_lib and of the packages, as they were when this process was first asked to mark."""
    write_no_bytecode()
    return digest(ROOT / "course_lib"), packages_digest()


def write_no_bytecode() -> None:
    """A compiled file that a submission leaves behind must be seen as a change, so nobody else writes any."""
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def not_marked(task: Task, problem: str) -> tuple[int, Result]:
    place, submission, *_ = task
    return place, Result(submission.name, problem=f"could not be marked: {problem}")
