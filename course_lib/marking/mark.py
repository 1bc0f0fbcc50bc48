"""Mark many submissions: run each in a kernel of its own, ask it from here, compare here.

The inputs are drawn in this process, after the submission was written; the verdict is reached in this process. So
nothing that runs in the kernel can turn a wrong function into a right one. It can still *be* the right one.
"""

import contextlib
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.marking.collect import Submission
from course_lib.marking.errors import BadFile, VoidedRun
from course_lib.marking.labs import Labs
from course_lib.marking.plain import PlainDataError
from course_lib.marking.session import MEMORY, ROOT, Lost, Session, TooSlow, become_subreaper, descendants, kill
from course_lib.marking.verdict import Verdict

ONLY_CHECKS = re.compile(r"check(\.\w+\(\w*\))?")  # such a cell shows a verdict; here it would only take time
RUNS = 3  # of one submission: a cell may end its kernel, and then a function


CHANGED = (
    "course_lib was changed while submissions ran, so no verdict of this run counts; restore it "
    "(git status, git checkout course_lib) and mark the submissions one by one to find the one that did it"
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
        """As of a verdict: "wrong" where anything is, "not attempted" where something still waits."""
        states = {verdict.state for verdict in self.verdicts}
        if self.problem or not states or "wrong" in states:
            return "wrong"
        return "not attempted" if "not attempted" in states else "passed"

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
    exercises = {exercise.name: exercise for exercise in labs.load(result.lab)}
    # Asked here too, behind the import: who changes a declaration may put it back before the run ends.
    if library is not None and digest(ROOT / "course_lib") != library:
        raise VoidedRun(CHANGED)
    verdicts: dict[str, Verdict] = {}
    left_out: set[int] = set()
    said = ""
    for _ in range(RUNS):
        try:
            with Session(labs.remote, seconds, memory) as session:
                for place, source in enumerate(submission.cells):
                    if place not in left_out and not ONLY_CHECKS.fullmatch(source.strip()):
                        left_out.add(place)  # unless it ends well: the culprit is not run twice
                        with contextlib.suppress(TooSlow):
                            session.run(source)
                        left_out.discard(place)
                for name in exercises:
                    if name not in verdicts:
                        try:
                            verdicts[name] = exercises[name].mark(
                                session.call(name, result.lab), seed, submission.number
                            )
                        except (TooSlow, PlainDataError) as problem:
                            verdicts[name] = unmarked(name, str(problem))
                        except Lost as problem:
                            verdicts[name] = unmarked(name, str(problem))
                            raise
                        except Exception as error:  # whatever an answer does to us, the others are marked
                            verdicts[name] = unmarked(name, type(error).__name__)
            break
        except Lost as problem:
            said = f"the notebook was started {RUNS} times and ended every time ({problem})"
    result.verdicts = [verdicts.get(name) or unmarked(name, said) for name in exercises]
    return result


def unmarked(name: str, why: str) -> Verdict:
    return Verdict(name, "wrong", f"it could not be marked: {why}")


def mark_all(
    found: list[Submission],
    labs: Labs,
    seed: int | None = None,
    jobs: int | None = None,
    seconds: float = 10,
    memory: float = MEMORY,
    progress: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Mark side by side, in the order given. VoidedRun when course_lib is not what it was before."""
    from joblib import Parallel, delayed

    seed = secrets.randbelow(2**31) if seed is None else seed
    # A compiled file that a submission leaves behind must be seen as a change, so nobody else writes any.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    library = digest(ROOT / "course_lib")
    jobs = min(jobs or os.cpu_count() or 1, len(found))
    pool = Parallel(n_jobs=jobs, batch_size=1, pre_dispatch="n_jobs", return_as="generator")
    results = []
    become_subreaper()
    spared = {process.pid for process in descendants()}
    try:
        for result in pool(delayed(mark)(submission, labs, seed, seconds, memory, library) for submission in found):
            results.append(result)
            progress(result)
    except BaseException as error:  # whoever stops the run, with Ctrl-C too, leaves no process of a student behind
        kill(spared)
        if isinstance(error, BrokenProcessPool):
            raise VoidedRun(KILLED) from None
        raise
    if digest(ROOT / "course_lib") != library:
        raise VoidedRun(CHANGED)
    return results


def digest(folder: Path) -> str:
    """Of every file below the folder, with its path."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(folder)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
