"""Mark many submissions: run each in a kernel of its own, ask it from here, compare here.

The inputs are drawn in this process, after the submission was written; the verdict is reached in this process. So
nothing that runs in the kernel can turn a wrong function into a right one. It can still *be* the right one.
"""

import hashlib
import os
import secrets
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from course_lib.common.cpus import usable_cpus
from course_lib.marking.answers import ask_for, no_answer, run_cells
from course_lib.marking.cells import Failure
from course_lib.marking.collect import Submission
from course_lib.marking.errors import BadFile, VoidedRun
from course_lib.marking.labs import Labs
from course_lib.marking.packages import packages_digest
from course_lib.marking.session import (
    MEMORY,
    ROOT,
    Lost,
    Session,
    Starved,
    become_subreaper,
    descendants,
    kill,
)
from course_lib.marking.verdict import Verdict

RUNS = 3  # of one submission: a cell may end its kernel, and then a function

CHANGED = (
    "course_lib was changed while submissions ran, so no verdict of this run counts; restore it "
    "(git status, git checkout course_lib) and mark the submissions one by one to find the one that did it"
)
PACKAGES = (
    "a package was installed, changed or removed while submissions ran, so no verdict of this run counts; set the "
    "environment up anew (delete the folder .venv, then call the same command as python3 -m course_lib check …) and "
    "mark the submissions one by one to find the one that did it"
)
KILLED = (
    "a submission ended the marker itself, so no verdict of this run counts; mark the submissions one by one to find "
    "the one that did it, and read it before you run it again"
)


@dataclass
class Result:
    """What marking one submission came to. problem: why there are no verdicts. student: a number on the roster."""

    name: str
    lab: str = ""
    problem: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    student: str = ""

    @property
    def n_right(self) -> int:
        return sum(verdict.passed for verdict in self.verdicts)

    @property
    def state(self) -> str:
        """As of a verdict: that of the first of these that any verdict has, and "wrong" without verdicts."""
        states = {verdict.state for verdict in self.verdicts}
        if self.problem or not states:
            return "wrong"
        return next(state for state in ("unmarked", "wrong", "not attempted", "passed") if state in states)

    @property
    def passed(self) -> bool:
        return self.state == "passed"

    def as_dict(self) -> dict:
        whose = {"student": self.student} if self.student else {}
        return {
            "name": self.name,
            **whose,
            "lab": self.lab,
            "passed": self.passed,
            "problem": self.problem,
            "verdicts": [verdict.as_dict() for verdict in self.verdicts],
        }


def mark(
    submission: Submission,
    labs: Labs,
    seed: int,
    seconds: float = 10,
    memory: float = MEMORY,
    library: str | None = None,
) -> Result:
    """Run and mark one submission. A kernel that had to be ended is replaced, and runs without what ended it.

    seconds: for one call. memory: in GB. library: the digest that course_lib had, or VoidedRun is raised.
    """
    result = Result(submission.name)
    try:
        result.lab = submission.lab(labs.names)
    except BadFile as problem:
        result.problem = str(problem)
        return result
    exercises = labs.load(result.lab)
    packages = packages_digest()
    # Asked here too, behind the import: who changes a declaration may put it back before the run ends.
    if library is not None and digest(ROOT / "course_lib") != library:
        raise VoidedRun(CHANGED)
    verdicts: dict[str, Verdict] = {}
    failures: dict[int, Failure] = {}
    left_out: set[int] = set()
    ended: Exception = Lost()
    try:
        for _ in range(RUNS):
            try:
                with Session(labs.remote, seconds, memory) as session:
                    run_cells(session, submission.cells, failures, left_out)
                    waiting = [exercise for exercise in exercises if exercise.name not in verdicts]
                    ask_for(waiting, session, result.lab, seed, submission.number, failures, verdicts)
                break
            except Lost as problem:
                ended = type(problem)(f"the notebook was started {RUNS} times and ended every time ({problem})")
    except Starved as problem:
        ended = problem
    if packages_digest() != packages:
        raise VoidedRun(PACKAGES)
    result.verdicts = [verdicts.get(exercise.name) or no_answer(exercise.name, ended) for exercise in exercises]
    return result


def mark_all(
    found: list[Submission],
    labs: Labs,
    seed: int | None = None,
    jobs: int | None = None,
    seconds: float = 10,
    memory: float = MEMORY,
    progress: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Mark side by side, in the order given; what could not be marked so is marked again, alone, after the others.

    VoidedRun when course_lib or the packages are not what they were before.
    """
    from joblib import Parallel, delayed

    seed = secrets.randbelow(2**31) if seed is None else seed
    # A compiled file that a submission leaves behind must be seen as a change, so nobody else writes any.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    library, packages = digest(ROOT / "course_lib"), packages_digest()
    job = partial(mark, labs=labs, seed=seed, seconds=seconds, memory=memory, library=library)
    jobs = min(jobs or usable_cpus(), len(found))
    options: dict[str, Any] = {"n_jobs": jobs, "batch_size": 1, "return_as": "generator"}
    side_by_side: Any = Parallel(**options, pre_dispatch="n_jobs")
    one_by_one: Any = Parallel(**options, pre_dispatch="1")
    results: list[Result] = []
    become_subreaper()
    spared = {process.pid for process in descendants()}
    try:
        for result in side_by_side(delayed(job)(submission) for submission in found):
            results.append(result)
            if result.state != "unmarked":
                progress(result)
        again = [place for place, result in enumerate(results) if result.state == "unmarked"]
        for place, result in zip(again, one_by_one(delayed(job)(found[place]) for place in again), strict=True):
            results[place] = result
            progress(result)
    except BaseException as error:  # whoever stops the run, with Ctrl-C too, leaves no process of a student behind
        kill(spared)
        if isinstance(error, BrokenProcessPool):
            raise VoidedRun(KILLED) from None
        raise
    if digest(ROOT / "course_lib") != library:
        raise VoidedRun(CHANGED)
    if packages_digest() != packages:
        raise VoidedRun(PACKAGES)
    return results


def digest(folder: Path) -> str:
    """Of every file below the folder, with its path."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(folder)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
