"""What was handed in: notebooks in folders and zip files, their code cells, and the lab that they name."""

import ast
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from course_lib.common.notebooks import code_cells, statements
from course_lib.marking.errors import BadFile
from course_lib.marking.numbers import as_number
from course_lib.marking.plain import printable

NAMES_ITS_LAB = re.compile(r"\blab\(\s*['\"]([^'\"\n]*)['\"]\s*\)")
LARGEST = 50_000_000  # bytes of a notebook; one with outputs has rarely more than one million


@dataclass(frozen=True)
class Submission:
    """One notebook, parsed. `name` is what the teacher reads: the path, for a member of a zip file behind the zip's.

    cells: the sources of its code cells. problem: why there are none, in a sentence.
    """

    name: str
    cells: tuple[str, ...] = ()
    problem: str = ""

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """What stands in its cells, read and not run."""
        return [statement for cell in self.cells for statement in statements(cell)]

    @property
    def number(self) -> str:
        """What the notebook assigns to `student_number`; nothing where that is no plain value."""
        found = ""
        for node in self.statements:
            targets = node.targets if isinstance(node, ast.Assign) else []
            if any(isinstance(target, ast.Name) and target.id == "student_number" for target in targets):
                value = node.value.value if isinstance(node.value, ast.Constant) else None
                found = as_number(printable(str(value))) if isinstance(value, int | str) else ""
        return found

    def lab(self, known: Sequence[str]) -> str:
        """The lab that the notebook says it is, whatever its file is called. BadFile where it is none of these."""
        if self.problem:
            raise BadFile(self.problem)
        names = list(dict.fromkeys(printable(name) for cell in self.cells for name in NAMES_ITS_LAB.findall(cell)))
        if not names:
            raise BadFile('does not say which lab it is; restore the cell with check = lab("…")')
        if len(names) > 1:
            raise BadFile(f"names more than one lab ({', '.join(names)}); keep the line with the right one")
        if names[0] not in known:
            raise BadFile(f"there is no lab {names[0]!r}; the labs are: {', '.join(known)}")
        return names[0]


def submission(name: str, content: bytes) -> Submission:
    """Parse what was handed in under a name; outputs are left behind."""
    if len(content) > LARGEST:
        problem = f"larger than {LARGEST // 1_000_000} MB; clear its outputs and hand it in again"
        return Submission(name, problem=problem)
    try:
        return Submission(name, code_cells(content))
    except ValueError:
        problem = "not a notebook; hand in the .ipynb file as Jupyter or Colab saves it"
        return Submission(name, problem=problem)


def submissions(paths: list[Path]) -> list[Submission]:
    """Every notebook below the paths: files, folders and zip files. Nothing of a zip is written to the disk."""
    found = list(dict.fromkeys(one for path in paths for one in submissions_at(path)))
    if not found:
        raise BadFile(f"{', '.join(map(str, paths))}: no notebooks (.ipynb) there")
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
            yield submission(printable(str(path)), file.read(LARGEST + 1))
    else:
        raise BadFile(f"{path}: not found; name notebooks, folders or zip files")


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
                    yield submission(inner, content)
                elif depth == 1:
                    yield from notebooks_in_zip(inner, io.BytesIO(content), 2 * LARGEST, depth + 1)
                else:
                    raise zipfile.BadZipFile("a zip in a zip in a zip")
    except Exception as error:  # a damaged archive raises what its compression raises
        yield Submission(name, problem=f"a zip file that cannot be read ({printable(str(error))}); pack it again")


def hidden(parts) -> bool:
    """Checkpoints of Jupyter, and what macOS puts beside files in a zip."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)
