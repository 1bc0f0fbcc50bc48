"""Results of full runs: PAGE.full.json beside the page, and whether it was made by the code as it stands.

A full run takes the values from the cells tagged `result`. The file says where and when, with which parameters, and
holds a digest of the code. That covers what can change the numbers: the cells up to the last one tagged `result`,
without those that install, claim or show, and the modules of `course_lib` that they reach, without those that draw.
Versions of packages, processor and threads are left out: they are no matter of this page's code.
"""

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course_lib.book.imports import ImportGraph, Reach, read_cells
from course_lib.book.pages import Page, tags
from course_lib.book.project import PAGE_FOLDERS, Project
from course_lib.common.errors import CourseError
from course_lib.common.files import digest_json, digest_of, write_whole
from course_lib.common.notebooks import without_magics

ORIGINS = ("run", "prose")
READS = "full_results"  # the function of course_lib.results by which a page shows them
PAGE_NAME = re.compile(rf"['\"]((?:{'|'.join(PAGE_FOLDERS)})/[^'\"]+)['\"]")
SHOWING = ("course_lib.plots", "course_lib.results")  # modules that change no number


def path_of(project: Project, name: str) -> Path:
    return project.root / f"{name}.full.json"


def assigned_names(source: str) -> list[str]:
    """The names that a cell assigns at its top level, without those that begin with an underscore."""
    names: dict[str, None] = {}
    for node in ast.parse(without_magics(source)).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            targets = [node.target]
        for part in (part for target in targets for part in ast.walk(target)):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and not part.id.startswith("_"):
                names[part.id] = None
    return list(names)


def collected(notebook: str) -> tuple[dict[str, Any], str]:
    """The values that an executed notebook carries in the metadata of its cells, and the machine; empty without any."""
    values, machine = {}, ""
    for cell in json.loads(notebook)["cells"]:
        found = cell["metadata"].get("results", {})
        values |= found.get("values", {})
        machine = found.get("machine", machine)
    return values, machine


def write_results(
    project: Project,
    page: Page,
    values: dict[str, Any],
    origin: str = "run",
    machine: str = "",
    date: str = "",
    seconds: float | None = None,
    code: str | None = None,
) -> dict[str, Any]:
    """Write PAGE.full.json and return its content.

    date: today where there is none. code: the digest of the code that made them; none for values from prose.
    """
    content = {
        "origin": origin,
        "values": values,
        "machine": machine,
        "date": date or datetime.now(UTC).date().isoformat(),
        "seconds": None if seconds is None else round(seconds, 1),
        "parameters": page.parameters("full"),
        **({} if code is None else {"code": code}),
    }
    keep(project, page.name, content)
    return content


def keep(project: Project, name: str, content: dict[str, Any]) -> None:
    text = json.dumps(checked(content, f"{name}.full.json"), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(path_of(project, name), text + "\n")


def read_results(project: Project, name: str) -> dict[str, Any] | None:
    """The content of a page's file, or None where there is none. CourseError where it is not what it should be."""
    path = path_of(project, name)
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CourseError(f"{name}.full.json: not valid JSON ({error}); restore it, or run: {again(name)}") from None
    return checked(content, f"{name}.full.json")


def checked(content: Any, where: str) -> dict[str, Any]:
    """The content itself; CourseError for the first thing that is wrong with it."""
    kinds = {
        "origin": str, "values": dict, "machine": str, "date": str, "seconds": (int, float, type(None)),
        "parameters": dict,
    }  # fmt: skip
    wrong = "expected keys and values" if not isinstance(content, dict) else ""
    for key, kind in kinds.items():
        if not wrong and not isinstance(content.get(key, ...), kind):
            wrong = f"{key} is missing, or of another kind"
    if not wrong and content["origin"] not in ORIGINS:
        wrong = f"origin is {content['origin']!r}; it says {' or '.join(ORIGINS)}"
    if not wrong and (unknown := sorted(content.keys() - kinds.keys() - {"code"})):
        wrong = f"nobody reads {', '.join(unknown)}; delete it"
    if wrong:
        raise CourseError(f"{where}: {wrong}")
    return content


def again(name: str) -> str:
    return f"course run {name} --profile full"


def numbers_of(value: Any) -> set[float]:
    """Every number in some values, at any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(numbers_of, value)) if value else set()
    return {float(value)} if isinstance(value, (int, float)) and not isinstance(value, bool) else set()


def code_digest(page: Page, graph: ImportGraph) -> str:
    """The digest that answers: was it this code?"""
    cells = list(computing_cells(page))
    reach = graph.reach(read_cells(cells, f"{page.name}.md"))
    kept = Reach({name for name in reach.modules if not name.startswith(SHOWING)})
    passed = {name: target for name, target in reach.passed.items() if not name.startswith(SHOWING)}
    sources = [cell.source for cell in cells if "parameters" not in tags(cell)]
    return digest_json([sources, full_parameters(page), graph.digests(kept), passed])


def computing_cells(page: Page) -> Iterator[NotebookNode]:
    """The cells on which the results can depend."""
    cells = page.code_cells
    last = max((number for number, cell in enumerate(cells) if "result" in tags(cell)), default=len(cells) - 1)
    for cell in cells[: last + 1]:
        if "result" in tags(cell) or not ({"setup", "claim"}.intersection(tags(cell)) or readings(cell)):
            yield cell


def readings(cell: NotebookNode) -> list[ast.Call]:
    """The calls by which a cell reads full results; an import of the function is none."""
    if READS not in cell.source:
        return []
    calls = (node for node in ast.walk(ast.parse(without_magics(cell.source))) if isinstance(node, ast.Call))
    return [call for call in calls if ast.unparse(call.func).rpartition(".")[-1] == READS]


def full_parameters(page: Page) -> dict[str, Any]:
    """What the parameters are in a full run: another quick value changes nothing where there is a full one."""
    values: dict[str, Any] = {}
    for cell in page.code_cells:
        for node in ast.parse(without_magics(cell.source)).body if "parameters" in tags(cell) else ():
            for name in assigned_names(ast.unparse(node)):
                values[name] = ast.unparse(node)
    return values | page.parameters("full")


def files_read(project: Project, page: Page) -> dict[str, str]:
    """Path -> digest of the files of full results that a page may show: its own, and any that it names."""
    names = {page.name}
    for cell in page.code_cells:
        for call in readings(cell):
            said = call.args[0] if call.args else None
            if not isinstance(said, ast.Constant):
                raise CourseError(f"{page.name}.md: {READS} takes the path of a page, written out")
        names |= set(PAGE_NAME.findall(cell.source))  # under whatever name it imports the function
    paths = (path_of(project, name) for name in sorted(names))
    return {path.relative_to(project.root).as_posix(): digest_of(path) for path in paths if path.is_file()}


def said_of_results(project: Project, page: Page, graph: ImportGraph) -> list[str]:
    """What the stamp says of a page's full results: one part, or none."""
    content = read_results(project, page.name)
    if content is None:
        return []
    said = f"full run of {content['date']}" + (f" on {content['machine']}" if content["machine"] else "")
    if content["origin"] == "prose":
        return [f"{said}, taken over from the text"]
    return [
        said
        if content.get("code") == code_digest(page, graph)
        else f"{said}, made with an earlier version of this page"
    ]
