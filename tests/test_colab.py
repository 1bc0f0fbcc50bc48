"""The wheel in an environment that has TensorFlow, PyTorch and NumPy already, without a network, as on Colab."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

from course_lib.book.address import Address
from course_lib.book.pages import tags
from course_lib.book.published import with_address
from tests.course import PROJECT, pages
from tests.tools import ROOT

PRESENT = [metadata.packages_distributions()[package][0] for package in ("numpy", "torch", "tensorflow")]
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": ""}


def run(*command, **options) -> subprocess.CompletedProcess:
    environment = {**os.environ, **OFFLINE, **options.pop("env", {})}
    result = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, env=environment, check=False, **options
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from the tracked and untracked files of the repository, not from leftovers of a build."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "course_lib", source / "course_lib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    target = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", target, source)
    (made,) = target.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def colab(tmp_path_factory) -> Path:
    """A second environment that sees this one's packages, but not course_lib. Returns its Python."""
    folder = tmp_path_factory.mktemp("colab")
    run(sys.executable, "-m", "venv", folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip())
    packages = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    # A .pth file adds folders without reading the .pth files in them: the editable course_lib stays out of sight.
    (site / "colab.pth").write_text("\n".join(sorted(packages)) + "\n")
    missing = subprocess.run([python, "-c", "import numpy, course_lib"], cwd=folder, env={**os.environ, **OFFLINE},
                             capture_output=True, text=True, check=False)  # fmt: skip
    assert "No module named 'course_lib'" in missing.stderr
    return python


def versions(python: Path) -> dict[str, str]:
    code = "from importlib.metadata import distributions as d; print(*sorted({x.name + '==' + x.version for x in d()}))"
    return {line.split("==")[0]: line for line in run(python, "-c", code, cwd="/").stdout.split()}


def fingerprint(package: str) -> tuple:
    record = Path(str(metadata.distribution(package)._path)) / "RECORD"
    return record.stat().st_mtime_ns, record.read_bytes()


@pytest.fixture(scope="module")
def installed(colab, wheel):
    before = versions(colab), [fingerprint(package) for package in PRESENT]
    run(colab, "-m", "pip", "install", "--quiet", wheel)
    after = versions(colab), [fingerprint(package) for package in PRESENT]
    return colab, before, after


def test_the_wheel_changes_nothing_that_was_there(installed):
    _, before, after = installed
    assert {k: v for k, v in after[0].items() if k != "course-lib"} == {
        k: v for k, v in before[0].items() if k != "course-lib"
    }
    assert after[1] == before[1]
    assert after[0]["course-lib"].startswith("course-lib==")


IN_THE_KERNEL = """
import importlib, json, sys
from IPython.core.interactiveshell import InteractiveShell

for setup in json.loads(sys.argv[1]):
    InteractiveShell.instance().run_cell(setup).raise_error()
problems = []
for name in json.loads(sys.argv[2]):
    try:
        importlib.import_module(name)
    except Exception as error:
        problems.append(f"{name}: {type(error).__name__}: {error}")
import course_lib
print(json.dumps([course_lib.__file__, problems]))
"""


def imported(python: Path, setups: list[str], names: list[str], folder: Path) -> tuple[str, list[str]]:
    """Run set-up cells and import modules, as in a kernel: where the library came from, and what did not import."""
    result = run(python, "-c", IN_THE_KERNEL, json.dumps(setups), json.dumps(names), cwd=folder)
    where, problems = json.loads(result.stdout.splitlines()[-1])
    return where, problems


def test_the_setup_cells_and_the_imports_of_all_pages_work(installed, tmp_path):
    """The set-up cells of the branch for Colab; `%pip` in one of them would fail here, without a network.

    All pages in one process: two frameworks take as long to import as everything else together.
    """
    python, setups, names = installed[0], set(), set()
    for page in pages():
        cells = with_address(PROJECT, page, Address("kyiv/nets", "https://kyiv.github.io/nets/")).cells
        (setup,) = [cell.source for cell in cells if "setup" in tags(cell)]
        assert '%pip install -q "course-lib @ git+https://github.com/kyiv/nets"' in setup, page.name
        setups.add(setup)
        names |= {name for name in page.imported_names() if is_module(name)}
    assert {"course_lib.plots", "numpy", "torch", "keras"} <= names
    where, problems = imported(python, sorted(setups), sorted(names), tmp_path)
    assert problems == []
    assert str(Path(python).parents[1]) in where  # the wheel's copy, not the checkout's


def test_a_module_that_the_wheel_does_not_carry_is_found_out(installed, tmp_path):
    _, problems = imported(installed[0], [], ["course_lib.scratch", "course_lib.no_such_room"], tmp_path)
    assert problems == ["course_lib.no_such_room: ModuleNotFoundError: No module named 'course_lib.no_such_room'"]


def is_module(name: str) -> bool:
    """A dotted name that a page imports may end in a function."""
    from importlib.util import find_spec

    try:
        return find_spec(name) is not None
    except (ModuleNotFoundError, ValueError):
        return False


def test_the_wheel_carries_its_data_files_and_stays_small(wheel):
    import zipfile

    names = zipfile.ZipFile(wheel).namelist()
    assert "course_lib/house.mplstyle" in names
    assert "course_lib/book/sanitise.cfg" in names
    assert not [name for name in names if "__pycache__" in name]
    assert [name for name in names if name.endswith((".pth", ".pt", ".onnx")) or "weights/README" in name] == []
    assert wheel.stat().st_size < 20e6


def test_the_library_asks_for_lower_bounds_only():
    """An upper bound or a pin would change what Colab has."""
    import tomllib

    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert needs
    for need in needs:
        assert ">=" in need and not set("=<!~").intersection(need.replace(">=", "")), need
