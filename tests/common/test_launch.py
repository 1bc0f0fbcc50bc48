"""Where a kernel's sockets lie, and which Python it is."""

import os
import socket
import sys
from pathlib import Path

import pytest

from course_lib.common import launch
from course_lib.common.kernel import in_folder, kernel_environment
from course_lib.common.launch import connection, running_interpreter

LONG = "/".join(["a-folder-with-a-name-of-forty-characters"] * 3)
windows = pytest.mark.skipif(os.name == "nt", reason="not for this machine: Windows has no sockets that are files")


@windows
def test_sockets_lie_in_the_folder_as_long_as_its_path_is_short(tmp_path_factory):
    folder = Path("/tmp", f"course-test-{os.getpid()}")
    folder.mkdir()
    try:
        with connection(folder) as where:
            assert where == {"transport": "ipc", "connection_file": str(folder / "kernel.json")}
    finally:
        folder.rmdir()


@windows
def test_where_the_path_is_too_long_they_lie_in_a_short_one_that_goes_again(tmp_path):
    folder = tmp_path / LONG
    folder.mkdir(parents=True)
    with connection(folder) as where:
        short = Path(where["connection_file"]).parent
        assert where["transport"] == "ipc" and short.parent == launch.SHORT_FOLDER
        with socket.socket(socket.AF_UNIX) as one:  # with the longest name that Jupyter gives one
            one.bind(str(short / "kernel-ipc-10"))
    assert not short.exists()


@windows
def test_the_length_counts_behind_links_and_in_bytes(tmp_path):
    folder = tmp_path / LONG
    folder.mkdir(parents=True)
    link = Path("/tmp", f"course-test-link-{os.getpid()}")
    link.symlink_to(folder)
    try:
        assert not launch.fits(link)
    finally:
        link.unlink()
    assert launch.fits(Path("/tmp", "x" * 60)) and not launch.fits(Path("/tmp", "ж" * 60))


@windows
def test_without_a_short_folder_there_are_ports(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "SHORT_FOLDER", tmp_path / "nowhere")
    folder = tmp_path / LONG
    with connection(folder) as where:
        assert where["transport"] == "tcp"


def test_a_kernel_is_the_running_interpreter_whatever_its_name():
    from jupyter_client.manager import AsyncKernelManager, KernelManager

    for base in (KernelManager, AsyncKernelManager):
        manager = running_interpreter(base)(kernel_name="no-such-kernel")
        assert isinstance(manager, base)
        assert manager.kernel_spec.argv[:3] == [sys.executable, "-m", "ipykernel_launcher"]


def test_the_environment_is_that_of_the_course(tmp_path, monkeypatch):
    for name in ("COURSE_DATA", "PYTHONSTARTUP", "MPLCONFIGDIR", "NOTEBOOK_SOURCE"):
        monkeypatch.setenv(name, "/mine")
    monkeypatch.setenv("KEPT", "yes")
    environment = in_folder(kernel_environment(tmp_path, {"SET": "1"}), tmp_path)
    assert "/mine" not in environment.values()
    assert (environment["KEPT"], environment["SET"], environment["PYTHONPATH"]) == ("yes", "1", str(tmp_path))
    for name in ("TMPDIR", "TEMP", "TMP", "IPYTHONDIR"):
        assert Path(environment[name]).is_relative_to(tmp_path)
    assert Path(environment["TMPDIR"]).is_dir()
