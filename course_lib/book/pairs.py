"""A page is a pair of files. Which of the two has been edited?

A derived notebook vouches for itself: the id of each cell is a digest of the cell and of the one above it, that of the
first cell also of the header, that of the last cell also of its being the last. Whoever changes, adds, moves or deletes
a cell in the notebook breaks a digest, in every editor, with git and without it, in a fresh clone too. And an edit of
the source changes two ids and no other, so that git merges notebooks as it merges their sources.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from course_lib.common.errors import CourseError
from course_lib.common.files import digest_json

OPTIONS = ("tags", "mystnb")  # what a source says of a cell; other metadata belong to editors


@dataclass(frozen=True)
class Cell:
    """What an author writes in a cell."""

    kind: str  # "markdown" or "code"
    source: str
    options: dict

    @property
    def plain(self) -> list:
        return [self.kind, self.source, self.options]


@dataclass(frozen=True)
class Written:
    """A notebook without what editors and runs add to it."""

    header: dict  # the block `course:`
    cells: tuple[Cell, ...]
    ids: tuple[str, ...] = ()  # as the file has them; not what an author writes

    def says(self, other: "Written") -> bool:
        """The same words, but for spaces at the end of a cell. An editor may have dropped a header it did not know."""
        mine, theirs = ([[c.kind, c.source.rstrip(), c.options] for c in one.cells] for one in (self, other))
        return mine == theirs and (not self.header or self.header == other.header)

    @property
    def vouched_for(self) -> bool:
        """The file is as it was derived, perhaps from an earlier source."""
        return bool(self.cells) and self.ids == tuple(cell_ids(self.header, self.cells))


def written(notebook: dict) -> Written:
    """From the content of an `.ipynb` file, whatever wrote it."""
    cells = []
    for cell in notebook["cells"]:
        source, metadata = cell["source"], cell.get("metadata") or {}
        options = {key: metadata[key] for key in OPTIONS if metadata.get(key)}
        cells.append(Cell(cell["cell_type"], source if isinstance(source, str) else "".join(source), options))
    header = (notebook.get("metadata") or {}).get("course") or {}
    return Written(dict(header), tuple(cells), tuple(str(cell.get("id")) for cell in notebook["cells"]))


def read_notebook(path: Path, name: str) -> dict:
    """The content of an `.ipynb` file with cells. `name` is what the error calls it."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
        if any(cell.kind not in ("markdown", "code", "raw") for cell in written(notebook).cells):
            raise ValueError("a cell of another kind")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CourseError(
            f"{name}: cannot be read as a notebook (left from a merge?); move it away and run: course sync"
        ) from None
    return notebook


def cell_ids(header: dict, cells: Iterable[Cell]) -> list[str]:
    """Eight hex digits for each cell, no two alike."""
    ids, above, cells = [], header, list(cells)
    for place, cell in enumerate(cells):
        bond = [above, cell.plain, place == len(cells) - 1]
        copies = (digest_json([*bond, copy])[:8] for copy in range(len(cells) + 1))
        ids.append(next(candidate for candidate in copies if candidate not in ids))
        above = cell.plain
    return ids


def give_ids(notebook) -> None:
    """Set the ids of a derived notebook, in place."""
    content = written(notebook)
    for cell, name in zip(notebook.cells, cell_ids(content.header, content.cells), strict=True):
        cell.id = name
