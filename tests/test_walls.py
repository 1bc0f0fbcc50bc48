"""The walls of the house: who may import whom, and what importing costs."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "course_lib").rglob("*.py"))
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()


def tool(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([*arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_import_contracts_hold():
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = tool(sys.executable, "-c", code, "--no-cache")
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


def test_importing_the_library_imports_nothing_else():
    new = "{name for name, module in sys.modules.items() if module} - before"
    code = f"import sys; before = set(sys.modules); import course_lib; print(*sorted({new}))"
    assert tool(sys.executable, "-c", code).stdout.split() == ["course_lib"]


@pytest.mark.skipif(
    sys.platform != "linux", reason="not for this machine: TensorFlow shares its symbols with the process only on Linux"
)
def test_tensorflow_keeps_its_symbols_to_itself():
    """Else Triton, loaded after it, binds to TensorFlow's LLVM and crashes the process."""
    code = "import course_lib, ctypes, tensorflow; print(hasattr(ctypes.CDLL(None), 'TF_Version'))"
    assert tool(sys.executable, "-c", code).stdout.split() == ["False"]


def test_no_framework_is_imported_by_a_room_that_does_not_need_it():
    rooms = "course_lib.plots, course_lib.scratch, course_lib.data, course_lib.checks, course_lib.cli"
    rooms += ", course_lib.book.publish, course_lib.training.history, course_lib.pretrained"
    code = f"import sys, {rooms}; print(*{{'torch', 'tensorflow', 'keras'}} & set(sys.modules))"
    result = tool(sys.executable, "-c", code)
    assert result.stdout.split() == [], result.stderr
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_imports_the_library_dynamically(path):
    """The cache reads imports from the source; one it cannot see would leave a stale page.

    One module looks labs up by their names; of these the cache knows, from the names in the pages.
    """
    looks_labs_up = path.relative_to(ROOT).as_posix() == "course_lib/checks/labs.py"
    assert len(dynamic_imports(path.read_text(encoding="utf-8"))) == looks_labs_up


def test_a_dynamic_import_would_be_found():
    source = (
        "import importlib\nimportlib.import_module('course_lib.plots')\n__import__(name)\nimport_module(f'{x}.y')\n"
    )
    assert dynamic_imports(source) == [2, 3, 4]
    assert dynamic_imports("importlib.import_module('torch')") == []


def dynamic_imports(source: str) -> list[int]:
    """Lines that import a module by a name in a string, unless it is plainly another package."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".")[-1] in ("import_module", "__import__"):
            name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else "course_lib"
            if str(name).startswith(("course_lib", ".")):
                found.append(node.lineno)
    return found


def test_the_code_is_formatted_and_clean():
    for command in (["check"], ["format", "--check"]):
        result = tool(sys.executable, "-m", "ruff", *command, "--no-cache", "course_lib", "tests", "_static")
        assert result.returncode == 0, result.stdout


def test_no_address_of_a_package_registry_and_no_path_of_a_machine_stands_in_a_file():
    hosts = ["py" + "pi.org", "python" + "hosted", "npm" + "js.", "deb.deb" + "ian", "download.py" + "torch"]
    pattern = re.compile("|".join(map(re.escape, [*hosts, "/work/" + "main", "/ro" + "ot/"])))
    assert TRACKED, "this test needs git"
    found = []
    for name in TRACKED:
        path = ROOT / name
        if path.is_file() and path.suffix not in (".png", ".npz", ".jpg", ".gz", ".zip"):
            text = path.read_text(encoding="utf-8", errors="ignore")
            found += [f"{name}: {match}" for match in pattern.findall(text)]
    assert found == []
