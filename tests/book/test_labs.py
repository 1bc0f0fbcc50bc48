"""From a solution to a lab: stubs, links, drift, what is run and what is shown."""

import json

import nbformat
import pytest

from course_lib.book import sync
from course_lib.book.labs import Fault, lab_text, stub, without_markers
from course_lib.book.pages import Page, pages_to_run, read_pages
from course_lib.common.errors import CourseError

LAB = "labs/01_tiny"


@pytest.fixture
def solution(checkout) -> str:
    name = checkout.add_lab()
    sync.sync(checkout.project)
    return name


def problems(checkout) -> list[str]:
    with pytest.raises(CourseError) as caught:
        sync.check(checkout.project)
    return list(caught.value.lines)


# ---- Stubs -----------------------------------------------------------------------------------------


def between(code: str, margin: str = "") -> str:
    return f"{margin}### BEGIN SOLUTION\n{code}\n{margin}### END SOLUTION"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("print(1)", "print(1)"),
        (
            "def f(x):\n    '''Doc.'''\n" + between("    y = x\n\n    return y", "    ") + "\n\nf(1);",
            "def f(x):\n    '''Doc.'''\n    raise NotImplementedError(\"f: your code goes here\")\n\nf(1);",
        ),
        (
            "def f(x):\n" + between("    y = x", "    ") + "\n    return y",
            'def f(x):\n    raise NotImplementedError("f: your code goes here")\n    return y',
        ),
        (
            "class A:\n    def f(self):\n        def g():\n" + between("            return 1", "            "),
            'class A:\n    def f(self):\n        def g():\n            raise NotImplementedError("g: your code goes here")',
        ),
        (
            "def f():\n    def g():\n        return 1\n\n" + between("    return g()", "    "),
            'def f():\n    def g():\n        return 1\n\n    raise NotImplementedError("f: your code goes here")',
        ),
        ("%matplotlib inline\n" + between("a, (b, *c) = 1, (2, 3)"), "%matplotlib inline\na = ...\nb = ...\nc = ..."),
        (between("a = [i for i in range(3)]\na += 1\nb: int = 2\na[0] = 3"), "a = ...\nb = ..."),
        (between("for i in range(3):\n    if i:\n        total = i"), "total = ..."),
        (between("def f():\n    inner = 1\n    return inner\n\n\nclass A:\n    x = 1"), "f = ...\nA = ..."),
        (between("a = 1") + "\nprint(a)\n" + between("b = 2"), "a = ...\nprint(a)\nb = ..."),
        ("if True:\n" + between("    a = 1", "    "), "if True:\n    a = ..."),
    ],
)
def test_a_stub_stands_in_place_of_a_solution(source, expected):
    assert stub(source) == expected


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("### BEGIN SOLUTION\na = 1", "### BEGIN SOLUTION without its partner; write ### END SOLUTION below"),
        ("a = 1\n### END SOLUTION", "### END SOLUTION without its partner"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\na = 1\n### END SOLUTION", "### BEGIN SOLUTION without its partner"),
        (between("a = 1") + "\n### END SOLUTION", "### END SOLUTION without its partner"),
        (
            "### begin solution\na = 1\n### end solution",
            "'### begin solution' is no marker and would show the solution",
        ),
        ("# BEGIN SOLUTION\na = 1\n# END SOLUTION", "'# BEGIN SOLUTION' is no marker"),
        ("### BEGIN SOLUTIONS\na = 1\n### END SOLUTIONS", "is no marker"),
        (between("# only words"), "nothing stands between ### BEGIN SOLUTION and ### END SOLUTION"),
        (
            between("print(1)"),
            "the stub would be empty: the solution that begins with 'print(1)' stands in no function",
        ),
        (between("a[0] = 1"), "the stub would be empty"),
        ("def f():\n    ### BEGIN SOLUTION\n    return 1\n### END SOLUTION", "stand at different depths"),
        ("def f():\n    ### BEGIN SOLUTION\n    return 1\nx = 2\n    ### END SOLUTION", "stand at different depths"),
        ("x = (1,\n" + between("     2)\ny = 3"), "without the solution the cell is not valid Python"),
        (between("a = ="), "a code cell is not valid Python"),
    ],
)
def test_markers_that_are_wrong_are_a_sentence_with_the_mend(source, said):
    with pytest.raises(Fault) as caught:
        stub(source)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


# ---- The page --------------------------------------------------------------------------------------


def test_the_lab_is_the_solution_without_what_the_student_writes(checkout, solution):
    text = checkout.read(f"{LAB}.md")
    assert 'raise NotImplementedError("double: your code goes here")' in text
    assert "'''Twice x.'''" in text
    for secret in ("return 2", "SOLUTION", "The answers", "Solution", "claim", "assert check.passed"):
        assert secret not in text, secret
    assert "# Lab: count" in text and text.endswith("\n\nThe end.\n")
    assert "[the page](../index.md)" in text and "[here](#count) or [there](https://example.org/x)" in text
    assert f"{solution}.ipynb" not in text
    assert "\n\n\n" not in text
    notebook = nbformat.read(checkout.root / f"{LAB}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert len(notebook.cells) == len(Page(LAB, text).notebook.cells)
    assert "return 2 * x" in checkout.read(f"{solution}.ipynb")


def test_links_and_examples_of_a_solution(checkout, solution):
    checkout.replace(f"{solution}.md", "The end.", "See [b](02_b.ipynb#x).\n\n    ### a heading in an example")
    assert "See [b](solutions/02_b.ipynb#x)." in lab_text(Page(solution, checkout.read(f"{solution}.md")))


def test_a_second_sync_writes_nothing_and_drift_fails_the_check(checkout, solution):
    assert sync.sync(checkout.project) == []
    sync.check(checkout.project)
    derived = (f"{solution}.ipynb", f"{LAB}.md", f"{LAB}.ipynb")
    checkout.replace(f"{solution}.md", "The end.", "The very end.")
    stale = [f"{name}: stale, it is not what its source says; run: course sync" for name in derived]
    assert problems(checkout) == stale
    checkout.course("sync")
    (checkout.root / f"{LAB}.ipynb").unlink()
    (checkout.root / f"{LAB}.md").unlink()
    assert problems(checkout) == [f"{LAB}.{kind}: missing; run: course sync" for kind in ("md", "ipynb")]
    checkout.course("sync")
    checkout.course("sync", "--check")
    checkout.replace(f"{solution}.md", "The very end.", "The end, changed.")
    assert sync.sync(checkout.project) == list(derived)


def test_an_edit_of_a_derived_lab_is_not_overwritten(checkout, solution):
    mend = f"a lab is derived; make it in {solution}.md, move this file away and run: course sync"
    for kind in ("md", "ipynb"):
        kept = checkout.read(f"{LAB}.{kind}")
        checkout.replace(f"{LAB}.{kind}", "The end.", "My end.")
        checkout.replace(f"{solution}.md", "## Count", "## Count!")  # whatever the solution says by now
        result = checkout.course("sync", check=False)
        assert result.returncode == 1
        assert result.stderr == f"error: {LAB}.{kind}: holds an edit, but {mend}\n"
        assert "My end." in checkout.read(f"{LAB}.{kind}")
        assert f"{LAB}.{kind}: holds an edit, but {mend}" in problems(checkout)
        refused = checkout.course("sync", "--take", f"{LAB}.ipynb", check=False)
        assert refused.returncode == 1 and f"{LAB}.ipynb: holds an edit, but {mend}" in refused.stderr
        (checkout.root / f"{LAB}.{kind}").rename(checkout.root / f"away.{kind}")  # as the line says
        checkout.replace(f"{solution}.md", "## Count!", "## Count")
        checkout.course("sync")
        assert checkout.read(f"{LAB}.{kind}") == kept and "My end." in checkout.read(f"away.{kind}")


def test_a_lab_that_somebody_has_filled_in_is_not_overwritten(checkout, solution):
    notebook = json.loads(checkout.read(f"{LAB}.ipynb"))
    notebook["cells"][2]["execution_count"] = 1
    mine = json.dumps(notebook)
    checkout.write(f"{LAB}.ipynb", mine)
    result = checkout.course("sync", check=False)
    assert result.returncode == 1
    assert result.stderr == (
        f"error: {LAB}.ipynb: has been executed, so it may hold somebody's work; move it out of labs/, "
        "then run: course sync\n"
    )
    assert checkout.read(f"{LAB}.ipynb") == mine
    assert "somebody's work" in problems(checkout)[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    ### END SOLUTION\n", "", "### BEGIN SOLUTION without its partner; write ### END SOLUTION below"),
        ("<!-- END SOLUTION -->\n", "", "<!-- BEGIN SOLUTION --> without its partner"),
        ("<!-- BEGIN SOLUTION -->", "<!-- Begin solution -->", "'<!-- Begin solution -->' is no marker"),
        ("    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", "    return 2 * x", "nothing to solve; put ### BEGIN"),
        ('lab("01_tiny")', 'lab("1_tiny")', 'does not say which lab it is; write it in the first cell after the set-up: check = lab("01_tiny")'),
        ("assert check.passed", "assert True", "nothing says that the solution is right; end with a claim"),
        ("# Solution: count", "# Count", "the title must begin with '# Solution: '"),
        ("return 2 * x", "return 2 *", "a code cell is not valid Python"),
    ],
)  # fmt: skip
def test_a_bad_solution_is_one_line_with_the_file_and_the_mend(checkout, solution, old, new, expected):
    checkout.replace(f"{solution}.md", old, new)
    lines = problems(checkout)
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"{solution}.md: ") and expected in lines[0]
    result = checkout.course("sync", check=False)
    assert result.returncode == 1
    assert result.stderr == f"error: {lines[0]}\n"


def test_a_solution_without_a_declaration_and_a_lab_without_a_solution(checkout, solution):
    (checkout.root / "course_lib/exercises/lab_01_tiny.py").unlink()
    assert problems(checkout) == [
        f"{solution}.md: a solution without a lab; declare its exercises in course_lib/exercises/lab_01_tiny.py"
    ]
    for kind in ("md", "ipynb"):
        (checkout.root / f"{solution}.{kind}").unlink()
    checkout.replace("_toc.yml", f"- file: {solution}\n", "")
    assert problems(checkout) == [f"{LAB}.md: a lab without its solution; write {solution}.md, or delete the lab"]


def test_a_lab_that_is_not_in_the_contents(checkout, solution):
    checkout.replace("_toc.yml", f"- file: {LAB}\n", "")
    assert problems(checkout) == [f"{LAB}.md: not in _toc.yml; add the line `- file: {LAB}` to its chapter"]


def test_markers_in_a_lecture_are_refused(checkout):
    name = checkout.add_page("page", between("x = 1\nprint(x)"))
    sync.sync(checkout.project)
    assert problems(checkout) == [
        f"{name}.md: solution markers outside of labs/solutions/; move the page there or delete them"
    ]


# ---- Run and site ----------------------------------------------------------------------------------


def test_labs_are_not_executed_and_solutions_are(checkout, solution):
    assert [page.name for page in read_pages(checkout.project)] == [LAB, solution]
    assert [page.name for page in pages_to_run(checkout.project)] == [solution]
    said = checkout.course("run", "01_tiny").stdout
    assert "1 executed, 0 unchanged, 0 failed" in said
    result = checkout.course("run", LAB, check=False)
    assert result.stderr == f"error: {LAB}: for students to fill in, so never executed; choose the solution instead\n"
    status = checkout.course("status").stdout
    assert solution in status and LAB not in status
    assert "1 reproduced, 0 differ" in checkout.course("validate").stdout


def test_a_solution_that_is_wrong_is_not_published(checkout):
    solution = checkout.add_lab(code="def double(x):\n" + between("    return 3 * x", "    "))
    checkout.course("sync")
    result = checkout.course("run", check=False)
    assert result.stderr.startswith(f"error: {solution}.ipynb: cell 5 raised AssertionError")


def test_the_site_shows_the_lab_unexecuted_and_labelled_and_the_solution_without_markers(checkout, solution):
    checkout.write("about/status.md", "# Status\n\n<!-- status table -->\n")
    checkout.write("_toc.yml", checkout.read("_toc.yml") + "- file: about/status\n")
    checkout.course("book")
    lab, solved = (checkout.read(f"_build/site/{name}.html") for name in (LAB, solution))
    assert '<p class="page-stamp">For you to fill in. Nothing on this page has been executed.</p>' in lab
    assert "NotImplementedError" in lab and 'class="cell_output' not in lab
    assert (
        "Executed in" in solved and 'class="cell_output' in solved and "right\n" in solved and "The answers" in solved
    )
    assert "SOLUTION" not in solved and "SOLUTION" not in lab
    staged = json.loads(checkout.read(f"_build/stage/{LAB}.ipynb"))
    assert all(cell.get("outputs", []) == [] for cell in staged["cells"])
    assert LAB not in checkout.read("_build/site/about/status.html").split("<article")[1].split("</article")[0]


def test_only_the_markers_are_taken_away():
    assert without_markers("a\n    ### BEGIN SOLUTION\nb\n### END SOLUTION\n\n# c") == "a\nb\n\n# c"
    assert without_markers("<!-- BEGIN SOLUTION -->\nx\n<!-- END SOLUTION -->") == "x"
