"""Which modules, data files and packages a page's outputs depend on, read from the sources.

A page depends on the whole text of every module that it uses, and of all that this uses, inside functions, too.
A module that only passes names on (a façade: imports, `__all__`, a docstring) is looked through: `from course_lib.data
import load_mnist` leads to the module that defines `load_mnist`. Python imports the façade's other modules as well.
They are left out of the key for one reason only: to import them changes nothing. So a module with a statement at its
top that is no import, no definition and no assignment to a name (`plt.style.use(...)`, a registry's decorator) belongs
to every page that loads it, and so do the packages that anything loaded imports at once. What is assumed beyond that,
and tested by tests/book/test_soundness.py: a call on the right of an assignment only computes a value; no module
imports another by a name that it computes (`lab("NAME")` in a page excepted, which leads to that lab); and a module
that opens a file of the checkout names it in its constant DATA_FILES.
"""

import ast
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from course_lib.book import sources
from course_lib.book.packages import Packages
from course_lib.book.pages import Page, tags
from course_lib.book.project import ANY_LAB, LAB_MODULE
from course_lib.book.sources import Source, read_source
from course_lib.common.errors import CourseError
from course_lib.common.files import digest_of
from course_lib.common.notebooks import MAGIC

PACKAGE = "course_lib"
ANY_LAB_PATH = tuple(ANY_LAB.split("."))


@dataclass
class Reach:
    """All that one text depends on.

    modules: those whose text counts
    passed: what the names that were taken from façades stand for: "course_lib.data.load_mnist" -> where it is defined
    loaded: every module that may be imported, whether its text counts or not
    packages: names of other packages that may be imported
    """

    modules: set[str] = field(default_factory=set)
    passed: dict[str, str] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)


class ImportGraph:
    """The sources of one checkout, each read once: an object made later sees what has changed since."""

    def __init__(self, root: Path):
        self.root = root
        self.read: dict[str, Source] = {}
        self.files: dict[str, Path | None] = {}
        self.hashed: dict[Path, str] = {}
        self.pages: dict[str, Source] = {}

    @cached_property
    def packages(self) -> Packages:
        return Packages()

    def file_of(self, module: str) -> Path | None:
        """The file of a module, or None for what is no module of the library."""
        if module not in self.files:
            path = self.root.joinpath(*module.split("."))
            candidates = (path / "__init__.py", path.with_name(f"{path.name}.py"))
            found = (each for each in candidates if module.split(".")[0] == PACKAGE and each.is_file())
            self.files[module] = next(found, None)
        return self.files[module]

    def source_of(self, module: str) -> Source:
        if module not in self.read:
            path = self.file_of(module)
            assert path is not None, module
            try:
                self.read[module] = read_source(ast.parse(path.read_text(encoding="utf-8")).body)
            except (SyntaxError, ValueError) as error:
                raise CourseError(f"{path.relative_to(self.root).as_posix()}: {error}") from None
        return self.read[module]

    def split(self, path: sources.Path) -> tuple[str, sources.Path]:
        """The longest module that a dotted path begins with, and the names that follow."""
        for n in range(len(path), 0, -1):
            if self.file_of(module := ".".join(path[:n])):
                return module, path[n:]
        return "", path

    def source_of_page(self, page: Page) -> Source:
        """The cells of a page, read."""
        if page.text not in self.pages:
            self.pages[page.text] = read_cells(page.code_cells, f"{page.name}.md")
        return self.pages[page.text]

    def reach(self, source: Source) -> Reach:
        """Follow a text to the end."""
        reach, used = Reach(), set()
        to_load, to_use = {*source.at_once, *source.later}, set(source.used)
        reach.packages |= foreign(to_load)
        while to_load or to_use:
            if to_load:
                loud = self.load(to_load.pop(), reach.loaded, to_load)
                to_use |= {tuple(module.split(".")) for module in loud}
                continue
            used.add(path := to_use.pop())
            if path == ANY_LAB_PATH:
                to_use |= self.lab_modules()
            module, names = self.split(path)
            if not module:
                continue
            to_load.add(path)
            text = self.source_of(module)
            if text.exports is not None and names and names[0] in text.exports:
                target = text.exports[names[0]]
                reach.passed[f"{module}.{names[0]}"] = ".".join(target)
                to_use |= {target + names[1:]} - used
            elif module not in reach.modules:
                reach.modules.add(module)
                reach.packages |= foreign(text.later)
                to_load |= text.later
                to_use |= text.used - used
        for module in reach.loaded:
            reach.packages |= foreign(self.source_of(module).at_once)
        return reach

    def load(self, path: sources.Path, loaded: set[str], to_load: set[sources.Path]) -> set[str]:
        """An import runs a module and the packages above it. Returns those of them that have an effect by it."""
        module, _ = self.split(path)
        loud = set()
        for parent in {module.rsplit(".", n)[0] for n in range(module.count(".") + 1)} - loaded if module else ():
            loaded.add(parent)
            text = self.source_of(parent)
            to_load |= text.at_once
            loud |= set() if text.quiet else {parent}
        return loud

    def imported_at_once(self, source: Source) -> set[str]:
        """Other packages that are imported whatever happens, not only when a function is called."""
        loaded, to_load = set(), set(source.at_once)
        while to_load:
            self.load(to_load.pop(), loaded, to_load)
        return foreign(source.at_once).union(*(foreign(self.source_of(module).at_once) for module in loaded))

    def lab_modules(self) -> set[sources.Path]:
        """Every module that declares a lab."""
        folder, prefix = LAB_MODULE.replace(".", "/").rsplit("/", 1)
        return {(*folder.split("/"), path.stem) for path in (self.root / folder).glob(f"{prefix}*")}

    def digests(self, reach: Reach) -> dict[str, str]:
        """Path -> digest of every module whose text counts, and of every data file that these name."""
        files = {self.file_of(module) for module in reach.modules}
        for module in reach.modules:
            files |= set(self.data_files(module))
        return {path.relative_to(self.root).as_posix(): self.digest_of(path) for path in sorted(filter(None, files))}

    def data_files(self, module: str) -> list[Path]:
        """The files that a module names. One that is not there counts as empty, until it comes."""
        found = []
        for pattern in self.source_of(module).data_files:
            found += sorted(self.root.glob(pattern)) if "*" in pattern else [self.root / pattern]
        return found

    def digest_of(self, path: Path) -> str:
        if path not in self.hashed:
            self.hashed[path] = digest_of(path)
        return self.hashed[path]


def foreign(paths: Iterable[sources.Path]) -> set[str]:
    """The other packages among what is imported."""
    return {path[0] for path in paths} - {PACKAGE}


def read_cells(cells: Iterable[NotebookNode], where: str) -> Source:
    """Code cells as one text; lab("02_x") uses the declarations of that lab. CourseError where one is not Python."""
    body: list[ast.stmt] = []
    unread: list[str] = []  # a magic may use names as well
    for cell in cells:
        code = textwrap.dedent(cell.source)
        timed = code.lstrip().startswith("%%")
        if "setup" not in tags(cell):
            unread += [match.group() for match in MAGIC.finditer(code)]
        try:
            body += ast.parse(MAGIC.sub(r"\1pass", code)).body
        except SyntaxError as error:
            if not timed:
                fault = f"a code cell is not valid Python: {error.msg}: {error.text}".rstrip()
                raise CourseError(f"{where}: {fault}") from None
            unread.append(code)  # a cell in another language
    source = read_source(body, "\n".join(unread))
    return replace(source, used=source.used | set(labs_named(body)))


def labs_named(body: list[ast.stmt]) -> Iterator[sources.Path]:
    """The modules of the labs that `lab("NAME")` loads; ANY_LAB where the name is computed."""
    for node in (each for statement in body for each in ast.walk(statement)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[-1] == "lab" and node.args:
            name = node.args[0]
            yield tuple((LAB_MODULE + str(name.value) if isinstance(name, ast.Constant) else ANY_LAB).split("."))
