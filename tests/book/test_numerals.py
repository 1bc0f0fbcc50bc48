"""Numbers in prose must be shown or asserted on the page."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_lib.book.numerals import numbers, unsupported
from course_lib.book.pages import Page

HEADER = "---\njupytext:\n  formats: md:myst,ipynb\nkernelspec: {{display_name: P, language: python, name: python3}}\n{course}---\n\n"


def check(prose: str, printed: str = "", claim: str = "", code: str = "", course: str = "") -> list[str]:
    page = Page("x", HEADER.format(course=course) + f"# Title\n\n15 minutes\n\n{prose}\n")
    shown = new_output("stream", name="stdout", text=printed)
    cells = [new_code_cell(code, outputs=[shown]), new_code_cell(claim, metadata={"tags": ["claim"]})]
    return unsupported(page, new_notebook(cells=cells))


@pytest.mark.parametrize(
    ("prose", "printed"),
    [
        ("The loss falls to 0.31.", "loss 0.3127"),
        ("It is right in 97.3 % of all cases.", "accuracy 0.9731"),
        ("It is right in 97 percent of all cases.", "accuracy 97.31"),
        ("There are 1,199,882 parameters.", "Total: 1199882"),
        ("There are 1,199,882 parameters.", "Total: 1,199,882"),
        ("An error of 2e-9.", "2.04e-09"),
        ("It drops by 0.5 to −1.25.", "-0.5 then -1.25"),
        ("Three of 20 fail.", "20 runs"),
        ("The loss falls to 0.31.", "loss 0.3197"),  # one in the last digit: another processor
        ("It is right in 97 %.", "accuracy 0.961"),
    ],
)
def test_a_shown_number_supports_its_rounding(prose, printed):
    assert check(prose, printed) == []
    assert len(check(prose, "")) >= 1


@pytest.mark.parametrize(
    ("prose", "printed", "missing"),
    [
        ("The loss falls to 0.31.", "loss 0.3357", ["0.31"]),
        ("It is right in 97 %.", "accuracy 0.954", ["97 %"]),
        ("There are 1,199,882 parameters.", "1199883", ["1,199,882"]),
        ("It has 1,000 and 0.25.", "1000", ["0.25"]),
    ],
)
def test_a_number_nobody_vouches_for_is_listed(prose, printed, missing):
    assert check(prose, printed) == missing


def test_claims_and_parameters_support_and_other_code_only_integers():
    assert check("At least 0.94.", claim="assert accuracy > 0.94") == []
    assert check("A grid of 41 points.", code="x = np.linspace(-4, 4, 41)") == []
    assert check("A slope of 0.41.", code="slope = 0.41") == ["0.41"]


@pytest.mark.parametrize(
    "prose",
    [
        "Use 3 layers.",
        "See Glorot and Bengio (2010) and section 4.3, published in 2015.",
        "The value `0.123` and $x = 0.77$ and $$y = 0.55$$.",
        "Read [on](https://doi.org/10.1234/5.67).",
        "1. first\n2. second\n10. tenth",
        "A 64x64 image.",
    ],
)
def test_what_is_not_a_measured_number_passes(prose):
    assert check(prose, code="size = 64") == []


def test_facts_from_outside_are_named_in_the_header():
    assert check("MNIST has 70,000 images.") == ["70,000"]
    assert check("MNIST has 70,000 images.", course="course: {facts: ['70,000']}\n") == []


def test_numbers_in_text():
    assert numbers("a 1,234.5 b2 -3e-4 .5 x=7") == {1234.5, -3e-4, 0.5, 7.0}


def with_full_results(prose: str, *cells: tuple[str, str]) -> list[str]:
    page = Page("x", HEADER.format(course="") + f"# Title\n\n15 minutes\n\n{prose}\n")
    made = [new_code_cell(code, outputs=[new_output("stream", name="stdout", text=said)]) for code, said in cells]
    return unsupported(page, new_notebook(cells=made), {0.8169, 0.6814, 250.0})


SHOWS = (
    ('there = full_results("x")\nthere.beside(score, "score")', "score  0.412  0.817"),
    ("print(there)", "0.681, 250"),
)


@pytest.mark.parametrize("typed", ["0.817", "0.82", "81.7 %", "0.681", "250"])
def test_a_number_of_the_full_run_is_never_typed(typed):
    assert with_full_results(f"It reaches {typed}.", *SHOWS) == [typed]


def test_what_the_quick_run_shows_may_be_said_beside_the_full_results():
    assert with_full_results("It reaches 0.412.", *SHOWS) == []
    assert with_full_results("It reaches 0.82.", *SHOWS, ("print(quick)", "0.8203")) == []
