"""A published package of our own, in a folder that pip takes for the index: no network, and nothing is large."""

import hashlib
import json
import os
import zipfile

import pytest

from course_lib.weights.record import WeightFile, Wheel

CONTENT = {"tiny/first.bin": b"the first weights", "tiny/second.bin": b"the second weights"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_wheel(folder, distribution, files):
    """A wheel that breaks whoever installs it: its dependency does not exist, and its module must not be imported."""
    name = f"{distribution}-1.0-py3-none-any.whl"
    info = f"{distribution}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\nRequires-Dist: there-is-no-such-thing\n"
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
        archive.writestr(f"{distribution}/__init__.py", "raise SystemExit('this must not be run')\n")
        for path, content in files.items():
            archive.writestr(path, content)
    return Wheel(distribution, "1.0", name, sha256((folder / name).read_bytes()))


@pytest.fixture
def index(tmp_path_factory, monkeypatch):
    """Where pip looks, and nowhere else."""
    folder = tmp_path_factory.mktemp("index")
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    return folder


@pytest.fixture
def files(index):
    """Two files of one wheel, then one of another."""
    wheel, other = make_wheel(index, "tiny", CONTENT), make_wheel(index, "other", {"other/third.bin": b"the third"})
    first, second = (
        WeightFile(path[5:], sha256(content), len(content), "MIT", "made up", wheel, path)
        for path, content in CONTENT.items()
    )
    third = WeightFile("third.bin", sha256(b"the third"), 9, "MIT", "made up", other, "other/third.bin")
    return first, second, third


@pytest.fixture
def committed():
    return WeightFile("kept.npz", sha256(b"committed"), 9, "MIT", "converted by hand")


@pytest.fixture
def direct_url():
    """What pip writes down about a package that it installed from a repository."""
    return lambda url: json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": "0123abcd"}})
