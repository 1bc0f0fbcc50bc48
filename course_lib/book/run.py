"""Execute the pages that changed, side by side; list every failure at the end."""

import os
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from joblib import Parallel, delayed

from course_lib.book.cache import cache_key, entry_of, last_seconds
from course_lib.book.execute import Executed, Job, execute, execute_there, not_executed
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page
from course_lib.book.project import Project
from course_lib.book.results import code_digest, collected, keep, path_of, write_results
from course_lib.book.stamp import made_with
from course_lib.common.cpus import usable_cpus
from course_lib.common.errors import CourseError
from course_lib.common.files import files_below, write_whole
from course_lib.common.kernel import TIME_LIMIT, kernel_environment, kernel_settings, threads_for

PROFILES = ("quick", "full")
CHANGED = "what it depends on changed while it ran (a module of course_lib, or an installed package); run it again"


@dataclass
class Report:
    """What a run did, by page name."""

    executed: dict[str, float] = field(default_factory=dict)  # name -> seconds
    reused: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # name -> problem


def run(
    project: Project,
    pages: list[Page],
    profile: str = "quick",
    jobs: int | None = None,
    data: Path | None = None,
    progress: Callable[[str], None] = lambda line: None,
    machine_note: str = "",
    pool: Callable[..., Iterable] | None = None,
) -> Report:
    """Execute every page whose cached notebook no longer fits; keep the others.

    profile: "quick", or "full" for the values of each page's header (kept apart, without a time limit).
    jobs: how many notebooks run at once, one thread each; by default one per usable core.
    data: the folder of complete data sets; only a full run sees it.
    machine_note: the machine in words, for the results of a full run; by default what the kernel says of it.
    pool: pool(function, tasks, give_up) yields results from other machines, see `course_lib.cluster`.

    A full run writes PAGE.full.json beside each page that has a cell tagged `result`.
    """
    if profile not in PROFILES:
        raise CourseError(f"{profile}: no such profile; choose {' or '.join(PROFILES)}")
    data = data if profile == "full" else None
    before = surroundings(project.root)
    graph, report = ImportGraph(project.root), Report()
    keys = {page.name: cache_key(project, page, graph, profile, data) for page in pages}
    waiting = []
    for page in pages:
        if record := entry_of(project, page.name, profile).load(keys[page.name]):
            report.reused.append(page.name)
            if record.get("results") and not path_of(project, page.name).is_file():
                keep(project, page.name, record["results"])
        else:
            waiting.append(page)
    by_name = {page.name: page for page in waiting}
    for executed, threads in executions(project, waiting, profile, jobs or usable_cpus(), data, pool):
        page, problem = by_name[executed.name], executed.problem
        if not problem and surroundings(project.root) != before:
            now = cache_key(project, page, ImportGraph(project.root), profile, data)
            problem = None if now == keys[page.name] else CHANGED
        seconds = f"{executed.seconds:.1f} s"
        kept = project.failed / f"{page.name}.ipynb"
        if problem:
            write_whole(kept, executed.notebook)
            report.failed[page.name] = problem
            progress(f"failed    {page.name}  {seconds}")
        else:
            kept.unlink(missing_ok=True)
            results = None
            values, machine = collected(executed.notebook)
            if profile == "full" and values:
                code = code_digest(page, graph)
                machine = machine_note or machine
                results = write_results(project, page, values, machine=machine, seconds=executed.seconds, code=code)
            entry_of(project, page.name, profile).store(
                keys[page.name],
                executed.notebook,
                seconds=round(executed.seconds, 1),
                threads=threads,
                made_with=made_with(page, graph),
                packages=graph.packages.versions(graph.reach(graph.source_of_page(page)).packages),
                results=results,
            )
            report.executed[page.name] = executed.seconds
            progress(f"executed  {page.name}  {seconds}")
    return report


def surroundings(root: Path) -> tuple:
    """A quick look at what pages depend on: other values mean that something may have changed while they ran."""
    files = [path.stat() for path in files_below(root / "course_lib") if "__pycache__" not in path.parts]
    installed = [os.stat(folder).st_mtime_ns for folder in sys.path if os.path.isdir(folder)]
    return [(file.st_mtime_ns, file.st_size) for file in files], installed


def executions(
    project: Project,
    pages: list[Page],
    profile: str,
    jobs: int,
    data: Path | None,
    pool: Callable[..., Iterable] | None = None,
) -> Iterable[tuple[Executed, int]]:
    """Run pages side by side, the longest first; then those that measure time, one by one on all cores.

    These run on this machine, with a pool too: only here is it known that nothing else runs.
    """
    limit = TIME_LIMIT if profile == "quick" else None
    for alone in (False, True):
        threads = threads_for(alone)
        settings = kernel_settings(threads, data)
        elsewhere = None if alone else pool
        environment = settings if elsewhere else kernel_environment(project.root, settings)
        group = sorted((page for page in pages if page.alone == alone), key=expected_work(project, profile))
        full = profile == "full"
        tasks = [Job(page.name, page.ipynb, page.parameters(profile), environment, limit, full) for page in group]
        if elsewhere:
            results = elsewhere(execute_there, tasks, not_executed)
        else:
            results = side_by_side(execute, tasks, 1 if alone else jobs)
        for executed in results:
            yield executed, threads


def side_by_side(function: Callable, tasks: list, jobs: int) -> Iterable:
    """Results in the order in which they are ready. One task, or one job, needs no second process."""
    if jobs == 1 or len(tasks) < 2:
        return map(function, tasks)
    # Whoever stops half-way (a full disk, Ctrl-C) has said why; joblib need not add that it cancelled the rest.
    warnings.filterwarnings("ignore", module="joblib")
    pool = Parallel(
        n_jobs=min(jobs, len(tasks)),
        batch_size=1,  # pyright: ignore[reportArgumentType] - a number is allowed; joblib's default is a text
        pre_dispatch="n_jobs",
        return_as="generator_unordered",
    )
    return pool(delayed(function)(task) for task in tasks)


def expected_work(project: Project, profile: str) -> Callable[[Page], tuple]:
    """Sort key: longest first. A page never run counts by its code cells, before all others."""

    def key(page: Page) -> tuple:
        seconds = last_seconds(project, page.name, profile)
        return (seconds is not None, -(seconds or 0), -len(page.code_cells), page.name)

    return key
