"""The workflow that marks a student's fork: its own shell steps, run here."""

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from course_lib.book.pages import read_page
from course_lib.book.project import Project
from course_lib.checks.labs import LABS
from tests.tools import program

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/labs.yml").read_text(encoding="utf-8"))
STEPS = [step["run"] for step in WORKFLOW["jobs"]["mark"]["steps"] if "run" in step]
LAB = "02_activations"
USED_WHERE_IT_IS_THERE = {"msgpack"}  # by jupyter_client; here Dask brings it


@pytest.fixture
def fork(tmp_path) -> Path:
    """A checkout as far as marking needs it, with one lab that nobody has touched."""
    ignored = shutil.ignore_patterns("__pycache__", "data", "book", "bench", "serving")
    shutil.copytree(ROOT / "course_lib", tmp_path / "course_lib", ignore=ignored)
    (tmp_path / "submissions").mkdir()
    shutil.copy(ROOT / f"labs/{LAB}.ipynb", tmp_path / "submissions")
    return tmp_path


def push(fork: Path) -> tuple[int, str]:
    """The exit status of the step that marks, and the job summary it wrote."""
    summary = fork / "summary.md"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                   "PYTHONPATH": "", "RUNNER_TEMP": str(fork), "GITHUB_STEP_SUMMARY": str(summary)}  # fmt: skip
    summary.unlink(missing_ok=True)
    shell = [program("bash"), "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[-1]]
    result = subprocess.run(shell, cwd=fork, env=environment, capture_output=True, text=True, check=False)
    assert result.stderr == ""
    return result.returncode, summary.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_push_is_marked_and_only_a_mistake_fails(fork):
    status, summary = push(fork)
    assert status == 0
    assert f"○ submissions/{LAB}.ipynb  {LAB}  0 of 6\n    ○ leaky_relu: not attempted yet.\n" in summary
    assert "marked" not in summary

    solved = (ROOT / f"labs/solutions/{LAB}.ipynb").read_text(encoding="utf-8")
    (fork / "submissions/mine.ipynb").write_text(solved, encoding="utf-8")
    status, summary = push(fork)
    assert status == 0 and "✓ submissions/mine.ipynb" in summary

    mistaken = solved.replace("np.where(x > 0, x, alpha * x)", "np.maximum(x, alpha * x)")
    (fork / "submissions/mine.ipynb").write_text(mistaken, encoding="utf-8")
    status, summary = push(fork)
    assert status == 1
    assert "    ✗ leaky_relu: for an alpha above 1" in summary and "Hint: The larger of x and alpha * x" in summary

    shutil.rmtree(fork / "submissions")
    status, summary = push(fork)
    assert status == 1 and "error: submissions: not found" in summary


def test_it_installs_what_labs_and_marker_import():
    """Only what labs.yml names and what that needs; a lab that imports a framework has to add it there."""
    code = "import sys; before = set(sys.modules)\n" + "import course_lib.cli, IPython, ipykernel, joblib, psutil\n"
    code += "import course_lib.marking.duplicates, course_lib.marking.report, course_lib.plots\n"
    code += "from course_lib.checks.labs import LABS\n[LABS.load(name) for name in LABS.names]\n"
    code += "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(result.stdout.split())
    for name in LABS.names:
        modules |= {
            module.split(".")[0] for module in read_page(Project(ROOT), f"labs/solutions/{name}").imported_names()
        }
    installed = closure(STEPS[0].split("requirements.txt")[1].split())
    owners = metadata.packages_distributions()
    needed = {canonical(owner) for module in modules - {"course_lib"} for owner in owners.get(module, [])}
    assert "numpy" in needed and len(needed) > 20
    assert needed - USED_WHERE_IT_IS_THERE <= installed, sorted(needed - installed)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(names: list[str]) -> set[str]:
    """The packages that installing these brings along, by what the installed ones declare."""
    found, waiting = set(), list(names)
    while waiting:
        name = canonical(waiting.pop())
        if name not in found:
            found.add(name)
            needs = map(Requirement, metadata.requires(name) or [])
            waiting += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return found
