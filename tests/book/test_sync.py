"""Derived files, and what an author hears about a page that cannot run."""

import json

import nbformat
import pytest

from course_lib.book import sync
from course_lib.book.pages import Page, read_pages
from course_lib.common.errors import CourseError


@pytest.fixture
def page(checkout) -> str:
    name = checkout.add_page("page")
    sync.sync(checkout.project)
    return name


def problems(checkout) -> list[str]:
    with pytest.raises(CourseError) as caught:
        sync.check(checkout.project)
    return list(caught.value.lines)


@pytest.mark.parametrize("empty", ["", "\n", "\n\n", "\n   \n\n", "\nimport course_lib\n"])
def test_an_install_cell_is_filled_and_the_cells_below_it_are_kept(checkout, page, empty):
    filled = checkout.read(f"{page}.md")
    head, mark, tail = filled.partition(":tags: [setup]\n")
    checkout.write(f"{page}.md", head + mark + empty + tail[tail.index("```\n") :])
    sync.sync(checkout.project)
    assert checkout.read(f"{page}.md") == filled


def test_the_notebook_is_valid_has_no_outputs_and_says_its_course_header(checkout):
    name = checkout.add_page("page", course="full: {n_steps: 5}")
    sync.sync(checkout.project)
    notebook = nbformat.read(checkout.root / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.course == {"full": {"n_steps": 5}}
    assert notebook.metadata.kernelspec == {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    assert "version" not in json.dumps(notebook.metadata)  # no tool versions: no noise in diffs
    assert all(
        cell.outputs == [] and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code"
    )


def test_an_edit_changes_two_cell_ids(checkout, page):
    before = [cell.id for cell in Page(page, checkout.read(f"{page}.md")).notebook.cells]
    checkout.replace(f"{page}.md", "'seen'", "'read'")
    after = [cell.id for cell in Page(page, checkout.read(f"{page}.md")).notebook.cells]
    changed = [old != new for old, new in zip(before, after, strict=True)]
    assert changed == [False, False, False, True, True]  # its own, and the next one's
    assert len(set(after)) == len(after)


def test_syncing_twice_writes_nothing_the_second_time(checkout, page):
    assert sync.sync(checkout.project) == []


def test_equal_cells_get_different_ids(checkout):
    name = checkout.add_page("twins", "print(1)\n```\n\n```{code-cell} ipython3\nprint(1)")
    ids = [cell.id for cell in Page(name, checkout.read(f"{name}.md")).notebook.cells]
    assert len(set(ids)) == len(ids)


def test_a_stale_pair(checkout, page):
    checkout.replace(f"{page}.md", "Some prose", "New prose")
    assert problems(checkout) == [f"{page}.ipynb: stale, it is not what its source says; run: course sync"]
    result = checkout.course("run", check=False)
    assert result.returncode == 1
    assert result.stderr == f"error: {page}.ipynb: stale, it is not what its source says; run: course sync\n"
    assert checkout.course("sync", "--check", check=False).returncode == 1
    checkout.course("sync")
    checkout.course("sync", "--check")


def test_a_missing_notebook_and_one_without_a_source(checkout, page):
    (checkout.root / f"{page}.ipynb").rename(checkout.root / "lectures/01_tiny/stray.ipynb")
    assert [line.split(";")[0] for line in problems(checkout)] == [
        "lectures/01_tiny/stray.ipynb: has no source",
    ]
    (checkout.root / "lectures/01_tiny/stray.ipynb").unlink()
    assert problems(checkout) == [f"{page}.ipynb: missing; run: course sync"]


def test_a_page_missing_from_the_contents_and_one_listed_but_absent(checkout, page):
    checkout.replace("_toc.yml", f"- file: {page}", "- file: lectures/01_tiny/ghost")
    assert problems(checkout) == [
        "_toc.yml: lists lectures/01_tiny/ghost, but there is no lectures/01_tiny/ghost.md; write the page or delete the line",
        f"{page}.md: not in _toc.yml; add the line `- file: {page}` to its chapter",
    ]  # fmt: skip


def test_a_page_listed_twice(checkout, page):
    checkout.write("_toc.yml", checkout.read("_toc.yml") + f"- file: {page}\n")
    assert problems(checkout) == [f"_toc.yml: lists {page} more than once; delete all lines but one"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (":tags: [parameters]\n\n", "", "0 cells are tagged parameters; tag exactly one"),
        ("[claim]", "[parameters]", "2 cells are tagged parameters; tag exactly one"),
        ("Some prose.", "# A second title", "2 headings of the first level"),
        ("# Page\n", "", "0 headings of the first level"),
        ("Some prose.", "```{note}\nLook.\n```", "the directive {note} shows as raw text in Colab"),
        ("Some prose.", ":::{warning}\nLook.\n:::", "the directive {warning} shows as raw text"),
        ("Some prose.", "See {term}`gradient`.", "the role {term}`…` shows as raw text"),
        ("Some prose.", "<details><summary>Is $x$ so?</summary>Yes.</details>", "mathematics inside <summary> stays raw"),
        ("A minute to read", "Hello", "nothing says how long the page takes; write it under the title: 20 minutes"),
        ("Some prose.", "> [!NOTE]\n> Look.", "the alert [!NOTE] shows its marker in Colab and JupyterLab"),
        ("  language: python\n", "", "the header must name the kernel"),
        ("kernelspec:\n", "kernelspec: [\n", "the header is not valid YAML"),
        ("name: python3\n---", "name: python3\ncourse:\n  full: {epochs: 9}\n---", "the profile key epochs under course: full: is no parameter"),
        ("name: python3\n---", "name: python3\ncourse:\n  ful: {n_steps: 9}\n---", "unknown key ful under course:"),
        ("[claim]", "[clame]", "unknown cell tag clame; known are claim,"),
        ("print('seen', n_steps)", "print('seen'", "a code cell is not valid Python"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_with_the_file_and_the_mend(checkout, page, old, new, expected):
    checkout.replace(f"{page}.md", old, new)
    lines = problems(checkout)
    assert len(lines) == 1
    assert lines[0].startswith(f"{page}.md: ")
    assert expected in lines[0]
    assert "\n" not in lines[0]


def test_code_in_prose_is_not_mistaken_for_headings_or_directives(checkout, page):
    shown = "````\n# not a title\n```{note}\n```\n````\n\nWrite `{term}` or `# x` in code."
    checkout.replace(f"{page}.md", "Some prose.", shown)
    sync.sync(checkout.project)
    sync.check(checkout.project)


def test_pages_are_chosen_by_name_folder_or_pattern(checkout):
    first, second = checkout.add_page("first"), checkout.add_page("second")

    def chosen(*patterns):
        return [page.name for page in read_pages(checkout.project, list(patterns))]

    assert chosen() == [first, second]
    assert chosen("second") == chosen(second) == chosen(f"{second}.md") == chosen(f"./{second}.ipynb") == [second]
    assert chosen("lectures/01_tiny") == chosen("01_tiny/") == chosen("*") == [first, second]
    assert chosen("sec*", "first") == [first, second]


def test_an_unknown_page_pattern(checkout, page):
    result = checkout.course("run", "thrid", check=False)
    assert result.returncode == 1
    assert result.stderr == f"error: thrid: no page of that name; the pages are: {page}\n"


def test_outside_a_checkout(checkout, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with pytest.raises(CourseError, match="change into a checkout of the course"):
        from course_lib.book.project import find_project

        find_project(elsewhere)
