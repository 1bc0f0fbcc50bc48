"""The object `check` of a lab notebook."""

import pytest

from course_lib.checks import Lab, lab
from course_lib.marking.exercise import exercise, mistake

double = exercise(
    "double",
    task="double: two times three & <a bit>.",
    verify=lambda n: None if n == 6 else ("no-sum", "Take 3 + 3 & <think>."),
    accepts=[6],
    rejects=[mistake("no-sum", 5, "Take 3 + 3 & <think>.")],
)
half = exercise(
    "half",
    task="half of six.",
    verify=lambda n: None if n == 3 else ("no-half", "No."),
    accepts=[3],
    rejects=[mistake("no-half", 1, "No.")],
)


@pytest.fixture
def check() -> Lab:
    return Lab("00_numbers", [double, half])


def test_its_attributes_mark_and_it_remembers(check):
    assert repr(check) == (
        "Lab 00_numbers: 0 of 2 exercises are right\n  ○ double: not checked yet\n  ○ half: not checked yet"
    )
    assert check.double(6).passed
    assert check.half(...).state == "not attempted"
    assert check.right("double") and not check.right("double", "half") and not check.right("half")
    assert not check.passed
    assert "1 of 2" in repr(check) and "✓ double: right" in repr(check) and "○ half: not attempted yet" in repr(check)
    assert not check.half(2).passed
    assert "✗ half: not right yet" in repr(check)
    check.half(3)
    assert check.passed
    check.half(2)
    assert not check.passed  # the last verdict counts


def test_its_attributes_explain_themselves(check):
    assert check.double.__doc__ == double.task
    assert dir(check) == ["double", "half", "passed", "right"]
    with pytest.raises(AttributeError, match="this lab has no exercise 'duoble'; it has: double, half"):
        check.duoble(3)


def test_an_unknown_lab_is_one_sentence():
    with pytest.raises(ValueError, match=r"there is no lab '02_activation'; the labs are: .*02_activations"):
        lab("02_activation")


def test_html_is_escaped_and_asks_no_other_host(check):
    html = check.double(5)._repr_html_()
    assert "3 + 3 &amp; &lt;think&gt;" in html and "<think>" not in html
    assert "no-sum" not in html and "no-sum" not in repr(check.double(5))  # a name is for programs
    assert "#D55E00" in html and "http" not in html and "<script" not in html
    assert "✗ double: 5 is not right" in html
    assert "✗ double: not right yet<br>○ half: not checked yet" in check._repr_html_()
