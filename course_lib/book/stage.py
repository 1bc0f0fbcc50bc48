"""The staging folder Sphinx builds from: present text, cached outputs."""

import copy
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

from course_lib.book.address import Address, present_address, staged_config
from course_lib.book.cache import Entry, cache_key, entry_of
from course_lib.book.imports import ImportGraph
from course_lib.book.labs import without_markers
from course_lib.book.pages import Page, read_pages, tags
from course_lib.book.project import Project
from course_lib.book.published import open_in_colab, say_why_no_link
from course_lib.book.results import said_of_results
from course_lib.book.stamp import stamp_of, status_table, with_stamp
from course_lib.common.errors import CourseError
from course_lib.common.files import files_below, read_text, write_if_changed

STATUS_MARK = "<!-- status table -->"
# What the line says under which a cell's code is folded, by tag. The style sheet puts a tick before a claim.
FOLDED = {"claim": "checked claim", "setup": "set-up"}
LAB_LABEL = "For you to fill in. Nothing on this page has been executed."


def stage(project: Project, folder: Path) -> None:
    """Bring `folder` to the present state, writing only files whose bytes change."""
    graph, address = ImportGraph(project.root), present_address(project)
    pages = read_pages(project)
    executed = [page for page in pages if not page.is_lab]
    found = {page.name: valid_entry(project, page, graph) for page in executed}
    entries = {name: entry for name, entry in found.items() if entry is not None}
    missing = [name for name in found if name not in entries]
    if missing:
        raise CourseError(*(f"{name}.ipynb: not executed as it stands; run: course run" for name in missing))

    staged = {Path("_config.yml"), Path("_toc.yml")}
    for page in pages:
        if page.is_lab:
            notebook = presented(project, page, LAB_LABEL, address)
        else:
            entry = entries[page.name]
            stamp = stamp_of(page, entry, said_of_results(project, page, graph))
            notebook = with_outputs(project, page, entry, stamp, address)
        path = Path(f"{page.name}.ipynb")
        write_if_changed(folder / path, nbformat.writes(notebook) + "\n")
        staged.add(path)
    for path in plain_files(project):
        staged.add(path)
        if path.suffix == ".md":
            text = read_text(project.root / path)
            if STATUS_MARK in text:
                text = text.replace(STATUS_MARK, status_table(executed, entries, path))
            write_if_changed(folder / path, text)
        else:
            write_if_changed(folder / path, (project.root / path).read_bytes())
    config = yaml.safe_dump(staged_config(project, address), sort_keys=False, allow_unicode=True)
    write_if_changed(folder / "_config.yml", config)
    write_if_changed(folder / "_toc.yml", read_text(project.root / "_toc.yml"))
    for path in list(files_below(folder)):
        if path.relative_to(folder) not in staged:
            path.unlink()


def valid_entry(project: Project, page: Page, graph: ImportGraph) -> Entry | None:
    entry = entry_of(project, page.name)
    return entry if entry.load(cache_key(project, page, graph)) else None


def plain_files(project: Project) -> list[Path]:
    """Plain pages of the table of contents, the 404 page, and what the theme is given."""
    notebooks = set(project.notebooks)
    paths = [Path(f"{name}.md") for name in project.toc if name not in notebooks]
    paths += [Path(name) for name in ("404.md",) if (project.root / name).is_file()]
    for folder in ("_static", "_templates"):
        paths += [path.relative_to(project.root) for path in files_below(project.root / folder)]
    return [path for path in paths if path.suffix != ".pyc"]


def with_outputs(project: Project, page: Page, entry: Entry, stamp: str, address: Address | None) -> NotebookNode:
    """Text and metadata from the present page, outputs from the cache, cell by cell."""
    notebook = presented(project, page, stamp, address)
    executed = [
        cell for cell in entry.notebook.cells if cell.cell_type == "code" and "injected-parameters" not in tags(cell)
    ]
    for cell, result in zip((cell for cell in notebook.cells if cell.cell_type == "code"), executed, strict=True):
        cell.outputs, cell.execution_count = result.outputs, result.execution_count
    return notebook


def presented(project: Project, page: Page, stamp: str, address: Address | None) -> NotebookNode:
    """The page as readers see it, without outputs: stamped, some cells folded, no markers."""
    notebook = copy.deepcopy(page.notebook)
    if address:
        open_in_colab(notebook, page.name, address)
    else:
        say_why_no_link(project, notebook, page.name)
    for cell in notebook.cells:
        if page.is_solution:
            cell.source = without_markers(cell.source)
        for tag, prompt in FOLDED.items():
            if tag in tags(cell):
                prompts = {"code_prompt_show": prompt, "code_prompt_hide": prompt}
                cell.metadata["tags"] = [*tags(cell), "hide-input"]
                cell.metadata["mystnb"] = {**cell.metadata.get("mystnb", {}), **prompts}
    title = notebook.cells[0]
    title.source = with_stamp(title.source, stamp)
    return notebook
