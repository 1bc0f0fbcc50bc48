"""What the tests said, as counts and as one line."""

import re

from course_lib.book import suite
from course_lib.book.project import Project

REPORT = """\
<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1">
<testcase classname="a" name="one" time="0.1"/><testcase classname="a" name="two" time="0.1"/>
<testcase classname="a" name="bad"><failure message="x">y</failure></testcase>
<testcase classname="a" name="worse"><error message="failed on setup">y</error></testcase>
<testcase classname="a" name="not"><skipped type="pytest.skip" message="not for this machine: it needs two">z</skipped></testcase>
</testsuite></testsuites>
"""


def test_a_report_is_counted(tmp_path):
    (tmp_path / "tests.xml").write_text(REPORT)
    assert suite.read_report(tmp_path / "tests.xml") == suite.Result(2, 2, ["not for this machine: it needs two"])


def test_the_last_line_is_fit_for_a_note(tmp_path):
    line = suite.summary(Project(tmp_path), suite.Result(1400, 0, []), 29, 29, 1284.0)
    assert "\n" not in line
    assert line.startswith(
        "test-all: 1400 passed, 0 failed, 0 skipped, five seeds of every proof; 29 of 29 pages reproduced; 21.4 min on "
    )
    assert re.search(r"\d cores(, load \d+\.\d)?; Python 3\.\d+\.\d+, \w+; no commit$", line)
    line = suite.summary(Project(tmp_path), suite.Result(1, 0, ["not for this machine: x"]), 1, 1, 60.0)
    assert "0 failed, 1 not for this machine" in line
