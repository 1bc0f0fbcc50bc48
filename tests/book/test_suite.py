"""What the tests said, as counts and as one line."""

import re

import pytest
from typer.testing import CliRunner

from course_lib import cli
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


@pytest.mark.parametrize(
    ("arguments", "done"),
    [
        (["test"], ["book", ("validate", None), ("pytest",)]),
        (["test", "--turn", "-5"], ["book", ("validate", -5.0), ("pytest",)]),  # no time left: still a number
        (["test", "--only", "unit"], [("pytest", "-m", "not pages")]),
        (["test", "--only", "pages"], ["book", ("pytest", "-m", "pages")]),
        (["test-all"], ["book", ("validate", None), ("pytest", "--all")]),
    ],
)
@pytest.mark.parametrize("status", [0, 1])
def test_each_command_does_its_part(monkeypatch, arguments, done, status):
    seen = []
    monkeypatch.setattr(cli, "book", lambda: seen.append("book"))
    monkeypatch.setattr(cli, "validate", lambda turn=None: seen.append(("validate", turn)) or (29, 29))
    counted = suite.Result(10, status, [])
    monkeypatch.setattr(suite, "pytest", lambda project, *asked: seen.append(("pytest", *asked)) or (status, counted))
    result = CliRunner().invoke(cli.app, arguments)
    assert (seen, result.exit_code) == (done, status)
    assert result.output.startswith("test-all: 10 passed") == (arguments == ["test-all"])


def test_an_unknown_part_is_refused():
    result = CliRunner().invoke(cli.app, ["test", "--only", "x"])
    assert result.exit_code == 1 and str(result.exception) == "x: choose unit or pages"


def test_pytest_is_run_on_all_cores_and_counted(tmp_path):
    (tmp_path / "test_x.py").write_text("def test_x(worker_id): assert worker_id == 'gw0'\ndef test_y(): assert 0\n")
    (tmp_path / "conftest.py").write_text("def pytest_xdist_auto_num_workers(config): return 1\n")
    status, result = suite.pytest(Project(tmp_path), "-p", "no:cacheprovider")
    assert (status, result) == (1, suite.Result(1, 1, []))
    status, result = suite.pytest(Project(tmp_path), "--nosuch")
    assert status != 0 and result is None
