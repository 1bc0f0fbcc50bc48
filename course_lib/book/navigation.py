"""What follows from the table of contents: the map of the course, the schedule for teachers, and redirects.

`_toc.yml` is the source, with `lectures/chapters.yml` for what it cannot say: a line about each chapter, also those in
preparation, and the addresses that pages had before.
"""

import html
import posixpath
import re
from collections.abc import Callable
from pathlib import Path

from course_lib.book.address import Address
from course_lib.book.contents import Part
from course_lib.book.pages import Page, top_line
from course_lib.book.project import Project, is_lab, read_yaml
from course_lib.common.errors import CourseError
from course_lib.common.files import read_text, write_if_changed

SETTINGS = "lectures/chapters.yml"
LECTURES = "lectures/"
BLOCK = re.compile(r"(<!-- BEGIN (\w+)\b[^>]*-->\n)(.*?)(^<!-- END \2 -->)", re.MULTILINE | re.DOTALL)
BEGINS = re.compile(r"^<!-- BEGIN (map|schedule)\b", re.MULTILINE)
SUFFIX = re.compile(r"\.(html|md|ipynb)$")
LINKED = re.compile(r"\]\(([^)\s#]+)\.(?:ipynb|md)")


def settings(project: Project) -> dict:
    """`lectures/chapters.yml`; a checkout without it has no chapters in preparation and no redirects."""
    return read_yaml(project.root / SETTINGS) if (project.root / SETTINGS).is_file() else {}


def chapters(project: Project) -> list[Part]:
    """The parts that hold a lecture."""
    return [part for part in project.contents.parts if any(name.startswith(LECTURES) for name in part.documents)]


def navigation_files(project: Project, pages: dict[str, str]) -> dict[str, str]:
    """Path -> text of every plain page that has a derived block. `pages` are the texts of the notebook pages."""
    files, notebooks = {}, set(project.notebooks)
    makers: dict[str, Callable[[str], str]] = {
        "map": lambda path: course_map(project),
        "schedule": lambda path: schedule(project, pages, path),
    }
    for name in project.toc:
        path = f"{name}.md"
        if name in notebooks or not (project.root / path).is_file():
            continue
        text = read_text(project.root / path)
        begun = BEGINS.findall(text)
        if begun:
            found = {match[2] for match in BLOCK.finditer(text)}
            for missing in sorted(set(begun) - found):
                raise CourseError(f"{path}: the block {missing} has no end; write <!-- END {missing} --> under it")
            files[path] = BLOCK.sub(
                lambda match, path=path: (
                    match[1] + makers[match[2]](path) + match[4] if match[2] in makers else match[0]
                ),
                text,
            )
    return files


def course_map(project: Project) -> str:
    """A card for each chapter, in the order of the settings. A chapter is a link as soon as it has a page."""
    first = {part.caption: next(n for n in part.documents if n.startswith(LECTURES)) for part in chapters(project)}
    lines = ["::::{grid} 1 1 2 2", ":gutter: 2", ":class-container: chapters", ""]
    for name, about in (settings(project).get("chapters") or dict.fromkeys(first, "")).items():
        lines.append(f":::{{grid-item-card}} {name}")
        if name in first:
            lines += [f":link: {first[name]}", ":link-type: doc", str(about)]
        else:
            lines.append(f"{about} {{bdg-light}}`in preparation`")
        lines += [":::", ""]
    return "\n".join(["", *lines[:-1], "::::", "", ""])


def schedule(project: Project, pages: dict[str, str], path: str) -> str:
    """One week for a lecture. A lab stands beside the last page that it needs, else beside the one above it."""
    order = {name: place for place, name in enumerate(project.toc)}
    lectures = [name for name in order if name.startswith(LECTURES)]
    beside: dict[str, list[str]] = {name: [] for name in lectures}
    for lab in filter(is_lab, order):
        above = [name for name in lectures if order[name] < order[lab]] or lectures
        needed = [name for name in needs(pages, lab) if name in beside] or above
        if needed:
            beside[max(needed, key=order.__getitem__)].append(lab)

    def link(name: str) -> str:
        title = Page(name, pages[f"{name}.md"]).title.removeprefix("Lab: ") if f"{name}.md" in pages else name
        return f"[{title[:1].upper()}{title[1:]}]({posixpath.relpath(name, posixpath.dirname(path))}.ipynb)"

    lines = ["| week | page | lab |", "|---:|---|---|"]
    for week, (name, labs) in enumerate(beside.items(), start=1):
        lines.append(f"| {week} | {link(name)} | {', '.join(map(link, labs))}{' ' if labs else ''}|")
    return "\n".join(["", *lines, "", ""])


def needs(pages: dict[str, str], lab: str) -> list[str]:
    """The pages that the line under the lab's title links to."""
    page = Page(lab, pages[f"{lab}.md"]) if f"{lab}.md" in pages else None
    lines = page.notebook.cells[0].source.split("\n") if page else []
    place = top_line(lines)
    targets = LINKED.findall(lines[place]) if place is not None else []
    return [posixpath.normpath(posixpath.join(posixpath.dirname(lab), target)) for target in targets]


# ---- Redirects ---------------------------------------------------------------------------------------------------


def redirects(project: Project) -> dict[str, str]:
    """Page that was -> page that is, both without suffix."""
    table = settings(project).get("redirects") or {}
    return {SUFFIX.sub("", str(old)): SUFFIX.sub("", str(new)) for old, new in table.items()}


def check_settings(project: Project) -> list[str]:
    """Everything wrong with `lectures/chapters.yml`."""
    content, table, problems = settings(project), redirects(project), []
    for unknown in sorted(set(content) - {"chapters", "redirects"}):
        problems.append(f"the key {unknown} is unknown; known are chapters and redirects")
    if "chapters" in content:
        for part in chapters(project):
            if part.caption not in content["chapters"]:
                problems.append(f"no line about the chapter {part.caption}; write `{part.caption}: …` under chapters")
    for old, new in table.items():
        if old.startswith("/") or ".." in old.split("/"):
            problems.append(f"redirects {old}, which is no address below the site; write it like lectures/…/page")
        if old in project.toc:
            problems.append(f"redirects {old}, but the page is there; delete the line")
        if new in table:
            problems.append(f"redirects {old} to {new}, which is redirected itself; write {old}: {table[new]}")
        elif new not in project.toc:
            problems.append(f"redirects {old} to {new}, but there is no such page in _toc.yml; name one")
    return [f"{SETTINGS}: {problem}" for problem in problems]


REDIRECT = """\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="canonical" href="{canonical}">
<meta name="robots" content="noindex">
<script>location.replace("{target}" + location.hash)</script>
<meta http-equiv="refresh" content="0; url={target}">
</head>
<body><main><h1>{title}</h1><p>This page has a new address: <a href="{target}">{target}</a></p></main></body>
</html>
"""


def write_redirects(project: Project, site: Path, address: Address | None) -> None:
    """A small page at each old address. It sends the reader on, to the same heading where there is a script."""
    for old, new in redirects(project).items():
        target = html.escape(posixpath.relpath(f"{new}.html", posixpath.dirname(old)))
        canonical = html.escape(f"{address.site}{new}.html") if address else target
        page = REDIRECT.format(language="en", title="Moved", target=target, canonical=canonical)
        write_if_changed(site / f"{old}.html", page)
