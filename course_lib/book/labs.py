"""A lab as the student gets it, derived from its solution.

Between the markers stands what the student writes. In the lab it becomes a stub: `raise NotImplementedError` in a
function, `name = ...` for what a cell assigns. Cells tagged `claim` and prose between comments of the same words are
for readers of the solution and are left out.
"""

import ast
import re

from course_lib.book.pages import Page, tags
from course_lib.book.project import LABS, SOLUTIONS, Project, is_lab
from course_lib.common.errors import CourseError
from course_lib.common.files import read_json
from course_lib.common.notebooks import without_magics

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
PROSE_BEGIN, PROSE_END = "<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->"
MARKERS = (BEGIN, END, PROSE_BEGIN, PROSE_END)
LIKE_A_MARKER = re.compile(r"^\W*(begin|end)\W+solutions?\b", re.IGNORECASE)
CODE_CELL = re.compile(r"^(`{3,})\{code-cell\}[^\n]*\n.*?^\1[ \t]*\n+", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:|[#/])([^)\s]+)\)")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SOLUTION_TITLE, LAB_TITLE = "# Solution: ", "# Lab: "


class Fault(ValueError):
    """What is wrong with the markers, and the mend."""


def lab_text(solution: Page) -> str:
    """The source of the lab: the solution's with stubs, without claims, and with links from one folder higher."""
    text, cells = solution.text.rstrip("\n") + "\n", list(solution.code_cells)
    parts, end = [], 0
    for found in CODE_CELL.finditer(text):
        parts.append(lab_prose(solution.name, text[end : found.start()]))
        end = found.end()
        if not cells or cells[0].source not in found.group():
            raise CourseError(
                f"{solution.name}.md: a code cell inside another block; write the example with four spaces"
            )
        cell = cells.pop(0)
        if "claim" not in tags(cell):
            head, _, tail = found.group().rpartition(cell.source)
            parts.append(head + stub_or_error(solution.name, cell.source) + tail)
    parts.append(lab_prose(solution.name, text[end:]))
    return "".join(parts).rstrip("\n") + "\n"


def stub_or_error(name: str, source: str) -> str:
    try:
        return stub(source)
    except Fault as fault:
        raise CourseError(f"{name}.md: {fault}") from None


def stub(source: str) -> str:
    """The code of a cell with a stub in place of every block between markers."""
    lines = source.splitlines()
    found = blocks(lines, BEGIN, END)
    if not found:
        return source
    try:
        tree = ast.parse(without_magics(source))
    except SyntaxError as error:
        raise Fault(f"a code cell is not valid Python: {error.msg}: {error.text}".rstrip()) from None
    for first, last in reversed(found):
        lines[first : last + 1] = stub_lines(tree, lines, first, last)
    result = "\n".join(lines)
    try:
        ast.parse(without_magics(result))
    except SyntaxError:
        raise Fault(f"without the solution the cell is not valid Python; put {BEGIN} before whole statements") from None
    return result


def blocks(lines: list[str], begin: str, end: str) -> list[tuple[int, int]]:
    """Places of the lines with the markers, in pairs."""
    found, first = [], None
    for place, line in enumerate(lines):
        word = line.strip()
        if word == begin and first is None:
            first = place
        elif word == end and first is not None:
            found.append((first, place))
            first = None
        elif word in (begin, end):
            raise Fault(f"{word} without its partner; write {begin} above the solution and {end} below it, in one cell")
        elif LIKE_A_MARKER.match(word):
            raise Fault(f"{word!r} is no marker and would show the solution; write exactly {begin} or {end}")
    if first is not None:
        raise Fault(f"{begin} without its partner; write {end} below the solution, in the same cell")
    return found


def stub_lines(tree: ast.Module, lines: list[str], first: int, last: int) -> list[str]:
    margin = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    code = [line for line in lines[first + 1 : last] if line.strip() and not line.lstrip().startswith("#")]
    if not code:
        raise Fault(f"nothing stands between {BEGIN} and {END}; write the solution there, or delete the markers")
    if not lines[last].startswith(margin + "#") or not all(line.startswith(margin) for line in code):
        raise Fault(f"{BEGIN} and {END} stand at different depths; give both the indentation of the solution")
    # Lines count from 1. A comment at its end is no part of a function, but the line after BEGIN is.
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS) and node.lineno <= first < (node.end_lineno or 0) - 1
    ]
    if around:
        innermost = max(around, key=lambda node: node.lineno)
        return [f'{margin}raise NotImplementedError("{innermost.name}: your code goes here")']
    names = assigned_names(tree, first + 1, last + 1)
    if not names:
        raise Fault(
            f"the stub would be empty: the solution that begins with {code[0].strip()!r} stands in no function and "
            "assigns no name; assign its result to a name"
        )
    return [f"{margin}{name} = ..." for name in names]


def assigned_names(tree: ast.Module, first: int, last: int) -> list[str]:
    """The names that statements between two lines give a value outside of functions, in order."""
    names, waiting = [], list(tree.body)
    while waiting:
        node = waiting.pop(0)
        inside = first < node.lineno < last
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and inside:
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            stored = [part for target in targets for part in ast.walk(target) if inside]
            names += [part.id for part in stored if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
        elif not isinstance(node, FUNCTIONS):
            waiting[:0] = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
    return list(dict.fromkeys(names))


def lab_prose(name: str, text: str) -> str:
    """Prose without what is for readers of the solution, with the lab's title and links."""
    lines = text.split("\n")
    try:
        found = blocks(lines, PROSE_BEGIN, PROSE_END)
    except Fault as fault:
        raise CourseError(f"{name}.md: {fault}") from None
    for first, last in reversed(found):
        blank = last + 1 < len(lines) and not lines[last + 1].strip()
        del lines[first : last + 1 + blank]
    text = "\n".join(lines)
    text = re.sub(f"^{SOLUTION_TITLE}", LAB_TITLE, text, count=1, flags=re.MULTILINE)
    return LINK.sub(lambda link: f"]({one_folder_higher(link.group(1))})", text)


def one_folder_higher(target: str) -> str:
    """A link of labs/solutions/x.md as labs/x.md has to write it."""
    return target.removeprefix("../") if target.startswith("../") else f"solutions/{target}"


def without_markers(source: str) -> str:
    """What readers of the solution see, in code and in prose."""
    return "\n".join(line for line in source.split("\n") if line.strip() not in MARKERS)


def check_solution(project: Project, page: Page) -> list[str]:
    """Everything that keeps a solution from becoming a lab."""
    stem = page.name.removeprefix(SOLUTIONS)
    problems = []
    try:
        lab_text(page)
    except CourseError as error:
        problems += error.lines
    sources = [cell.source for cell in page.code_cells]
    wanted = [f'check = lab("{stem}")', "write it in the first cell after the set-up"]
    if not any(wanted[0] in source.splitlines() for source in sources):
        problems.append(f"{page.name}.md: does not say which lab it is; {wanted[1]}: {wanted[0]}")
    declaration = f"course_lib/exercises/lab_{stem}"
    if not any((project.root / f"{declaration}{end}").is_file() for end in (".py", "/__init__.py")):
        problems.append(f"{page.name}.md: a solution without a lab; declare its exercises in {declaration}.py")
    if not any(line.strip() == BEGIN for source in sources for line in source.splitlines()):
        problems.append(f"{page.name}.md: nothing to solve; put {BEGIN} and {END} around what the student writes")
    if not any("claim" in tags(cell) and "assert check.passed" in cell.source for cell in page.code_cells):
        problems.append(
            f"{page.name}.md: nothing says that the solution is right; end with a claim: assert check.passed"
        )
    if not page.title.startswith(SOLUTION_TITLE.removeprefix("# ")):
        problems.append(
            f"{page.name}.md: the title must begin with {SOLUTION_TITLE!r}; the lab's begins with {LAB_TITLE!r}"
        )
    return problems


def check_work(project: Project) -> list[str]:
    """Labs that somebody has filled in where they lie: a derived notebook has never been executed."""
    problems = []
    for name in filter(is_lab, project.notebooks):
        notebook = read_json(project.root / f"{name}.ipynb") or {}
        if any(cell.get("execution_count") or cell.get("outputs") for cell in notebook.get("cells", [])):
            problems.append(
                f"{name}.ipynb: has been executed, so it may hold somebody's work; move it out of {LABS}, "
                "then run: course sync"
            )
    return problems


def check_no_markers(page: Page) -> list[str]:
    """A lecture has no solutions: there the markers would be shown, and nothing be derived."""
    lines = [line.strip() for cell in page.notebook.cells for line in cell.source.splitlines()]
    if any(marker in lines for marker in MARKERS):
        return [f"{page.name}.md: solution markers outside of {SOLUTIONS}; move the page there or delete them"]
    return []


def lab_name(solution: str) -> str:
    """labs/solutions/02_x -> labs/02_x."""
    return LABS + solution.removeprefix(SOLUTIONS)


def lab_mend(lab: str) -> str:
    """What to do about an edit in a derived lab."""
    source = f"{SOLUTIONS}{lab.removeprefix(LABS)}.md"
    return f"holds an edit, but a lab is derived; make it in {source}, move this file away and run: course sync"
