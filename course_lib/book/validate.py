"""Run every executed notebook again with nbval and compare each output with the stored one."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course_lib.book.cache import cache_key, entry_of
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page
from course_lib.book.project import Project
from course_lib.book.run import side_by_side
from course_lib.common.cpus import usable_cpus
from course_lib.common.errors import COLOUR, CourseError
from course_lib.common.files import digest_json, digest_of
from course_lib.common.kernel import (
    TIME_LIMIT,
    in_folder,
    kernel_environment,
    kernel_settings,
    this_machine,
    threads_for,
)

SANITISE = Path(__file__).with_name("sanitise.cfg")
PLUGIN = "course_lib.book.nbval_plugin"


@dataclass(frozen=True)
class Replay:
    """One executed notebook to run again. Plain data."""

    name: str
    notebook: str
    environment: dict[str, str]


def validate(
    project: Project,
    pages: list[Page],
    jobs: int | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> tuple[list[str], dict[str, str]]:
    """Compare every page; return the names reproduced (now or before, on this machine) and name -> differences."""
    graph = ImportGraph(project.root)
    good, bad, waiting = [], {}, []
    entries = {page.name: entry_of(project, page.name) for page in pages}
    for page in pages:
        record = entries[page.name].load(cache_key(project, page, graph))
        if record is None:
            raise CourseError(f"{page.name}.ipynb: not executed as it stands; run: course run")
        if record.get("reproduced") == reproduction_digest(record["digest"]):
            good.append(page.name)
        else:
            waiting.append(page)
    for alone in (False, True):
        environment = kernel_environment(project.root, kernel_settings(threads_for(alone)))
        group = [page for page in waiting if page.alone == alone]
        group.sort(key=lambda page: -entries[page.name].seconds)
        tasks = [Replay(page.name, entries[page.name].path.read_text("utf-8"), environment) for page in group]
        for name, differences in side_by_side(replay, tasks, 1 if alone else jobs or usable_cpus()):
            if differences:
                bad[name] = differences
            else:
                good.append(name)
                entries[name].add_reproduction(reproduction_digest(entries[name].data["digest"]))
            progress(f"{'differs ' if differences else 'same    '}  {name}")
    return good, bad


def reproduction_digest(notebook_digest: str) -> str:
    """Holds for this notebook, these rules of comparison and this machine only."""
    return digest_json([notebook_digest, digest_of(SANITISE), this_machine()])


def replay(task: Replay) -> tuple[str, str]:
    """Run nbval on one notebook, in an empty folder. Return the name and the differences, if any."""
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        path = Path(folder, "page.ipynb")
        path.write_text(task.notebook, encoding="utf-8")
        command = [
            sys.executable, "-m", "pytest", str(path), "--nbval", "--nbval-current-env",
            "--nbval-sanitize-with", str(SANITISE), "--nbval-cell-timeout", str(TIME_LIMIT),
            "-p", PLUGIN, "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder}", "-q", "--tb=short",
        ]  # fmt: skip
        environment = in_folder(task.environment, Path(folder))
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)
    if result.returncode == 0 and " passed" in result.stdout:
        return task.name, ""
    return task.name, shortened(COLOUR.sub("", result.stdout + result.stderr))


def shortened(text: str, n_lines: int = 40) -> str:
    """The first differences; an image is a wall of characters."""
    lines = [line if len(line) < 200 else line[:200] + " …" for line in text.splitlines() if line.strip()]
    return "\n".join(lines[:n_lines] + (["…"] if len(lines) > n_lines else []))
