"""Running the test suite, and the one line that sums it up."""

import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from course_lib.book.project import Project
from course_lib.common.cpus import usable_cpus


@dataclass(frozen=True)
class Result:
    """What pytest counted."""

    passed: int
    failed: int
    skipped: list[str]  # why, once each


def pytest(project: Project, *arguments: str) -> tuple[int, Result | None]:
    """Run every test on all usable cores. Returns the exit status, and what was counted if it came so far."""
    report = project.build / "tests.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-n", "auto", "-q", f"--junitxml={report}", *arguments]
    status = subprocess.run(command, cwd=project.root, check=False).returncode
    return status, read_report(report) if report.is_file() else None


def read_report(path: Path) -> Result:
    """The counts of a JUnit file as pytest writes it."""
    cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    skips = [element.get("message") or "no reason" for case in cases for element in case.iter("skipped")]
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    return Result(len(cases) - failed - len(skips), failed, sorted(set(skips)))


def summary(project: Project, result: Result, n_pages: int, n_reproduced: int, seconds: float) -> str:
    """One line for a note: what was done, how long it took, where, and of which commit."""
    skipped = f"{len(result.skipped)} not for this machine" if result.skipped else "0 skipped"
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"test-all: {result.passed} passed, {result.failed} failed, {skipped}, five seeds of every proof; "
        f"{n_reproduced} of {n_pages} pages reproduced; {seconds / 60:.1f} min on {usable_cpus()} cores{load}; "
        f"Python {platform.python_version()}, {platform.system()}; {commit(project.root)}"
    )


def commit(root: Path) -> str:
    """The commit at hand, and whether files differ from it."""
    try:
        asked = ["git", "describe", "--always", "--dirty= with changes", "--abbrev=10", "--exclude=*"]
        said = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
        return f"commit {re.sub(r'^.*-g', '', said)}"
    except (OSError, subprocess.CalledProcessError):
        return "no commit"
