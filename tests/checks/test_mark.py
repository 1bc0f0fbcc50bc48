"""The marker against everything a class can hand in: the right verdict, no forged pass, and no harm to the others."""

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

from course_lib.checks import lab, local
from course_lib.checks import mark as marker
from course_lib.checks.labs import LABS
from course_lib.checks.mark import Submission, Unmarkable

ROOT = Path(__file__).resolve().parents[2]
LAB = "02_activations"
EXERCISES = {exercise.name: exercise for exercise in LABS[LAB]()}
SOLUTION = json.loads((ROOT / f"labs/solutions/{LAB}.ipynb").read_text(encoding="utf-8"))
STUB = json.loads((ROOT / f"labs/{LAB}.ipynb").read_text(encoding="utf-8"))


def cell(source: str) -> dict:
    return {"cell_type": "code", "id": "0", "metadata": {}, "outputs": [], "execution_count": None, "source": source}


def notebook(base: dict = SOLUTION, first: str = "", last: str = "", lab_line: str | None = None, **answers) -> dict:
    """A submission: the solution (or the stub) with other cells for some exercises, and cells before and after."""
    made = copy.deepcopy(base)
    for one in made["cells"]:
        source = "".join(one["source"])
        for name, answer in answers.items():
            if one["cell_type"] == "code" and (f"def {name}(" in source or f"{name} =" in source):
                one["source"] = answer
        if lab_line is not None and "check = lab(" in source:
            one["source"] = lab_line
    made["cells"] = [*([cell(first)] if first else []), *made["cells"], *([cell(last)] if last else [])]
    return made


def deep(name: str, body: str) -> str:
    return f"def {name}(x, axis):\n    {body}"


CATCH_ALL = """\
def softmax(x, axis):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass"""
ESCAPED = """\
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({place!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
os.wait()"""
PATCHES = """\
import builtins, json, numpy as np, course_lib.checks as c
from course_lib.checks import calls, compare, exercise, mark, verdict
compare.difference = exercise.difference = lambda *a: None
verdict.Verdict.passed = property(lambda self: True)
exercise.FunctionExercise.mark = lambda self, call, seed=0: verdict.Verdict(self.name, "passed", "yes")
np.isclose = np.allclose = lambda *a, **k: True
for each in c.Lab.__mro__[:1]:
    each.passed = True"""
PARROT = """\
from course_lib.checks.labs import LABS
from course_lib.checks.calls import local
from course_lib.checks.plain import decode, encode
_known = {}
for _e in LABS["02_activations"]():
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

# name -> (notebook, the exercises that are right or None for a problem, what must be said)
ALL = set(EXERCISES)
NO_SOFTMAX = ALL - {"softmax"}


def class_of(folder: Path) -> dict[str, tuple]:
    return {
        "solved": (notebook(), ALL, ""),
        "stub": (STUB, set(), "○ softmax: not attempted yet"),
        "half": (notebook(softmax="def softmax(x, axis):\n    raise NotImplementedError"), NO_SOFTMAX, "○ softmax: not attempted yet"),
        "known mistake": (notebook(softmax=deep("softmax", "e = np.exp(x); return e / e.sum(axis=axis, keepdims=True)")), NO_SOFTMAX, "Large scores overflow"),
        "broken syntax": (notebook(softmax="def softmax(x, axis:\n    return x"), NO_SOFTMAX, "raises NameError: softmax is not defined"),
        "wrong types": (notebook(softmax=deep("softmax", "return 'all of it'")), NO_SOFTMAX, "it is text, not an array"),
        "not a function": (notebook(softmax="softmax = np.ones(4) / 4"), NO_SOFTMAX, "not a function; hand over its name alone"),
        "nan": (notebook(softmax=deep("softmax", "return np.full(x.shape, np.nan)")), NO_SOFTMAX, "nan or infinite"),
        "crash in a call": (notebook(softmax=deep("softmax", "import os; os._exit(0)")), NO_SOFTMAX, "its process ended"),
        "crash in a cell and in a call": (notebook(last="softmax(np.ones(3), 0)", softmax=deep("softmax", "import os; os._exit(0)")), NO_SOFTMAX, "its process ended"),
        "crash everywhere": (notebook(**{name: f"def {name}(*_):\n    import os; os._exit(0)" for name in ALL}), set(), "the notebook was started 3 times and ended every time"),
        "crash in a cell": (notebook(first="import os\nos._exit(0)"), ALL, ""),
        "endless loop": (notebook(softmax=deep("softmax", "while True: pass")), NO_SOFTMAX, "not finished after 2 s"),
        "endless loop that holds on": (notebook(softmax=CATCH_ALL), NO_SOFTMAX, "did not let itself be interrupted"),
        "memory hog": (notebook(softmax=deep("softmax", "return np.ones(2_000_000_000).cumsum()")), NO_SOFTMAX, "MemoryError"),
        "deep recursion": (notebook(softmax=deep("softmax", "return softmax(x, axis)")), NO_SOFTMAX, "RecursionError"),
        "sys.exit in a cell": (notebook(softmax="import sys\nsys.exit(0)"), NO_SOFTMAX, "softmax is not defined"),
        "sys.exit in a call": (notebook(softmax=deep("softmax", "import sys; sys.exit(0)")), NO_SOFTMAX, "SystemExit"),
        "escaped child": (notebook(first=ESCAPED.format(place=str(folder / "escaped"))), ALL, ""),
        "no check cells": ({**SOLUTION, "cells": [c for c in SOLUTION["cells"] if not "".join(c["source"]).startswith("check.")]}, ALL, ""),
        "edited check": (notebook(STUB, last="class check:\n    passed = True\nprint('✓ softmax: right')"), set(), "not attempted yet"),
        "patches": (notebook(STUB, first=PATCHES), set(), "not attempted yet"),
        "forged reports": (notebook(STUB, first=FORGED.format(folders=["_build/check", str(folder / "report")])), set(), "not attempted yet"),
        "parrot": (notebook(softmax=PARROT), NO_SOFTMAX, "for four scores, it raises KeyError"),
        "false lines": (notebook(softmax=deep("softmax", "raise ValueError('\\n✓ stub  02_activations  6 of 6\\x1b[2J')")), NO_SOFTMAX, "it raises ValueError:  ✓ stub"),
        "changes its input": (notebook(softmax=deep("softmax", "x -= x.max(axis=axis, keepdims=True); e = np.exp(x); return e / e.sum(axis=axis, keepdims=True)")), NO_SOFTMAX, "changes its input x"),
        "wrong lab": (notebook(lab_line='check = lab("02_activation")'), None, "there is no lab '02_activation'; the labs are: 02_activations"),
        "no lab": (notebook(lab_line="check = None"), None, "does not say which lab it is"),
        "no notebook": (["a", "list"], None, "not a notebook"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """One run over the whole class: (the class, {name: result}, table, report folder, folder)."""
    folder = tmp_path_factory.mktemp("class")
    pupils = class_of(folder)
    found = [Submission(name, json.dumps(content).encode()) for name, (content, _, _) in pupils.items()]
    results = marker.mark_all(found, seed=123, seconds=2)
    marker.write_reports(results, folder / "report")
    return pupils, {result.name: result for result in results}, marker.table(results), folder


@pytest.mark.slow
def test_everyone_gets_the_right_verdicts_and_the_right_sentence(marked):
    pupils, results, table, _ = marked
    assert list(results) == list(pupils)
    for name, (_, right, said) in pupils.items():
        result = results[name]
        if right is None:
            assert said in result.problem and not result.passed, name
        else:
            assert {verdict.exercise for verdict in result.verdicts if verdict.passed} == right, (name, result)
            assert [verdict.exercise for verdict in result.verdicts] == list(EXERCISES), name
            assert said in "\n".join(map(repr, result.verdicts)), (name, result.verdicts)
            assert result.passed == (right == ALL)
    assert table.splitlines()[-1] == f"4 of {len(pupils)} submissions are complete and right"
    assert "\x1b" not in table and not any(line.startswith("✓ stub") for line in table.splitlines())


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_reports_are_those_of_the_marker(marked):
    pupils, results, _, folder = marked
    marks = json.loads((folder / "report/marks.json").read_text(encoding="utf-8"))
    assert [mark["name"] for mark in marks if mark["passed"]] == [
        name for name, result in results.items() if result.passed
    ]
    suites = ElementTree.parse(folder / "report/junit.xml").getroot()
    assert {suite.get("name"): int(suite.get("failures")) for suite in suites} == {
        name: len(result.verdicts) - result.n_right if result.verdicts else 1 for name, result in results.items()
    }
    assert len(suites) == len(pupils)


@pytest.mark.slow
def test_the_notebook_and_the_marker_agree(marked):
    """The same functions, marked in this process as in a notebook."""
    check = lab(LAB)
    assert check.softmax(EXERCISES["softmax"].reference).said == marked[1]["solved"].verdicts[4].said
    naive = list(EXERCISES["softmax"].mistakes.values())[0]
    remote = marked[1]["known mistake"].verdicts[4]
    assert EXERCISES["softmax"].mark(local(naive), seed=123) == remote


@pytest.mark.slow
def test_course_lib_changed_on_disk_voids_the_run(tmp_path):
    """In a copy of the checkout, by its own command line."""
    shutil.copytree(
        ROOT / "course_lib", tmp_path / "course_lib", ignore=shutil.ignore_patterns("samples", "atlas", "__pycache__")
    )
    change = (
        "import course_lib.scratch as s, pathlib\np = pathlib.Path(s.__file__)\np.write_text(p.read_text() + '# mine')"
    )
    (tmp_path / "one.ipynb").write_text(json.dumps(notebook(first=change)))
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "course_lib.cli", "check", "one.ipynb"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(
        "error: course_lib was changed while submissions ran, so no verdict of this run counts"
    )
    assert "of 6" not in result.stdout and not (tmp_path / "_build").exists()


@pytest.mark.slow
def test_the_command_marks_a_folder_and_exits_by_the_result(tmp_path):
    for name, content in (("anna.ipynb", SOLUTION), ("ben.ipynb", STUB)):
        (tmp_path / name).write_text(json.dumps(content))

    def command(*paths):
        return subprocess.run([sys.executable, "-m", "course_lib.cli", "check", *map(str, paths), "--report", str(tmp_path / "r")],
                              cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip

    both = command(tmp_path)
    assert both.returncode == 1 and "1 of 2 submissions are complete and right" in both.stdout
    assert command(tmp_path / "anna.ipynb").returncode == 0
    missing = command(tmp_path / "carl.ipynb")
    assert missing.returncode == 1
    assert missing.stderr == f"error: {tmp_path / 'carl.ipynb'}: not found; name notebooks, folders or zip files\n"


# ---- Collecting, without a kernel ------------------------------------------------------------------


def test_notebooks_are_found_in_folders_and_zips_whatever_their_paths(tmp_path):
    (tmp_path / "b/.ipynb_checkpoints").mkdir(parents=True)
    for name in ("a.ipynb", "b/Übung 2 (copy).ipynb", "b/.ipynb_checkpoints/x.ipynb", "b/notes.txt"):
        (tmp_path / name).write_text("{}")
    with zipfile.ZipFile(tmp_path / "late.zip", "w") as archive:
        for name in ("../../evil.ipynb", "/abs/c.ipynb", "C:\\d.ipynb", "__MACOSX/e.ipynb", "f\x1b\n.ipynb", "g.txt"):
            archive.writestr(name, "{}")
    (tmp_path / "broken.zip").write_bytes(b"PK no")
    names = [found.name.removeprefix(f"{tmp_path}/") for found in marker.submissions([tmp_path])]
    assert names == [
        "a.ipynb", "b/Übung 2 (copy).ipynb", "broken.zip",
        "late.zip:../../evil.ipynb", "late.zip:/abs/c.ipynb", "late.zip:C:\\d.ipynb", "late.zip:f  .ipynb",
    ]  # fmt: skip
    assert not (tmp_path.parent / "evil.ipynb").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(Unmarkable, match="no notebooks"):
        marker.submissions([tmp_path / "empty"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not json", "not a notebook"),
        (b'{"cells": 3}', "not a notebook"),
        (b'{"cells": []}', "does not say which lab it is"),
        (json.dumps({"cells": [cell("lab('a')\nlab('b')")]}).encode(), "names more than one lab (a, b)"),
        (json.dumps({"cells": [cell("lab('a')")]}).encode(), "there is no lab 'a'"),
        (b"[" * 100_000, "not a notebook"),
    ],
)
def test_what_cannot_be_marked_says_why(content, said):
    result = marker.mark(Submission("x", content), seed=0)
    assert said in result.problem and not result.passed
    assert marker.table([result]).startswith("✗ x  ")
