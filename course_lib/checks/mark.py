"""Mark many submissions: run each in a kernel of its own, ask it from here, compare here.

The inputs are drawn in this process, after the submission was written; the verdict is reached in this process. So
nothing that runs in the kernel can turn a wrong function into a right one. It can still *be* the right one.
"""

import hashlib
import json
import os
import re
import secrets
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from course_lib.checks.labs import LABS
from course_lib.checks.plain import PlainDataError, printable
from course_lib.checks.session import ROOT, Lost, Session, TooSlow
from course_lib.checks.verdict import Verdict

NAMES_ITS_LAB = re.compile(r"\blab\(\s*['\"]([^'\"\n]*)['\"]\s*\)")
ONLY_CHECKS = re.compile(r"check(\.\w+\(\w*\))?")  # such a cell shows a verdict; here it would only take time
RUNS = 3  # of one submission: a cell may end its kernel, and then a function
LARGEST = 50_000_000  # bytes of a notebook; one with outputs has rarely more than one million


class Unmarkable(ValueError):
    """Why a path or a file cannot be marked, in a sentence."""


@dataclass(frozen=True)
class Submission:
    """One notebook. `name` is what the teacher reads: the path, for a member of a zip file behind the zip's."""

    name: str
    content: bytes


@dataclass
class Result:
    """What marking one submission came to. problem: why there are no verdicts."""

    name: str
    lab: str = ""
    problem: str = ""
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def n_right(self) -> int:
        return sum(verdict.passed for verdict in self.verdicts)

    @property
    def passed(self) -> bool:
        return not self.problem and bool(self.verdicts) and self.n_right == len(self.verdicts)

    def as_dict(self) -> dict:
        verdicts = [verdict.as_dict() for verdict in self.verdicts]
        return {
            "name": self.name,
            "lab": self.lab,
            "passed": self.passed,
            "problem": self.problem,
            "verdicts": verdicts,
        }


# ---- What was handed in ----------------------------------------------------------------------------


def submissions(paths: list[Path]) -> list[Submission]:
    """Every notebook below the paths: files, folders and zip files. Nothing of a zip is written to the disk."""
    found = [submission for path in paths for submission in submissions_at(path)]
    if not found:
        raise Unmarkable(f"{', '.join(map(str, paths))}: no notebooks (.ipynb) there")
    return found


def submissions_at(path: Path) -> Iterator[Submission]:
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.is_file() and inner.suffix in (".ipynb", ".zip") and not hidden(inner.relative_to(path).parts):
                yield from submissions_at(inner)
    elif path.suffix == ".zip" and path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    parts = tuple(re.split(r"[/\\]", member.filename))
                    if member.filename.endswith(".ipynb") and not hidden(part for part in parts if part != ".."):
                        with archive.open(member) as file:
                            yield Submission(printable(f"{path}:{member.filename}"), file.read(LARGEST + 1))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            yield Submission(printable(str(path)), f"damaged zip file: {error}".encode())
    elif path.is_file():
        with path.open("rb") as file:
            yield Submission(printable(str(path)), file.read(LARGEST + 1))
    else:
        raise Unmarkable(f"{path}: not found; name notebooks, folders or zip files")


def hidden(parts) -> bool:
    """Checkpoints of Jupyter, and what macOS puts beside files in a zip."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def cells_of(submission: Submission) -> list[str]:
    """The code cells of a notebook."""
    if len(submission.content) > LARGEST:
        raise Unmarkable(f"larger than {LARGEST // 1_000_000} MB; clear its outputs and hand it in again")
    try:
        cells = json.loads(submission.content)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return [source if isinstance(source, str) else "".join(source) for source in sources]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unmarkable("not a notebook; hand in the .ipynb file as Jupyter or Colab saves it") from None


def lab_named(cells: list[str]) -> str:
    """The lab that the notebook says it is; the name of the file says nothing."""
    names = list(dict.fromkeys(name for cell in cells for name in NAMES_ITS_LAB.findall(cell)))
    if not names:
        raise Unmarkable('does not say which lab it is; restore the cell with check = lab("…")')
    if len(names) > 1:
        raise Unmarkable(f"names more than one lab ({', '.join(names)}); keep the line with the right one")
    if names[0] not in LABS:
        raise Unmarkable(f"there is no lab {names[0]!r}; the labs are: {', '.join(LABS)}")
    return names[0]


# ---- Marking ---------------------------------------------------------------------------------------


def mark(submission: Submission, seed: int, seconds: float = 10, memory: int = 4_000_000_000) -> Result:
    """Run and mark one submission. A kernel that had to be ended is replaced, and runs without what ended it."""
    result = Result(submission.name)
    try:
        cells = cells_of(submission)
        result.lab = lab_named(cells)
    except Unmarkable as problem:
        result.problem = str(problem)
        return result
    exercises = {exercise.name: exercise for exercise in LABS[result.lab]()}
    verdicts: dict[str, Verdict] = {}
    left_out: set[int] = set()
    said = ""
    for _ in range(RUNS):
        try:
            with Session(seconds, memory) as session:
                for place, source in enumerate(cells):
                    if place not in left_out and not ONLY_CHECKS.fullmatch(source.strip()):
                        left_out.add(place)  # unless it ends well: the culprit is not run twice
                        try:
                            session.run(source)
                            left_out.discard(place)
                        except TooSlow:
                            left_out.discard(place)
                for name in exercises:
                    if name not in verdicts:
                        try:
                            verdicts[name] = exercises[name].mark(session.call(name), seed)
                        except (TooSlow, PlainDataError) as problem:
                            verdicts[name] = Verdict(name, "wrong", f"it could not be marked: {problem}")
                        except Lost as problem:
                            verdicts[name] = Verdict(name, "wrong", f"it could not be marked: {problem}")
                            raise
                        except Exception as error:  # whatever an answer does to us, the others are marked
                            verdicts[name] = Verdict(name, "wrong", f"it could not be marked: {type(error).__name__}")
            break
        except Lost as problem:
            said = str(problem)
    for name in exercises:
        missing = Verdict(
            name,
            "wrong",
            f"it could not be marked: the notebook was started {RUNS} times and ended every time ({said})",
        )
        result.verdicts.append(verdicts.get(name, missing))
    return result


def mark_all(
    found: list[Submission],
    seed: int | None = None,
    jobs: int | None = None,
    seconds: float = 10,
    progress: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Mark side by side, in the order given. Unmarkable when course_lib is not what it was before."""
    from joblib import Parallel, delayed

    seed = secrets.randbelow(2**31) if seed is None else seed
    # A compiled file that a submission leaves behind must be seen as a change, so nobody else writes any.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    before = digest(ROOT / "course_lib")
    jobs = min(jobs or os.cpu_count() or 1, len(found))
    pool = Parallel(n_jobs=jobs, batch_size=1, pre_dispatch="n_jobs", return_as="generator")
    results = []
    for result in pool(delayed(mark)(submission, seed, seconds) for submission in found):
        results.append(result)
        progress(result)
    if digest(ROOT / "course_lib") != before:
        raise Unmarkable(
            "course_lib was changed while submissions ran, so no verdict of this run counts; restore it "
            "(git status, git checkout course_lib) and mark the submissions one by one to find the one that did it"
        )
    return results


def digest(folder: Path) -> str:
    """Of every file below the folder, with its path."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(folder)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


# ---- Reports ---------------------------------------------------------------------------------------


def table(results: list[Result]) -> str:
    """One line for a submission, and under it one for everything that is missing or wrong."""
    width = max(len(result.name) for result in results)
    lines = []
    for result in results:
        count = result.problem or f"{result.lab}  {result.n_right} of {len(result.verdicts)}"
        lines.append(f"{'✓' if result.passed else '✗'} {result.name:{width}}  {count}")
        for verdict in result.verdicts:
            if not verdict.passed:
                hint = f" Hint: {verdict.hint}" if verdict.hint else ""
                lines.append(f"    {verdict.headline}.{hint}")
    n_passed = sum(result.passed for result in results)
    return "\n".join([*lines, f"{n_passed} of {len(results)} submissions are complete and right"])


def write_reports(results: list[Result], folder: Path) -> None:
    """marks.json and junit.xml; both are written after every submission has ended, over whatever lies there."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = json.dumps([result.as_dict() for result in results], indent=1, ensure_ascii=False)
    (folder / "marks.json").write_text(plain + "\n", encoding="utf-8")
    suites = ElementTree.Element("testsuites")
    for result in results:
        suite = ElementTree.SubElement(suites, "testsuite", name=clean(result.name))
        verdicts = result.verdicts or [Verdict("notebook", "wrong", result.problem)]
        for verdict in verdicts:
            one = ElementTree.SubElement(suite, "testcase", classname=result.lab, name=verdict.exercise)
            if not verdict.passed:
                ElementTree.SubElement(one, "failure", message=clean(verdict.said)).text = clean(repr(verdict))
        n_failed = sum(not verdict.passed for verdict in verdicts)
        suite.attrib.update(tests=str(len(verdicts)), failures=str(n_failed))
    ElementTree.ElementTree(suites).write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)


def clean(text: str) -> str:
    """Without the characters that XML forbids; a student's exception may hold any."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)
