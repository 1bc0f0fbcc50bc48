"""What re-runs a page, and what does not: seen through the command line, as an author sees it."""

import json

import pytest

from course_lib.book.cache import entry_of

IMPORTS = "import course_lib.plots\nimport course_lib.scratch.tiny\nprint('seen', n_steps)"


@pytest.fixture
def run_once(checkout):
    """Two executed pages; `user` imports plots and scratch.tiny, `other` imports nothing."""
    checkout.write("course_lib/plots.py", "# the style\n")
    checkout.write("course_lib/house.mplstyle", "axes.grid: True\n")
    checkout.write("course_lib/scratch/__init__.py", "")
    checkout.write(
        "course_lib/scratch/tiny.py",
        "def value():\n    from course_lib.scratch.deep import depth\n    return depth\n",
    )
    checkout.write("course_lib/scratch/deep.py", "depth = 1\n")
    checkout.write("course_lib/scratch/deep/picture.txt", "data in a folder with the name of a module\n")
    checkout.write("course_lib/scratch/unrelated.py", "nothing = 0\n")
    checkout.write("course_lib/scratch/table.csv", "1,2\n")
    checkout.user = checkout.add_page("user", IMPORTS)
    checkout.other = checkout.add_page("other")
    checkout.course("sync")
    first = checkout.course("run")
    assert "2 executed, 0 unchanged, 0 failed" in first.stdout
    return checkout


def to_run(checkout) -> list[str]:
    checkout.course("sync")
    lines = checkout.course("status").stdout.splitlines()
    return [line.split()[0].rsplit("/")[-1] for line in lines if line.endswith("to run")]


def test_only_what_a_page_depends_on_runs_it_again(run_once):
    """One test for all edits, each undone after it: a checkout costs a second to run."""
    user, other = f"{run_once.user}.md", f"{run_once.other}.md"
    alt = "```{code-cell} ipython3\n---\nmystnb:\n  image:\n    alt: A curve.\n---\n" + IMPORTS
    edits = [
        (user, "Some prose.", "Better prose.", []),
        (user, "```{code-cell} ipython3\n" + IMPORTS, alt, []),
        (user, "[claim]", "[claim, hide-input]", []),
        (user, "'seen'", "'read'", ["user"]),
        (user, "[claim]", "[claim, nbval-ignore-output]", ["user"]),
        (other, "n_steps = 3", "n_steps = 4", ["other"]),
        ("course_lib/plots.py", "the style", "a style", ["user"]),
        ("course_lib/scratch/deep.py", "depth = 1", "depth = 2", ["user"]),  # imported inside a function
        ("course_lib/scratch/__init__.py", "", "# a parent package\n", ["user"]),
        ("course_lib/scratch/table.csv", "1,2", "1,3", ["user"]),  # data of a package reached
        ("course_lib/scratch/deep/picture.txt", "data", "bytes", ["user"]),
        ("course_lib/house.mplstyle", "True", "False", ["user", "other"]),  # data of course_lib itself
        ("course_lib/scratch/unrelated.py", "nothing = 0", "nothing = 1", []),
        ("course_lib/cli.py", "The `course` command.", "The command.", []),
        ("requirements.txt", "2.4.6", "2.4.7", ["user", "other"]),
    ]
    assert to_run(run_once) == []
    for path, old, new, expected in edits:
        before = run_once.read(path)
        run_once.write(path, before.replace(old, new, 1) if old else new)
        assert run_once.read(path) != before
        assert to_run(run_once) == expected, f"after editing {path}: {old!r} -> {new!r}"
        run_once.write(path, before)
    assert to_run(run_once) == []


CHECKS = """\
from course_lib.checks.labs import load


class Lab:
    passed = False

    def double(self, function):
        self.passed = function(2) == 4
        return "right" if self.passed else "wrong"


def lab(name):
    load(name)
    return Lab()
"""
LOADER = """\
import importlib


def load(name):
    return importlib.import_module(f"course_lib.exercises.lab_{name}").EXERCISES
"""


def test_a_solution_depends_on_its_own_lab_and_on_no_other(checkout):
    for stem in ("01_one", "02_two"):
        checkout.add_lab(stem)
    checkout.write("course_lib/checks/__init__.py", CHECKS)
    checkout.write("course_lib/checks/labs.py", LOADER)
    checkout.write("course_lib/exercises/helper.py", "")
    checkout.write("course_lib/exercises/lab_02_two.py", "import course_lib.exercises.helper\n\nEXERCISES = []\n")
    checkout.add_page(
        "both", "from course_lib.checks import lab\nprint([lab(name) is None for name in ('01_one', '02_two')])"
    )
    checkout.course("sync")
    assert "3 executed, 0 unchanged, 0 failed" in checkout.course("run").stdout
    edits = [
        ("exercises/lab_01_one", ["01_one", "both"]),
        ("exercises/lab_02_two", ["02_two", "both"]),
        ("exercises/helper", ["02_two", "both"]),
        ("checks/labs", ["01_one", "02_two", "both"]),
        ("checks/__init__", ["01_one", "02_two", "both"]),
    ]
    for module, expected in edits:
        path = f"course_lib/{module}.py"
        before = checkout.read(path)
        checkout.write(path, before + "# edited\n")
        assert sorted(to_run(checkout)) == expected, module
        checkout.write(path, before)
    assert to_run(checkout) == []


def test_a_second_run_executes_nothing(run_once):
    again = run_once.course("run")
    assert "0 executed, 2 unchanged, 0 failed" in again.stdout


def test_a_damaged_entry_is_executed_again(run_once):
    path = entry_of(run_once.project, run_once.other).path
    path.write_text(path.read_text()[:-200])
    assert to_run(run_once) == ["other"]


def test_an_entry_without_its_record_is_executed_again(run_once):
    """A kill between the notebook and the record that vouches for it."""
    entry_of(run_once.project, run_once.other).record.unlink()
    assert to_run(run_once) == ["other"]


def test_quick_runs_do_not_see_the_data_folder_and_full_runs_stand_apart(checkout):
    page = checkout.add_page(
        "data",
        "import os\nprint('data:', os.environ.get('COURSE_DATA'), n_steps)",
        course="full: {n_steps: 9}",
    )
    checkout.course("sync")
    checkout.course("run")
    checkout.course("run", "--profile", "full")
    quick = json.loads((checkout.root / f"_build/executed/{page}.ipynb").read_text())
    full = json.loads((checkout.root / f"_build/full/{page}.ipynb").read_text())
    assert "data: None 3" in json.dumps(quick)
    assert "data: /nowhere 9" in json.dumps(full)
