"""Executed notebooks, kept as long as nothing they depend on has changed."""

import platform
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from course_lib.book.imports import ImportGraph
from course_lib.book.pages import Page, tags
from course_lib.book.project import Project
from course_lib.book.results import files_read
from course_lib.common.files import digest, digest_json, read_json, write_json, write_whole
from course_lib.common.kernel import kernel_settings, processor, threads_for

# Tags that change what a run or its validation does; the others only change how a page looks.
BEHAVIOUR_TAGS = {"parameters", "result", "nbval-ignore-output", "nbval-skip"}


def cache_key(
    project: Project, page: Page, graph: ImportGraph, profile: str = "quick", data: Path | None = None
) -> str:
    """The digest of everything a page's outputs depend on. Prose is not among it."""
    reach = graph.reach(graph.source_of_page(page))
    return digest_json(
        {
            "cells": [[cell.source, sorted(BEHAVIOUR_TAGS.intersection(tags(cell)))] for cell in page.code_cells],
            "parameters": page.parameters(profile),
            "course_lib": graph.digests(reach),
            "passed on": reach.passed,
            "packages": graph.packages.versions(reach.packages),
            "python": platform.python_version(),
            "environment": kernel_settings(threads_for(page.alone), data),
            "processor": processor(),
            # What a full run writes must not make it stale.
            **({"results": files_read(project, page)} if profile == "quick" else {}),
        }
    )


@dataclass(frozen=True)
class Entry:
    """One executed notebook in the cache."""

    path: Path

    @property
    def record(self) -> Path:
        """Beside the notebook: its key, its digest, the facts of its run and whether validation reproduced it."""
        return self.path.with_suffix(".json")

    def load(self, key: str) -> dict | None:
        """The record, if the notebook was made with this key and is undamaged."""
        record = read_json(self.record)
        if not isinstance(record, dict) or record.get("key") != key or not self.path.is_file():
            return None
        return record if record.get("digest") == digest(self.path.read_bytes()) else None

    def store(self, key: str, notebook: str, **facts) -> None:
        """The notebook first, then the record that vouches for it: a kill between the two leaves no entry.

        facts: what the record says of the run, such as its seconds and the versions of the packages it was made with.
        """
        self.record.unlink(missing_ok=True)
        write_whole(self.path, notebook)
        write_json(self.record, {"key": key, "digest": digest(notebook), **facts})

    def add_reproduction(self, digest_of_it: str) -> None:
        write_json(self.record, {**self.data, "reproduced": digest_of_it})

    @property
    def data(self) -> dict:
        """The record of an entry that `load` has found valid."""
        return read_json(self.record) or {}

    @cached_property
    def notebook(self) -> nbformat.NotebookNode:
        return nbformat.read(self.path, as_version=4)

    @property
    def seconds(self) -> float:
        """How long the cells took, as papermill measured them; the kernel's start is not in it."""
        return float(self.notebook.metadata.papermill.duration)


def entry_of(project: Project, name: str, profile: str = "quick") -> Entry:
    return Entry(project.executed(profile) / f"{name}.ipynb")


def last_seconds(project: Project, name: str, profile: str = "quick") -> float | None:
    """How long the page took the last time, whatever has changed since."""
    record = read_json(entry_of(project, name, profile).record)
    return record.get("seconds") if isinstance(record, dict) else None
