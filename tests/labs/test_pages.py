"""Every lab as a student meets it and every solution as a reader does."""

import re

import nbformat
import pytest

from course_lib.book import sync
from course_lib.book.execute import Job, execute
from course_lib.book.labs import BEGIN, END, blocks
from course_lib.book.numerals import unsupported
from course_lib.book.pages import tags
from course_lib.checks.labs import LABS
from course_lib.common.kernel import kernel_environment, kernel_settings
from tests.course import GRAPH, PROJECT, executed, page_named, pages
from tests.tools import ROOT

SECONDS = 45

every_lab = pytest.mark.parametrize("name", LABS.names)


def solution_of(name: str):
    return page_named(f"labs/solutions/{name}")


def lab_of(name: str):
    return page_named(f"labs/{name}")


def shown(notebook) -> str:
    """All text that the cells show; an error fails the test, and so does stderr where the site would show it."""
    parts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output
            if output.get("name") == "stderr":  # TensorFlow greets there, whatever one asks of it
                assert "remove-stderr" in tags(cell), output
                continue
            parts.append(output.get("text") or output.data["text/plain"])
    return "\n".join(parts)


def test_every_declared_lab_has_its_pages_and_the_reverse():
    names = [page.name for page in pages() if page.name.startswith("labs/")]
    assert sorted(names) == sorted(f"labs/{part}{name}" for name in LABS.names for part in ("", "solutions/"))
    sync.check(PROJECT)


@pytest.mark.pages
@every_lab
def test_the_solution_passes_all_its_checks(name):
    page = solution_of(name)
    notebook = executed(page.name)
    text = shown(notebook)
    for exercise in LABS.load(name):
        assert re.search(rf"^✓ {exercise.name}: ", text, re.MULTILINE), exercise.name
    assert not set("✗○") & set(text)
    assert notebook.metadata.papermill.duration < SECONDS
    assert unsupported(page, notebook) == []


@every_lab
def test_a_solution_is_run_again_for_its_own_declaration_only(name):
    reached = GRAPH.reach(GRAPH.source_of_page(solution_of(name))).modules
    labs = {".".join(module.split(".")[:3]) for module in reached if ".lab_" in module}  # a lab may be a package
    assert labs == {f"course_lib.exercises.lab_{name}"}


@every_lab
def test_the_students_notebook_runs_and_says_not_attempted_yet(name):
    page = lab_of(name)
    environment = kernel_environment(ROOT, kernel_settings(1))
    outcome = execute(Job(page.name, page.ipynb, {}, environment, SECONDS))
    assert outcome.problem is None
    text = shown(nbformat.reads(outcome.notebook, as_version=4))
    exercises = [exercise.name for exercise in LABS.load(name)]
    assert re.findall(r"^○ (\w+): not attempted yet$", text, re.MULTILINE) == exercises
    assert not set("✓✗") & set(text)


@every_lab
def test_no_line_of_a_solution_is_in_the_lab(name):
    lab = lab_of(name).text.splitlines()
    n_lines = 0
    for cell in solution_of(name).code_cells:
        lines = cell.source.splitlines()
        for first, last in blocks(lines, BEGIN, END):
            secrets = [line for line in lines[first + 1 : last] if line.strip()]
            n_lines += len(secrets)
            assert not set(secrets) & set(lab)
    assert n_lines >= len(LABS.load(name))


@every_lab
def test_every_exercise_has_a_cell_to_fill_in_a_cell_that_checks_and_a_task(name):
    cells = lab_of(name).notebook.cells
    checks = [place for place, cell in enumerate(cells) if cell.source.startswith("check.")]
    exercises = [exercise.name for exercise in LABS.load(name)]
    assert [cells[place].source for place in checks] == [f"check.{each}({each})" for each in exercises]
    for place, each in zip(checks, exercises, strict=True):
        assert "your code goes here" in cells[place - 1].source or f"{each} = ..." in cells[place - 1].source
        task = cells[place - 2]
        assert task.cell_type == "markdown" and f"`{each}" in task.source and task.source.startswith("## ")


@every_lab
def test_pages_are_short_and_have_one_sentence_a_line(name):
    for page in (lab_of(name), solution_of(name)):
        lines = [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in page.code_cells]
        assert 10 <= len(lines) <= 30 and max(lines) <= 25
        assert 300 <= page.n_words <= 2000
        for line in page.prose.splitlines():
            if line.strip()[:1] not in ("-", "|", ">", "*", "<", "#") and not line.strip()[:1].isdigit():
                assert not re.search(r"\. (The|It|This|A|You) ", line), line
    assert [cell for cell in solution_of(name).code_cells if "claim" in tags(cell)]
