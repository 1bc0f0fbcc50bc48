"""A page's notebook for a given address: its Colab link, its install cell, and links that work after a copy.

The source knows no address. So the same source gives the notebook of every fork, and outputs do not depend on it.
"""

import copy
import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

import nbformat
from nbformat import NotebookNode

from course_lib.book.address import Address
from course_lib.book.pages import Page, read_pages, tags, top_line
from course_lib.book.pairs import give_ids
from course_lib.book.project import Project
from course_lib.common.errors import CourseError
from course_lib.common.files import write_whole

COLAB_LINK = re.compile(r"\[Open in Colab\]\([^)\s]*\)(?: · )?")
SETUP_CELL = re.compile(r"^(```\{code-cell\}[^\n]*\n:tags: \[setup\]\n)(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
INSTALL = """\
# On Colab this installs the course library; TensorFlow and PyTorch stay as they are.
try:
    import course_lib
except ModuleNotFoundError:
    %pip install -q "course-lib @ git+{url}\""""
NO_ADDRESS = """\
# In a checkout of the course its library is there; this copy does not know from where else to install it.
try:
    import course_lib
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "this notebook has no address to install course_lib from; open it in a checkout (make lab), "
        "or from the website of the course, whose notebooks have one"
    ) from None"""
WHY, WHY_PLACE = "about/setup_trouble", "a-page-has-no-link-to-colab"
LINK = re.compile(
    r"(?P<code>^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)\s*$|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r'|(?P<head>\]\(|^\[(?!\^)[^\]\n]+\]:\s+|\b(?:href|src)=")(?P<target>[^)\s"]+)',
    re.MULTILINE | re.DOTALL,
)
BRANCH_README = """\
# Notebooks for Colab

The notebooks of [the course]({site}), with links and an install cell that work in Colab.
A program writes this branch after every change of [the sources]({url}); an edit made here is lost.
"""
ELSEWHERE = re.compile(r"\w[\w+.-]*:|/")  # a scheme, or an address from the root of a host


def canonical(text: str) -> str:
    """The source as it is tracked: no Colab link, the install cell that knows no address, one newline at the end."""
    text = COLAB_LINK.sub("", text, count=1).rstrip("\n") + "\n"
    return SETUP_CELL.sub(lambda match: f"{match.group(1)}\n{NO_ADDRESS}\n```", text, count=1)


def with_address(project: Project, page: Page, address: Address | None) -> NotebookNode:
    """The notebook to hand out, without outputs. Without an address its links stay relative."""
    notebook = copy.deepcopy(page.notebook)
    if address:
        open_in_colab(notebook, page.name, address)
        make_links_absolute(project, notebook, page.name, address)
        give_ids(notebook)
    return notebook


def notebook_text(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def open_in_colab(notebook: NotebookNode, name: str, address: Address) -> None:
    """Put the link into the line under the title and the address into the install cell."""
    title = notebook.cells[0]
    lines = title.source.split("\n")
    place = top_line(lines)
    if place is not None:
        lines[place] = f"[Open in Colab]({address.colab(name)}) · {lines[place]}"
    title.source = "\n".join(lines)
    for cell in notebook.cells:
        if "setup" in tags(cell):
            cell.source = INSTALL.format(url=address.url)


def say_why_no_link(project: Project, notebook: NotebookNode, name: str) -> None:
    """On the site of a copy without an address: in place of the link to Colab, how to get one."""
    title = notebook.cells[0]
    lines = title.source.split("\n")
    place = top_line(lines)
    if place is not None:
        text = "No link to Colab?"
        if WHY in project.toc:
            text = f"[{text}]({posixpath.relpath(WHY, posixpath.dirname(name))}.md#{WHY_PLACE})"
        lines[place] = f"{text} · {lines[place]}"
    title.source = "\n".join(lines)


def make_links_absolute(project: Project, notebook: NotebookNode, name: str, address: Address) -> None:
    """To pages of the site, or to files in the repository."""
    documents = set(project.toc)

    def absolute(target: str) -> str:
        if ELSEWHERE.match(target):
            return target
        place, mark, fragment = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(place))) if place else f"{name}.md"
        stem = path.removesuffix(".md").removesuffix(".ipynb")
        if stem in documents:
            return f"{address.site}{quote(stem)}.html{mark}{fragment}"
        if path.startswith("_static/"):
            return f"{address.site}{quote(path)}{mark}{fragment}"
        return target if path.startswith("..") else f"{address.file(path)}{mark}{fragment}"

    with_targets(notebook, absolute)


def write_notebooks(project: Project, folder: Path, address: Address) -> list[str]:
    """Every notebook of the course, for the branch that Colab opens. Return the names written."""
    if folder.exists() and any(path.name != ".git" for path in folder.iterdir()):
        raise CourseError(f"{folder}: not empty; name a new folder")
    pages = read_pages(project)
    for page in pages:
        write_whole(folder / f"{page.name}.ipynb", notebook_text(with_address(project, page, address)))
    write_whole(folder / "README.md", BRANCH_README.format(site=address.site, url=address.url))
    return [page.name for page in pages]


def make_links_relative(project: Project, notebook: NotebookNode, name: str, address: Address) -> None:
    """The reverse, for a notebook that somebody edited and wants to carry back into its source."""
    notebooks, files = set(project.notebooks), address.file("")

    def relative(target: str) -> str:
        place, mark, fragment = target.partition("#")
        if place.startswith(address.site):
            path = unquote(place.removeprefix(address.site))
            stem = path.removesuffix(".html")
            if stem == name and mark:
                return f"#{fragment}"
            if stem != path:
                path = f"{stem}.{'ipynb' if stem in notebooks else 'md'}"
        elif place.startswith(files):
            path = unquote(place.removeprefix(files))
        else:
            return target
        return f"{quote(posixpath.relpath(path, posixpath.dirname(name)))}{mark}{fragment}"

    with_targets(notebook, relative)


def with_targets(notebook: NotebookNode, change: Callable[[str], str]) -> None:
    """Change the target of every link and picture in prose; code stays."""

    def changed(found: re.Match) -> str:
        return found.group() if found["code"] else found["head"] + change(found["target"])

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(changed, cell.source)
