"""Which cell is to blame for a name that is not there.

A notebook runs on after a cell that failed, and what is asked for at the end is "not defined". The student sees a cell
that defines it; so the verdict names the cell that did not come so far.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass

from course_lib.common.notebooks import statements
from course_lib.marking.plain import printable

NOT_DEFINED = re.compile(r"^name '(\w+)' is not defined")
SHORT = 50  # characters of a cell's first line


@dataclass(frozen=True)
class Failure:
    """A cell that did not come to its end. number: of the code cell, from 1. lost: the name that it missed itself."""

    number: int
    source: str
    what: str
    lost: str = ""
    starved: bool = False  # the machine ended it, which may not be the cell's fault

    def __str__(self) -> str:
        first = printable(next((line.strip() for line in self.source.splitlines() if line.strip()), ""))
        return f"cell {self.number} ({first if len(first) <= SHORT else first[:SHORT] + '…'}) {self.what}"

    def defines(self, name: str) -> bool:
        """Would the cell have given the name a value, had it come to its end?"""
        found = statements(self.source)
        if found:
            names = bound_names(found)
            return name in names or "*" in names
        # Not Python, so nobody can read it for sure.
        line = rf"^\s*(def|class)\s+{name}\b|^\s*{name}\s*=|^\s*(from|import)\b.*\b{name}\b"
        return re.search(line, self.source, re.MULTILINE) is not None


def bound_names(body: list[ast.stmt]) -> set[str]:
    """What the statements define at the top of the notebook; "*" for an import of everything."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)  # what stands inside is its own
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return names


def leading_imports(source: str) -> str:
    """The imports that a cell begins with, or nothing where something else comes first."""
    found = []
    for node in statements(source):
        is_import = isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__")
        if not is_import:
            break
        found.append(ast.unparse(node))
    return "\n".join(found)


def undefined(says: str) -> str:
    """The name that the message of a NameError speaks of."""
    found = NOT_DEFINED.match(says)
    return found.group(1) if found else ""


def cause(name: str, failures: Iterable[Failure]) -> list[Failure]:
    """The failures, the first cause first, that explain why a name is missing; none where no failed cell defines it."""
    failures = list(failures)
    culprits = [failure for failure in failures if name and failure.defines(name)]
    if not culprits:
        return []
    last = max(culprits, key=lambda failure: failure.number)
    return [*cause(last.lost, (one for one in failures if one.number < last.number)), last]


def explained(chain: list[Failure]) -> str:
    """In words: what happened first, and what came of it."""
    return ", so ".join(map(str, chain if len(chain) < 3 else (chain[0], chain[-1])))
