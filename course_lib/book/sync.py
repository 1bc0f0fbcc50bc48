"""Derive what is derived: every `.ipynb`, labs from solutions, the map and the schedule from the contents.

Nothing that somebody wrote is overwritten: an edit that stands in a derived file only is named, with the way back.
"""

import json
from pathlib import Path

from course_lib.book.address import Address, tracked_address
from course_lib.book.labs import check_no_markers, check_solution, check_work, lab_mend, lab_name, lab_text
from course_lib.book.lint import check_contents, check_names, check_page
from course_lib.book.navigation import check_settings, navigation_files
from course_lib.book.pages import Page, read_page
from course_lib.book.pairs import read_notebook, written
from course_lib.book.project import Project, is_lab, is_solution
from course_lib.book.published import canonical, notebook_text, with_address
from course_lib.common.errors import CourseError
from course_lib.common.files import write_whole


def derived_files(project: Project) -> dict[str, str]:
    """Path -> text of every file that sync writes."""
    files, address = {}, tracked_address(project)
    for page in derived_pages(project):
        files[f"{page.name}.md"] = page.text
        files[f"{page.name}.ipynb"] = derived_notebook(project, page, address)
    return files | navigation_files(project, {path: text for path, text in files.items() if path.endswith(".md")})


def derived_pages(project: Project) -> list[Page]:
    """Every page as it is tracked, each solution with its lab."""
    pages = []
    for name in project.sources:
        page = Page(name, canonical(read_page(project, name).text))
        pages.append(page)
        if is_solution(name):
            pages.append(Page(lab_name(name), lab_text(page)))
    return pages


def derived_notebook(project: Project, page: Page, address: Address | None) -> str:
    """The text of the tracked `.ipynb`."""
    return notebook_text(with_address(project, page, address))


def sync(project: Project) -> list[str]:
    """Write what differs; return the paths written."""
    if problems := check_work(project) + check_names(project):
        raise CourseError(*problems)
    files = derived_files(project)
    if edits := edited_files(project, files):
        raise CourseError(*edits.values())
    stale = [path for path in files if text_of(project.root / path) != files[path]]
    for path in stale:
        write_whole(project.root / path, files[path])
    return stale


def check(project: Project) -> None:
    """Raise with one line for everything an author must mend before pages run."""
    problems = check_contents(project) + check_names(project) + check_settings(project) + check_work(project)
    for name in project.sources:
        page = read_page(project, name)
        found = check_page(page)
        if not found:  # a page with a broken header has no cells to look at
            found = check_solution(project, page) if page.is_solution else check_no_markers(page)
        problems += found
    if not problems:  # a page with a broken header has no notebook to compare
        files = derived_files(project)
        edits = edited_files(project, files)
        problems += edits.values()
        for path in files:
            if path in edits:
                continue
            present = text_of(project.root / path)
            if present is None:
                problems.append(f"{path}: missing; run: course sync")
            elif present != files[path]:
                problems.append(f"{path}: stale, it is not what its source says; run: course sync")
    if problems:
        raise CourseError(*problems)


def text_of(path: Path) -> str | None:
    """The text as it is, a mark at its beginning included, but with plain newlines; None where there is no file."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def edited_files(project: Project, files: dict[str, str]) -> dict[str, str]:
    """Path -> problem for derived files that hold what somebody wrote there and nowhere else."""
    edits = {}
    for path, text in files.items():
        name, _, kind = path.rpartition(".")
        present = text_of(project.root / path)
        if present in (None, text):
            continue
        if kind == "ipynb" and notebook_was_edited(project, Page(name, files[f"{name}.md"]), text):
            edits[path] = f"{path}: {lab_mend(name) if is_lab(name) else page_mend(name)}"
        elif kind == "md" and is_lab(name) and lab_was_edited(project, Page(name, present)):
            edits[path] = f"{path}: {lab_mend(name)}"
    return edits


def notebook_was_edited(project: Project, page: Page, text: str) -> bool:
    """Whether the notebook on the disk says what neither its source nor an earlier one says."""
    found = written(read_notebook(project.root / f"{page.name}.ipynb", f"{page.name}.ipynb"))
    return not (found.vouched_for or found.says(written(page.notebook)) or found.says(written(json.loads(text))))


def lab_was_edited(project: Project, present: Page) -> bool:
    """Whether a lab's `.md` says something else than the notebook that was derived with it."""
    path = project.root / f"{present.name}.ipynb"
    if not path.is_file():
        return True  # nobody can know
    found = written(read_notebook(path, f"{present.name}.ipynb"))
    if not found.vouched_for:
        return False  # the notebook has been edited, and is named
    derived = (with_address(project, present, address) for address in (None, tracked_address(project)))
    return not any(found.says(written(notebook)) for notebook in derived)


def page_mend(name: str) -> str:
    return (
        f"holds an edit that {name}.md lacks; carry it over with: course sync --take {name}.ipynb "
        f"(or move the notebook away, and {name}.md stays as it is)"
    )
