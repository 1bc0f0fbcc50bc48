"""Every lecture page keeps the promises of the house: form, budget, claims, alternative texts, numbers vouched for."""

import io
import re
import statistics
import tokenize

import nbformat
import pytest

from course_lib.book import sync
from course_lib.book.cache import entry_of
from course_lib.book.numerals import unsupported
from course_lib.book.pages import tags
from course_lib.book.results import numbers_of, read_results
from course_lib.common.kernel import TIME_LIMIT
from tests import course
from tests.course import PROJECT, pages

pytestmark = pytest.mark.pages

PAGES = [page for page in pages() if not page.name.startswith("labs/")]  # those: tests/labs
WIDTH = 88  # characters; tests/site sees that they fit

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.fixture
def executed(page) -> nbformat.NotebookNode:
    return course.executed(page.name)


def test_no_line_of_code_is_wider_than_the_column():
    for page in pages():
        for cell in page.code_cells:
            long = [line for line in cell.source.splitlines() if len(line) > WIDTH and "setup" not in tags(cell)]
            assert not long, f"{page.name}: over {WIDTH} characters:\n" + "\n".join(long)


def logical_lines(cell) -> int:
    """As Python counts them: a statement that is wrapped to fit the column is one, and so is what it says."""
    code = re.sub(r"^(\s*)%.*$", r"\1pass", cell.source, flags=re.MULTILINE)
    return sum(token.type == tokenize.NEWLINE for token in tokenize.generate_tokens(io.StringIO(code).readline))


def test_a_wrapped_statement_is_one_logical_line():
    cell = nbformat.v4.new_code_cell("# why\nx = [\n    1,\n]\n\nfor y in x:\n    %pip list\n    print(y)")
    assert logical_lines(cell) == 4


def test_there_are_pages_and_all_pairs_are_in_step():
    assert PAGES
    sync.check(PROJECT)


@every_page
def test_cells_are_short_and_prose_is_of_a_length_to_read(page):
    lines = [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in page.code_cells]
    assert 8 <= len(lines) <= 30
    assert max(lines) <= 25
    assert statistics.median(map(logical_lines, page.code_cells)) <= 5
    assert 600 <= page.n_words <= 2000


@every_page
def test_at_least_three_claims_and_three_outputs(page, executed):
    assert page.n_claims >= 3
    assert sum(bool(cell.get("outputs")) for cell in executed.cells) >= 3


@every_page
def test_every_claim_asserts(page):
    for cell in page.code_cells:
        if "claim" in tags(cell):
            assert "assert " in cell.source or "np.testing.assert_" in cell.source, cell.source


@every_page
def test_every_numeral_in_prose_is_shown_or_asserted(page, executed):
    full = read_results(PROJECT, page.name)
    assert unsupported(page, executed, numbers_of(full["values"]) if full else ()) == []


@every_page
def test_every_picture_has_an_alternative_text(page, executed):
    for cell in executed.cells:
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt.split()) >= 5, f"mystnb: image: alt: is missing in the cell\n{cell.source}"


@every_page
def test_nothing_is_printed_to_stderr(executed):
    for cell in executed.cells:
        noisy = any(output.get("name") == "stderr" for output in cell.get("outputs", []))
        assert not noisy or "remove-stderr" in tags(cell), cell.source


@every_page
def test_the_page_stays_within_its_time(page, executed):
    assert entry_of(PROJECT, page.name).seconds < TIME_LIMIT


@every_page
def test_prose_has_one_sentence_a_line(page):
    for line in page.prose.splitlines():
        plain = line.strip()
        if plain[:1] in "-|>*<" or plain[:1].isdigit():
            continue
        assert ". The " not in plain and ". It " not in plain and ". This " not in plain, plain
