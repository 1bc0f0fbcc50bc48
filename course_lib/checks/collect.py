"""What was handed in: notebooks in folders and zip files, their code cells, and the lab that they name."""

import ast
import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from course_lib.checks.labs import LABS
from course_lib.checks.plain import as_number, printable

NAMES_ITS_LAB = re.compile(r"\blab\(\s*['\"]([^'\"\n]*)['\"]\s*\)")
LARGEST = 50_000_000  # bytes of a notebook; one with outputs has rarely more than one million


class Unmarkable(ValueError):
    """Why a path, a file or a run cannot be marked, in a sentence."""


@dataclass(frozen=True)
class Submission:
    """One notebook. `name` is what the teacher reads: the path, for a member of a zip file behind the zip's.

    problem: why there is no content, in a sentence.
    """

    name: str
    content: bytes
    problem: str = ""


def submissions(paths: list[Path]) -> list[Submission]:
    """Every notebook below the paths: files, folders and zip files. Nothing of a zip is written to the disk."""
    found = list(dict.fromkeys(submission for path in paths for submission in submissions_at(path)))
    if not found:
        raise Unmarkable(f"{', '.join(map(str, paths))}: no notebooks (.ipynb) there")
    return found


def submissions_at(path: Path) -> Iterator[Submission]:
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.is_file() and inner.suffix in (".ipynb", ".zip") and not hidden(inner.relative_to(path).parts):
                yield from submissions_at(inner)
    elif path.suffix == ".zip" and path.is_file():
        yield from notebooks_in_zip(printable(str(path)), path, 20 * LARGEST)
    elif path.is_file():
        with path.open("rb") as file:
            yield Submission(printable(str(path)), file.read(LARGEST + 1))
    else:
        raise Unmarkable(f"{path}: not found; name notebooks, folders or zip files")


def notebooks_in_zip(name: str, file: Path | BinaryIO, most: int, depth: int = 1) -> Iterator[Submission]:
    """Those of one zip file, and of zip files in it: what a learning platform packs up may be packed already.

    most: bytes that all of it may unpack to; a zip of a few kilobytes could fill the memory.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            wanted = [member for member in archive.infolist() if member.filename.endswith((".ipynb", ".zip"))]
            if sum(member.file_size for member in wanted) > most:
                raise zipfile.BadZipFile("too large")
            for member in wanted:
                inner = printable(f"{name}:{member.filename}")
                if hidden(part for part in re.split(r"[/\\]", member.filename) if part != ".."):
                    continue
                content = archive.read(member)
                if member.filename.endswith(".ipynb"):
                    yield Submission(inner, content)
                elif depth == 1:
                    yield from notebooks_in_zip(inner, io.BytesIO(content), 2 * LARGEST, depth + 1)
                else:
                    raise zipfile.BadZipFile("a zip in a zip in a zip")
    except Exception as error:  # a damaged archive raises what its compression raises
        yield Submission(name, b"", f"a zip file that cannot be read ({printable(str(error))}); pack it again")


def hidden(parts) -> bool:
    """Checkpoints of Jupyter, and what macOS puts beside files in a zip."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def cells_of(submission: Submission) -> list[str]:
    """The code cells of a notebook."""
    if submission.problem:
        raise Unmarkable(submission.problem)
    if len(submission.content) > LARGEST:
        raise Unmarkable(f"larger than {LARGEST // 1_000_000} MB; clear its outputs and hand it in again")
    try:
        cells = json.loads(submission.content)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return [source if isinstance(source, str) else "".join(source) for source in sources]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unmarkable("not a notebook; hand in the .ipynb file as Jupyter or Colab saves it") from None


def statements(cell: str) -> list[ast.stmt]:
    """What stands in a cell, read and not run, without its magics; nothing where it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\\d" in a student's string is no matter of ours
            return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", cell, flags=re.MULTILINE)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def lab_named(cells: list[str]) -> str:
    """The lab that the notebook says it is; the name of the file says nothing."""
    names = list(dict.fromkeys(printable(name) for cell in cells for name in NAMES_ITS_LAB.findall(cell)))
    if not names:
        raise Unmarkable('does not say which lab it is; restore the cell with check = lab("…")')
    if len(names) > 1:
        raise Unmarkable(f"names more than one lab ({', '.join(names)}); keep the line with the right one")
    if names[0] not in LABS:
        raise Unmarkable(f"there is no lab {names[0]!r}; the labs are: {', '.join(LABS)}")
    return names[0]


def number_in(cells: list[str]) -> str:
    """What the notebook assigns to `student_number`, read and not run; nothing where it is no plain value."""
    found = ""
    for node in (node for cell in cells for node in statements(cell)):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "student_number" for target in targets):
            value = node.value.value if isinstance(node.value, ast.Constant) else None
            found = as_number(printable(str(value))) if isinstance(value, int | str) else ""
    return found
