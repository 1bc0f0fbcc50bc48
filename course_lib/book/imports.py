"""Which files of `course_lib` a page's result depends on, read from the import graph."""

import ast
from functools import cached_property
from pathlib import Path

import grimp

from course_lib.book.project import ANY_LAB, LAB_MODULE
from course_lib.common.files import digest_of, files_below

PACKAGE = "course_lib"


class ImportGraph:
    """The imports of `course_lib` in one checkout, also those inside functions."""

    def __init__(self, root: Path):
        self.root = root

    @cached_property
    def graph(self) -> grimp.ImportGraph:
        return grimp.build_graph(PACKAGE, cache_dir=None)

    def reached(self, names: set[str]) -> set[str]:
        """The modules that run when `names` are imported.

        `import a.b.c` also runs `a` and `a.b`, and all that these import in turn.
        """
        waiting = {name for name in names if name in self.graph.modules}
        if ANY_LAB in names:
            waiting |= {name for name in self.graph.modules if name.startswith(LAB_MODULE)}
        reached = set()
        while waiting:
            module = waiting.pop()
            reached.add(module)
            parents = {module.rsplit(".", n)[0] for n in range(1, module.count(".") + 1)}
            waiting |= (self.graph.find_modules_directly_imported_by(module) | parents) - reached
        return reached

    def file_of(self, module: str) -> Path:
        path = self.root.joinpath(*module.split("."))
        package = path / "__init__.py"  # a folder of data may have the name of a module
        return package if package.is_file() else path.with_suffix(".py")

    def foreign(self, names: set[str]) -> set[str]:
        """Other packages that the modules reached import at once, not only when a function is called."""
        found = set()
        for module in self.reached(names):
            body = ast.parse(self.file_of(module).read_text(encoding="utf-8")).body
            for node in body:
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module.split(".")[0])
        return found - {PACKAGE}

    def digests(self, names: set[str]) -> dict[str, str]:
        """Path -> digest of every module reached and of every data file of the packages reached."""
        files = {self.file_of(module) for module in self.reached(names)}
        for package in {path.parent for path in files}:
            files |= set(data_files(package))
        return {path.relative_to(self.root).as_posix(): digest_of(path) for path in sorted(files)}


def data_files(package: Path):
    """Files of a package that are not Python; sub-packages have their own."""
    subpackages = {path.parent for path in package.rglob("__init__.py")} - {package}
    for path in files_below(package):
        if path.suffix not in (".py", ".pyc") and not subpackages.intersection(path.parents):
            yield path
