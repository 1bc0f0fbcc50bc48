"""Two sides of a pair: which one was edited, and that no edit is lost on either."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from course_lib.book import sync
from course_lib.book.address import Address
from course_lib.book.pages import Page, read_pages
from course_lib.book.pairs import written
from course_lib.book.project import Project
from course_lib.book.published import notebook_text, with_address
from course_lib.book.take import source_text, take
from course_lib.common.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
ATTRIBUTES = ROOT / ".gitattributes"
OPTIONS = '---\ntags: [hide-input]\nmystnb:\n  image:\n    alt: "A line: it rises, and the words go on to the end of a long line, and further."\n---\n'


@pytest.fixture
def page(checkout) -> str:
    name = checkout.add_page(
        "page",
        f"{OPTIONS}print('seen', n_steps)",
        prose="Some prose.\n\n+++\n\nMore prose.",
        course="full: {n_steps: 5}",
    )
    sync.sync(checkout.project)
    return name


def edit(checkout, page: str, change) -> str:
    """Change the notebook as an editor would; return its text."""
    path = checkout.root / f"{page}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook, indent=2), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def colab(notebook) -> None:
    """What Colab does to a notebook that it saves."""
    for number, cell in enumerate(notebook["cells"]):
        cell.pop("id", None)
        cell["metadata"] = {**cell["metadata"], "id": f"x{number}"}
    notebook["nbformat_minor"] = 0
    notebook["metadata"] = {
        "kernelspec": {"name": "python3", "display_name": "Python 3"}, "colab": {"provenance": []},
        "language_info": {"name": "python"},
    }  # fmt: skip


def new_cell(notebook) -> None:
    notebook["cells"].insert(
        2, {"cell_type": "markdown", "metadata": {}, "source": ["A sentence ", "of mine."], "id": "n1"}
    )


def new_cell_in_colab(notebook) -> None:
    new_cell(notebook)
    colab(notebook)


def other_prose(notebook) -> None:
    notebook["cells"][1]["source"] = ["More prose, of mine."]


def other_code(notebook) -> None:
    notebook["cells"][4]["source"] = "print('seen', n_steps, 'of mine')"


def new_code(notebook) -> None:
    cell = {"cell_type": "code", "execution_count": None, "outputs": [], "id": "abcd1234", "source": "print('of mine')"}
    notebook["cells"].append({**cell, "metadata": {"tags": ["nbval-skip"]}})


def other_options(notebook) -> None:
    notebook["cells"][4]["metadata"]["tags"] = ["hide-output"]


def other_header(notebook) -> None:
    notebook["metadata"]["course"] = {"full": {"n_steps": 7}, "alone": True}


def deleted(notebook) -> None:
    del notebook["cells"][1]


def deleted_last(notebook) -> None:
    del notebook["cells"][-1]


def moved(notebook) -> None:
    notebook["cells"][3:5] = notebook["cells"][4:2:-1]


EDITS = [
    new_cell, new_cell_in_colab, other_prose, other_code, new_code, other_options, other_header, deleted, deleted_last, moved,
]  # fmt: skip


def message(page: str) -> str:
    return (
        f"{page}.ipynb: holds an edit that {page}.md lacks; carry it over with: course sync --take {page}.ipynb "
        f"(or move the notebook away, and {page}.md stays as it is)"
    )


@pytest.mark.parametrize("change", EDITS, ids=lambda change: change.__name__)
@pytest.mark.parametrize("where", ["no git", "git", "committed, in a fresh clone"])
def test_an_edit_of_the_notebook_is_refused_and_can_be_carried_over(checkout, page, tmp_path_factory, change, where):
    if where != "no git":
        checkout.commit()
    mine = edit(checkout, page, change)
    if where.startswith("committed"):
        checkout.commit()
        folder = tmp_path_factory.mktemp("clone") / "clone"
        checkout.git("clone", "-q", str(checkout.root), str(folder))
        checkout = type(checkout)(folder)
    for function in (sync.sync, sync.check):
        with pytest.raises(CourseError) as caught:
            function(checkout.project)
        assert caught.value.lines == (message(page),)
    assert checkout.read(f"{page}.ipynb") == mine

    before = checkout.read(f"{page}.md").splitlines()
    take(checkout.project, f"{page}.ipynb")
    sync.check(checkout.project)
    wanted, found = written(json.loads(mine)), written(json.loads(checkout.read(f"{page}.ipynb")))
    assert wanted.says(found) and found.vouched_for
    assert [cell.options for cell in wanted.cells] == [cell.options for cell in found.cells]
    if change not in (deleted, deleted_last, moved):  # what nobody touched is as it was, letter for letter
        changed = [line for line in before if line not in checkout.read(f"{page}.md").splitlines()]
        assert len(changed) <= (5 if change is other_options else 1), changed


def test_following_the_advice_of_the_command_line_works(checkout, page):
    edit(checkout, page, new_cell_in_colab)
    refused = checkout.course("sync", check=False)
    assert refused.returncode == 1 and refused.stderr == f"error: {message(page)}\n"
    assert checkout.course("sync", "--check", check=False).stderr == refused.stderr
    assert f"wrote {page}.md" in checkout.course("sync", "--take", f"{page}.ipynb").stdout
    checkout.course("sync", "--check")
    assert "A sentence of mine." in checkout.read(f"{page}.md") and "A sentence of mine." in checkout.read(
        f"{page}.ipynb"
    )


def test_the_other_advice_works_too(checkout, page):
    edit(checkout, page, new_cell)
    (checkout.root / f"{page}.ipynb").rename(checkout.root / "mine.ipynb")
    assert sync.sync(checkout.project) == [f"{page}.ipynb"]


def test_an_edit_of_the_source_only_is_no_matter_for_refusal(checkout, page, tmp_path_factory):
    for commit, word in ((False, "new"), (True, "newer")):
        checkout.replace(f"{page}.md", "print('", f"print('{word} ")
        if commit:  # on GitHub's own page, say: the notebook in the commit is an older one
            checkout.commit()
            folder = tmp_path_factory.mktemp("clone") / "clone"
            checkout.git("clone", "-q", str(checkout.root), str(folder))
            checkout = type(checkout)(folder)
        assert sync.sync(checkout.project) == [f"{page}.ipynb"]


def test_a_notebook_that_was_only_run_or_only_saved_holds_no_edit(checkout, page):
    def run(notebook) -> None:
        notebook["cells"][4]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "seen 3"}]
        notebook["cells"][4]["execution_count"] = 1

    before = checkout.read(f"{page}.ipynb")
    for change in (run, colab):
        edit(checkout, page, change)
        with pytest.raises(CourseError, match=f"{page}.ipynb: stale, it is not what its source says; run: course sync"):
            sync.check(checkout.project)
        assert sync.sync(checkout.project) == [f"{page}.ipynb"]
        assert checkout.read(f"{page}.ipynb") == before


def test_edits_on_both_sides_are_both_kept(checkout, page):
    checkout.commit()
    checkout.replace(f"{page}.md", "assert n_steps >= 3", "assert n_steps >= 2")
    edit(checkout, page, new_cell)
    with pytest.raises(CourseError, match="holds an edit"):
        sync.sync(checkout.project)
    take(checkout.project, page)
    text = checkout.read(f"{page}.md")
    assert "A sentence of mine." in text and "assert n_steps >= 2" in text
    sync.check(checkout.project)


def test_edits_of_the_same_place_are_left_to_a_person(checkout, page):
    checkout.commit()
    checkout.replace(f"{page}.md", "More prose.", "More prose, of yours.")
    yours, mine = checkout.read(f"{page}.md"), edit(checkout, page, other_prose)
    with pytest.raises(CourseError, match="edited in the same place") as caught:
        take(checkout.project, f"{page}.ipynb")
    assert len(caught.value.lines) == 1
    assert (checkout.read(f"{page}.md"), checkout.read(f"{page}.ipynb")) == (yours, mine)
    taken = checkout.read(f"_build/taken/{page}.md")
    assert "More prose, of mine." in taken
    checkout.write(f"{page}.md", taken.replace("of mine", "of mine and of yours"))  # as the line says
    (checkout.root / f"{page}.ipynb").rename(checkout.root / "away.ipynb")
    sync.sync(checkout.project)
    sync.check(checkout.project)


def test_without_git_the_text_that_is_replaced_is_kept(checkout, page):
    checkout.replace(f"{page}.md", "Some prose", "Some prose of yours")
    old = checkout.read(f"{page}.md")
    edit(checkout, page, new_cell)
    said = take(checkout.project, f"{page}.ipynb")
    assert f"the text it replaced is in _build/replaced/{page}.md" in said
    assert checkout.read(f"_build/replaced/{page}.md") == old
    assert "A sentence of mine." in checkout.read(f"{page}.md")


def test_an_older_notebook_does_not_replace_a_newer_source(checkout, page):
    checkout.replace(f"{page}.md", "Some prose", "Some new prose")
    with pytest.raises(CourseError, match=f"{page}.ipynb: nobody has edited it since it was derived; run: course sync"):
        take(checkout.project, f"{page}.ipynb")
    assert "Some new prose" in checkout.read(f"{page}.md")


def test_links_of_a_notebook_with_an_address_are_carried_back_as_relative_ones(checkout, page):
    checkout.replace(f"{page}.md", "Some prose.", "See [the first page](../../index.md#tiny) and [me](#page).")
    checkout.replace("_config.yml", "OWNER/REPOSITORY", "kyiv/nets")
    sync.sync(checkout.project)
    assert "https://kyiv.github.io/nets/index.html#tiny" in checkout.read(f"{page}.ipynb")
    before = checkout.read(f"{page}.md")

    def change(notebook) -> None:
        notebook["cells"][0]["source"].append(f" Look [here](https://kyiv.github.io/nets/{page}.html), too.")

    edit(checkout, page, change)
    take(checkout.project, f"{page}.ipynb")
    assert checkout.read(f"{page}.md") == before.replace("[me](#page).", "[me](#page). Look [here](page.ipynb), too.")
    sync.check(checkout.project)


@pytest.mark.parametrize("address", [None, Address("kyiv/nets", "https://kyiv.github.io/nets/")], ids=["none", "one"])
def test_every_page_comes_back_from_its_notebook_letter_for_letter(monkeypatch, address):
    monkeypatch.setattr("course_lib.book.take.present_address", lambda project: address)
    project = Project(ROOT)
    for page in read_pages(project):
        notebook = json.loads(notebook_text(with_address(project, page, address)))
        assert source_text(project, page.name, notebook, page.text) == page.text, page.name


def test_a_notebook_without_a_source_gets_one(checkout, page):
    (checkout.root / f"{page}.ipynb").rename(checkout.root / "lectures/01_tiny/new.ipynb")
    (checkout.root / f"{page}.md").unlink()
    checkout.replace("_toc.yml", page, "lectures/01_tiny/new")
    with pytest.raises(CourseError) as caught:
        sync.check(checkout.project)
    assert (
        "lectures/01_tiny/new.ipynb: has no source; make one with: course sync --take lectures/01_tiny/new.ipynb"
        in (str(caught.value))
    )
    checkout.course("sync", "--take", "lectures/01_tiny/new.ipynb")
    checkout.course("sync", "--check")
    assert "full: {n_steps: 5}" in checkout.read("lectures/01_tiny/new.md")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"cells": [{"cell_type": "heading", "source": "x"}]}',
        '{"cells": [{"cell_type": "code"}]}',
        "<<<<<<< HEAD\n{}\n=======\n",
    ],
)
def test_a_notebook_that_cannot_be_read_is_not_overwritten(checkout, page, text):
    checkout.write(f"{page}.ipynb", text)
    for function in (sync.sync, sync.check):
        with pytest.raises(CourseError) as caught:
            function(checkout.project)
        assert caught.value.lines == (
            f"{page}.ipynb: cannot be read as a notebook (left from a merge?); move it away and run: course sync",
        )
    assert checkout.read(f"{page}.ipynb") == text


@pytest.mark.parametrize("given", ["nowhere.ipynb", "lectures/01_tiny/ghost", "_config.yml"])
def test_what_is_no_notebook_of_the_course_cannot_be_taken(checkout, page, given):
    with pytest.raises(CourseError, match=f"{given}: not found; name a notebook of the course"):
        take(checkout.project, given)
    (checkout.root / "stray.ipynb").write_text(checkout.read(f"{page}.ipynb"))
    with pytest.raises(CourseError, match="stray.ipynb: no page of the course; pages stand in lectures, labs, about"):
        take(checkout.project, "stray.ipynb")


# ---- Sources that Windows wrote --------------------------------------------------------------------------------------


def test_a_source_with_a_byte_order_mark_is_read_and_nothing_is_lost(checkout, page):
    path = checkout.root / f"{page}.md"
    text = checkout.read(f"{page}.md").replace("Some prose", "Some new prose")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    with pytest.raises(CourseError) as caught:
        sync.check(checkout.project)
    assert caught.value.lines == tuple(
        f"{page}.{kind}: stale, it is not what its source says; run: course sync" for kind in ("md", "ipynb")
    )
    sync.sync(checkout.project)
    sync.check(checkout.project)
    assert path.read_bytes() == text.encode()
    assert "Some new prose" in checkout.read(f"{page}.ipynb")
    for name in ("_toc.yml", "_config.yml"):
        (checkout.root / name).write_bytes(b"\xef\xbb\xbf" + checkout.read(name).encode())
    sync.check(checkout.project)


def test_a_source_in_another_code_page_is_one_line(checkout, page):
    (checkout.root / f"{page}.md").write_bytes(checkout.read(f"{page}.md").replace("Some", "Où").encode("latin-1"))
    with pytest.raises(CourseError, match="page.md: not UTF-8 text; save it as UTF-8 in your editor"):
        sync.sync(checkout.project)


def test_a_source_without_a_header_is_not_taken_for_missing(checkout, page):
    checkout.replace(f"{page}.md", "---\njupytext:", "jupytext:")
    with pytest.raises(CourseError) as caught:
        sync.check(checkout.project)
    assert f"{page}.md: its header names no kernel; begin it with the header of another page" in caught.value.lines
    assert "has no source" not in str(caught.value)


@pytest.mark.parametrize("function", [sync.sync, sync.check])
def test_a_name_that_breaks_links_is_refused_with_a_better_one(checkout, function):
    name = checkout.add_page("my page (new)")
    with pytest.raises(CourseError) as caught:
        function(checkout.project)
    assert caught.value.lines == (
        f"{name}.md: a space, (, ) in a name breaks links; rename the pair to lectures/01_tiny/my_page__new_.md and "
        ".ipynb, and the entry in _toc.yml",
    )
    assert not (checkout.root / f"{name}.ipynb").exists()


@pytest.mark.parametrize("attributes", [True, False])
def test_a_clone_with_windows_line_ends_is_in_step(checkout, page, tmp_path_factory, attributes):
    if attributes:
        shutil.copy(ATTRIBUTES, checkout.root)
    checkout.commit()
    folder = tmp_path_factory.mktemp("clone") / "clone"
    checkout.git("-c", "core.autocrlf=true", "clone", "-q", str(checkout.root), str(folder))
    clone = type(checkout)(folder)
    assert (b"\r\n" in (folder / f"{page}.md").read_bytes()) is not attributes
    sync.check(clone.project)
    assert sync.sync(clone.project) == []


def test_the_digests_of_a_notebook_say_whether_it_was_edited(checkout, page):
    notebook = json.loads(checkout.read(f"{page}.ipynb"))
    assert written(notebook).vouched_for
    assert written(json.loads(nbformat.writes(Page(page, checkout.read(f"{page}.md")).notebook))).vouched_for
    for change in EDITS:
        notebook = json.loads(checkout.read(f"{page}.ipynb"))
        change(notebook)
        assert not written(notebook).vouched_for, change.__name__
