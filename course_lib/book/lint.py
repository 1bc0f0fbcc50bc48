"""What a page must look like before it runs. Every problem is one line: the file, the fault, the mend."""

import ast
import re

import yaml

from course_lib.book.labs import lab_name
from course_lib.book.pages import COURSE_KEYS, Page, header_of, tags, top_line
from course_lib.book.project import LABS, PAGE_FOLDERS, SOLUTIONS, Project, is_lab, is_solution
from course_lib.common.errors import CourseError
from course_lib.common.notebooks import without_magics

KNOWN_TAGS = {
    "setup", "parameters", "claim", "result", "hide-input", "hide-output", "remove-input", "remove-stderr",
    "remove-cell", "nbval-ignore-output", "nbval-skip",
}  # fmt: skip
FENCED_CODE = re.compile(r"^(`{3,}|~{3,})[^\n{]*\n.*?^\1\s*$", re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(r"^\s*(?:`{3,}|~{3,}|:{3,})\{([\w:-]+)\}", re.MULTILINE)
ROLE = re.compile(r"(?<!`)\{([a-z][\w:-]*)\}`[^`\n]+`")
ALERT = re.compile(r"^\s*>\s*\[!(\w+)\]", re.MULTILINE)
HOW_LONG = re.compile(r"\b(?:seconds?|minutes?|hours?)\b")
NOT_IN_A_LINK = re.compile(r"[^\w./-]")
INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


def check_contents(project: Project) -> list[str]:
    """The table of contents against the files."""
    problems = []
    listed, labs = project.toc, {lab_name(name) for name in project.sources if is_solution(name)}
    sources = {*project.sources, *labs}
    for name in listed:
        if not (project.root / f"{name}.md").is_file() and name not in labs:
            problems.append(f"_toc.yml: lists {name}, but there is no {name}.md; write the page or delete the line")
    for name in sorted({name for name in listed if listed.count(name) > 1}):
        problems.append(f"_toc.yml: lists {name} more than once; delete all lines but one")
    for name in sorted(sources - set(listed)):
        problems.append(f"{name}.md: not in _toc.yml; add the line `- file: {name}` to its chapter")
    for name in project.notebooks:
        if is_lab(name) and name not in labs:
            source = SOLUTIONS + name.removeprefix(LABS)
            problems.append(f"{name}.md: a lab without its solution; write {source}.md, or delete the lab")
            sources.add(name)  # one line is enough
    for folder in PAGE_FOLDERS:
        for path in sorted((project.root / folder).rglob("*.ipynb")):
            name = path.relative_to(project.root).with_suffix("").as_posix()
            if ".ipynb_checkpoints" in path.parts or name in sources:
                continue
            if path.with_suffix(".md").is_file():
                problems.append(f"{name}.md: its header names no kernel; begin it with the header of another page")
            else:
                problems.append(
                    f"{name}.ipynb: has no source; make one with: course sync --take {name}.ipynb, or move it away"
                )
    return problems


def check_names(project: Project) -> list[str]:
    """Names that would break a link. A link is written by hand, so nothing in it should need an escape."""
    problems = []
    for name in project.notebooks:
        if bad := sorted(set(NOT_IN_A_LINK.findall(name))):
            shown = ", ".join("a space" if sign.isspace() else sign for sign in bad)
            better = NOT_IN_A_LINK.sub("_", name)
            problems.append(
                f"{name}.md: {shown} in a name breaks links; rename the pair to {better}.md and .ipynb, and the entry "
                "in _toc.yml"
            )
    return problems


def check_page(page: Page) -> list[str]:
    """Everything wrong with one page's source."""
    try:
        header = header_of(page)
    except yaml.YAMLError as error:
        return [f"{page.name}.md: the header is not valid YAML; {' '.join(str(error).split())}"]
    problems = []
    kernel = header.get("kernelspec") or {}
    if kernel.get("name") != "python3" or kernel.get("language") != "python":
        problems.append("the header must name the kernel: kernelspec with name: python3 and language: python")
    try:
        problems += check_header(page) + check_cells(page) + check_prose(page)
    except CourseError as error:
        return [str(error)]
    return [f"{page.name}.md: {problem}" for problem in problems]


def check_header(page: Page) -> list[str]:
    problems = []
    unknown = sorted(set(page.course) - COURSE_KEYS)
    if unknown:
        known = ", ".join(sorted(COURSE_KEYS))
        problems.append(f"unknown key {', '.join(unknown)} under course: in the header; known are {known}")
    values = assigned_parameters(page)
    for key in sorted(set(page.parameters("full")) - values):
        problems.append(
            f"the profile key {key} under course: full: is no parameter of the page; "
            f"assign it in the parameters cell ({', '.join(sorted(values)) or 'which is empty'}) or delete it"
        )
    return problems


def assigned_parameters(page: Page) -> set[str]:
    """The names that the `parameters` cell assigns."""
    names = set()
    for cell in page.code_cells:
        if "parameters" in tags(cell):
            for node in ast.parse(without_magics(cell.source)).body:
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def check_cells(page: Page) -> list[str]:
    problems = []
    page.imported_names()  # raises where a cell is not Python
    for tag, what in (("parameters", "its quick values, with a comment each"), ("setup", "the install cell")):
        count = sum(tag in tags(cell) for cell in page.code_cells)
        if count != 1 and not (page.is_solution and tag == "parameters" and count == 0):
            problems.append(f"{count} cells are tagged {tag}; tag exactly one ({what})")
    for unknown in sorted({tag for cell in page.code_cells for tag in tags(cell)} - KNOWN_TAGS):
        problems.append(f"unknown cell tag {unknown}; known are {', '.join(sorted(KNOWN_TAGS))}")
    return problems


def check_prose(page: Page) -> list[str]:
    problems = []
    prose = FENCED_CODE.sub("", page.prose)
    headings = re.findall(r"^# .+$", prose, re.MULTILINE)
    if len(headings) != 1:
        problems.append(f"{len(headings)} headings of the first level (# …); a page has exactly one")
    lines = page.notebook.cells[0].source.split("\n") if page.notebook.cells else []
    place = top_line(lines)
    if headings and (place is None or not HOW_LONG.search(lines[place])):
        problems.append("nothing says how long the page takes; write it under the title: 20 minutes to read · …")
    for kind in sorted(set(ALERT.findall(prose))):
        problems.append(
            f"the alert [!{kind}] shows its marker in Colab and JupyterLab; "
            "write a quotation that begins with **Note.** instead"
        )
    for name in sorted(set(DIRECTIVE.findall(prose))):
        problems.append(
            f"the directive {{{name}}} shows as raw text in Colab and JupyterLab; "
            "write a quotation that begins with **Note.**, a table or <details> instead"
        )
    for name in sorted(set(ROLE.findall(prose))):
        problems.append(f"the role {{{name}}}`…` shows as raw text in Colab and JupyterLab; write an ordinary link")
    for summary in re.findall(r"<summary>(.*?)</summary>", prose, re.DOTALL):
        if "$" in INLINE_CODE.sub("", summary):
            problems.append(f"mathematics inside <summary> stays raw; move it into the answer: {summary.strip()[:60]}")
    return problems
