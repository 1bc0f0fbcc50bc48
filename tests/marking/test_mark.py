"""The marker against a class of sixty: the right verdict for each, no forged pass, and no harm to the others."""

import copy
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from course_lib.checks.labs import LABS
from course_lib.marking import mark as marker
from course_lib.marking.collect import submission, submissions
from course_lib.marking.errors import VoidedRun
from course_lib.marking.report import table, write_reports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
LAB = "02_activations"
EXERCISES = [exercise.name for exercise in LABS.load(LAB)]
ALL, NONE = set(EXERCISES), set()
SOLUTION = json.loads((ROOT / f"labs/solutions/{LAB}.ipynb").read_text(encoding="utf-8"))
STUB = json.loads((ROOT / f"labs/{LAB}.ipynb").read_text(encoding="utf-8"))
SECONDS, MEMORY = 2, 1.0  # of a call and of a submission; the hogs ask for more, and any machine could give it


def cell(source: str) -> dict:
    return {"cell_type": "code", "id": "0", "metadata": {}, "outputs": [], "execution_count": None, "source": source}


def notebook(base: dict = SOLUTION, first: str = "", last: str = "", lab_line: str = "", **answers: str) -> dict:
    """A submission: the solution (or the stub) with other cells for some exercises, and cells before and after."""
    made = copy.deepcopy(base)
    for one in made["cells"]:
        source = "".join(one["source"])
        for name, answer in answers.items():
            if one["cell_type"] == "code" and (f"def {name}(" in source or f"{name} =" in source):
                one["source"] = answer
        if lab_line and "check = lab(" in source:
            one["source"] = lab_line
    made["cells"] = [*([cell(first)] if first else []), *made["cells"], *([cell(last)] if last else [])]
    return made


def without(text: str) -> dict:
    """The solution without the cells that contain a text."""
    return {**SOLUTION, "cells": [one for one in SOLUTION["cells"] if text not in "".join(one["source"])]}


def softmax(body: str) -> dict:
    return notebook(softmax=f"def softmax(x, axis):\n    {body}")


ONE_CELL = cell("\n".join("".join(one["source"]) for one in SOLUTION["cells"][3:] if one["cell_type"] == "code"))
HOLDS_ON = """\
while True:
        try:
            while True:
                pass
        except BaseException:
            pass"""
HOARD = """\
kept = []
    while True:
        kept.append(np.empty(10_000_000))"""
CHILD = """\
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({place!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
os.wait()"""
PATCHED_LIBRARY = """\
from course_lib.checks import Lab
from course_lib.marking import calls, compare, exercise, mark, report, verdict
compare.difference = exercise.difference = lambda *a: None
verdict.Verdict.passed = Lab.passed = property(lambda self: True)
exercise.FunctionExercise.mark = lambda self, call, seed=0: verdict.Verdict(self.name, "passed", "yes")
mark.mark = mark.mark_all = report.table = lambda *a, **k: "passed" """
PATCHED_NUMPY = """\
import numpy as np
class Equal(np.ndarray):
    __eq__ = __ne__ = lambda self, other: True
np.isclose = np.allclose = np.array_equal = lambda *a, **k: True
np.random.default_rng = lambda *a: 1 / 0"""
PICKLE = """\
import base64, io, json, numpy as np, course_lib.checks.remote
file = io.BytesIO()
np.save(file, np.array([print], object), allow_pickle=True)
reply = json.dumps({"value": {"npy": base64.b64encode(file.getvalue()).decode()}})
course_lib.checks.remote.reply = lambda *a: reply"""
LIAR = "import course_lib.checks.remote\ncourse_lib.checks.remote.reply = lambda *a: {reply}"
PARROT = """\
from course_lib.checks.labs import LABS
from course_lib.marking.calls import local
from course_lib.marking.plain import decode, encode
_known = {}
for _e in LABS.load("02_activations"):
    if _e.name == "softmax":
        for _r in _e.requests(0):
            _known[str(_r)] = decode(local(_e.reference)(_r)["value"])

def softmax(x, axis):
    return _known[str([encode(x), encode(axis)])]"""
FORGED = """\
import pathlib
for folder in {folders!r}:
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    for name in ("marks.json", "junit.xml"):
        pathlib.Path(folder, name).write_text("forged")"""
MISTAKES = {
    "leaky_relu": ("def leaky_relu(x, alpha):\n    return np.maximum(x, alpha * x)", "only while alpha is below 1"),
    "d_sigmoid": ("def d_sigmoid(x):\n    return x * (1 - x)", "as if it were already the output"),
    "sigmoid_layers": ("sigmoid_layers = 20", "What is its steepest slope there?"),
    "d_swish": ("def d_swish(x, beta):\n    s = sigmoid(beta * x)\n    return s + x * s * (1 - s)", "asks for the inner slope too"),
    "softmax": ("def softmax(x, axis):\n    e = np.exp(x)\n    return e / e.sum(axis=axis, keepdims=True)", "Large scores overflow"),
    "gradient_error": ("def gradient_error(f, df, x):\n    return np.max(np.abs((f(x + 1e-5) - f(x)) / 1e-5 - df(x)))", "looks to one side only"),
}  # fmt: skip


def class_of(folder: Path) -> dict[str, tuple]:
    """Name -> (notebook, the exercises that are right or None for a problem, what must be said)."""
    right = {
        "solved": notebook(),
        "no check cells": without("check."),
        "everything in one cell": {**SOLUTION, "cells": [*SOLUTION["cells"][:3], ONE_CELL]},
        "a network": notebook(last="class Net:\n    def predict(self, x, axis):\n        return by_hand(x, axis)\nby_hand, softmax = softmax, Net()"),
        "names of Python taken": notebook(first="list = str = sum = len = print = reply = 3"),
        "a magic and an error": notebook(first="%load_ext nothing_of_this_name", last="1 / 0"),
        "a question to the reader": notebook(first="input('your name?')"),
        "another folder": notebook(first="import os, shutil; here = os.getcwd(); os.chdir('/'); shutil.rmtree(here)"),
        "a flood of words": notebook(first="for _ in range(100_000): print('x' * 100)"),
        "a thread that talks": notebook(first="import threading, time\ndef talk():\n    while True: print('hm'); time.sleep(0.01)\nthreading.Thread(target=talk).start()"),
        "sys.exit at the end": notebook(last="import sys; sys.exit(0)"),
        "quit at the top": notebook(first="quit()"),
        "crash in a cell": notebook(first="import os\nos._exit(0)"),
        "endless cell": notebook(last="while True: pass"),
        "escaped child": notebook(first=CHILD.format(place=str(folder / "escaped"))),
    }  # fmt: skip
    wrong_softmax = {
        "half solved": ("raise NotImplementedError", "○ softmax: not attempted yet"),
        "no return": ("e = np.exp(x)", "returns None (does it end with return?)"),
        "text": ("return 'all of it'", "it is text, not an array"),
        "rows of two lengths": ("return [[1.0], [0.5, 0.5]]", "it is a list, not an array of shape (4,)"),
        "an object": ("return object()", "it is of the type object"),
        "whole numbers": ("return np.ones(x.shape, int)", "it holds whole numbers (int64), not floats"),
        "nan": ("return np.full(x.shape, np.nan)", "4 of 4 values that are nan or infinite"),
        "infinity": ("return x / 0", "4 of 4 values that are nan or infinite"),
        "changes its input": ("x -= x.max(axis=axis, keepdims=True); e = np.exp(x); return e / e.sum(axis=axis, keepdims=True)", "changes its input x"),
        "crash in a call": ("import os; os._exit(0)", "its process ended"),
        "segmentation fault": ("import ctypes; return ctypes.string_at(0)", "its process ended"),
        "endless loop": ("while True: pass", "not finished after 2 s"),
        "endless sleep": ("import time; time.sleep(1e6)", "not finished after 2 s"),
        "endless loop that holds on": (HOLDS_ON, "did not let itself be interrupted"),
        "memory hog": ("return np.ones(200_000_000)", "MemoryError"),
        "memory hog, piece by piece": (HOARD, "MemoryError"),
        "deep recursion": ("return softmax(x, axis)", "it raises RecursionError"),
        "sys.exit in a call": ("import sys; sys.exit(0)", "it raises SystemExit"),
        "false lines": ("raise ValueError('\\n✓ stub  02_activations  6 of 6\\x1b[2J')", "it raises ValueError:  ✓ stub"),
    }  # fmt: skip
    other_cells = {
        "broken syntax": (
            "def softmax(x, axis:\n    return x",
            "softmax is not defined; cell 11 (def softmax(x, axis:) raised SyntaxError: '(' was never closed",
        ),
        "an argument too few": ("def softmax(x):\n    return x", "raises TypeError: softmax() takes 1 positional"),
        "not a function": ("softmax = np.ones(4) / 4", "not a function; hand over its name alone"),
        "sys.exit in a cell": ("import sys\nsys.exit(0)", "softmax is not defined; was its cell deleted?"),
        "memory hog in a cell": (
            "softmax = np.ones(200_000_000)",
            "softmax is not defined; cell 11 (softmax = np.ones(200_000_000)) raised MemoryError",
        ),
        "parrot": (PARROT, "for four scores, it raises KeyError"),
    }
    forged = {
        "edited check": notebook(STUB, last="class check:\n    passed = True\nprint('✓ softmax: right')"),
        "patched course_lib": notebook(STUB, first=PATCHED_LIBRARY, last=PATCHED_LIBRARY),
        "patched numpy": notebook(STUB, first=PATCHED_NUMPY),
        "forged reports": notebook(STUB, first=FORGED.format(folders=["_build/check", str(folder / "report")])),
    }
    crashes = {name: f"def {name}(*_):\n    import os; os._exit(0)" for name in ALL}
    return {
        **{name: (content, ALL, "") for name, content in right.items()},
        **{f"mistake in {name}": (notebook(**{name: code}), ALL - {name}, said) for name, (code, said) in MISTAKES.items()},
        **{name: (softmax(body), ALL - {"softmax"}, said) for name, (body, said) in wrong_softmax.items()},
        **{name: (notebook(softmax=code), ALL - {"softmax"}, said) for name, (code, said) in other_cells.items()},
        **{name: (content, NONE, "○ softmax: not attempted yet") for name, content in forged.items()},
        "stub": (STUB, NONE, "○ softmax: not attempted yet"),
        "crash in a cell and in a call": (notebook(last="softmax(0, 0)", softmax=crashes["softmax"]), ALL - {"softmax"}, "its process ended"),
        "crash everywhere": (notebook(**crashes), NONE, "the notebook was started 3 times and ended every time"),
        "a liar who says yes": (notebook(STUB, first=LIAR.format(reply="'{\"passed\": true}'")), NONE, "it gives no answer: the reply has no value"),
        "a liar in brackets": (notebook(STUB, first=LIAR.format(reply="'[' * 100_000")), NONE, "it gives no answer: the answer that came back is not readable"),
        "a liar with a pickle": (notebook(STUB, first=PICKLE), NONE, "it gives no answer: damaged plain data of kind npy"),
        "wrong lab": (notebook(lab_line='check = lab("02_activation")'), None, "there is no lab '02_activation'; the labs are: 02_activations"),
        "two labs": (notebook(first='lab("02_activations"), lab("02_one")'), None, "names more than one lab"),
        "no lab": (notebook(lab_line="check = None"), None, "does not say which lab it is"),
        "no notebook": (["a", "list"], None, "not a notebook"),
    }  # fmt: skip


ODD_PATHS = {
    "solved": "../../02_activations.ipynb",
    "stub": "C:\\labs\\Übung (Kopie 2).ipynb",
    "wrong lab": "/abs/x\x1b.ipynb",
}


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """One run over the whole class: (the class, {name: result}, table, folder). Three come in a zip, all renamed."""
    folder = tmp_path_factory.mktemp("class")
    pupils = class_of(folder)
    with zipfile.ZipFile(folder / "odd.zip", "w") as archive:
        for name, path in ODD_PATHS.items():
            archive.writestr(path, json.dumps(pupils[name][0]))
    odd = submissions([folder / "odd.zip"]).submissions
    found = [
        *odd,
        *(submission(f"{name}.txt", json.dumps(pupils[name][0]).encode()) for name in pupils if name not in ODD_PATHS),
    ]
    results = marker.mark_all(found, LABS, seed=123, seconds=SECONDS, memory=MEMORY)
    write_reports(results, folder / "report")
    names = [*ODD_PATHS, *(name for name in pupils if name not in ODD_PATHS)]
    return pupils, dict(zip(names, results, strict=True)), table(results), folder


def test_there_are_sixty(marked):
    assert len(marked[0]) == len(marked[1]) == 60
    assert not (marked[-1].parent.parent / "02_activations.ipynb").exists()


def test_everyone_gets_the_right_verdicts_and_the_right_sentence(marked):
    pupils, results, shown, _ = marked
    for name, (_, right, said) in pupils.items():
        result = results[name]
        if right is None:
            assert said in result.problem and not result.passed and not result.verdicts, name
        else:
            assert {verdict.exercise for verdict in result.verdicts if verdict.passed} == right, (name, result)
            assert [verdict.exercise for verdict in result.verdicts] == EXERCISES, name
            assert said in "\n".join(map(repr, result.verdicts)), (name, result.verdicts)
            assert result.passed == (right == ALL)
    n_right = sum(right == ALL for _, right, _ in pupils.values())
    assert shown.splitlines()[-1] == f"{n_right} of 60 submissions are complete and right"
    assert "\x1b" not in shown and not any(line.startswith("✓ stub") for line in shown.splitlines())


def test_no_process_outlives_its_marking(marked):
    pid = int((marked[-1] / "escaped").read_text())
    for _ in range(20):
        if not alive(pid):
            return
        time.sleep(0.1)
    pytest.fail("the escaped child is still there")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, FileNotFoundError):
        return False


def test_the_reports_are_those_of_the_marker(marked):
    pupils, results, _, folder = marked
    marks = json.loads((folder / "report/marks.json").read_text(encoding="utf-8"))
    assert [mark["name"] for mark in marks] == [result.name for result in results.values()]
    assert [mark["passed"] for mark in marks] == [result.passed for result in results.values()]
    suites = ElementTree.parse(folder / "report/junit.xml").getroot()
    assert [int(suite.get("failures")) for suite in suites] == [
        len(result.verdicts) - result.n_right if result.verdicts else 1 for result in results.values()
    ]
    assert len(suites) == len(pupils)


# ---- The cell that failed, and the answer below a raise -------------------------------------------------


def verdicts_of(content: dict, **options) -> dict:
    result = marker.mark(submission("one", json.dumps(content).encode()), LABS, 1, **options)
    return {verdict.exercise: verdict for verdict in result.verdicts}


NO_COLAB = "cell 2 (from nothing.colab import drive) raised ModuleNotFoundError: No module named 'nothing'"


def test_the_cell_that_failed_is_named_for_every_name_that_it_took_along():
    """Imports of Colab above the course's own, in one cell, and one that would have given an answer."""
    content = notebook(first="x = 1")
    place = next(place for place, one in enumerate(content["cells"]) if "check = lab(" in "".join(one["source"]))
    setup = content["cells"].pop(place)
    content["cells"].insert(1, cell("from nothing.colab import drive\ndrive.mount('/x')\n" + "".join(setup["source"])))
    for one in content["cells"]:
        if "sigmoid_layers =" in "".join(one["source"]):
            one["source"] = "sigmoid_layers = int(np.log(1e-6) / np.log(0.25)) + 1"
    said = {name: verdict.said for name, verdict in verdicts_of(content).items()}
    assert said["softmax"] == f"for four scores, it raises NameError: name 'np' is not defined; {NO_COLAB}"
    assert said["sigmoid_layers"].startswith(f"sigmoid_layers is not defined; {NO_COLAB}, so cell ")
    assert said["sigmoid_layers"].endswith("raised NameError: name 'np' is not defined")
    assert all(NO_COLAB in text for text in said.values())


def test_a_cell_that_was_stopped_or_left_out_is_named():
    answer = "def softmax(x, axis):\n    return x"
    slow = verdicts_of(notebook(softmax=f"# an experiment of mine\nimport time\ntime.sleep(45)\n{answer}"), seconds=1)
    assert slow["softmax"].said == "softmax is not defined; cell 11 (# an experiment of mine) was stopped after 3 s"
    assert (slow["softmax"].state, slow["gradient_error"].state) == ("wrong", "passed")
    ended = verdicts_of(notebook(softmax=f"import os\nos._exit(3)\n{answer}"))
    assert ended["softmax"].said == (
        "softmax is not defined; cell 11 (import os) ended the kernel: its process ended (a crash, too much memory, or os._exit)"
    )
    assert ended["gradient_error"].passed


def test_a_failed_cell_that_has_nothing_to_do_with_it_is_not_blamed():
    content = without("def softmax")
    content["cells"].insert(3, cell("1 / 0"))
    found = verdicts_of(content)
    assert found["softmax"].said == "softmax is not defined; was its cell deleted?"
    assert found["leaky_relu"].passed


def test_an_answer_below_the_raise_is_neither_right_nor_untouched():
    verdict = verdicts_of(softmax("raise NotImplementedError('softmax: your code goes here')\n    return x"))["softmax"]
    assert (verdict.state, verdict.hint) == ("wrong", "")
    assert verdict.said.startswith('the line "raise NotImplementedError" still stands above your code')


# ---- A busy machine -----------------------------------------------------------------------------------


class Busy(marker.Session):
    """A session on a machine that has no time, as long as `tired` holds."""

    tired = 0

    def run(self, source):
        if Busy.tired and "check = lab(" in source:
            Busy.tired -= 1
            raise marker.Starved("got the processor for 3 of 300 s")
        return super().run(source)


@pytest.fixture
def busy(monkeypatch):
    monkeypatch.setattr(marker, "Session", Busy)
    return Busy


def test_what_could_not_be_marked_is_marked_again_after_the_others(busy):
    busy.tired = 1
    found = [
        submission(name, json.dumps(content).encode())
        for name, content in (("a", SOLUTION), ("b", STUB), ("c", SOLUTION))
    ]
    seen = []
    results = marker.mark_all(found, LABS, jobs=1, progress=lambda result: seen.append(result.name))
    assert seen == ["b", "c", "a"]
    assert [result.name for result in results] == ["a", "b", "c"]
    assert [result.state for result in results] == ["passed", "not attempted", "passed"]


@pytest.mark.skipif(os.name == "nt", reason="not for this machine: Windows has no signal that ends a process so")
def test_it_is_marked_again_in_a_process_of_its_own(tmp_path):
    """Two submissions whose process the system ends, but only the first time."""
    once = "import os, pathlib\nmet = pathlib.Path({met!r})\nif not met.exists():\n    met.touch()\n    os.kill(os.getpid(), 9)\n"
    answer = "def softmax(x, axis):\n    e = np.exp(x - x.max(axis=axis, keepdims=True))\n    return e / e.sum(axis=axis, keepdims=True)"
    contents = {name: notebook(softmax=once.format(met=str(tmp_path / name)) + answer) for name in "ab"} | {
        "c": SOLUTION
    }
    found = [submission(name, json.dumps(content).encode()) for name, content in contents.items()]
    seen = []
    results = marker.mark_all(found, LABS, jobs=2, progress=lambda result: seen.append(result.name))
    assert seen == ["c", "a", "b"]
    assert [(result.name, result.state) for result in results] == [("a", "passed"), ("b", "passed"), ("c", "passed")]


def test_it_is_never_wrong_and_the_report_says_what_to_do(busy, tmp_path):
    busy.tired = 2
    (result,) = marker.mark_all([submission("a", json.dumps(SOLUTION).encode())], LABS, jobs=1)
    assert (result.state, result.passed, busy.tired) == ("unmarked", False, 0)
    assert {verdict.state for verdict in result.verdicts} == {"unmarked"}
    shown = table([result])
    assert shown.startswith(
        "? a  02_activations  0 of 6\n    ? leaky_relu: could not be marked: cell 2 (import numpy as np) got the processor"
    )
    assert "Hint: Nobody is to blame yet. Mark it again while the machine has nothing else to do" in shown
    write_reports([result], tmp_path)
    assert json.loads((tmp_path / "marks.json").read_text(encoding="utf-8"))[0]["verdicts"][0]["state"] == "unmarked"


def test_what_tries_an_answer_is_loaded_before_the_first_call_is_timed(monkeypatch):
    """The declarations of a lab bring its framework along; one that has no trial needs none in the kernel."""
    loaded = []
    monkeypatch.setattr(marker.Session, "load", lambda self, lab: loaded.append(lab))
    for name in (LAB, "05_pytorch"):
        content = (ROOT / f"labs/{name}.ipynb").read_bytes()
        assert marker.mark(submission("stub", content), LABS, 1).state == "not attempted"
    assert loaded == ["05_pytorch"]


def test_verdicts_reached_before_the_machine_tired_do_not_make_it_wrong(monkeypatch):
    """One answer is wrong, another could not be asked: that submission is not marked, and so it is tried again."""

    def ask(self, name, lab="", exercise=""):
        def call(arguments):
            raise marker.Starved("it got the processor for 3 of 100 s")

        return call if name == "softmax" else asked(self, name, lab, exercise)

    asked = marker.Session.call
    monkeypatch.setattr(marker.Session, "call", ask)
    content = notebook(leaky_relu="def leaky_relu(x, alpha):\n    return x")
    result = marker.mark(submission("a", json.dumps(content).encode()), LABS, 1)
    assert [verdict.state for verdict in result.verdicts] == [
        "wrong",
        "passed",
        "passed",
        "passed",
        "unmarked",
        "unmarked",
    ]
    assert result.state == "unmarked"


@pytest.mark.skipif(os.name == "nt", reason="not for this machine: Windows has no signal that ends a process so")
def test_a_process_that_the_system_ended_may_have_met_a_full_memory():
    ended = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    found = verdicts_of(notebook(softmax=f"{ended}def softmax(x, axis):\n    return x"))
    assert (found["softmax"].state, found["gradient_error"].state) == ("unmarked", "passed")
    assert found["softmax"].said.startswith(
        "could not be marked: softmax is not defined; cell 11 (import os, signal) ended the kernel"
    )
    found = verdicts_of(softmax("import os; os.kill(os.getpid(), 9)"))
    assert (found["softmax"].state, found["gradient_error"].state) == ("unmarked", "passed")
    assert "most likely because memory ran out" in found["softmax"].said


def test_a_fault_of_the_marker_is_no_fault_of_the_answer(monkeypatch):
    def broken(self, call, seed=0, number=""):
        raise ZeroDivisionError

    monkeypatch.setattr(type(LABS.load(LAB)[0]), "mark", broken)
    found = verdicts_of(notebook())
    assert (found["softmax"].state, found["softmax"].said) == (
        "unmarked",
        "could not be marked: ZeroDivisionError in the marker",
    )
    assert found["sigmoid_layers"].passed


# ---- What one submission can do to a whole run: end it, and never bend it --------------------------------


def command(folder: Path, *arguments) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    line = [sys.executable, "-m", "course_lib.cli", "check", *map(str, arguments)]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def copy_of_the_library(folder: Path) -> None:
    ignored = shutil.ignore_patterns("samples", "atlas", "__pycache__")
    shutil.copytree(ROOT / "course_lib", folder / "course_lib", ignore=ignored)


FIND = """\
import course_lib.exercises, pathlib
path = pathlib.Path(course_lib.exercises.__file__).with_name("lab_02_activations.py")
"""
CHANGE = FIND + 'path.write_text(path.read_text() + "\\n# all of it is right")'
RESTORE = FIND + 'path.write_text(path.read_text().partition("\\n# all")[0])'


def test_course_lib_changed_on_disk_voids_the_run(tmp_path):
    """In a copy of the checkout, by its own command line."""
    copy_of_the_library(tmp_path)
    (tmp_path / "one.ipynb").write_text(json.dumps(notebook(first=CHANGE)))
    result = command(tmp_path, "one.ipynb")
    assert result.returncode == 1
    assert result.stderr.startswith(
        "error: course_lib was changed while submissions ran, so no verdict of this run counts"
    )
    assert "of 6" not in result.stdout and not (tmp_path / "_build").exists()


def test_a_change_that_is_put_back_in_time_voids_the_run_too(tmp_path):
    """The first submission changes a declaration, the last restores it; the second is met by the change."""
    copy_of_the_library(tmp_path)
    for name, first in (("a", CHANGE), ("b", ""), ("c", RESTORE)):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook(STUB, first=first)))
    result = command(tmp_path, "a.ipynb", "b.ipynb", "c.ipynb", "--jobs", "1")
    assert result.returncode == 1
    assert result.stderr.startswith("error: course_lib was changed while submissions ran")


PACKAGE_ADDED = "import pathlib, sys\npathlib.Path({site!r}, 'case_y-1.dist-info').mkdir(exist_ok=True)"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_change_of_the_packages_voids_the_run(tmp_path, jobs):
    """In a folder of packages that is not the marker's own, so that it may be written to."""
    site = tmp_path / "more/site-packages"
    site.mkdir(parents=True)
    for name, first in (("a", PACKAGE_ADDED.format(site=str(site))), ("b", "")):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook(first=first)))
    code = f"""\
import sys
sys.path.append({str(site)!r})
import course_lib.marking.mark
from course_lib.cli import main
main()
"""
    (tmp_path / "run.py").write_text(code)
    arguments = ["check", "a.ipynb", "b.ipynb", "--jobs", jobs]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)])}
    result = subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: a package was installed, changed or removed while submissions ran"), (
        result.stdout
    )
    assert "of 6" not in result.stdout and not (tmp_path / "_build").exists()


def test_a_submission_that_kills_the_marker_gets_no_pass_for_anyone(tmp_path):
    found = [submission(f"{n}", json.dumps(notebook()).encode()) for n in range(3)]
    found[1] = submission("killer", json.dumps(notebook(first="import os; os.kill(os.getppid(), 9)")).encode())
    with pytest.raises(VoidedRun, match="a submission ended the marker itself, so no verdict of this run counts"):
        marker.mark_all(found, LABS, jobs=2)


# ---- The command -------------------------------------------------------------------------------------


def test_the_command_marks_a_folder_and_exits_by_the_result(tmp_path):
    for name, content in (("anna", SOLUTION), ("ben", STUB), ("carl", notebook(STUB, softmax="softmax = 3"))):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(content))
    report = ("--report", tmp_path / "r")
    everyone = command(ROOT, tmp_path, *report)
    assert everyone.returncode == 1 and "1 of 3 submissions are complete and right" in everyone.stdout
    assert command(ROOT, tmp_path / "anna.ipynb", *report).returncode == 0
    assert command(ROOT, tmp_path / "ben.ipynb", *report).returncode == 1
    assert command(ROOT, tmp_path / "ben.ipynb", tmp_path / "anna.ipynb", "--drafts", *report).returncode == 0
    assert command(ROOT, tmp_path / "carl.ipynb", "--drafts", *report).returncode == 1
    missing = command(ROOT, tmp_path / "dora.ipynb")
    assert missing.returncode == 1
    assert missing.stderr == f"error: {tmp_path / 'dora.ipynb'}: not found; name notebooks, folders or zip files\n"


def test_the_command_has_signs_for_a_console_without_ours(tmp_path):
    for name, content in (("anna", SOLUTION), ("ben", STUB), ("carl", notebook(softmax="softmax = 3"))):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(content))
    line = [sys.executable, "-m", "course_lib.cli", "check", str(tmp_path), "--report", str(tmp_path / "r")]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    said = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, check=False).stdout.decode("cp1252")
    lines = [one for one in said.splitlines() if not one.startswith("marked  ")]
    assert [one[0] for one in lines if "ipynb" in one] == ["+", "o", "x"]
    assert "    o softmax: not attempted yet." in lines and "    x softmax: " in said and "?" not in said
    assert "✗" in (tmp_path / "r/junit.xml").read_text(encoding="utf-8")


def test_the_command_reads_a_roster_and_lists_equal_code(tmp_path):
    for name, number in (("one", 1001), ("two", 1002)):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook(last=f"student_number = {number}")))
    roster = tmp_path / "class.csv"
    roster.write_text("number,name,e-mail\n1001,Anna,a@example.org\n1002,Ben,b@example.org\n")
    arguments = (tmp_path, "--roster", roster, "--report", tmp_path / "r")
    whole = command(ROOT, *arguments)
    assert whole.returncode == 0, whole.stderr
    assert f"✓ {tmp_path / 'one.ipynb'}  1001 Anna  {LAB}  6 of 6\n" in whole.stdout
    assert whole.stdout.endswith(
        f"the same code, 5 functions: {tmp_path / 'one.ipynb'}, {tmp_path / 'two.ipynb'}, the solution in the book\n"
    )
    marks = (tmp_path / "r/marks.json").read_text()
    assert [mark["student"] for mark in json.loads(marks)] == ["1001", "1002"]
    for text in (marks, (tmp_path / "r/junit.xml").read_text()):  # a name is on the roster, and there is enough
        assert "Anna" not in text and "example.org" not in text and "the same code" not in text

    roster.write_text("number,name\n1001,Anna\n1003,Carl\n")
    part = command(ROOT, *arguments)
    assert part.returncode == 1
    assert f"unknown number: {tmp_path / 'two.ipynb'} says student_number = 1002\n" in part.stdout
    assert f"nothing handed in: {LAB}: 1003 Carl\n" in part.stdout
    roster.write_text("Anna\n")
    broken = command(ROOT, *arguments)
    assert (broken.returncode, broken.stdout) == (1, "") and broken.stderr.startswith(
        f"error: {roster}: no column 'number'"
    )


def test_the_teachers_guide_shows_what_the_command_prints(tmp_path):
    """Its roster and its command, on a class of three; where Chloe wrote nothing she has a way of her own elsewhere."""
    guide = (ROOT / "about/teaching.md").read_text(encoding="utf-8")
    shown, roster = (block.partition("\n")[2] for block in guide.split("```")[1::2] if block.startswith("text\n"))
    line = next(line for line in guide.splitlines() if line.startswith("python3 -m course_lib check "))
    hers = {
        "softmax": "def softmax(x, axis):\n    raise NotImplementedError",
        "d_sigmoid": "def d_sigmoid(x):\n    return sigmoid(x) * sigmoid(-x)",
    }
    classes = {
        "1001": SOLUTION,
        "ben_1002": notebook(leaky_relu="def leaky_relu(x, alpha):\n    np.where(x > 0, x, alpha * x)"),
        "late/1003": notebook(**hers),
    }
    (tmp_path / "submissions/late").mkdir(parents=True)
    for name, content in classes.items():
        (tmp_path / f"submissions/{name}.ipynb").write_text(json.dumps(content))
    (tmp_path / "class.csv").write_text(roster, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "course_lib.cli", *line.split()[3:]]
    result = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "".join(part for part in result.stdout.splitlines(True) if not part.startswith("marked  ")) == shown
    assert result.returncode == 1
