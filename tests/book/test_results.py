"""From a cell tagged `result` to the file beside the page, to what the page shows and its stamp says."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from course_lib.book.cache import cache_key
from course_lib.book.collected import MOST, plain
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page
from course_lib.book.results import (
    assigned_names,
    code_digest,
    collected,
    numbers_of,
    read_results,
    said_of_results,
    write_results,
)
from course_lib.common.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
CODE = """\
import numpy as np
from course_lib.results import full_results
from course_lib.tiny import factor
```

```{{code-cell}} ipython3
:tags: [claim]

assert factor > 1
```

```{{code-cell}} ipython3
early = full_results("{page}")
```

```{{code-cell}} ipython3
:tags: [result]

race = {{8: np.float32(1) / 3, (2, 0.5): np.arange(n_steps) * factor}}
best, _hidden = max(1, n_steps), object()
```

```{{code-cell}} ipython3
full = full_results("{page}")
print(full)
full.beside({{8: 0.25}}, "race", digits=2)"""


@pytest.fixture
def page(checkout) -> str:
    checkout.write("course_lib/tiny.py", "factor = 2\n")
    name = "lectures/01_tiny/page"
    checkout.add_page("page", CODE.format(page=name), course="full: {n_steps: 4}")
    checkout.course("sync")
    return name


def read(checkout, name: str) -> Page:
    return Page(name, checkout.read(f"{name}.md"))


def shown(checkout, name: str) -> str:
    cells = json.loads(checkout.read(f"_build/executed/{name}.ipynb"))["cells"]
    return "".join("".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", []))


def said(checkout, name: str) -> list[str]:
    return said_of_results(checkout.project, read(checkout, name), ImportGraph(checkout.root))


def test_a_full_run_writes_the_file_and_the_page_shows_it(checkout, page):
    checkout.course("run")
    assert "The full results of lectures/01_tiny/page are not here" in shown(checkout, page)
    assert "8           0.25           –" in shown(checkout, page)
    assert said(checkout, page) == []
    checkout.course("run", "--profile", "full", "--machine-note", "a large machine")
    content = json.loads(checkout.read(f"{page}.full.json"))
    assert content["values"] == {"race": {"8": 0.333333, "2, 0.5": [0, 2, 4, 6]}, "best": 4}
    assert (content["origin"], content["machine"]) == ("run", "a large machine")
    assert content["parameters"] == {"n_steps": 4} and content["seconds"] > 0 and content["date"][:2] == "20"
    assert "to run" in checkout.course("status").stdout  # the page shows the file
    assert "1 executed" in checkout.course("run").stdout
    assert f"Full run of {content['date']} on a large machine, " in shown(checkout, page)
    assert "8           0.25        0.33" in shown(checkout, page)
    assert said(checkout, page) == [f"full run of {content['date']} on a large machine"]
    (checkout.root / f"{page}.full.json").unlink()
    assert "0 executed, 1 unchanged" in checkout.course("run", "--profile", "full").stdout
    assert json.loads(checkout.read(f"{page}.full.json")) == content  # from the run that is kept


def test_the_machine_is_described_where_nobody_says_it(checkout, page):
    checkout.course("run", "--profile", "full")
    assert "cores" in read_results(checkout.project, page)["machine"]


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("model = object()", "model is or holds a object; assign numbers, texts, lists or dicts of them"),
        ("x = {1, 2}", "x is or holds a set"),
        ("x = [float('nan')]", "x is or holds nan"),
        ("x = {1: 0, '1': 0}", "x has two keys that read the same"),
        (f"x = list(range({MOST + 1}))", "x holds 5,001 values, and a result at most 5,000"),
        ("print(1)", "it assigns no name"),
        ("x = 1\ndel x", "its values could not be taken; name 'x' is not defined"),
    ],
)
def test_a_value_that_is_no_result_fails_the_quick_run_already(checkout, cell, problem):
    name = checkout.add_page("page", f"print(0)\n```\n\n```{{code-cell}} ipython3\n:tags: [result]\n\n{cell}")
    checkout.course("sync")
    result = checkout.course("run", check=False)
    assert result.returncode == 1
    assert f"error: {name}.ipynb: cell 4 is tagged result: {problem}" in result.stderr


def test_the_file_counts_in_the_key_and_its_age_does_not(checkout, page):
    def key(profile: str = "quick") -> str:
        return cache_key(checkout.project, read(checkout, page), ImportGraph(checkout.root), profile)

    quick, full = key(), key("full")
    write_results(checkout.project, read(checkout, page), {"best": 1}, code="an older digest")
    with_file = key()
    assert with_file != quick and key("full") == full
    assert said(checkout, page)[0].endswith(", made with an earlier version of this page")
    assert key() == with_file
    other = checkout.add_page("other", f"from course_lib.results import full_results as r\nprint(r('{page}'))")
    before = cache_key(checkout.project, read(checkout, other), ImportGraph(checkout.root))
    write_results(checkout.project, read(checkout, page), {"best": 2})
    assert cache_key(checkout.project, read(checkout, other), ImportGraph(checkout.root)) != before


@pytest.mark.parametrize(
    ("path", "old", "new", "stale"),
    [
        ("page.md", "np.float32(1) / 3", "np.float32(1) / 4", True),
        ("page.md", "full: {n_steps: 4}", "full: {n_steps: 5}", True),
        ("course_lib/tiny.py", "2", "3", True),
        ("page.md", "n_steps = 3", "n_steps = 2", False),  # of the quick run
        ("page.md", "digits=2", "digits=3", False),  # how it is shown
        ("page.md", "assert n_steps >= 3", "assert n_steps >= 1", False),
        ("page.md", "assert factor > 1", "assert factor > 0", False),
        ("page.md", "early =", "earlier =", False),
        ("page.md", "Some prose", "Other prose", False),
        ("page.md", "import course_lib\n", "import course_lib  # from another address\n", False),
        ("course_lib/results.py", "quick here", "here", False),
        ("requirements.txt", "2.4.6", "2.4.7", False),
    ],
)
def test_results_are_of_an_earlier_version_when_what_made_them_changed(checkout, page, path, old, new, stale):
    before = code_digest(read(checkout, page), ImportGraph(checkout.root))
    checkout.replace(path.replace("page.md", f"{page}.md"), old, new)
    assert (code_digest(read(checkout, page), ImportGraph(checkout.root)) != before) == stale


def test_values_from_prose_say_so(checkout, page):
    write_results(
        checkout.project, read(checkout, page), {"race": {"8": 0.681}}, "prose", "a GPU", "November 2026"
    )  # fmt: skip
    assert said(checkout, page) == ["full run of November 2026 on a GPU, taken over from the text"]
    checkout.course("run")
    assert "Full run of November 2026 on a GPU, taken over from the text of the page" in shown(checkout, page)
    assert "8           0.25        0.68" in shown(checkout, page)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not valid JSON"),
        ("[]", "expected keys and values"),
        ('{"origin": "run"}', "values is missing, or of another kind"),
        ('{"origin": "guess", "values": {}, "machine": "", "date": "", "seconds": 1, "parameters": {}}', "origin is 'guess'"),
        ('{"origin": "run", "values": {}, "machine": "", "date": "", "seconds": 1, "parameters": {}, "x": 1}', "nobody reads x"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named(checkout, page, text, problem):
    checkout.write(f"{page}.full.json", text)
    with pytest.raises(CourseError, match=f"^{page}.full.json: {problem}"):
        read_results(checkout.project, page)


def test_the_installed_package_brings_the_results(checkout, page, tmp_path_factory):
    """Built from this checkout, unpacked elsewhere: what Colab has."""
    write_results(checkout.project, read(checkout, page), {"best": 7}, "prose", "a GPU", "November 2026")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, checkout.root)
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    folder = tmp_path_factory.mktemp("wheel")
    made = python(build, str(folder), cwd=checkout.root).split()[-1]
    with zipfile.ZipFile(folder / made) as archive:
        names = archive.namelist()
        archive.extractall(folder / "site")
    assert not [name for name in names if name.endswith((".md", ".ipynb")) or name.startswith(("lectures", "about"))]
    ask = f"from course_lib.results import full_results; print(full_results({page!r})['best'])"
    assert python(ask, cwd=folder / "site").split() == ["7"]


def python(code: str, *arguments: str, cwd) -> str:
    environment = {**os.environ, "PYTHONPATH": ""}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=True).stdout


def test_names_that_a_cell_assigns():
    code = "a = b, c = 1, 2\n(d, [e, *f]) = x\ng: int = 1\nh += 1\n_i = 1\nx.y = 1\nz[0] = 1\nfor k in a:\n    m = 1\n"
    assert assigned_names(code) == ["a", "b", "c", "d", "e", "f", "g", "h"]


def test_plain_values():
    value = {"a": np.float64(1 / 3), "b": np.arange(3), 1: (True, None, "text"), "c": np.int64(7)}
    assert plain(value) == {"a": 0.333333, "b": [0, 1, 2], "1": [True, None, "text"], "c": 7}
    assert plain(np.array([[1.23456789]], np.float32)) == [[1.23457]]
    assert numbers_of(plain(value)) == {0.333333, 0, 1, 2, 7}


def test_tensors_are_plain_values():
    import torch

    assert plain(torch.ones(2, requires_grad=True)) == [1, 1]
    assert plain({"x": torch.tensor(0.5)}) == {"x": 0.5}


def test_a_notebook_without_results_has_none():
    assert collected(json.dumps({"cells": [{"metadata": {}}]})) == ({}, "")
