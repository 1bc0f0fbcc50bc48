"""A page: the Markdown source an author writes and the notebook derived from it."""

import ast
import re
import textwrap
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from course_lib.book.pairs import give_ids
from course_lib.book.project import ANY_LAB, LAB_MODULE, Project, is_lab, is_solution, read_header
from course_lib.common.errors import CourseError
from course_lib.common.files import read_text
from course_lib.common.notebooks import without_magics

COURSE_KEYS = {"full", "alone", "facts"}  # what a page's header may say under `course:`


@dataclass(frozen=True)
class Page:
    """One notebook page, read from its `.md`. `name` is the path without suffix."""

    name: str
    text: str

    @cached_property
    def notebook(self) -> NotebookNode:
        """The notebook without outputs, with deterministic cell ids. It is what is executed."""
        try:
            notebook = jupytext.reads(self.text, fmt="md:myst")
        except Exception as error:  # jupytext raises many kinds; each means: the source is malformed
            raise CourseError(f"{self.name}.md: jupytext cannot read it; {' '.join(str(error).split())}") from None
        notebook.metadata = nbformat.from_dict(
            {
                "jupytext": {"formats": "md:myst,ipynb"},
                **{key: notebook.metadata[key] for key in ("kernelspec", "course") if key in notebook.metadata},
            }
        )
        give_ids(notebook)
        notebook.nbformat, notebook.nbformat_minor = 4, 5
        return notebook

    @property
    def ipynb(self) -> str:
        """The text of this notebook."""
        return nbformat.writes(self.notebook).rstrip("\n") + "\n"

    @cached_property
    def course(self) -> dict:
        """The `course:` block of the header."""
        return dict(self.notebook.metadata.get("course") or {})

    @property
    def is_solution(self) -> bool:
        return is_solution(self.name)

    @property
    def is_lab(self) -> bool:
        """For students to fill in, so never executed."""
        return is_lab(self.name)

    @property
    def alone(self) -> bool:
        """The page measures time: it runs after the others, alone, on all cores."""
        return bool(self.course.get("alone", False))

    def parameters(self, profile: str) -> dict:
        """What papermill injects: nothing for quick, the header's `full:` values for full."""
        return {} if profile == "quick" else dict(self.course.get(profile) or {})

    @property
    def code_cells(self) -> list[NotebookNode]:
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    @property
    def prose(self) -> str:
        return "\n\n".join(cell.source for cell in self.notebook.cells if cell.cell_type == "markdown")

    @property
    def title(self) -> str:
        heading = re.search(r"^# (.+)$", self.prose, re.MULTILINE)
        return heading.group(1).strip() if heading else self.name

    @property
    def n_words(self) -> int:
        return len(re.findall(r"[^\W\d_][\w'’-]*", self.prose))

    @property
    def n_claims(self) -> int:
        return sum("claim" in tags(cell) for cell in self.code_cells)

    def imported_names(self) -> set[str]:
        """Dotted names that the code cells import: `course_lib.plots`, `numpy`, `course_lib.data.load_mnist`.

        lab("02_x") imports the declaration of that lab.
        """
        names = set()
        for cell in self.code_cells:
            names |= imported_names(without_magics(cell.source), self.name)
        return names


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def top_line(lines: list[str]) -> int | None:
    """The place of the line under the title, which says how long a page takes and what it needs."""
    title = next((place for place, line in enumerate(lines) if line.startswith("# ")), None)
    if title is None:
        return None
    below = (place for place, line in enumerate(lines) if place > title and line.strip())
    return next(below, None)


def imported_names(source: str, where: str) -> set[str]:
    try:
        tree = ast.parse(textwrap.dedent(source))
    except SyntaxError as error:
        raise CourseError(f"{where}.md: a code cell is not valid Python: {error.msg}: {error.text}".rstrip()) from None
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[-1] == "lab" and node.args:
            name = node.args[0]
            names.add(LAB_MODULE + str(name.value) if isinstance(name, ast.Constant) else ANY_LAB)
    return names


def read_page(project: Project, name: str) -> Page:
    try:
        return Page(name, read_text(project.root / f"{name}.md"))
    except FileNotFoundError:
        raise CourseError(
            f"{name}.md: not found; a page is a pair of .md and .ipynb, and the .md is its source"
        ) from None


def read_pages(project: Project, patterns: list[str] | None = None) -> list[Page]:
    """The pages whose name matches a pattern (all of them without patterns), in order of the contents.

    A pattern is the path of a page or a folder, the last part of such a path, or any of these with `*`.
    """
    order = {name: place for place, name in enumerate(project.toc)}
    names = sorted(project.notebooks, key=lambda name: (order.get(name, len(order)), name))
    if patterns:
        chosen = set()
        for pattern in patterns:
            found = {name for name in names if matches(name, pattern)}
            if not found:
                raise CourseError(f"{pattern}: no page of that name; the pages are: {', '.join(names) or 'none yet'}")
            chosen |= found
        names = [name for name in names if name in chosen]
    return [read_page(project, name) for name in names]


def pages_to_run(project: Project, patterns: list[str] | None = None) -> list[Page]:
    """The same without labs, which wait for a student."""
    pages = read_pages(project, patterns)
    chosen = [page for page in pages if not page.is_lab]
    if pages and not chosen:
        names = ", ".join(page.name for page in pages)
        raise CourseError(f"{names}: for students to fill in, so never executed; choose the solution instead")
    return chosen


def matches(name: str, pattern: str) -> bool:
    pattern = pattern.removeprefix("./").removesuffix(".md").removesuffix(".ipynb").rstrip("/")
    places = (Path(name), *Path(name).parents)
    return any(fnmatch(place.as_posix(), pattern) or fnmatch(place.name, pattern) for place in places)


def header_of(page: Page) -> dict:
    return read_header(page.text)
