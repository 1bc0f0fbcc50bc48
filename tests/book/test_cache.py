"""What re-runs a page, and what does not: seen through the command line, as an author sees it."""

import json
import shutil
from importlib import metadata

import pytest

from course_lib.book.cache import cache_key, entry_of
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page

IMPORTS = (
    "import course_lib.plots\nfrom course_lib.scratch import value\nfrom course_lib import training\n"
    "print('seen', n_steps, value(), training.speed)"
)


@pytest.fixture
def run_once(checkout):
    """Two executed pages; `user` takes the style, a value and a speed, each through a façade; `other` takes nothing."""
    shutil.rmtree(checkout.root / "course_lib/scratch")
    shutil.rmtree(checkout.root / "course_lib/training")
    shutil.rmtree(checkout.root / "course_lib/plots")
    files = {
        "plots/__init__.py": "from course_lib.plots.style import COLOUR\nfrom course_lib.plots.curve import draw\n",
        "plots/style.py": "import os\n\nDATA_FILES = ('course_lib/house.mplstyle',)\nCOLOUR = 1\nos.environ['STYLE'] = 'x'\n",
        "plots/curve.py": "def draw():\n    return 1\n",
        "house.mplstyle": "axes.grid: True\n",
        "scratch/__init__.py": '"""A façade."""\n\nfrom course_lib.scratch.other import nothing\n'
        "from course_lib.scratch.tiny import first as value\n\n__all__ = ['nothing', 'value']\n",
        "scratch/tiny.py": "DATA_FILES = ('course_lib/scratch/deep/*.txt', 'weights/tiny.npz')\n\n\n"
        "def first():\n    from course_lib.scratch.deep import depth\n    return depth\n\n\ndef second():\n    return 2\n",
        "scratch/deep.py": "depth = 1\n",
        "scratch/deep/picture.txt": "data in a folder with the name of a module\n",
        "scratch/other.py": "from course_lib.scratch.more import many\n\nnothing = 0\n",
        "scratch/more.py": "many = 5\n",
        "scratch/table.csv": "1,2\n",
        "training/__init__.py": "from course_lib.training.fast import speed\nfrom course_lib.training.slow import delay\n",
        "training/fast.py": "speed = 1\n",
        "training/slow.py": "delay = 1\n",
    }
    for path, text in files.items():
        checkout.write(f"course_lib/{path}", text)
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
        ("course_lib/__init__.py", "sys.modules", "sys . modules", ["user", "other"]),  # it has an effect
        ("course_lib/plots/style.py", "'x'", "'y'", ["user"]),  # imported for what this does
        ("course_lib/house.mplstyle", "True", "False", ["user"]),  # a file that it names
        ("course_lib/plots/curve.py", "return 1", "return 2", []),
        ("course_lib/plots/curve.py", "def", "import torch\ndef", ["user"]),  # another package is loaded
        ("course_lib/plots/curve.py", "def", "print('here')\ndef", ["user"]),  # now importing it has an effect
        ("course_lib/scratch/tiny.py", "return 2", "return 3", ["user"]),  # the whole text of a module that is used
        ("course_lib/scratch/deep.py", "depth = 1", "depth = 2", ["user"]),  # imported inside a function
        ("course_lib/scratch/deep/picture.txt", "data", "bytes", ["user"]),
        ("course_lib/scratch/__init__.py", "A façade.", "A room.", []),
        ("course_lib/scratch/__init__.py", "import first", "import second", ["user"]),  # the same name, another thing
        ("course_lib/scratch/__init__.py", "__all__", "most = 1\n__all__", ["user"]),  # no façade any more
        ("course_lib/scratch/other.py", "nothing = 0", "nothing = 1", []),
        ("course_lib/scratch/more.py", "many = 5", "many = 6", []),
        ("course_lib/scratch/table.csv", "1,2", "1,3", []),
        ("course_lib/training/fast.py", "speed = 1", "speed = 2", ["user"]),  # an attribute of the module
        ("course_lib/training/slow.py", "delay = 1", "delay = 2", []),
        ("course_lib/cli.py", "The `course` command.", "The command.", []),
        ("requirements.txt", "2.4.6", "2.4.7", []),  # what counts is what is installed
    ]
    assert to_run(run_once) == []
    for path, old, new, expected in edits:
        before = run_once.read(path)
        run_once.write(path, before.replace(old, new, 1) if old else new)
        assert run_once.read(path) != before
        assert to_run(run_once) == expected, f"after editing {path}: {old!r} -> {new!r}"
        run_once.write(path, before)
    assert to_run(run_once) == []
    run_once.write("weights/tiny.npz", "numbers")  # a file that is named and was not there
    assert to_run(run_once) == ["user"]


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("print(training.speed, getattr(training, 'delay'))", True),  # who knows what it takes
        ("print(vars(training)['delay'])", True),
        ("%timeit -n1 -r1 training.delay", True),  # a magic is not read
        ("from course_lib.training import *\nprint(delay)", True),
        ("import course_lib.training\nprint(course_lib.training.delay)", True),
        ("import course_lib.training as t\nprint(t.delay)", True),
        (
            "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import course_lib.training.slow'])\nprint(1)",
            True,
        ),
        ("print(training.speed)", False),
        ("import course_lib.training\nprint(course_lib.training.speed, training.speed)", False),
    ],
)
def test_what_is_not_plainly_visible_counts_as_used(checkout, use, expected):
    checkout.write(
        "course_lib/training/__init__.py",
        "from course_lib.training.fast import speed\nfrom course_lib.training.slow import delay\n",
    )
    checkout.write("course_lib/training/fast.py", "speed = 1\n")
    checkout.write("course_lib/training/slow.py", "delay = 1\n")
    page = Page(
        "page", checkout.read(f"{checkout.add_page('page', f'from course_lib import training{chr(10)}{use}')}.md")
    )
    before = cache_key(checkout.project, page, ImportGraph(checkout.root))
    checkout.write("course_lib/training/slow.py", "delay = 2\n")
    assert (cache_key(checkout.project, page, ImportGraph(checkout.root)) != before) == expected


def pretend_installed(folder, name: str, version: str) -> None:
    """Metadata that Python finds before the real ones; the package itself stays what it is."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    real = metadata.distribution(name)
    lines = [line for line in (real.read_text("METADATA") or "").splitlines() if not line.startswith("Version:")]
    (info / "METADATA").write_text("\n".join([lines[0], f"Version: {version}", *lines[1:]]), encoding="utf-8")


def test_a_changed_installed_version_runs_its_users_and_the_stamp_tells_the_truth(checkout, tmp_path_factory):
    user = checkout.add_page("user", "import numpy as np\nprint(np.arange(n_steps))")
    checkout.add_page("other")
    checkout.course("sync")
    checkout.course("run")
    made = metadata.version("numpy")
    record = entry_of(checkout.project, user).data
    assert record["made_with"] == [f"NumPy {made}"] and record["packages"]["numpy"] == made
    for name, expected in (("ruff", []), ("pytest", []), ("requests", []), ("numpy", ["user"])):
        folder = tmp_path_factory.mktemp("installed")
        pretend_installed(folder, name, "99.9")
        checkout.extra_path = str(folder)
        assert to_run(checkout) == expected, name
    built = checkout.course("build", check=False)  # the site is not built from it, so nothing can be said wrongly
    assert f"error: {user}.ipynb: not executed as it stands; run: course run" in built.stderr
    checkout.course("run")
    assert entry_of(checkout.project, user).data["made_with"] == ["NumPy 99.9"]
    checkout.extra_path = ""
    assert to_run(checkout) == ["user"]


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
    checkout.write("course_lib/checks/__init__.py", "from course_lib.checks.notebook import Lab, lab\n")
    checkout.write("course_lib/checks/notebook.py", CHECKS)
    checkout.write("course_lib/checks/labs.py", LOADER)
    checkout.write("course_lib/exercises/helper.py", "EXERCISES = []\n")
    checkout.write("course_lib/exercises/lab_02_two.py", "from course_lib.exercises.helper import EXERCISES\n")
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
        ("checks/notebook", ["01_one", "02_two", "both"]),
        ("checks/__init__", []),
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
