"""Submissions whose functions are the same code. It says that they are equal, not why.

Compared is what Python sees: spaces, comments and docstrings do not count. Names do: the formulas of an exercise leave
little choice, and with other names for the same steps two students who never met would often be equal.
"""

import ast
import contextlib
from collections import defaultdict
from pathlib import Path

from course_lib.checks.collect import Submission, Unmarkable, cells_of, statements
from course_lib.checks.mark import Result
from course_lib.checks.session import ROOT

FEWEST = 3  # functions; one or two short ones are equal by chance
THE_SOLUTION = "the solution in the book"


def functions_in(cells: list[str], names: set[str]) -> dict[str, str]:
    """The code of the functions of these names; the last one counts, as in the notebook."""
    found = {}
    for node in (node for cell in cells for node in statements(cell)):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            if ast.get_docstring(node) is not None:
                del node.body[0]
            with contextlib.suppress(RecursionError):  # an expression of a thousand terms
                found[node.name] = ast.dump(node)
    return found


def same_code(found: list[Submission], results: list[Result]) -> list[str]:
    """One line for every group of submissions that solve the same exercises with the same code."""
    groups = defaultdict(list)
    for submission, result in zip(found, results, strict=True):
        attempted = {verdict.exercise for verdict in result.verdicts if verdict.state != "not attempted"}
        if result.lab:
            functions = functions_in(cells_of(submission), attempted)
            if len(functions) >= FEWEST:
                groups[result.lab, frozenset(functions.items())].append(result.name)
    lines = []
    for (lab, functions), names in groups.items():
        if functions == frozenset(solution(lab, {name for name, _ in functions}).items()):
            names.append(THE_SOLUTION)
        if len(names) > 1:
            lines.append(f"the same code, {len(functions)} functions: {', '.join(names)}")
    return lines


def solution(lab: str, names: set[str]) -> dict[str, str]:
    """The functions of our own solution; none where course_lib stands without the course around it."""
    path = Path(ROOT, "labs", "solutions", f"{lab}.ipynb")
    try:
        return functions_in(cells_of(Submission(path.name, path.read_bytes())), names)
    except (OSError, Unmarkable):
        return {}
