"""The cache's keys against the truth: what pages really load, call and open, and whom an edit of the course runs again."""

import ast
import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest
from packaging.utils import canonicalize_name

from course_lib.book.cache import cache_key
from course_lib.book.imports import ImportGraph, read_cells
from course_lib.book.packages import Packages
from course_lib.book.pages import pages_to_run, tags
from course_lib.book.project import Project
from course_lib.book.sources import read_source
from course_lib.common.files import files_below

ROOT = Path(__file__).resolve().parents[2]
PROJECT = Project(ROOT)
PAGES = {page.name: page for page in pages_to_run(PROJECT)}
GRAPH = ImportGraph(ROOT)
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "course_lib").rglob("*.py")
)
TOOLS = ("course_lib.book", "course_lib.cli", "course_lib.bootstrap", "course_lib.__main__")
NOT_FOR_PAGES = {"course_lib/data/LICENCES.txt", "course_lib/book/sanitise.cfg"}
# What packages load where it happens to be installed: memory in use, tracebacks, progress bars, IPython's settings.
NO_PART_IN_OUTPUTS = {"psutil", "tblib", "tqdm", "traitlets"}

# Runs cells and tells which of the library's files were called, which files were opened, and what was imported.
WITNESS = """\
import json, os, sys
root = os.path.join(sys.argv[1], "course_lib") + os.sep
called, opened, importing, before = set(), set(), [0], set(sys.modules)

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.add(os.path.abspath(arguments[0]))

def note(frame, event, argument):
    file = frame.f_code.co_filename
    if event in ("call", "return") and file.startswith(root):
        if frame.f_code.co_name == "<module>":
            importing[0] += 1 if event == "call" else -1
        elif not importing[0]:
            called.add(file)

cells, names = json.load(sys.stdin), {"__name__": "__main__"}
sys.addaudithook(watch)
sys.setprofile(note if len(sys.argv) > 2 else None)
for cell in cells:
    exec(compile(cell, "cell", "exec"), names)
sys.setprofile(None)
installed = sys.prefix + os.sep  # the environment may lie in the checkout
opened = {file for file in opened if file.startswith(sys.argv[1]) and not file.endswith((".py", ".pyc"))}
opened = {file for file in opened if not file.startswith(installed)}
files = {getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items()) if name not in before}
print("\\n" + json.dumps({"called": sorted(called), "opened": sorted(opened), "files": sorted(files)}))
"""

# Imports modules one after the other and tells which of them changed something outside of itself.
EFFECTS = """\
import importlib, json, logging, os, random, sys, warnings
foreign, modules = json.load(sys.stdin)
for name in foreign:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
import matplotlib, numpy, course_lib

def state():
    own = {name: {key: id(value) for key, value in vars(module).items()} for name, module in sys.modules.items()
           if name.startswith("course_lib") and module and name not in new}
    for name, names in own.items():  # a package gets its submodules as attributes
        own[name] = {key: value for key, value in names.items() if f"{name}.{key}" not in sys.modules}
    frameworks = [sys.modules["torch"].get_num_threads(), sys.modules["torch"].get_default_dtype(),
                  sys.modules["keras"].config.floatx(), sys.modules["keras"].config.dtype_policy().name]
    return [dict(matplotlib.rcParams), list(matplotlib.colormaps), dict(os.environ), list(sys.path),
            repr(numpy.random.get_state()), random.getstate(), numpy.get_printoptions(), list(warnings.filters),
            logging.getLogger().level, list(logging.getLogger().handlers), sys.stdout, sys.excepthook, own,
            list(map(str, frameworks))]

loud, new = [], set()
for name in modules:
    new, before = set(), set(sys.modules)
    old = state()
    importlib.import_module(name)
    new = set(sys.modules) - before
    if state() != old:
        loud.append(name)
print("\\n" + json.dumps(loud))
"""


def told(program: str, stdin, *arguments: str):
    """What a program prints as JSON on its last line."""
    environment = {
        "PYTHONDONTWRITEBYTECODE": "1",  # what is written is opened, too
        "MPLBACKEND": "agg",
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments], input=json.dumps(stdin), capture_output=True, text=True,
        cwd=ROOT.parent, env={**environment, "PATH": "", "HOME": str(Path.home())}, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


def check_witness(cells: list[str], reach, *watch_calls: str) -> set[str]:
    """Run cells: whatever they call, open or load must be in the key. Returns what they opened, from the root."""
    seen = told(WITNESS, cells, str(ROOT), *watch_calls)
    keyed = GRAPH.digests(reach)
    assert {Path(file).relative_to(ROOT).as_posix() for file in seen["called"]} <= set(keyed)
    opened = {Path(file).relative_to(ROOT).as_posix() for file in seen["opened"]}
    assert opened <= set(keyed)
    versions = GRAPH.packages.versions(reach.packages)
    unkeyed = set()
    for name, brought_by in GRAPH.packages.providers.items():
        folder = re.compile(rf"site-packages/{re.escape(name)}(/__init__)?\.")
        if brought_by != ["course-lib"] and any(folder.search(file) for file in seen["files"]):
            unkeyed |= {name} if versions.keys().isdisjoint(map(canonicalize_name, brought_by)) else set()
    assert unkeyed <= NO_PART_IN_OUTPUTS, "loaded, and not in the key: name them in packages.UNASKED"
    return opened


@pytest.mark.slow
@pytest.mark.parametrize("name", ["labs/solutions/02_hidden_layer", "lectures/02_foundations/activations"])
def test_what_a_page_calls_opens_and_loads_is_in_its_key(name):
    page = PAGES[name]
    cells = [cell.source for cell in page.code_cells if "setup" not in tags(cell)]
    check_witness(cells, GRAPH.reach(GRAPH.source_of_page(page)), "calls")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["lectures/04_workflow/tables_and_tensorboard", "lectures/05_frameworks/transfer_learning"]
)
def test_what_the_imports_of_a_page_load_is_in_its_key(name):
    page = PAGES[name]
    imports = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(code_of(name)))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert len(imports) > 5
    check_witness(["\n".join(imports)], GRAPH.reach(GRAPH.source_of_page(page)))


LOADERS = {
    "from course_lib.data import load_mnist; load_mnist(9, 9)": {"course_lib/data/samples/mnist.npz"},
    "from course_lib import data; data.load_fashion_mnist(9, 9)": {"course_lib/data/samples/fashion_mnist.npz"},
    "from course_lib.data import load_cats; load_cats(9, 9)": "atlas",
    "from course_lib.data import load_gestures as hands; hands(9, 9)": "atlas",
    "import course_lib.data; course_lib.data.load_pictograms(9, 9)": "atlas",
    "from course_lib.data import make_churn, make_moons; make_churn(9); make_moons(9)": set(),
    "import course_lib.plots": {"course_lib/house.mplstyle"},
    "from course_lib.pretrained import class_names; class_names()": {"course_lib/data/imagenet_classes.txt"},
    "from course_lib.bench.reports import published; [published(d) for d in ('cpu', 'gpu')]": {
        "course_lib/bench/frameworks_cpu.json",
        "course_lib/bench/frameworks_gpu.json",
    },
    "from course_lib.checks.assignment import bank, goal, points; bank(1); points(1)": set(),
}


@pytest.mark.parametrize("code", LOADERS)
def test_what_a_loader_opens_is_in_the_key_and_nothing_else_is(code):
    expected = LOADERS[code]
    if expected == "atlas":
        expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "course_lib/data/atlas").iterdir()}
    reach = GRAPH.reach(read_cells([nbformat.v4.new_code_cell(code)], "here"))
    assert check_witness([code], reach, "calls") == expected
    weights = {path for path in GRAPH.digests(reach) if path.startswith("weights/")}
    assert {path for path in GRAPH.digests(reach) if not path.endswith(".py")} - weights == expected


def test_every_data_file_is_named_and_every_name_is_a_file():
    named = {path for module in MODULES for path in GRAPH.data_files(module)}
    lost = {path for path in named if not path.is_file() and path.relative_to(ROOT).parts[0] != "weights"}
    assert not lost, "named in DATA_FILES, and not there"
    there = {path for path in files_below(ROOT / "course_lib") if path.suffix not in (".py", ".pyc")}
    unnamed = {path.relative_to(ROOT).as_posix() for path in there - named}
    assert unnamed == NOT_FOR_PAGES, "add them to DATA_FILES of the module that opens them"


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith(TOOLS)])
def test_a_module_that_looks_for_files_of_the_checkout_names_them(module):
    tree = ast.parse(GRAPH.file_of(module).read_text(encoding="utf-8"))
    told_what_to_open = {
        "course_lib.data.store",  # by the module of the data set
        "course_lib.common.worker",  # proves a worker: it digests the whole package, and no page reaches it
        "course_lib.marking.session",
        "course_lib.results",  # by the page: see files_read in course_lib.book.results
        "course_lib.weights.find",  # by a checksum in another module, without which it hands nothing over
    }
    programs = {
        "course_lib.bench.book",
        "course_lib.bench.marking",
        "course_lib.data.make_atlas",
        "course_lib.data.make_samples",
    }
    if looks_for_files(tree) and module not in told_what_to_open | programs:
        assert GRAPH.source_of(module).data_files


def looks_for_files(tree: ast.Module) -> bool:
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return "files" in calls or "__file__" in names | attributes


def test_looking_for_files_is_found():
    assert looks_for_files(ast.parse("from importlib.resources import files\nx = files('course_lib')"))
    assert looks_for_files(ast.parse("import course_lib\nx = course_lib.__file__"))
    assert not looks_for_files(ast.parse("x = open(path)"))


@pytest.mark.slow
def test_importing_a_quiet_module_changes_nothing():
    """Else a page would have to depend on every module that its façades import."""
    quiet = [
        name for name in MODULES if GRAPH.source_of(name).quiet and not name.startswith((*TOOLS, "course_lib.serving"))
    ]
    assert len(quiet) > 50
    reach = GRAPH.reach(read_source(ast.parse("\n".join(f"import {name}" for name in quiet)).body))
    foreign = sorted({name for name in reach.packages if name.isidentifier()} | {"torch", "keras"})
    foreign = ["keras", "tensorflow", "torch", *(name for name in foreign if name not in ("jax", "playwright"))]
    # The façade of the plots brings the style, which is no quiet module and so part of every key that loads it.
    assert not GRAPH.source_of("course_lib.plots.style").quiet
    assert told(EFFECTS, [foreign, quiet]) == ["course_lib.plots"]


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("import os\nX = dict(a=1)\nY: int = 2\n\ndef f():\n    os.environ['A'] = 'b'", True),
        ("from dataclasses import dataclass\n\n@dataclass(frozen=True)\nclass A:\n    '''A.'''\n    x: int = 1", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import_for_types()", True),
        ("if __name__ == '__main__':\n    main()", True),
        ("try:\n    import a\nexcept ImportError:\n    a = None", True),
        ("import matplotlib.pyplot as plt\nplt.style.use('x')", False),
        ("import os\nos.environ['A'] = 'b'", False),
        ("import other\nother.x = 1", False),
        ("@register\ndef f():\n    pass", False),
        ("class A:\n    print(1)", False),
        ("for x in y:\n    z(x)", False),
    ],
)  # fmt: skip
def test_effects_of_an_import_are_seen(text, quiet):
    assert read_source(ast.parse(text).body).quiet == quiet


# --- the real course: whom does an edit run again? --------------------------------------------


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "course_lib", folder / "course_lib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


@cache
def packages() -> Packages:
    return Packages()


def keys(root: Path, installed: Packages | None = None) -> dict[str, str]:
    graph = ImportGraph(root)
    graph.packages = installed or packages()
    return {name: cache_key(Project(root), page, graph) for name, page in PAGES.items()}


def code_of(name: str) -> str:
    return "\n".join(cell.source for cell in PAGES[name].code_cells if "setup" not in tags(cell))


def users(pattern: str) -> set[str]:
    """Pages whose cells hold these words."""
    return {name for name in PAGES if re.search(pattern, code_of(name))}


MAKERS = r"\bmake_churn|\bchurn_probability|import bank|\"04_workflow\""
PICTOGRAMS = r"\bload_(pictograms|cats|gestures)\b|data\.atlas|lab\(\"(05_side_by_side|02_one_neuron)\"\)"
EDITS = {
    "course_lib/data/churn.py": MAKERS,
    "course_lib/data/LICENCES.txt": None,
    "requirements.txt": None,
    "pyproject.toml": None,
    "course_lib/data/samples/mnist.npz": r"\bload_mnist\b",
    "course_lib/data/samples/fashion_mnist.npz": r"\bload_fashion_mnist\b",
    "course_lib/bench/frameworks_cpu.json": r"import describe, published, select",
    "course_lib/exercises/lab_02_one_neuron.py": r"lab\(\"02_one_neuron\"\)",
    "course_lib/exercises/lab_05_pytorch.py": r"lab\(\"05_pytorch\"\)",
    "course_lib/scratch/gradient_check.py": r"check_gradients\b",
    "course_lib/keras_nets/growing_cnn.py": r"\bgrowing_cnn\b",
    "course_lib/house.mplstyle": r"course_lib\.plots",
    "course_lib/book/cache.py": None,
    "course_lib/cli.py": None,
}


@pytest.mark.parametrize("path", EDITS)
def test_an_edit_runs_its_users_again_and_nobody_else(path, copy):
    file = copy / path
    before, bytes_before = keys(copy), file.read_bytes()
    try:
        file.write_bytes(
            bytes_before.replace(b"ruff==", b"ruff==9") if file.suffix == ".txt" else bytes_before + b"\n# edited\n"
        )
        if file.suffix == ".txt" and file.name == "LICENCES.txt":
            file.write_bytes(bytes_before + b"more\n")
        assert file.read_bytes() != bytes_before
        after = keys(copy)
    finally:
        file.write_bytes(bytes_before)
    expected = users(EDITS[path]) if EDITS[path] else set()
    assert len(expected) < len(PAGES) and (expected or EDITS[path] is None)
    assert {name for name in PAGES if after[name] != before[name]} == expected


def test_an_edit_of_one_kind_of_figure_runs_those_who_draw_it(copy):
    """In a module of its own, beside the one that sets the style."""
    defines = next(
        path for path in (copy / "course_lib").rglob("*.py") if "\ndef confusion_heatmap" in path.read_text("utf-8")
    )
    module = ".".join(defines.relative_to(copy).with_suffix("").parts)
    before, text = keys(copy), defines.read_text("utf-8")
    defines.write_text(text + "# edited\n", "utf-8")
    after = keys(copy)
    defines.write_text(text, "utf-8")
    changed = {name for name in PAGES if after[name] != before[name]}
    own_module = ImportGraph(copy).source_of(module).quiet
    assert changed == users(r"\bconfusion_heatmap\b" if own_module else r"course_lib\.plots")


class Upgraded(Packages):
    """One package in another version."""

    def __init__(self, name: str):
        self.upgraded = name

    def version(self, name: str) -> str | None:
        return "99.9" if name == self.upgraded else super().version(name)


@pytest.mark.parametrize(
    ("package", "pattern"),
    [
        ("ruff", None),
        ("pytest", None),
        ("sphinx", None),
        ("distributed", None),
        ("ipykernel", ""),  # every page
        ("numpy", ""),
        ("scikit-learn", r"\bsklearn\b|\"04_workflow\""),
        ("torch", r"\btorch\b|course_lib\.(devices|parity)|load_backbone|torch_loop|\"0[45]_"),
    ],
)
def test_another_version_of_a_package_runs_its_users_again(package, pattern, copy):
    before, after = keys(copy), keys(copy, Upgraded(package))
    expected = set() if pattern is None else users(pattern)
    assert {name for name in PAGES if after[name] != before[name]} == expected
