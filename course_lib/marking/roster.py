"""The class list: a CSV file, as whatever spreadsheet saved it."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from course_lib.marking.errors import BadRoster
from course_lib.marking.numbers import pieces
from course_lib.marking.plain import printable

COLUMNS = "a first line that names its columns: number, name, and perhaps file"
DECIMAL = re.compile(r"(\d+)[.,](\d+)")
SHORTENED = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+(\d+)")  # 1.001E+03, with the plus that spreadsheets always write


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
    columns, rows = read_csv(path)
    for column in ("number", "name"):
        if columns.count(column) != 1:
            raise BadRoster(f"{path}: no column {column!r}; it needs {COLUMNS}")
    filled = [(line, dict(zip(columns, cells, strict=False))) for line, cells in rows if any(cells)]
    decimals = [DECIMAL.fullmatch(row.get("number", "")) for _, row in filled]
    # A column of decimals that are all zero was whole numbers; in one with a 2024.117, a 2024.0 is no whole number.
    as_whole = not any(found[2].strip("0") for found in decimals if found)
    students: dict[tuple[str, ...], Student] = {}
    for line, row in filled:
        where = f"{path}, line {line}"
        number = as_typed(row.get("number", ""), as_whole)
        if number is None:
            said = f"{row['number']} has lost digits; format the column as whole numbers or text, and save it again"
            raise BadRoster(f"{where}: {said}")
        student = Student(number, row.get("name", ""), row.get("file", ""))
        if not pieces(number):
            raise BadRoster(f"{where}: no number; give every student one, or delete the line")
        if students.setdefault(pieces(number), student) is not student:
            raise BadRoster(f"{where}: {number} stands in another line too; correct one, or delete it")
    if not students:
        raise BadRoster(f"{path}: no students; write one into each line, below the first")
    return list(students.values())


def read_csv(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The names of the columns in small letters, and the other rows with their line numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadRoster(f"{path}: not UTF-8; save it as “CSV UTF-8”") from None
    except FileNotFoundError:
        raise BadRoster(f"{path}: not found; name a CSV file with {COLUMNS}") from None
    except OSError as error:
        raise BadRoster(f"{path}: cannot be read ({error.strerror}); name a CSV file with {COLUMNS}") from None
    first = text.partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        rows = [(lines.line_num, [printable(cell).strip() for cell in cells]) for cells in lines]
    except csv.Error as error:
        raise BadRoster(f"{path}, line {lines.line_num}: not CSV ({error}); save it as “CSV UTF-8”") from None
    return [column.lower() for column in (rows[0][1] if rows else [])], rows[1:]


def as_typed(number: str, as_whole: bool) -> str | None:
    """The number that a spreadsheet shows as 1001.0 or 1.001E+03; None where the short form has lost digits."""
    decimal, short = DECIMAL.fullmatch(number), SHORTENED.fullmatch(number)
    if decimal and as_whole:
        return decimal[1]
    if not short:
        return number
    first, rest, exponent = short[1], short[2] or "", int(short[3])
    return None if exponent > len(rest) or rest[exponent:].strip("0") else first + rest[:exponent]
