"""Parts of all pages: a share where several machines run them, a turn of validation where all would take too long."""

import re
import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from course_lib.book.cache import cache_key, entry_of, last_seconds
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page, read_pages
from course_lib.book.project import Project
from course_lib.book.validate import reproduction_digest
from course_lib.common.cpus import usable_cpus
from course_lib.common.errors import CourseError
from course_lib.common.files import digest

START = 10  # seconds that a page costs beside its cells: nbval, a kernel, the imports
UNKNOWN = 30  # seconds of a page that has never run


def share(project: Project, pages: list[Page], which: str) -> list[Page]:
    """The pages of one machine, "2/4" for the second of four, so that all take about equally long.

    By the seconds of the last run: the longest page goes to the machine that has least to do, and so on. Machines that
    know the same seconds divide alike. Where they do not, a page may be run twice or not at all: whoever collects the
    results runs what is missing.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", which)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise CourseError(f"{which}: not a share; write 2/4 for the second of four")
    number, n_shares = int(match[1]), int(match[2])
    if n_shares > len(pages):
        raise CourseError(f"{which}: there are only {len(pages)} pages; choose fewer shares")
    shares: list[list[Page]] = [[] for _ in range(n_shares)]
    loads = [0.0] * n_shares
    seconds = {page.name: last_seconds(project, page.name) for page in pages}
    for page in sorted(pages, key=lambda page: (-(seconds[page.name] or UNKNOWN), page.name)):
        least = loads.index(min(loads))
        shares[least].append(page)
        loads[least] += (seconds[page.name] or UNKNOWN) + START
    return shares[number - 1]


def turn(project: Project, pages: list[Page], minutes: float, jobs: int | None = None) -> tuple[list[Page], list[str]]:
    """What to validate when so many minutes are left, and the lines that say so.

    All pages, if their recorded seconds fit. Else those that the last commit touches, which means that their key in the
    cache was another one before it, and a third of the others, chosen by the commit's hash: so each page has its turn.
    """
    needed = expected_seconds(project, pages, jobs or usable_cpus()) / 60
    if needed <= minutes:
        return pages, []
    said = f"validating all pages would take about {needed:.0f} min, and {max(minutes, 0):.0f} are left: "
    try:
        commit = git(project.root, "rev-parse", "HEAD").decode().strip()
        changed = touched(project, pages)
    except (OSError, subprocess.CalledProcessError):
        return pages, [f"{said}without git and the commit before this one, all are validated all the same"]
    others = sorted((page for page in pages if page.name not in changed), key=lambda page: digest(commit + page.name))
    third = others[: -(-len(others) // 3)]
    chosen = {page.name for page in third} | changed
    return [page for page in pages if page.name in chosen], [
        f"{said}this commit's turn has {len(chosen)} of {len(pages)} pages",
        *(f"touched   {name}" for name in sorted(changed)),
        *(f"its turn  {page.name}" for page in third),
    ]


def expected_seconds(project: Project, pages: list[Page], jobs: int) -> float:
    """How long validating takes, by the recorded seconds: side by side, then the pages that need the machine alone."""
    graph = ImportGraph(project.root)
    beside, alone = [0.0], 0.0
    for page in pages:
        record = entry_of(project, page.name).load(cache_key(project, page, graph))
        if record and record.get("reproduced") == reproduction_digest(record["digest"]):
            continue  # reproduced on this machine before
        seconds = (record["seconds"] if record else UNKNOWN) + START
        if page.alone:
            alone += seconds
        else:
            beside.append(seconds)
    return max(max(beside), sum(beside) / jobs) + alone


def touched(project: Project, pages: list[Page]) -> set[str]:
    """The names of the pages that were not there, or had another key, in the commit before the present one.

    Of a merge, that is the branch merged into: a pull request counts with all its commits.
    """
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        with tarfile.open(fileobj=BytesIO(git(project.root, "archive", "HEAD^1"))) as archive:
            archive.extractall(folder, filter="data")
        before = Project(Path(folder))
        then, now = ImportGraph(before.root), ImportGraph(project.root)
        old = {page.name: cache_key(before, page, then) for page in read_pages(before)}
        return {page.name for page in pages if old.get(page.name) != cache_key(project, page, now)}


def git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True).stdout
