"""What a page says about its own making: the stamp under its title, and its row on the status page."""

import html
import platform
from pathlib import Path

from course_lib.book.cache import Entry
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page, top_line

FRAMEWORKS = ("tensorflow", "keras", "torch")
TITLES = {"tensorflow": "TensorFlow", "keras": "Keras", "torch": "PyTorch", "numpy": "NumPy"}


def stamp_of(page: Page, entry: Entry, results: list[str]) -> str:
    """ "Executed in 23 s · 7 claims checked · PyTorch 2.13.0". No date: nothing changes where nothing changed.

    results: what there is to say of full results, which have a date.
    """
    threads = entry.data["threads"]
    return " · ".join(
        [
            f"Executed in {seconds_text(entry.seconds)}" + (f" on {threads} threads" if threads > 1 else ""),
            f"{page.n_claims} claim{'' if page.n_claims == 1 else 's'} checked",
            *entry.data["made_with"],
            *results,
        ]
    )


def seconds_text(seconds: float) -> str:
    return "under a second" if seconds < 1 else f"{seconds:.0f} s"


def made_with(page: Page, graph: ImportGraph) -> list[str]:
    """The frameworks that a page imports at once, itself or through `course_lib`; NumPy or Python where there is none.

    As they are installed now: to be noted at the run, and read from its record afterwards.
    """
    imported = graph.imported_at_once(graph.source_of_page(page))
    used = [name for name in FRAMEWORKS if name in imported] or [name for name in ("numpy",) if name in imported]
    versions = {TITLES[name]: graph.packages.version_of(name) for name in used}
    versions = versions or {"Python": platform.python_version()}
    return [f"{title} {version.split('+')[0]}" for title, version in versions.items() if version]  # no +cpu


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
