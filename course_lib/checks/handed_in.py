"""`course check`: from what was handed in to the reports."""

from collections.abc import Callable, Iterable
from pathlib import Path

from course_lib.checks.labs import LABS
from course_lib.marking import duplicates, report, roster, whose
from course_lib.marking.collect import HandedIn, submissions
from course_lib.marking.elsewhere import mark_elsewhere
from course_lib.marking.mark import Result, mark_all
from course_lib.marking.roster import Student


def collected(paths: list[Path], roster_file: Path | None, folder: Path) -> tuple[HandedIn, list[Student]]:
    """What was handed in, and the class list where there is one. BadFile or BadRoster where either cannot be read.

    folder: of the reports; it may lie among the submissions, and so may the class list.
    """
    students = roster.read_roster(roster_file) if roster_file else []
    ours = [folder, *([roster_file] if roster_file else [])]
    return submissions(paths, ours), students


def marked(
    handed_in: HandedIn,
    students: list[Student],
    folder: Path,
    seed: int | None,
    jobs: int | None,
    seconds: float,
    memory: float,
    progress: Callable[[str], None],
    pool: Callable[..., Iterable] | None = None,
) -> tuple[list[Result], list[str], list[str]]:
    """Mark everything, on other machines where there is a pool, and write the reports into the folder.

    Returns the results, all lines to print, and among them those about the class that a teacher has to look at.
    """

    def say(result: Result) -> None:
        progress(f"marked  {result.name}")

    found = handed_in.submissions
    if pool is None:
        results = mark_all(found, LABS, seed, jobs, seconds, memory, say)
    else:
        results = mark_elsewhere(found, LABS, pool, seed, seconds, memory, say)
    questions = whose.settle(students, found, results) if students else []
    if handed_in.unread:
        questions.append(f"not looked at: {', '.join(handed_in.unread)}; ask for .ipynb or .zip files")
    lines = [report.table(results, students), *questions]
    if students:
        lines += duplicates.same_code(found, results)
    report.write_reports(results, folder)
    return results, lines, questions
