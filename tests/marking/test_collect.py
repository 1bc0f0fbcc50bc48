"""Finding notebooks, whatever their paths and however packed, and reading what they say. No kernel."""

import ast
import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from course_lib.checks.labs import LABS
from course_lib.common.notebooks import statements
from course_lib.marking import collect
from course_lib.marking.collect import HandedIn, Submission, submission, submissions
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


def names(found: list[Submission] | list[str], folder: Path) -> list[str]:
    """As the teacher reads them, without the folder of the test."""
    return [str(getattr(one, "name", one)).removeprefix(f"{folder}/") for one in found]


def lay(folder: Path, *paths: str, content: str = EMPTY) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


def test_notebooks_are_found_in_folders_and_zips_whatever_their_paths(tmp_path):
    lay(tmp_path, "a.ipynb", "b/Übung 2 (copy).ipynb", "b/.ipynb_checkpoints/x.ipynb", "b/notes.txt")
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
    found, unread = submissions([tmp_path]).submissions, submissions([tmp_path]).unread
    assert names(found, tmp_path) == [
        "a.ipynb", "b/Übung 2 (copy).ipynb", "broken.zip",
        "late.zip:../../evil.ipynb", "late.zip:/abs/c.ipynb", "late.zip:C:\\d.ipynb", "late.zip:f  .ipynb",
    ]  # fmt: skip
    assert names(unread, tmp_path) == ["b/notes.txt", "late.zip:g.txt"]
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
    found = submissions([tmp_path]).submissions
    assert dict(zip(names(found, tmp_path), [one.problem for one in found], strict=True)) == {
        "class.zip:anna.zip:lab.ipynb": "",
        "class.zip:ben.zip:more.zip": (
            "a file in a zip file that cannot be read (a zip in a zip in a zip); pack it again"
        ),
        "class.zip:carl.ipynb": "",
    }


def test_nothing_is_passed_over_in_silence(tmp_path):
    """Capitals in a suffix are read, and what is no notebook is named; only what a system leaves behind is not."""
    lay(
        tmp_path, "a.IPYNB", "b.ipynb.txt", "c.ipynb.json", "d (2)", "e.py", "f.html", "g.rar", ".ipynb", "late/h.Ipynb"
    )
    lay(tmp_path, ".DS_Store", "Thumbs.db", "desktop.ini", "._a.IPYNB", ".gitkeep", "__MACOSX/a.ipynb", ".git/config",
        "late/.ipynb_checkpoints/h.ipynb", "__pycache__/e.pyc")  # fmt: skip
    (tmp_path / "LATE.ZIP").write_bytes(
        zipped(**{"i.IPYNB": EMPTY, "j.7z": "", "x/inner.Zip": zipped(**{"k.ipynb": EMPTY, "l.PY": ""}),
                  "x/.DS_Store": "", "__MACOSX/x/._i.IPYNB": "", "x/": ""})
    )  # fmt: skip
    os.symlink(tmp_path / "late", tmp_path / "link")
    os.symlink(tmp_path / "nowhere", tmp_path / "y.ipynb")
    os.symlink(tmp_path / "z.ipynb", tmp_path / "z.ipynb")
    found = submissions([tmp_path])
    assert names(found.submissions, tmp_path) == [
        ".ipynb", "LATE.ZIP:i.IPYNB", "LATE.ZIP:x/inner.Zip:k.ipynb", "a.IPYNB", "late/h.Ipynb"
    ]  # fmt: skip
    assert names(found.unread, tmp_path) == [
        "LATE.ZIP:j.7z", "LATE.ZIP:x/inner.Zip:l.PY", "b.ipynb.txt", "c.ipynb.json", "d (2)", "e.py", "f.html",
        "g.rar", "link", "y.ipynb", "z.ipynb",
    ]  # fmt: skip
    # Whoever names a file wants it looked at, whatever it is called.
    assert [one.problem for one in submissions([tmp_path / "b.ipynb.txt"]).submissions] == [""]


def test_a_folder_of_many_other_files_is_named_once(tmp_path):
    lay(tmp_path, "anna/lab.ipynb", *(f"anna/env/lib/{n}.py" for n in range(30)), "anna/env/pip.py", "anna/notes.md")
    assert names(submissions([tmp_path]).unread, tmp_path) == ["anna/env/ (31 files)", "anna/notes.md"]


def test_each_notebook_of_a_huge_class_is_judged_by_itself(tmp_path, monkeypatch):
    """However large all of them are together; and a larger one is a problem of its own."""
    monkeypatch.setattr(collect, "LARGEST", 1000)
    members = {f"{n}.ipynb": EMPTY + " " * 900 for n in range(300)}
    (tmp_path / "class.zip").write_bytes(zipped(**members, **{"big.ipynb": EMPTY + " " * 1000, "z.ipynb": EMPTY}))
    found = submissions([tmp_path]).submissions
    assert len(found) == 302
    assert [(one.name.rpartition(":")[2], one.problem) for one in found if one.problem] == [
        ("big.ipynb", "larger than 0 MB; clear its outputs and hand it in again")
    ]


def test_a_zip_that_would_fill_the_memory_does_not(tmp_path, monkeypatch):
    """What is kept is bounded: the code of one notebook, of one inner zip file, and of all."""
    monkeypatch.setattr(collect, "MOST_CODE", 1000)
    monkeypatch.setattr(collect, "MOST_IN_ALL", 6)
    much, more = notebook("x" * 900).decode(), notebook("x" * 1001).decode()
    bomb = zipped(**{f"{n}.ipynb": much for n in range(50)}, **{"more.ipynb": more})
    (tmp_path / "a.zip").write_bytes(zipped(**{"bomb.zip": bomb, "b.ipynb": much, "c.ipynb": EMPTY}))
    lay(tmp_path, "d.ipynb", "e.ipynb", content=much)
    found = submissions([tmp_path]).submissions
    kept = [one.name.removeprefix(f"{tmp_path}/") for one in found if one.cells]
    assert kept == [*(f"a.zip:bomb.zip:{n}.ipynb" for n in range(4)), "a.zip:b.ipynb", "d.ipynb"]
    problems = {one.name.removeprefix(f"{tmp_path}/"): one.problem for one in found if one.problem}
    assert problems["a.zip:bomb.zip:more.ipynb"].startswith("more than 0 MB of code; leave only your own in it")
    assert problems["e.ipynb"] == "too much code in one go; mark this one by itself"
    assert len(problems) == 48
    # Named as three paths, they share the same bound.
    apart = submissions([tmp_path / "a.zip", tmp_path / "d.ipynb", tmp_path / "e.ipynb"]).submissions
    assert [one.problem for one in apart] == [one.problem for one in found]


def test_of_a_huge_member_only_the_beginning_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(collect, "LARGEST", 1000)
    (tmp_path / "bomb.zip").write_bytes(zipped(**{"a.ipynb": " " * 20_000_000, "b.zip": " " * 20_000_000}))
    tracemalloc.start()
    try:
        found = submissions([tmp_path]).submissions
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [one.problem.partition(";")[0] for one in found] == [
        "larger than 0 MB", "a file in a zip file that cannot be read (larger than 0 MB)"
    ]  # fmt: skip
    assert peak < 2_000_000


def test_a_member_that_lies_about_its_size_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(collect, "LARGEST", 1000)
    content = zipped(**{"a.ipynb": EMPTY + " " * 5000})
    true, false = (size.to_bytes(4, "little") for size in (5000 + len(EMPTY), 500))
    assert content.count(true) == 2
    (tmp_path / "liar.zip").write_bytes(content.replace(true, false))
    (liar,) = submissions([tmp_path]).submissions
    assert liar.cells == () and "cannot be read" in liar.problem


def test_a_damaged_or_locked_member_is_a_problem_of_its_own(tmp_path):
    whole = zipped(**{"a.ipynb": os.urandom(3000), "b.ipynb": EMPTY})
    (tmp_path / "bad.zip").write_bytes(whole[:500] + b"\0" * 100 + whole[600:])
    locked = bytearray(zipped(**{"c.ipynb": EMPTY, "d.ipynb": EMPTY}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(header) + flags] |= 1  # the first member wants a password
    (tmp_path / "locked.zip").write_bytes(locked)
    found = submissions([tmp_path]).submissions
    assert names(found, tmp_path) == ["bad.zip:a.ipynb", "bad.zip:b.ipynb", "locked.zip:c.ipynb", "locked.zip:d.ipynb"]
    assert ["cannot be read" in one.problem for one in found] == [True, False, True, False]
    assert "password" in found[2].problem


def test_a_file_or_folder_that_cannot_be_read_is_a_problem_of_its_own(tmp_path, monkeypatch):
    lay(tmp_path, "closed/a.ipynb", "closed.ipynb", "open.ipynb")
    (tmp_path / "closed.zip").write_bytes(zipped(**{"b.ipynb": EMPTY}))

    def closed(way):
        def look(path, *arguments, **settings):
            if Path(path).stem == "closed":
                raise PermissionError(13, "Permission denied", str(path))
            return way(path, *arguments, **settings)

        return look

    # Rights alone do not stop the administrator, under whom tests may run.
    monkeypatch.setattr(io, "open", closed(io.open))
    monkeypatch.setattr(Path, "iterdir", closed(Path.iterdir))
    found = submissions([tmp_path]).submissions
    assert dict(zip(names(found, tmp_path), [one.problem for one in found], strict=True)) == {
        "closed": "a folder that cannot be read (Permission denied); look at its rights",
        "closed.ipynb": "a file that cannot be read (Permission denied); look at its rights, or ask for it again",
        "closed.zip": "a zip file that cannot be read (Permission denied); pack it again",
        "open.ipynb": "",
    }


# ---- What a path may say about whose it is -----------------------------------------------------------


def parts(found: HandedIn) -> list[str]:
    return ["/".join(one.parts) for one in found.submissions]


def test_what_stands_above_the_named_path_says_nothing(tmp_path):
    lay(tmp_path, "2026 autumn/borys.ipynb", "2026 autumn/1001/lab.ipynb")
    folder = tmp_path / "2026 autumn"
    assert parts(submissions([folder])) == ["1001/lab.ipynb", "borys.ipynb"]
    assert parts(submissions([folder / "1001/lab.ipynb", folder / "1001"])) == ["lab.ipynb"]


def test_a_folder_that_holds_everything_says_nothing(tmp_path):
    """A teacher packs the folder of the class; but one student may hand in a folder with one notebook for each lab."""
    first, second = notebook('lab("02_activations")').decode(), notebook('lab("02_one_neuron")').decode()
    (tmp_path / "2026.zip").write_bytes(zipped(**{"2026 autumn/a.ipynb": first, "2026 autumn/b/b.ipynb": first}))
    (tmp_path / "1001.zip").write_bytes(zipped(**{"lab/a.ipynb": first, "lab/b.ipynb": second}))
    assert parts(submissions([tmp_path / "2026.zip"])) == ["a.ipynb", "b/b.ipynb"]
    assert parts(submissions([tmp_path / "1001.zip"])) == ["1001.zip/lab/a.ipynb", "1001.zip/lab/b.ipynb"]


def unflagged(name: bytes) -> bytes:
    """A zip file with one notebook under these bytes, and no word about their encoding."""
    placeholder = b"n" * len(name)
    return zipped(**{placeholder.decode(): EMPTY}).replace(placeholder, name)


@pytest.mark.parametrize("page", ["utf-8", "cp437", "cp866", "cp1251", "cp850", "cp1252"])
def test_names_in_zip_files_are_read_in_every_code_page(tmp_path, page):
    name = "Übung/Zoë.ipynb" if page in ("cp437", "cp850", "cp1252") else "Чайка/Їжак.ipynb"
    if page == "cp866":
        name = name.replace("Їжак", "Яма")  # which has no Ї
    (tmp_path / "all.zip").write_bytes(unflagged(name.encode(page)))
    (found,) = submissions([tmp_path]).submissions
    assert set(name.split("/")) < set(found.parts)
    if page == "utf-8":  # as macOS packs it: nothing else is valid UTF-8 by chance
        assert found.name == f"{tmp_path}/all.zip:{name}" and len(found.parts) == 3


# ---- Paths that are named ----------------------------------------------------------------------------


def test_a_path_named_twice_is_one_submission(tmp_path):
    (tmp_path / "a.ipynb").write_text(EMPTY)
    assert len(submissions([tmp_path, tmp_path / "a.ipynb"]).submissions) == 1


def test_no_notebook_and_no_path_are_errors(tmp_path):
    with pytest.raises(BadFile, match="no notebooks"):
        submissions([tmp_path])
    with pytest.raises(BadFile, match=r"carl\.ipynb: not found; name notebooks, folders or zip files"):
        submissions([tmp_path / "carl.ipynb"])
    with pytest.raises(BadFile, match="not found"):
        submissions([tmp_path / ("x" * 5000)])
    lay(tmp_path, "maria.py", "olena.rar")
    with pytest.raises(BadFile, match=r"no notebooks \(\.ipynb\) there, only \S+maria\.py, \S+olena\.rar$"):
        submissions([tmp_path])


# ---- What a notebook holds ---------------------------------------------------------------------------


def test_code_cells_are_read_as_text_or_as_lines():
    content = {"cells": [{"cell_type": "markdown", "source": "no"}, {"cell_type": "code", "source": ["a\n", "b"]},
                         {"cell_type": "code", "source": "c"}]}  # fmt: skip
    assert submission("x", json.dumps(content).encode()).cells == ("a\nb", "c")


def test_a_notebook_is_read_whatever_program_saved_it():
    """Byte-order marks, UTF-16, CRLF, ids that are missing or twice, widget state and the metadata of other programs."""
    cell = {"cell_type": "code", "source": "x = 'Є'", "execution_count": 3, "outputs": [{"output_type": "?"}]}
    whole = {
        "cells": [{**cell, "id": "a"}, {**cell, "id": "a", "metadata": {"pycharm": {"name": "#%%"}}}, cell],
        "metadata": {
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"3f": {"model_name": "VBoxModel"}}}},
            "kaggle": {"accelerator": "gpu"}, "deepnote_notebook_id": "1", "vscode": {}, "colab": {"provenance": []},
        },
        "nbformat": 4,
        "nbformat_minor": 2,
    }  # fmt: skip
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    for content in (
        text.encode(), text.encode("utf-8-sig"), text.replace("\n", "\r\n").encode(), text.encode("utf-16"),
        text.encode("utf-16-le"), text.encode("utf-16-be"), json.dumps(whole).encode(),
    ):  # fmt: skip
        assert submission("x", content) == Submission("x", ("x = 'Є'",) * 3)


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
