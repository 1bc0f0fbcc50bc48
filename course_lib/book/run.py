"""Execute the pages that changed, side by side; list every failure at the end."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from joblib import Parallel, delayed

from course_lib.book.cache import cache_key, entry_of, last_seconds
from course_lib.book.execute import Job, Outcome, execute, execute_there, not_executed
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page
from course_lib.book.project import Project
from course_lib.common.cpus import usable_cpus
from course_lib.common.errors import CourseError
from course_lib.common.files import write_whole
from course_lib.common.kernel import TIME_LIMIT, kernel_environment, kernel_settings, threads_for

PROFILES = ("quick", "full")


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
    pool: Callable[..., Iterable] | None = None,
) -> Report:
    """Execute every page whose cached notebook no longer fits; keep the others.

    profile: "quick", or "full" for the values of each page's header (kept apart, without a time limit).
    jobs: how many notebooks run at once, one thread each; by default one per usable core.
    data: the folder of complete data sets; only a full run sees it.
    pool: pool(function, tasks, give_up) yields results from other machines, see `course_lib.cluster`.
    """
    if profile not in PROFILES:
        raise CourseError(f"{profile}: no such profile; choose {' or '.join(PROFILES)}")
    data = data if profile == "full" else None
    graph, report = ImportGraph(project.root), Report()
    keys = {page.name: cache_key(project, page, graph, profile, data) for page in pages}
    waiting = []
    for page in pages:
        if entry_of(project, page.name, profile).load(keys[page.name]):
            report.reused.append(page.name)
        else:
            waiting.append(page)
    for outcome, threads in outcomes(project, waiting, profile, jobs or usable_cpus(), data, pool):
        seconds = f"{outcome.seconds:.1f} s"
        kept = project.failed / f"{outcome.name}.ipynb"
        if outcome.problem:
            write_whole(kept, outcome.notebook)
            report.failed[outcome.name] = outcome.problem
            progress(f"failed    {outcome.name}  {seconds}")
        else:
            kept.unlink(missing_ok=True)
            entry_of(project, outcome.name, profile).store(
                keys[outcome.name], outcome.notebook, outcome.seconds, threads
            )
            report.executed[outcome.name] = outcome.seconds
            progress(f"executed  {outcome.name}  {seconds}")
    return report


def outcomes(
    project: Project,
    pages: list[Page],
    profile: str,
    jobs: int,
    data: Path | None,
    pool: Callable[..., Iterable] | None = None,
) -> Iterable[tuple[Outcome, int]]:
    """Run pages side by side, the longest first; then those that measure time, one by one on all cores.

    These run on this machine, with a pool too: only here is it known that nothing else runs.
    """
    limit = TIME_LIMIT if profile == "quick" else None
    for alone in (False, True):
        threads = threads_for(alone)
        settings = kernel_settings(threads, data)
        elsewhere = pool and not alone
        environment = settings if elsewhere else kernel_environment(project.root, settings)
        group = sorted((page for page in pages if page.alone == alone), key=expected_work(project, profile))
        tasks = [Job(page.name, page.ipynb, page.parameters(profile), environment, limit) for page in group]
        if elsewhere:
            results = pool(execute_there, tasks, not_executed)
        else:
            results = side_by_side(execute, tasks, 1 if alone else jobs)
        for outcome in results:
            yield outcome, threads


def side_by_side(function: Callable, tasks: list, jobs: int) -> Iterable:
    """Results in the order in which they are ready. One task, or one job, needs no second process."""
    if jobs == 1 or len(tasks) < 2:
        return map(function, tasks)
    # Whoever stops half-way (a full disk, Ctrl-C) has said why; joblib need not add that it cancelled the rest.
    warnings.filterwarnings("ignore", module="joblib")
    pool = Parallel(n_jobs=min(jobs, len(tasks)), batch_size=1, pre_dispatch="n_jobs", return_as="generator_unordered")
    return pool(delayed(function)(task) for task in tasks)


def expected_work(project: Project, profile: str) -> Callable[[Page], tuple]:
    """Sort key: longest first. A page never run counts by its code cells, before all others."""

    def key(page: Page) -> tuple:
        seconds = last_seconds(project, page.name, profile)
        return (seconds is not None, -(seconds or 0), -len(page.code_cells), page.name)

    return key
