"""The table and the files: what each kind of result looks like. No kernel."""

import json
from xml.etree import ElementTree

import pytest

from course_lib.checks.labs import LABS
from course_lib.marking.collect import submission
from course_lib.marking.mark import Result, mark
from course_lib.marking.report import table, write_reports
from course_lib.marking.roster import Student
from course_lib.marking.verdict import Verdict

RIGHT = Verdict("relu", "passed", "right for five numbers")
WRONG = Verdict("relu", "wrong", "for a batch, it is text", "Return the array.", (("input", "x = [1]"),), "as-text")
WAITS = Verdict("slope", "not attempted", "not attempted yet")
RESULTS = [
    Result("a.ipynb", "01_x", verdicts=[RIGHT, Verdict("slope", "passed", "right")], student="17"),
    Result("folder/b.ipynb", "01_x", verdicts=[RIGHT, WAITS]),
    Result("c.ipynb", "01_x", verdicts=[WRONG, WAITS]),
    Result("d.ipynb", problem="not a notebook"),
]


def test_a_result_is_as_bad_as_its_worst_part():
    assert [result.state for result in RESULTS] == ["passed", "not attempted", "wrong", "wrong"]
    assert [result.passed for result in RESULTS] == [True, False, False, False]
    assert not Result("e").passed


def test_the_table_has_a_line_for_everything_that_is_not_right():
    assert table(RESULTS) == (
        "✓ a.ipynb         01_x  2 of 2\n"
        "○ folder/b.ipynb  01_x  1 of 2\n"
        "    ○ slope: not attempted yet.\n"
        "✗ c.ipynb         01_x  0 of 2\n"
        "    ✗ relu: for a batch, it is text. Hint: Return the array.\n"
        "    ○ slope: not attempted yet.\n"
        "✗ d.ipynb         not a notebook\n"
        "1 of 4 submissions are complete and right"
    )


def test_the_table_names_the_students_of_a_roster():
    lines = table(RESULTS, [Student("17", "Anna")]).splitlines()
    assert lines[0] == "✓ a.ipynb         17 Anna  01_x  2 of 2"
    assert lines[1] == "○ folder/b.ipynb           01_x  1 of 2"


def test_the_files_hold_the_same_and_no_names(tmp_path):
    write_reports(RESULTS, tmp_path / "new/folder")
    marks = json.loads((tmp_path / "new/folder/marks.json").read_text(encoding="utf-8"))
    assert [(mark["name"], mark["passed"], mark.get("student")) for mark in marks] == [
        ("a.ipynb", True, "17"), ("folder/b.ipynb", False, None), ("c.ipynb", False, None), ("d.ipynb", False, None)
    ]  # fmt: skip
    assert [marks[n]["verdicts"][0]["mistake"] for n in (0, 2)] == ["", "as-text"]
    assert marks[2]["verdicts"][0]["hint"] == "Return the array." and marks[3]["problem"] == "not a notebook"
    suites = ElementTree.parse(tmp_path / "new/folder/junit.xml").getroot()
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites] == [
        ("a.ipynb", "2", "0"), ("folder/b.ipynb", "2", "1"), ("c.ipynb", "2", "2"), ("d.ipynb", "1", "1")
    ]  # fmt: skip
    assert suites[2].find("testcase/failure").text.startswith("✗ relu: for a batch, it is text\n  Hint: Return")


def test_characters_that_xml_forbids_do_not_spoil_the_report(tmp_path):
    write_reports(
        [Result("e\x00\ud800", "01_x", verdicts=[Verdict("relu", "wrong", "it raises \x1b[2J\uffff")])], tmp_path
    )
    (suite,) = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert suite.get("name") == "e��"
    assert suite.find("testcase/failure").get("message") == "it raises �[2J�"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no", "not a notebook"),
        (b'{"cells": []}', "does not say which lab it is"),
    ],
)
def test_what_cannot_be_marked_says_why_and_needs_no_kernel(content, said):
    result = mark(submission("x", content), LABS, seed=0)
    assert said in result.problem and not result.passed
    assert table([result]).startswith("✗ x  ")
