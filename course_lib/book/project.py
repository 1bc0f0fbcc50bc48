"""Where things are: the checkout, its table of contents and its pages."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from course_lib.book.contents import Contents, read_contents
from course_lib.common.errors import CourseError
from course_lib.common.files import read_text

PAGE_FOLDERS = ("lectures", "labs", "about")  # where notebook pages may stand
LABS, SOLUTIONS = "labs/", "labs/solutions/"  # what students fill in, and what it is derived from
LAB_MODULE = "course_lib.exercises.lab_"  # and the lab's name: what `checks` loads for it
ANY_LAB = LAB_MODULE + "*"  # where a page does not say which


@dataclass(frozen=True)
class Project:
    """One checkout of the course. Every path the tools use is derived from `root`."""

    root: Path

    @property
    def build(self) -> Path:
        return self.root / "_build"

    @property
    def site(self) -> Path:
        return self.build / "site"

    def executed(self, profile: str = "quick") -> Path:
        """The folder of executed notebooks; full runs stand apart and never reach the site."""
        return self.build / ("executed" if profile == "quick" else profile)

    @property
    def failed(self) -> Path:
        return self.build / "failed"

    @cached_property
    def config(self) -> dict:
        return read_yaml(self.root / "_config.yml")

    @property
    def branch(self) -> str:
        """The branch of the sources, for links to files that are not on the site."""
        return (self.config.get("repository") or {}).get("branch", "main")

    @cached_property
    def toc(self) -> list[str]:
        """Every document of `_toc.yml` in reading order, without suffix."""
        return self.contents.documents

    @cached_property
    def contents(self) -> Contents:
        return read_contents(self.root)

    @cached_property
    def sources(self) -> list[str]:
        """Every page that somebody writes: a `.md` whose header names a kernel, without suffix. Not the labs."""
        return [name for name in self.notebooks if not is_lab(name)]

    @property  # not cached: sync makes new ones
    def notebooks(self) -> list[str]:
        """Every notebook page of the checkout, the derived labs among them."""
        found = []
        for folder in PAGE_FOLDERS:
            for path in sorted((self.root / folder).rglob("*.md")):
                if ".ipynb_checkpoints" not in path.parts and has_kernel(path):
                    found.append(path.relative_to(self.root).with_suffix("").as_posix())
        return found


def is_solution(name: str) -> bool:
    return name.startswith(SOLUTIONS)


def is_lab(name: str) -> bool:
    """A page for students to fill in: derived from its solution, and never executed."""
    return name.startswith(LABS) and not is_solution(name)


def find_project(start: Path | None = None) -> Project:
    """The checkout that holds `start` (the working directory unless told)."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "_toc.yml").is_file() and (folder / "_config.yml").is_file():
            return Project(folder)
    raise CourseError(f"{start}: no _toc.yml and _config.yml here or above; change into a checkout of the course")


def read_yaml(path: Path) -> dict:
    try:
        content = yaml.safe_load(read_text(path))
    except FileNotFoundError:
        raise CourseError(f"{path.name}: not found; restore it from the repository") from None
    except yaml.YAMLError as error:
        raise CourseError(f"{path.name}: not valid YAML; {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise CourseError(f"{path.name}: expected keys and values; restore it from the repository")
    return content


def read_header(text: str) -> dict:
    """The YAML block between the first two `---` lines, or nothing."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != "---":
        return {}
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == "---":
            return yaml.safe_load("\n".join(lines[1:number])) or {}
    return {}


def has_kernel(path: Path) -> bool:
    try:
        header = read_header(read_text(path))
    except yaml.YAMLError:
        return True  # a broken header is reported when the page is read
    return isinstance(header, dict) and ("kernelspec" in header or "jupytext" in header)
