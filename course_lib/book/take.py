"""Carry an edit that somebody made in the notebook (Colab, VS Code) back into its source."""

import re
import tempfile
from pathlib import Path

import jupytext
import nbformat
import yaml

from course_lib.book.address import git, present_address, tracked_address
from course_lib.book.labs import CODE_CELL, lab_mend
from course_lib.book.pages import Page
from course_lib.book.pairs import OPTIONS, read_notebook, written
from course_lib.book.project import PAGE_FOLDERS, Project, has_kernel, is_lab
from course_lib.book.published import canonical, make_links_relative
from course_lib.book.sync import derived_notebook
from course_lib.common.errors import CourseError
from course_lib.common.files import read_text, write_if_changed, write_whole

HEADER = """\
---
jupytext:
  formats: md:myst,ipynb
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
HEADER_BLOCK = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*\n", re.MULTILINE | re.DOTALL)
COURSE_BLOCK = re.compile(r"^course:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)


def take(project: Project, given: str) -> list[str]:
    """Write what stands in the notebook into its `.md`, and derive the notebook anew. Return lines for the person.

    Where the source has edits of its own, both are kept: git knows what they have in common. Where it does not, the
    text that is replaced is kept in `_build/replaced`.
    """
    name = page_name(project, given)
    notebook = read_notebook(project.root / f"{name}.ipynb", f"{name}.ipynb")
    source = project.root / f"{name}.md"
    old = canonical(read_text(source)) if source.is_file() else None
    if old is not None and not has_kernel(source):
        raise CourseError(f"{name}.md: its header names no kernel; give it the header of another page, then try again")
    taken = source_text(project, name, notebook, old)
    advice = []
    if old is not None:
        if written(notebook).vouched_for:
            raise CourseError(f"{name}.ipynb: nobody has edited it since it was derived; run: course sync")
        base = committed(project, name)
        if base is None and old != taken:
            write_whole(project.build / "replaced" / f"{name}.md", old)
            advice = [f"the text it replaced is in _build/replaced/{name}.md"]
        elif base is not None:
            advice = [f"look at what it brings: git diff {name}.md"]
            taken = merged(project, name, old, base, taken) if old != base else taken
    notebook_text = derived_notebook(project, Page(name, taken), tracked_address(project))
    files = {f"{name}.md": taken, f"{name}.ipynb": notebook_text}
    return [f"wrote {path}" for path, text in files.items() if write_if_changed(project.root / path, text)] + advice


def page_name(project: Project, given: str) -> str:
    """The page's name, from a path as a person types it: from here or from the top of the checkout."""
    for path in (Path.cwd() / given, project.root / given):
        path = path.resolve().with_suffix(".ipynb")
        if path.is_file() and path.is_relative_to(project.root):
            name = path.relative_to(project.root).with_suffix("").as_posix()
            break
    else:
        raise CourseError(
            f"{given}: not found; name a notebook of the course: course sync --take lectures/…/page.ipynb"
        )
    if name.split("/")[0] not in PAGE_FOLDERS:
        raise CourseError(f"{name}.ipynb: no page of the course; pages stand in {', '.join(PAGE_FOLDERS)}")
    if is_lab(name):
        raise CourseError(f"{name}.ipynb: {lab_mend(name)}")
    return name


def source_text(project: Project, name: str, notebook: dict, old: str | None) -> str:
    """The notebook as MyST Markdown. Header and options that nobody touched keep the form they have in `old`."""
    new = {
        "markdown": nbformat.v4.new_markdown_cell,
        "code": nbformat.v4.new_code_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    cells = [new[cell.kind](cell.source, metadata=cell.options) for cell in written(notebook).cells]
    plain = nbformat.v4.new_notebook(cells=cells)
    plain.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}  # ```{code-cell} ipython3
    address = present_address(project)
    if address:
        make_links_relative(project, plain, name, address)
    body = HEADER_BLOCK.sub("", jupytext.writes(plain, fmt="md:myst"), count=1).lstrip("\n")
    found = HEADER_BLOCK.match(old or "")
    header = with_course(found.group() if found else HEADER, written(notebook).header)
    text = canonical(f"{header}\n{body}".rstrip("\n") + "\n")
    return with_heads_of(old, text) if old else text


def with_course(header: str, course: dict) -> str:
    """The header with this block `course:`, as it stands where it says the same already."""
    said = (yaml.safe_load(header.strip().strip("-")) or {}).get("course") or {}
    if not course or course == said:  # Colab drops what it does not know
        return header
    block = yaml.safe_dump(
        {"course": course}, sort_keys=False, default_flow_style=None, allow_unicode=True, width=10_000
    )
    header = COURSE_BLOCK.sub("", header)
    return f"{header.rstrip().removesuffix('---')}{block}---\n"


def with_heads_of(old: str, text: str) -> str:
    """Options of code cells in the form in which the old source writes them, wherever they say the same."""

    def parts(block: str) -> tuple[str, str, str]:
        """Fence and options as they are written, the code with all that follows, and what the options say."""
        cell = jupytext.reads(block.rstrip("\n"), fmt="md:myst").cells[0]
        head, _, tail = block.rpartition(cell.source) if cell.source else (block, "", "")
        return head, cell.source + tail, repr({key: cell.metadata[key] for key in OPTIONS if key in cell.metadata})

    heads = {}
    for found in CODE_CELL.finditer(old):
        head, code, options = parts(found.group())
        heads |= {options: head, (options, code.rstrip("\n")): head}

    def in_old_form(found: re.Match) -> str:
        head, code, options = parts(found.group())
        return heads.get((options, code.rstrip("\n")), heads.get(options, head)) + code

    return CODE_CELL.sub(in_old_form, text)


def committed(project: Project, name: str) -> str | None:
    """The source in the last commit, or None where there is none, or no git."""
    text = git(project.root, "show", f"HEAD:./{name}.md")
    return None if text is None else canonical(text.replace("\r\n", "\n"))


def merged(project: Project, name: str, mine: str, base: str, taken: str) -> str:
    """Both edits, by git's own merge; where they meet in the same lines, nothing is written."""
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        paths = [Path(folder, part) for part in ("mine", "base", "taken")]
        for path, text in zip(paths, (mine, base, taken), strict=True):
            path.write_text(text, encoding="utf-8", newline="\n")
        result = git(project.root, "merge-file", "-p", "-q", *map(str, paths))
    if result is None:
        write_whole(project.build / "taken" / f"{name}.md", taken)
        raise CourseError(
            f"{name}: the .md and the .ipynb were edited in the same place; what the notebook says is now in "
            f"_build/taken/{name}.md: bring it into {name}.md by hand, move the .ipynb away and run: course sync"
        )
    return result
