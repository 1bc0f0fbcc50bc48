"""What a page says about its own making: the stamp under its title, and its row on the status page."""

import html
from importlib import metadata
from pathlib import Path

from course_lib.book.cache import Entry
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page, top_line

FRAMEWORKS = {"tensorflow": "TensorFlow", "keras": "Keras", "torch": "PyTorch"}


def stamp_of(page: Page, entry: Entry, graph: ImportGraph) -> str:
    """ "Executed in 23 s · 7 claims checked · PyTorch 2.13.0". No date: nothing changes where nothing changed."""
    threads = entry.data["threads"]
    return " · ".join(
        [
            f"Executed in {seconds_text(entry.seconds)}" + (f" on {threads} threads" if threads > 1 else ""),
            f"{page.n_claims} claim{'' if page.n_claims == 1 else 's'} checked",
            *versions_used(page, graph),
        ]
    )


def seconds_text(seconds: float) -> str:
    return "under a second" if seconds < 1 else f"{seconds:.0f} s"


def versions_used(page: Page, graph: ImportGraph) -> list[str]:
    """The frameworks a page imports, itself or through `course_lib`; NumPy where there is none."""
    names = page.imported_names()
    packages = {name.split(".")[0] for name in names} | graph.foreign(names)
    used = [package for package in FRAMEWORKS if package in packages]
    if not used:
        return [f"NumPy {metadata.version('numpy')}"]
    return [f"{FRAMEWORKS[package]} {version_of(package)}" for package in used]


def version_of(package: str) -> str:
    """The installed version, without a build suffix such as +cpu."""
    distribution = metadata.packages_distributions().get(package, [package])[0]  # tensorflow may be tensorflow-cpu
    return metadata.version(distribution).split("+")[0]


def with_stamp(source: str, stamp: str) -> str:
    """The stamp stands below the line under the title."""
    lines = source.split("\n")
    place = top_line(lines)
    if place is None:
        return source
    lines[place + 1 : place + 1] = ["", f'<p class="page-stamp">{html.escape(stamp)}</p>']
    return "\n".join(lines)


def status_table(pages: list[Page], entries: dict[str, Entry], where: Path) -> str:
    """All pages with seconds, claims and words, as a Markdown table for the page at `where`."""
    up = "../" * (len(where.parts) - 1)
    rows = ["| page | seconds | threads | claims checked | words |", "|---|---:|---:|---:|---:|"]
    for page in pages:
        entry = entries[page.name]
        rows.append(
            f"| [{page.title}]({up}{page.name}.ipynb) | {entry.seconds:.1f} | {entry.data['threads']} "
            f"| {page.n_claims} | {page.n_words:,} |"
        )
    seconds = sum(entries[page.name].seconds for page in pages)
    words = sum(page.n_words for page in pages)
    rows.append(f"| **all pages** | **{seconds:.1f}** | | **{sum(p.n_claims for p in pages)}** | **{words:,}** |")
    return "\n".join(rows)
