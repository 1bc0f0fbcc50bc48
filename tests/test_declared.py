"""What is imported is declared, what is declared is used, and the pins are what the declarations need, no more."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course_lib.bootstrap import EXTRAS, pyproject
from course_lib.bootstrap.pins import GROUPS
from course_lib.common.notebooks import without_magics
from tests.course import pages
from tests.tools import ROOT

OWN = {"course_lib", "tests"}
# Declared, and imported nowhere: programs, plug-ins, and what another package needs and does not ask for.
USED_OTHERWISE = {
    "basedpyright": "a program",
    "editables": "hatchling needs it for an editable installation",
    "hatchling": "builds the wheel",
    "import-linter": "a program",
    "ipykernel": "runs the notebooks",
    "jupyter-book": "a program",
    "jupyterlab": "a program, for `make lab`",
    "ruff": "a program",
    "soupsieve": "held below 3 for beautifulsoup4",
    "sphinx-mathjax-offline": "an extension that _config.yml names",
    "uv": "a program, for `make lock`",
}
# Imported, and declared nowhere: only where a person has installed it.
ONLY_IF_THERE = {
    "google": "Colab's own",
    "jax": "Keras on a GPU, in course_lib/bench/sides.py",
    "no_such_package": "a test that needs a missing one",
    "onnx": "tests/pretrained/make_stylised.py, a program that ran once",
    "onnxruntime": "the same",
}


def imports(source: str) -> set[str]:
    """The top-level packages that Python text imports, also inside functions and by importlib."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def imported() -> dict[str, str]:
    """Package -> a file that imports it, in everything of ours."""
    found: dict[str, str] = {}
    for folder in ("course_lib", "tests", "_static", "_templates"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found |= dict.fromkeys(imports(path.read_text(encoding="utf-8")), path.relative_to(ROOT).as_posix())
    for page in pages():
        for cell in page.code_cells:
            found |= dict.fromkeys(imports(without_magics(cell.source)), f"{page.name}.md")
    return {name: where for name, where in found.items() if name not in OWN | sys.stdlib_module_names}


def declared() -> set[str]:
    """Every package that pyproject.toml asks for, in whatever group."""
    project = pyproject(ROOT)
    asked = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for group in project["dependency-groups"].values():
        asked += group
    return {canonicalize_name(Requirement(each).name) for each in asked}


@cache
def distributions() -> dict[str, list[str]]:
    """Module -> the installed packages that bring it."""
    return dict(metadata.packages_distributions())


@cache
def owners(module: str) -> set[str]:
    """The packages that bring a module. Of a namespace that several share, and of what is not installed, its name."""
    if module == "tensorflow":
        return {"tensorflow", "tensorflow-cpu"}  # the same for two kinds of machine, of which one is here
    return {canonicalize_name(name) for name in distributions().get(module, [module])}


def undeclared(found: dict[str, str], asked: set[str]) -> list[str]:
    return [
        f"{where} imports {name}, which pyproject.toml does not ask for"
        for name, where in sorted(found.items())
        if name not in ONLY_IF_THERE and not owners(name) & asked
    ]


def test_every_imported_package_is_declared():
    found = imported()
    assert {"numpy", "keras", "torch", "pytest", "papermill", "bs4", "yaml"} <= found.keys()
    assert undeclared(found, declared()) == []


def test_an_undeclared_import_would_be_found():
    found = dict.fromkeys(imports("import numpy.linalg\ndef f():\n    from urllib3.util import Retry\n"), "x.py")
    assert undeclared(found, declared()) == ["x.py imports urllib3, which pyproject.toml does not ask for"]


def test_every_declared_package_is_imported_or_its_use_is_said():
    used = {owner for name in imported() for owner in owners(name)}
    assert sorted(declared() - used - USED_OTHERWISE.keys()) == []
    assert sorted(USED_OTHERWISE.keys() & used) == [], "imported: leave the table"
    assert sorted(USED_OTHERWISE.keys() - declared()) == [], "no longer declared: leave the table"


def pins() -> Iterator[Requirement]:
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield Requirement(line)


def needed(names: set[str]) -> set[str]:
    """The packages that installing these brings along, by what the installed ones declare, extras included."""
    seen: set[tuple[str, str]] = set()
    waiting = [(name, "") for name in names]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            asked = [Requirement(each) for each in metadata.requires(name) or []]
        except metadata.PackageNotFoundError:
            continue  # for another system
        for need in asked:
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(need.name), each) for each in ("", *need.extras)]
    return {name for name, _ in seen}


def test_every_pin_is_needed_by_something_declared():
    project = pyproject(ROOT)
    asked = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for group in GROUPS:
        asked += project["dependency-groups"][group]
    needs = [Requirement(each) for each in asked]
    reached = needed({canonicalize_name(need.name) for need in needs})
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate():
            assert canonicalize_name(pin.name) in reached, f"{pin}: nothing declared needs it; run make lock"


def test_every_package_needed_here_is_pinned():
    names = {canonicalize_name(pin.name) for pin in pins()}
    missing = needed({name for name in names if is_installed(name)}) - names
    cuda = {name for name in missing if re.match(r"(nvidia|cuda)-|triton$", name)}  # pinned by PyTorch itself
    assert missing - cuda <= {"pip"}


def is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def test_a_pin_is_exact_and_one_line_for_a_package():
    seen = set()
    for pin in pins():
        (specifier,) = pin.specifier
        assert specifier.operator == "==" and "*" not in specifier.version, pin
        assert canonicalize_name(pin.name) not in seen, pin
        seen.add(canonicalize_name(pin.name))


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_has_a_group_of_its_name(extra):
    """It is pinned where the tests need it, too."""
    (need, *_) = pyproject(ROOT)["dependency-groups"][extra]
    pinned = canonicalize_name(Requirement(need).name) in {canonicalize_name(pin.name) for pin in pins()}
    assert pinned == (extra in GROUPS)


def test_groups_that_are_pinned_and_extras_are_all_groups():
    assert {*GROUPS, *EXTRAS, "lock"} == pyproject(ROOT)["dependency-groups"].keys()
