"""What all tests share: the library first, one thread for each worker, groups that stay together, and what a skip means.

`pytest` alone runs everything in one process. `pytest -n auto`, which is what `make test` calls, gives each usable core
a worker. A file stays with one worker, so that what it prepares is prepared once. Tests marked `heavy` use all cores
themselves, or start many processes: they form one group, and so never run beside each other. They are handed out first.
"""

import os

import pytest

MOST_WORKERS = 8  # each loads both frameworks, about 1.5 GB; and there are hardly more groups of equal weight

if "PYTEST_XDIST_WORKER" in os.environ:  # before anything loads NumPy: workers share the cores, so one thread each
    from course_lib.common.kernel import kernel_settings

    os.environ.update({name: count for name, count in kernel_settings(1).items() if "_THREADS" in name})

# The course library comes before any framework, as on every page: see `course_lib/__init__.py`.
import course_lib  # noqa: E402, F401
from tests.tools import NOT_HERE  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also what is marked `more`; a skip is a failure")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The cores that this process may use: joblib knows of affinity and of a container's share."""
    import joblib

    return min(joblib.cpu_count(), MOST_WORKERS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--all"):
        left_out = [item for item in items if item.get_closest_marker("more")]
        items[:] = [item for item in items if not item.get_closest_marker("more")]
        config.hook.pytest_deselected(items=left_out)
    for item in items:
        if "site" in item.fixturenames:
            item.add_marker("pages")
        item.add_marker(pytest.mark.xdist_group("heavy" if item.get_closest_marker("heavy") else item.path.as_posix()))
    if config.getoption("numprocesses", None) or "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=weight)


def weight(item: pytest.Item) -> int:
    """The longest groups first, or one of them would be left for a single worker at the end."""
    kinds = ("heavy", "browser", "slow")
    return next((place for place, kind in enumerate(kinds) if item.get_closest_marker(kind)), len(kinds))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    return judged(report, item.config.getoption("--all"))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = yield
    return judged(report, collector.config.getoption("--all"))


def judged(report, strict: bool):
    """Where everything is asked for, a skip is a failure, unless no set-up could have prevented it."""
    if strict and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if NOT_HERE not in reason:
            report.outcome, report.longrepr = "failed", f"skipped, and with --all a skip is a failure. {reason}"
    return report
