"""What was handed in: notebooks in folders and zip files, their code cells, and the lab that they name.

Nothing is passed over in silence: a file that is neither is named, and one that cannot be read is a problem of that
submission. Each notebook is judged by itself, whatever else lies in the same zip file.
"""

import ast
import io
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from course_lib.common.notebooks import code_cells, statements
from course_lib.marking import archives
from course_lib.marking.errors import BadFile
from course_lib.marking.numbers import as_number
from course_lib.marking.plain import printable

NAMES_ITS_LAB = re.compile(r"\blab\(\s*['\"]([^'\"\n]*)['\"]\s*\)")
LARGEST = 50_000_000  # bytes of a notebook; one with outputs has rarely more than one million
MOST_CODE = 5_000_000  # characters in the code cells of a notebook; a lab has fifteen thousand
MOST_IN_INNER_ZIP, MOST_IN_ALL = 4, 100  # times MOST_CODE; what has been read is kept, and must not fill the memory
NAMED = 20  # files of one folder; of more, the folder is named
LEFT_BEHIND = ("thumbs.db", "desktop.ini", "icon\r")  # by Windows and macOS, beside what begins with a dot


@dataclass(frozen=True)
class Submission:
    """One notebook, parsed. `name` is what the teacher reads: the path, for a member of a zip file behind the zip's.

    cells: the sources of its code cells. problem: why there are none, in a sentence.
    parts: of the path, those that may say whose it is: nothing above the folder that the teacher named.
    """

    name: str
    cells: tuple[str, ...] = ()
    problem: str = ""
    parts: tuple[str, ...] = field(default=(), compare=False)

    @property
    def length(self) -> int:
        """Characters of code."""
        return sum(map(len, self.cells))

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """What stands in its cells, read and not run."""
        return [statement for cell in self.cells for statement in statements(cell)]

    @property
    def number(self) -> str:
        """What the notebook assigns to `student_number`; nothing where that is no plain value."""
        found = ""
        for node in self.statements:
            if not isinstance(node, ast.Assign):
                continue
            if any(isinstance(target, ast.Name) and target.id == "student_number" for target in node.targets):
                value = node.value.value if isinstance(node.value, ast.Constant) else None
                found = as_number(printable(str(value))) if isinstance(value, int | str) else ""
        return found

    @property
    def labs(self) -> list[str]:
        """The names that stand in `lab("…")`; one, as a rule."""
        return list(dict.fromkeys(printable(name) for cell in self.cells for name in NAMES_ITS_LAB.findall(cell)))

    def lab(self, known: Sequence[str]) -> str:
        """The lab that the notebook says it is, whatever its file is called. BadFile where it is none of these."""
        if self.problem:
            raise BadFile(self.problem)
        names = self.labs
        if not names:
            raise BadFile('does not say which lab it is; restore the cell with check = lab("…")')
        if len(names) > 1:
            raise BadFile(f"names more than one lab ({', '.join(names)}); keep the line with the right one")
        if names[0] not in known:
            raise BadFile(f"there is no lab {names[0]!r}; the labs are: {', '.join(known)}")
        return names[0]


@dataclass(frozen=True)
class HandedIn:
    """submissions: what is marked. unread: the names of all other files, or of folders with many of them."""

    submissions: list[Submission]
    unread: list[str]


Found = Iterator[Submission | str]  # a text is the name of a file that nobody looks at


def submission(name: str, content: bytes, parts: tuple[str, ...] = ()) -> Submission:
    """Parse what was handed in under a name; outputs are left behind."""
    if len(content) > LARGEST:
        problem = f"larger than {LARGEST // 1_000_000} MB; clear its outputs and hand it in again"
        return Submission(name, problem=problem, parts=parts)
    try:
        read = Submission(name, code_cells(content), parts=parts)
    except ValueError:
        problem = "not a notebook; hand in the .ipynb file as Jupyter or Colab saves it"
        return Submission(name, problem=problem, parts=parts)
    if read.length > MOST_CODE:
        problem = f"more than {MOST_CODE // 1_000_000} MB of code; leave only your own in it and hand it in again"
        return Submission(name, problem=problem, parts=parts)
    return read


def submissions(paths: list[Path], ours: Iterable[Path] = ()) -> HandedIn:
    """Every notebook below the paths: files, folders and zip files. Nothing of a zip is written to the disk.

    ours: files and folders that may lie there and that nobody handed in, such as the roster and the last reports.
    BadFile where a path does not exist, or where there is no notebook at all.
    """
    skipped = {os.path.realpath(path) for path in ours}
    found: list[Submission] = []
    unread: list[str] = []
    most = MOST_IN_ALL * MOST_CODE
    for path in paths:
        below = list(bounded(at(path, skipped), most))
        notebooks = [one for one in below if isinstance(one, Submission)]
        most -= sum(one.length for one in notebooks)
        found += unwrapped(notebooks)
        unread += [one for one in below if isinstance(one, str)]
    found, unread = list(dict.fromkeys(found)), list(dict.fromkeys(unread))
    if not found:
        others = f", only {', '.join(unread[:3])}{' and others' * (len(unread) > 3)}" if unread else ""
        raise BadFile(f"{', '.join(map(str, paths))}: no notebooks (.ipynb) there{others}")
    return HandedIn(found, summed_up(unread, [one.name for one in found]))


def at(path: Path, skipped: set[str]) -> Found:
    """What lies at a path that the teacher named. Its folder says nothing about whose it is."""
    if os.path.isdir(path):
        yield from in_folder(path, (), skipped)
    elif not os.path.isfile(path):
        raise BadFile(f"{path}: not found; name notebooks, folders or zip files")
    elif suffix(path.name) == ".zip":
        yield from in_zip(printable(str(path)), path, (path.name,))
    else:  # whatever its name says, for somebody named it
        yield from_disk(path, (path.name,))


def in_folder(folder: Path, parts: tuple[str, ...], skipped: set[str]) -> Found:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        yield unreadable(printable(str(folder)), "a folder", error, "look at its rights", parts)
        return
    for path in inside:
        here, kind = (*parts, path.name), suffix(path.name)
        if os.path.realpath(path) in skipped:
            continue
        if os.path.isdir(path) and not path.is_symlink():  # a link may lead in a circle
            if not of_a_program("", [path.name]):
                yield from in_folder(path, here, skipped)
        elif of_a_program(path.name):
            continue
        elif kind == ".ipynb" and os.path.isfile(path):
            yield from_disk(path, here)
        elif kind == ".zip" and os.path.isfile(path):
            yield from in_zip(printable(str(path)), path, here)
        else:
            yield printable(str(path))


def suffix(name: str) -> str:
    """Of a file, in small letters; also of one called .ipynb, which has lost its name on the way."""
    return name[name.rfind(".") :].lower() if "." in name else ""


def from_disk(path: Path, parts: tuple[str, ...]) -> Submission:
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            return submission(name, file.read(LARGEST + 1), parts)
    except OSError as error:
        return unreadable(name, "a file", error, "look at its rights, or ask for it again", parts)


def in_zip(name: str, file: Path | BinaryIO, parts: tuple[str, ...], depth: int = 1) -> Found:
    """What lies in a zip file, and in zip files in it: what a learning platform packs up may be packed already."""
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # a damaged archive raises what its compression raises
        yield unreadable(name, "a zip file", error, "pack it again", parts)
        return
    with archive:
        for member in archive.infolist():
            *folders, last = archives.levels(member) or [[""]]
            if archives.is_folder(member) or of_a_program(last[0], [folder[0] for folder in folders]):
                continue
            inner, kind = printable(f"{name}:{archives.names(member)[0]}"), suffix(last[0])
            here = (*parts, *(printable(reading) for level in (*folders, last) for reading in level))
            try:
                if kind == ".ipynb":
                    yield submission(inner, archives.content_of(archive, member, LARGEST), here)
                elif kind == ".zip" and depth == 1:
                    content = archives.content_of(archive, member, 2 * LARGEST)
                    if len(content) > 2 * LARGEST:
                        raise zipfile.BadZipFile(f"larger than {2 * LARGEST // 1_000_000} MB")
                    within = in_zip(inner, io.BytesIO(content), here, depth + 1)
                    yield from bounded(within, MOST_IN_INNER_ZIP * MOST_CODE)
                elif kind == ".zip":
                    raise zipfile.BadZipFile("a zip in a zip in a zip")
                else:
                    yield inner
            except Exception as error:
                yield unreadable(inner, "a file in a zip file", error, "pack it again", here)


def unreadable(name: str, what: str, error: Exception, mend: str, parts: tuple[str, ...]) -> Submission:
    said = printable(str(getattr(error, "strerror", None) or error))
    return Submission(name, problem=f"{what} that cannot be read ({said}); {mend}", parts=parts)


def bounded(found: Found, most: int) -> Found:
    """As it comes, but without the code of what comes after so many characters of it."""
    for one in found:
        if isinstance(one, Submission) and one.cells:
            most -= one.length
            if most < 0:
                one = replace(one, cells=(), problem="too much code in one go; mark this one by itself")
        yield one


def unwrapped(found: list[Submission]) -> list[Submission]:
    """Without the folders in which everything lies, if it cannot all be one student's: two are of the same lab."""
    labs = [lab for one in found for lab in one.labs]
    if len(set(labs)) == len(labs):
        return found
    depth = len(os.path.commonprefix([one.parts[:-1] for one in found]))
    return [replace(one, parts=one.parts[depth:]) for one in found]


def of_a_program(name: str, folders: Sequence[str] = ()) -> bool:
    """Whether plainly nobody handed it in: checkpoints of Jupyter, and what macOS and Windows put beside files."""
    if any(folder.startswith(".") or folder in ("__MACOSX", "__pycache__") for folder in folders):
        return True
    hidden = name.startswith(".") and suffix(name) not in (".ipynb", ".zip")
    return hidden or name.startswith("._") or name.lower() in LEFT_BEHIND


def summed_up(unread: list[str], read: Iterable[str]) -> list[str]:
    """These names, but a folder of many of them, such as a virtual environment, once; none that holds a notebook."""

    def folders(name: str) -> list[str]:
        return [name[: sign.end()] for sign in re.finditer(r"[/\\:]", name)]

    held = {folder for name in read for folder in folders(name)}
    crowds: dict[str, int] = {}
    for name in unread:
        for folder in folders(name):
            crowds[folder] = crowds.get(folder, 0) + 1
    lines: dict[str, int] = {}
    for name in unread:
        crowded = (folder for folder in folders(name) if folder not in held and crowds[folder] > NAMED)
        place = next(crowded, name)
        lines[place] = lines.get(place, 0) + 1
    return [f"{place} ({count} files)" if count > 1 else place for place, count in lines.items()]
