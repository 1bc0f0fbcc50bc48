"""The course as its files stand, read once by each process that runs tests.

Nothing here may be changed by a test: it is shared.
"""

from functools import cache

import nbformat
import pytest

from course_lib.book.cache import cache_key, entry_of
from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page, read_pages
from course_lib.book.project import Project
from tests.tools import ROOT

PROJECT = Project(ROOT)
GRAPH = ImportGraph(ROOT)


@cache
def pages() -> tuple[Page, ...]:
    """Every page of the table of contents, labs and solutions included."""
    return tuple(read_pages(PROJECT))


def page_named(name: str) -> Page:
    return next(each for each in pages() if each.name == name)


@cache
def record(name: str) -> dict | None:
    """What the cache says of a page as it stands: seconds, threads; None where it is not executed."""
    return entry_of(PROJECT, name).load(cache_key(PROJECT, page_named(name), GRAPH))


@cache
def _notebook(name: str) -> nbformat.NotebookNode:
    return entry_of(PROJECT, name).notebook


def executed(name: str) -> nbformat.NotebookNode:
    """The executed notebook of a page; the test fails where there is none that fits."""
    if record(name) is None:
        pytest.fail(f"{name} is not executed as it stands; run: make book")
    return _notebook(name)
