"""Submissions whose functions are the same code. It says that they are equal, not why.

Compared is what Python sees: spaces, comments and docstrings do not count. Names do: the formulas of an exercise leave
little choice, and with other names for the same steps two students who never met would often be equal.
"""

import ast
import contextlib
from collections import defaultdict
from pathlib import Path

from course_lib.marking.collect import Submission, submission
from course_lib.marking.mark import Result
from course_lib.marking.session import ROOT

FEWEST = 3  # functions; one or two short ones are equal by chance
THE_SOLUTION = "the solution in the book"


def functions_in(handed_in: Submission, names: set[str]) -> dict[str, str]:
    """The code of a notebook's functions of these names; the last one counts, as there."""
    found = {}
    for node in handed_in.statements:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            with contextlib.suppress(RecursionError):  # an expression of a thousand terms
                found[node.name] = "\n".join(map(ast.dump, [node.args, *body]))
    return found


def same_code(found: list[Submission], results: list[Result]) -> list[str]:
    """One line for every group of submissions that solve the same exercises with the same code."""
    groups = defaultdict(list)
    for handed_in, result in zip(found, results, strict=True):
        attempted = {verdict.exercise for verdict in result.verdicts if verdict.state != "not attempted"}
        if result.lab:
            functions = functions_in(handed_in, attempted)
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
        return functions_in(submission(path.name, path.read_bytes()), names)
    except OSError:
        return {}
