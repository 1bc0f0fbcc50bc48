"""What all tests share: the library first, one thread for each worker, groups that stay together, and what a skip means.

`pytest` alone runs everything in one process. `pytest -n auto`, which is what `make test` calls, gives each usable core
a worker. A file stays with one worker, so that what it prepares is prepared once. The tests in `HEAVY` use all cores
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
from tests.tools import NOT_HERE, group_of  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also what is marked `more`; a skip is a failure")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The cores that this process may use: joblib knows of affinity and of a container's share."""
    import joblib

    return min(joblib.cpu_count(), MOST_WORKERS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Groups by the names of tests. (xdist's own marks for groups are not read with pytest 9.2.)"""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Groups(config, log)


def pytest_itemcollected(item: pytest.Item) -> None:
    if "site" in getattr(item, "fixturenames", ()):
        item.add_marker("pages")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--all"):
        left_out = [item for item in items if item.get_closest_marker("more")]
        items[:] = [item for item in items if not item.get_closest_marker("more")]
        config.hook.pytest_deselected(items=left_out)
    if config.getoption("numprocesses", None) or "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=weight)


def weight(item: pytest.Item) -> int:
    """The longest groups first, or one of them would be left for a single worker at the end."""
    if group_of(item.nodeid) == "heavy":
        return 0
    kinds = ("browser", "slow")
    return next((place for place, kind in enumerate(kinds, 1) if item.get_closest_marker(kind)), len(kinds) + 1)


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
