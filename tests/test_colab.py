"""The wheel in an environment that has TensorFlow, PyTorch and NumPy already, without a network, as on Colab."""

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

from course_lib.book.pages import read_pages, tags
from course_lib.book.project import Project

ROOT = Path(__file__).resolve().parents[1]
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


@pytest.mark.parametrize("page", read_pages(Project(ROOT)), ids=lambda page: page.name)
def test_the_setup_cell_and_the_imports_of_every_page_work(installed, page, tmp_path):
    """The real set-up cell, in a notebook kernel's language; `%pip` would fail here, without a network."""
    python = installed[0]
    (setup,) = [cell.source for cell in page.code_cells if "setup" in tags(cell)]
    assert "%pip install" in setup
    imports = "\n".join(f"import {name}" for name in sorted(page.imported_names()) if is_module(name))
    code = f"""
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance().run_cell({setup!r}).raise_error()
{imports}
import course_lib
print(course_lib.__file__)
"""
    result = run(python, "-c", code, cwd=tmp_path)
    assert str(Path(python).parents[1]) in result.stdout.splitlines()[-1]  # the wheel's copy, not the checkout's


def is_module(name: str) -> bool:
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
