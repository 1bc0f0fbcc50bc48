"""Derive what is derived: Colab links and install cells in the sources, labs from solutions, and every `.ipynb`."""

from course_lib.book.labs import check_no_markers, check_solution, check_work, lab_name, lab_text
from course_lib.book.lint import check_contents, check_page
from course_lib.book.pages import Page, read_page, with_links_filled
from course_lib.book.project import Project, is_solution
from course_lib.common.errors import CourseError
from course_lib.common.files import write_if_changed


def derived_files(project: Project) -> dict[str, str]:
    """Path -> text of every file that sync writes."""
    files = {}
    for name in project.sources:
        text = with_links_filled(project, name, read_page(project, name).text)
        files[f"{name}.md"] = text
        files[f"{name}.ipynb"] = Page(name, text).ipynb
        if is_solution(name):
            lab = lab_name(name)
            text = with_links_filled(project, lab, lab_text(Page(name, text)))
            files[f"{lab}.md"] = text
            files[f"{lab}.ipynb"] = Page(lab, text).ipynb
    return files


def sync(project: Project) -> list[str]:
    """Write what differs; return the paths written. Nobody's answers are overwritten."""
    if problems := check_work(project):
        raise CourseError(*problems)
    return [path for path, text in derived_files(project).items() if write_if_changed(project.root / path, text)]


def check(project: Project) -> None:
    """Raise with one line for everything an author must mend before pages run."""
    problems = check_contents(project) + check_work(project)
    for name in project.sources:
        page = read_page(project, name)
        found = check_page(page)
        if not found:  # a page with a broken header has no cells to look at
            found = check_solution(project, page) if page.is_solution else check_no_markers(page)
        problems += found
    if not problems:  # a page with a broken header has no notebook to compare
        for path, text in derived_files(project).items():
            if not (project.root / path).is_file():
                problems.append(f"{path}: missing; run: course sync")
            elif (project.root / path).read_text(encoding="utf-8") != text:
                problems.append(f"{path}: stale, it is not what its source says; run: course sync")
    if problems:
        raise CourseError(*problems)
