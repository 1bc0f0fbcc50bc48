"""Whose submission is whose: a class list, against the numbers in notebooks and in their paths.

A notebook says whose it is with `student_number = 1234567`, from which some assignments draw their data. Where it says
nothing, the path does: a learning platform writes the number, or something else that the roster names, into it.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from course_lib.marking.collect import Submission
from course_lib.marking.errors import BadRoster
from course_lib.marking.mark import Result
from course_lib.marking.numbers import as_number
from course_lib.marking.plain import printable

COLUMNS = "a first line that names its columns: number, name, and perhaps file"


@dataclass(frozen=True)
class Student:
    """One line of the roster. file: what the paths of this student's submissions contain, or nothing."""

    number: str
    name: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.number} {self.name}".rstrip()


def read_roster(path: Path) -> list[Student]:
    """The students in a CSV file with the columns number, name and perhaps file; other columns are not read.

    BadRoster, with the line, where the file is no roster. Commas, semicolons and tabs separate alike.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        raise BadRoster(f"{path}: not found; name a CSV file with {COLUMNS}") from None
    except UnicodeDecodeError:
        raise BadRoster(f"{path}: not UTF-8; save it as “CSV UTF-8”") from None
    first = text.partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        rows = [(lines.line_num, cells) for cells in lines]
    except csv.Error as error:
        raise BadRoster(f"{path}, line {lines.line_num}: not CSV ({error}); save it as “CSV UTF-8”") from None
    columns = [column.strip().lower() for column in (rows[0][1] if rows else [])]
    for column in ("number", "name"):
        if columns.count(column) != 1:
            raise BadRoster(f"{path}: no column {column!r}; it needs {COLUMNS}")
    students: dict[str, Student] = {}
    for line, cells in rows[1:]:
        if not any(cells):
            continue
        row = {column: printable(cell.strip()) for column, cell in zip(columns, cells, strict=False)}
        student = Student(row.get("number", ""), row.get("name", ""), row.get("file", ""))
        where = f"{path}, line {line}"
        if not student.number:
            raise BadRoster(f"{where}: no number; give every student one, or delete the line")
        if students.setdefault(as_number(student.number), student) is not student:
            raise BadRoster(f"{where}: {student.number} stands in another line too; correct one, or delete it")
    if not students:
        raise BadRoster(f"{path}: no students; write one into each line, below the first")
    return list(students.values())


def student_by_path(name: str, students: Iterable[Student]) -> Student | None:
    """The one student whose `file`, or else whose number, stands in the path."""
    by_file = [student for student in students if student.file and student.file.lower() in name.lower()]
    words = {as_number(word) for word in re.findall(r"[^\W_]+", name)}
    found = by_file or [student for student in students if as_number(student.number) in words]
    return found[0] if len(found) == 1 else None


def settle(students: list[Student], found: list[Submission], results: list[Result]) -> list[str]:
    """Write into each result whose it is. Return a line for everything that a teacher has to look at."""
    by_number = {as_number(student.number): student for student in students}
    handed_in = defaultdict(list)  # (lab, student) -> names of submissions
    lines = []
    for submission, result in zip(found, results, strict=True):
        said, by_path = submission.number, student_by_path(submission.name, students)
        owner = by_path or by_number.get(said)
        if owner:
            result.student = owner.number
            handed_in[result.lab, owner].append(result.name)
        if said and said not in by_number:
            lines.append(f"unknown number: {result.name} says student_number = {said}")
        elif not owner:
            lines.append(f"no number: {result.name}; find out whose it is, and write its name into the column file")
        elif said and said != as_number(owner.number):
            lines.append(f"two numbers: {result.name} is from {owner} and says student_number = {said}")
    for (lab, student), names in handed_in.items():
        if lab and len(names) > 1:
            lines.append(f"more than once: {lab}: {student}: {', '.join(names)}")
    for lab in sorted({result.lab for result in results} - {""}):
        # Whoever handed in something unreadable has a problem in the table, and did hand in.
        missing = [str(one) for one in students if (lab, one) not in handed_in and ("", one) not in handed_in]
        if missing:
            lines.append(f"nothing handed in: {lab}: {', '.join(missing)}")
    return lines
