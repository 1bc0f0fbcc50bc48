"""The first command on a newcomer's machine: what is missing is said in one sentence."""

import ast
import contextlib
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from course_lib import bootstrap
from tests.tools import ROOT, program

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "requirements.txt").write_text("numpy==2.4.6\n")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    return tmp_path


@pytest.fixture
def installed(repository, monkeypatch):
    """An environment is made for real, without packages; what pip is asked for is recorded."""
    asked = []
    monkeypatch.setattr(bootstrap, "pip", lambda python, *arguments: asked.append(arguments))
    return asked


def test_a_tested_python_is_used_as_it_is():
    assert bootstrap.find_python((3, 12)) == sys.executable


def test_another_python_on_the_path_is_found():
    here = {f"python{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    assert bootstrap.find_python((3, 9), here.get) == sys.executable


def test_a_program_that_lies_about_its_version_is_passed_over(tmp_path):
    fake = tmp_path / "python3.12"
    fake.write_text("#!/bin/sh\necho 3 8\n")
    fake.chmod(0o755)
    with pytest.raises(bootstrap.Problem, match="this is 3.14; install one .* make book PYTHON="):
        bootstrap.find_python((3, 14), {"python3.12": str(fake)}.get)


def test_without_a_suitable_python_the_command_says_so(repository, tmp_path):
    """As a user meets it: a PATH without any Python, and a Python that is too new."""
    (repository / "course_lib").mkdir()
    shutil.copytree(ROOT / "course_lib/bootstrap", repository / "course_lib/bootstrap")
    for path in ("Makefile", "course_lib/__init__.py", "course_lib/__main__.py"):
        (repository / path).write_text((ROOT / path).read_text())
    options = {"cwd": repository, "env": {"PATH": "/nowhere"}, "capture_output": True, "text": True, "check": False}
    make = subprocess.run([program("make"), "SHELL=/bin/sh", "book"], **options)
    assert make.returncode != 0
    assert make.stderr.startswith("error: no program named python3; install Python 3.11, 3.12 or 3.13")
    code = "import sys; sys.version_info = (3, 15, 0); from course_lib.bootstrap import main; main(['book'])"
    new = subprocess.run([sys.executable, "-c", code], **options)
    assert new.returncode == 1
    assert new.stderr.startswith("error: Python 3.11, 3.12 or 3.13 is needed, and this is 3.15")
    assert "Traceback" not in new.stderr


def test_the_entry_point_can_be_read_by_old_pythons():
    ast.parse((ROOT / "course_lib/__main__.py").read_text(), feature_version=(3, 4))
    ast.parse((ROOT / "course_lib/__init__.py").read_text(), feature_version=(3, 4))
    for path in (ROOT / "course_lib/bootstrap").glob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 8))


def test_a_python_without_venv(repository, tmp_path):
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; *) echo 3 12;; esac\n')
    fake.chmod(0o755)
    with pytest.raises(bootstrap.Problem, match="has no venv module; .* sudo apt install python3.12-venv"):
        bootstrap.make_venv(str(fake), repository / ".venv")


def test_too_little_space(repository):
    with pytest.raises(bootstrap.Problem, match=r"the disk has 1.2 GB free .* needs about 5 GB; free some space"):
        bootstrap.check_space(repository, lambda path: Usage(0, 0, 1.2e9))
    bootstrap.check_space(repository, lambda path: Usage(0, 0, 6e9))


def test_pip_ends_in_one_sentence(tmp_path):
    (tmp_path / "said").write_text("WARNING: x\nERROR: Something new\nhint: y")
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\ncat "{tmp_path}/said" >&2\nexit 1\n')
    fake.chmod(0o755)
    with pytest.raises(bootstrap.Problem) as caught:
        bootstrap.pip(fake, "-r", "requirements.txt")
    assert str(caught.value) == "pip could not install the packages; it said: ERROR: Something new"


def test_the_environment_is_made_once_and_renewed_when_the_pins_change(repository, installed):
    python = bootstrap.ensure_environment(repository)
    assert bootstrap.version_of(str(python)) == sys.version_info[:2]
    assert len(installed) == 2  # the pins, then the course itself
    bootstrap.ensure_environment(repository)
    assert len(installed) == 2
    (repository / "requirements.txt").write_text("numpy==2.4.7\n")
    bootstrap.ensure_environment(repository)
    assert len(installed) == 4


def test_an_interrupted_installation_is_not_taken_for_a_finished_one(repository, installed, monkeypatch):
    bootstrap.ensure_environment(repository)
    (repository / "requirements.txt").write_text("numpy==2.4.7\n")

    def killed(python, *arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(bootstrap, "pip", killed)
        bootstrap.ensure_environment(repository)
    (repository / "requirements.txt").write_text("numpy==2.4.6\n")  # even back at the old pins
    bootstrap.ensure_environment(repository)
    assert len(installed) == 4


def test_a_moved_checkout_gets_a_new_environment(repository, installed, tmp_path_factory):
    bootstrap.ensure_environment(repository)
    moved = tmp_path_factory.mktemp("moved") / "course"
    os.rename(repository, moved)
    bootstrap.ensure_environment(moved)
    assert len(installed) == 4


def test_a_missing_requirements_file(repository):
    (repository / "requirements.txt").unlink()
    with pytest.raises(bootstrap.Problem, match=r"requirements.txt is missing; restore it from the repository"):
        bootstrap.ensure_environment(repository)


def test_an_extra_is_installed_once_and_within_the_pins(repository, installed, monkeypatch):
    (repository / "pyproject.toml").write_text("[dependency-groups]\nlab = ['jupyterlab>=4']\n")
    monkeypatch.setitem(bootstrap.EXTRAS, "lab", "no_such_module")
    bootstrap.ensure_extra(repository, Path(sys.executable), "lab")
    assert installed == [("-c", str(repository / "requirements.txt"), "jupyterlab>=4")]
    monkeypatch.setitem(bootstrap.EXTRAS, "lab", "pytest")
    bootstrap.ensure_extra(repository, Path(sys.executable), "lab")
    assert len(installed) == 1


@pytest.mark.parametrize(
    ("command", "extras"),
    [
        (["lab"], ["lab"]),
        (["book"], []),
        (["run", "--cluster", "local:2"], ["cluster"]),
        (["check", "in", "--cluster=local:2"], ["cluster"]),
        (["test-all"], list(bootstrap.EXTRAS)),
    ],
)
def test_a_command_installs_the_extras_that_it_needs(monkeypatch, command, extras):
    asked = []
    monkeypatch.setattr(bootstrap, "ensure_environment", lambda root: Path(sys.executable))
    monkeypatch.setattr(bootstrap, "ensure_weights", lambda root, python: None)
    monkeypatch.setattr(bootstrap, "ensure_extra", lambda root, python, extra: asked.append(extra))
    monkeypatch.setattr(bootstrap.os, "execv", lambda *command: None)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *command, **options: SimpleNamespace(returncode=0))
    with contextlib.suppress(SystemExit):  # where nothing replaces this process
        bootstrap.main(command)
    assert asked == extras


def test_the_installed_versions_are_the_pinned_ones():
    """Published numbers belong to these versions."""
    from importlib import metadata

    for line in (ROOT / "requirements.txt").read_text().splitlines():
        need = Requirement(line) if line and not line.startswith("#") else None
        if need and (need.marker is None or need.marker.evaluate()):
            assert metadata.version(need.name).split("+")[0] in need.specifier, line
