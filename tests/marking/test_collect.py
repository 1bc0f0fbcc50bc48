"""Finding notebooks, whatever their paths and however packed, and reading what they say. No kernel."""

import ast
import io
import json
import os
import zipfile

import pytest

from course_lib.checks.labs import LABS
from course_lib.common.notebooks import statements
from course_lib.marking import collect
from course_lib.marking.collect import Submission, submission, submissions
from course_lib.marking.errors import BadFile

EMPTY = '{"cells": []}'


def zipped(**members) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def notebook(*cells: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]}).encode()


def test_notebooks_are_found_in_folders_and_zips_whatever_their_paths(tmp_path):
    (tmp_path / "b/.ipynb_checkpoints").mkdir(parents=True)
    for name in ("a.ipynb", "b/Übung 2 (copy).ipynb", "b/.ipynb_checkpoints/x.ipynb", "b/notes.txt"):
        (tmp_path / name).write_text(EMPTY)
    odd = [
        "../../evil.ipynb",
        "/abs/c.ipynb",
        "C:\\d.ipynb",
        "__MACOSX/e.ipynb",
        "f\x1b\n.ipynb",
        "g.txt",
        ".h/i.ipynb",
    ]
    (tmp_path / "late.zip").write_bytes(zipped(**dict.fromkeys(odd, EMPTY)))
    (tmp_path / "broken.zip").write_bytes(b"PK no")
    found = submissions([tmp_path])
    assert [one.name.removeprefix(f"{tmp_path}/") for one in found] == [
        "a.ipynb", "b/Übung 2 (copy).ipynb", "broken.zip",
        "late.zip:../../evil.ipynb", "late.zip:/abs/c.ipynb", "late.zip:C:\\d.ipynb", "late.zip:f  .ipynb",
    ]  # fmt: skip
    assert not (tmp_path.parent / "evil.ipynb").exists()
    assert [one.problem for one in found if one.problem] == [
        "a zip file that cannot be read (File is not a zip file); pack it again"
    ]


def test_a_zip_in_a_zip_is_opened_and_a_third_one_is_not(tmp_path):
    third = zipped(**{"deep.ipynb": EMPTY})
    (tmp_path / "class.zip").write_bytes(
        zipped(
            **{
                "anna.zip": zipped(**{"lab.ipynb": EMPTY}),
                "ben.zip": zipped(**{"more.zip": third}),
                "carl.ipynb": EMPTY,
            }
        )
    )
    found = {one.name.removeprefix(f"{tmp_path}/"): one.problem for one in submissions([tmp_path])}
    assert found == {
        "class.zip:anna.zip:lab.ipynb": "",
        "class.zip:ben.zip": "a zip file that cannot be read (a zip in a zip in a zip); pack it again",
        "class.zip:carl.ipynb": "",
    }


def test_a_zip_that_would_fill_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(collect, "LARGEST", 1000)
    (tmp_path / "bomb.zip").write_bytes(zipped(**{f"{n}.ipynb": " " * 1000 for n in range(21)}))
    (bomb,) = submissions([tmp_path])
    assert "cannot be read (too large)" in bomb.problem
    (tmp_path / "bomb.zip").write_bytes(zipped(**{f"{n}.ipynb": " " * 1000 for n in range(20)}))
    assert len(submissions([tmp_path])) == 20


def test_a_damaged_member_spoils_only_its_zip(tmp_path):
    whole = zipped(**{"a.ipynb": os.urandom(3000)})
    (tmp_path / "bad.zip").write_bytes(whole[:500] + b"\0" * 100 + whole[600:])
    (tmp_path / "good.ipynb").write_text(EMPTY)
    bad, good = submissions([tmp_path])
    assert "cannot be read" in bad.problem and not good.problem


def test_a_path_named_twice_is_one_submission(tmp_path):
    (tmp_path / "a.ipynb").write_text(EMPTY)
    assert len(submissions([tmp_path, tmp_path / "a.ipynb"])) == 1


def test_no_notebook_and_no_path_are_errors(tmp_path):
    with pytest.raises(BadFile, match="no notebooks"):
        submissions([tmp_path])
    with pytest.raises(BadFile, match=r"carl\.ipynb: not found; name notebooks, folders or zip files"):
        submissions([tmp_path / "carl.ipynb"])


def test_code_cells_are_read_as_text_or_as_lines():
    content = {"cells": [{"cell_type": "markdown", "source": "no"}, {"cell_type": "code", "source": ["a\n", "b"]},
                         {"cell_type": "code", "source": "c"}]}  # fmt: skip
    assert submission("x", json.dumps(content).encode()).cells == ("a\nb", "c")


@pytest.mark.parametrize(
    "content", [b"not json", b'{"cells": 3}', b"{}", b"[]", b'{"cells": [{}]}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_notebook_says_so(content):
    one = submission("x", content)
    assert one.problem.startswith("not a notebook") and one.cells == ()
    with pytest.raises(BadFile, match="not a notebook"):
        one.lab(LABS.names)


def test_a_huge_notebook_and_a_problem_of_before(monkeypatch):
    monkeypatch.setattr(collect, "LARGEST", 1_000_000)
    assert submission("x", b" " * 1_000_001).problem.startswith("larger than 1 MB; clear its outputs")
    with pytest.raises(BadFile, match="^no luck$"):
        Submission("x", problem="no luck").lab(LABS.names)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([], "does not say which lab it is"),
        (["lab('a')\nlab('b')"], r"names more than one lab \(a, b\)"),
        (["lab('a')", 'lab( "a" )'], "there is no lab 'a'; the labs are: 02_activations"),
    ],
)
def test_a_notebook_that_names_no_lab_of_ours_says_which(cells, said):
    with pytest.raises(BadFile, match=said):
        submission("x", notebook(*cells)).lab(LABS.names)


def test_the_lab_is_the_one_that_the_notebook_names():
    cells = "x = 1", 'check = lab("02_activations")', "lab('02_activations')"
    assert Submission("x", cells).lab(LABS.names) == "02_activations"


def test_statements_leave_out_magics_and_what_is_not_python(recwarn):
    assert [ast.unparse(node) for node in statements("%matplotlib inline\n!ls\nx = 1")] == ["pass", "pass", "x = 1"]
    assert statements("def f(:") == statements("x" + "(" * 5000) == statements("\0") == []
    assert len(statements(r"x = '\d'")) == 1
    assert [ast.unparse(node) for node in statements("%%time\nx = 1")] == ["pass", "x = 1"]
    assert not recwarn.list
