"""No submission changes the packages of the marker: refused, kept out, and noticed all the same."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from course_lib.checks.labs import LABS
from course_lib.marking import packages
from course_lib.marking.guard import beside, keep_out
from course_lib.marking.packages import INSTALLERS, NO, folders, packages_digest, refusing
from course_lib.marking.session import Session
from tests.tools import elsewhere, missing

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = """\
import pathlib
package = pathlib.Path("pkg/case_pkg_x")
package.mkdir(parents=True)
(package / "__init__.py").write_text("here = 1")
pathlib.Path("pkg/pyproject.toml").write_text(
    '[build-system]\\nrequires=["hatchling"]\\nbuild-backend="hatchling.build"\\n[project]\\nname="case-pkg-x"\\nversion="1"\\n'
)"""
INSTALL = "install -q --no-deps --no-build-isolation ./pkg"
WAYS = [
    f"%pip {INSTALL}",
    f"!pip {INSTALL}",
    f"!pip3 {INSTALL}",
    f"import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', *{INSTALL.split()!r}])",
    f"from pip._internal.cli.main import main\nmain({INSTALL.split()!r})",
    "%pip uninstall -q -y case-pkg-kept",
]
# -I leaves out what PYTHONPATH says, so this is the real pip.
AROUND = f"import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-m', 'pip', *{INSTALL.split()!r}])"


@pytest.fixture
def python(tmp_path) -> Path:
    """The interpreter of an environment that may be spoilt: it sees all packages of this one, and has one of its own."""
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", purelib], capture_output=True, text=True, check=True).stdout.strip())
    (site / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (site / "case_pkg_kept.py").write_text("")
    (site / "case_pkg_kept-1.dist-info").mkdir()
    (site / "case_pkg_kept-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: case-pkg-kept\nVersion: 1\n")
    (site / "case_pkg_kept-1.dist-info/RECORD").write_text("case_pkg_kept.py,,\ncase_pkg_kept-1.dist-info/METADATA,,\n")
    return python


def checked(python: Path, *cells: str) -> subprocess.CompletedProcess:
    """What `course check` says in that environment about a solution that begins with those cells."""
    solution = json.loads((ROOT / "labs/solutions/02_activations.ipynb").read_text(encoding="utf-8"))
    more = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for source in cells
    ]
    folder = python.parents[2]
    (folder / "one.ipynb").write_text(json.dumps({**solution, "cells": [*more, *solution["cells"]]}), encoding="utf-8")
    command = [python, "-m", "course_lib.cli", "check", "one.ipynb", "--jobs", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def is_installed(python: Path, name: str) -> bool:
    return subprocess.run([python, "-c", f"import {name}"], stderr=subprocess.DEVNULL, check=False).returncode == 0


def test_a_submission_neither_installs_nor_removes_anything(python):
    result = checked(python, PACKAGE, *WAYS)
    assert (result.returncode, result.stderr) == (0, "") and "6 of 6" in result.stdout
    assert not is_installed(python, "case_pkg_x") and is_installed(python, "case_pkg_kept")


def test_the_way_around_the_refusal_leads_to_a_closed_folder_or_voids_the_run(python, tmp_path):
    result = checked(python, PACKAGE, AROUND)
    if can_keep_out(tmp_path):
        assert result.returncode == 0 and "6 of 6" in result.stdout
        assert not is_installed(python, "case_pkg_x")
    else:
        assert is_installed(python, "case_pkg_x")
        assert result.returncode == 1 and result.stderr.startswith("error: a package was installed, changed or removed")


@pytest.mark.parametrize("name", INSTALLERS)
def test_every_installer_says_no_as_a_program_and_as_a_module(tmp_path, name):
    environment = refusing({**os.environ, "PYTHONPATH": str(ROOT)}, tmp_path / "refusing")
    for command in (name, f'"{sys.executable}" -m {name}'):
        result = subprocess.run(
            f"{command} uninstall -y numpy",
            shell=True,
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 1 and result.stderr == f"{name}: {NO}\n"
    assert Path(environment["CONDA_EXE"]).is_file() and Path(environment["MAMBA_EXE"]).is_file()


def test_the_programs_of_this_environment_say_no():
    """The script `pip` beside the interpreter, by its path."""
    pip = Path(sysconfig.get_path("scripts"), "pip.exe" if os.name == "nt" else "pip")
    if not pip.exists():
        missing("this environment has no program pip")
    with Session(LABS.remote) as session:
        source = f"import subprocess\ndone = subprocess.run([{str(pip)!r}, 'list'], capture_output=True, text=True)\nsaid = done.stdout + done.stderr"
        assert session.run(source) is None
        assert NO in session.call("said")(None)["value"]


# ---- Read-only, where the system can do that -----------------------------------------------------------


def can_keep_out(tmp_path) -> bool:
    code = f"from pathlib import Path; from course_lib.marking.guard import keep_out; print(keep_out([Path({str(tmp_path)!r})], Path({str(tmp_path)!r})))"
    return (
        "True"
        in subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    )


def test_what_lies_beside_the_protected_folders(tmp_path):
    for path in ("a/b/c", "a/d", "a/b/e", "f"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "a/file").write_text("")
    (tmp_path / "a/link").symlink_to(tmp_path / "a/b/c")
    found = set(beside({tmp_path / "a/b/c", tmp_path / "a/b/c/deeper"}))
    assert {path for path in found if path.is_relative_to(tmp_path)} == {
        tmp_path / path for path in ("a/d", "a/b/e", "f", "a/file")
    }
    assert not any((tmp_path / "a/b/c").is_relative_to(path) for path in found)


def test_a_process_that_was_kept_out_writes_everywhere_else(tmp_path):
    if not can_keep_out(tmp_path):
        elsewhere("this system has no Landlock")
    for path in ("env/lib", "env/allowed", "beside"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "env/lib/old").write_text("old")
    code = f"""\
import os, subprocess, sys
from pathlib import Path
from course_lib.marking.guard import keep_out
root = Path({str(tmp_path)!r})
assert keep_out([root / "env"], root / "env/allowed")
(root / "beside/new").write_text("1")
(root / "env/allowed/new").write_text("1")
os.rename(root / "beside/new", root / "env/allowed/moved")
def refused(act):
    try:
        act()
    except PermissionError:
        return True
old = root / "env/lib/old"
assert old.read_text() == "old"
for act in (lambda: old.write_text("new"), lambda: os.truncate(old, 0), old.unlink, lambda: (root / "env/lib/new").mkdir(),
            lambda: os.rename(old, root / "beside/old"), lambda: os.rename(root / "beside", root / "env/lib/beside")):
    assert refused(act)
child = subprocess.run([sys.executable, "-I", "-c", f"open({{str(old)!r}}, 'w')"], capture_output=True, text=True)
assert "PermissionError" in child.stderr
print("done")
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout == "done\n", result.stderr
    assert (tmp_path / "env/lib/old").read_text() == "old"


# ---- Noticed -------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder with two packages, as the only one."""
    for name in ("one-1.0.dist-info", "two-2.0.dist-info", "one", "two"):
        (tmp_path / name).mkdir()
    for name in ("one-1.0.dist-info", "two-2.0.dist-info"):
        (tmp_path / name / "RECORD").write_text("files")
    (tmp_path / "editable.pth").write_text("/somewhere")
    monkeypatch.setattr(packages, "folders", lambda: [tmp_path])
    return tmp_path


def test_every_change_of_what_is_installed_shows(site):
    def install():
        (site / "three-3.0.dist-info").mkdir()

    def replace():
        (site / "one-1.0.dist-info/RECORD").write_text("other")  # of the same size

    def remove():
        (site / "two-2.0.dist-info").rename(site / "~wo-2.0.dist-info")

    def redirect():
        (site / "editable.pth").write_text("/elsewhere")

    def add_a_module():
        (site / "sitecustomize.py").write_text("")

    seen = {packages_digest()}
    for change in (install, replace, remove, redirect, add_a_module):
        change()
        seen.add(packages_digest())
    assert len(seen) == 6


def test_caches_are_no_change(site):
    before = packages_digest()
    for path in ("__pycache__", "one/__pycache__"):
        (site / path).mkdir()
    assert packages_digest() == before


def test_the_folders_of_this_environment_are_known(tmp_path):
    assert Path(os.path.realpath(sysconfig.get_path("purelib"))) in folders()
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    code = f"import sys; sys.path.append({str(ROOT)!r}); from course_lib.marking.packages import folders; print(*folders(), sep='\\n')"
    result = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ""}
    )
    assert any(Path(line).is_relative_to(os.path.realpath(tmp_path / "env")) for line in result.stdout.splitlines())


def test_keeping_out_is_for_linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert keep_out([Path("/")], Path("/")) is False
