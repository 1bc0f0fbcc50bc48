"""The race is over the same work, and a run that marks anything wrong does not count. Its speed is no matter of tests."""

import json

import pytest

from course_lib.bench import marking


def test_the_report_has_both_times_and_their_share(tmp_path, capsys):
    path = tmp_path / "report.json"
    marking.main(["--pairs", "1", "--submissions", "2", "--jobs", "2", "--json", str(path)])
    assert capsys.readouterr().out.startswith("2 submissions, 2 at once / one after another: ")
    (result,) = json.loads(path.read_text(encoding="utf-8"))["results"]
    assert (result["n_submissions"], result["jobs"]) == (2, 2)
    assert result["share"] == pytest.approx(result["first"][0] / result["second"][0])


def test_a_run_that_finds_mistakes_is_refused(tmp_path):
    folder = marking.hand_in(tmp_path, 1)
    path = folder / "student_00.ipynb"
    path.write_text(
        path.read_text(encoding="utf-8").replace("return s * (1 - s)", "return s * (2 - s)"), encoding="utf-8"
    )
    with pytest.raises(RuntimeError, match="0 of 1 submissions are complete and right"):
        marking.course_check(folder, 1, jobs=1)()
