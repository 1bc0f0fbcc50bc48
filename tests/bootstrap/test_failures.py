"""Why an installation failed, and what to do: recorded words of pip 23 to 26, and pip itself where no network is needed.

Addresses in the recorded words are replaced by example.org; nothing else is.
"""

import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from course_lib.bootstrap import failures, pip
from course_lib.bootstrap.failures import Problem, cause, check_machine, explain, full_disk
from tests.tools import ROOT

Usage = namedtuple("Usage", "total used free")
NOTHING_FOUND = """\
ERROR: Could not find a version that satisfies the requirement idna==3.20 (from versions: none)
ERROR: No matching distribution found for idna==3.20"""
RETRYING = "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by "
NO_NAME = f"""\
{RETRYING}'NameResolutionError("HTTPSConnection(host='packages.example.org', port=443): Failed to resolve 'packages.example.org' ([Errno -2] Name or service not known)")': /simple/idna/
{NOTHING_FOUND}"""
NO_NAME_PIP_23 = f"""\
{RETRYING}'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f710e272610>: Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/idna/
{NOTHING_FOUND}"""
NO_PROXY = f"""\
{RETRYING}'NewConnectionError("HTTPSConnection(host='127.0.0.1', port=9): Failed to establish a new connection: [Errno 111] Connection refused")': /simple/idna/
{NOTHING_FOUND}"""
NO_PROXY_PIP_23 = f"""\
{RETRYING}'ProxyError('Cannot connect to proxy.', NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7feaa0638890>: Failed to establish a new connection: [Errno 111] Connection refused'))': /simple/idna/
{NOTHING_FOUND}"""
PASSWORD = f"""\
{RETRYING}'OSError('Tunnel connection failed: 407 Proxy Authentication Required')': /simple/idna/
{NOTHING_FOUND}"""
TOO_SLOW = f"""\
{RETRYING}'ReadTimeoutError("HTTPConnectionPool(host='packages.example.org', port=443): Read timed out. (read timeout=1.0)")': /simple/idna/
{NOTHING_FOUND}"""
CERTIFICATE = f"""\
{RETRYING}'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)'))': /simple/idna/
{NOTHING_FOUND}"""
INTEL_MAC = """\
ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: 2.0.0, 2.0.1, 2.1.0, 2.1.1, 2.1.2, 2.2.0, 2.2.1, 2.2.2)
ERROR: No matching distribution found for torch==2.13.0"""
CONFLICT = """\
ERROR: Cannot install torch==2.13.0 because these package versions have conflicting dependencies.
ERROR: ResolutionImpossible: for help visit https://example.org/dependency-resolution"""
DISK = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
# As pip's own source composes it: `create_os_error_message` in pip/_internal/commands/install.py.
LONG_PATH = """\
ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: 'C:\\\\Users\\\\Olena\\\\Documents\\\\a\\\\very\\\\long\\\\path.h'
HINT: This error might have occurred since this system does not have Windows Long Path support enabled. You can find information on how to enable this at https://example.org/warnings/enable-long-paths
"""
DENIED = """\
ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/home/olena/course/.venv/bin/f2py'
Check the permissions.
"""
IN_USE = """\
ERROR: Could not install packages due to an OSError: [WinError 32] The process cannot access the file because it is being used by another process: 'C:\\\\course\\\\.venv\\\\Lib\\\\site-packages\\\\zmq\\\\x.pyd'
Check the permissions.
"""
DAMAGED = (
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions"
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (NO_NAME, "the package index cannot be reached; the first installation needs a network: connect and run again"),
        (NO_NAME_PIP_23, "the package index cannot be reached"),
        (TOO_SLOW, "the package index cannot be reached"),
        (PASSWORD, "the proxy wants a name and a password; write them into its address"),
        (CERTIFICATE, "the network replaces certificates, as a company's proxy does; ask your administrator"),
        (INTEL_MAC, "torch==2.13.0 does not exist for this machine"),
        (CONFLICT, "pip found no torch==2.13.0: either there is no network"),
        (NOTHING_FOUND, "pip found no idna==3.20: either there is no network"),
        (LONG_PATH, "a path became too long for this Windows; switch long paths on"),
        (DENIED, "a file could not be written; see that the checkout is yours"),
        (IN_USE, "another program holds a file of .venv open; close Jupyter"),
        (DAMAGED, "a download arrived damaged; empty pip's cache"),
    ],
    ids=lambda text: text[:30],
)
def test_the_cause_is_named_and_what_to_do(said, expected):
    sentence = explain(said, ROOT, {})
    assert sentence.startswith(expected)
    assert "\n" not in sentence


@pytest.mark.parametrize("said", [NO_PROXY, NO_PROXY_PIP_23, NO_NAME])
def test_a_proxy_that_does_not_answer_is_named_without_its_password(said):
    sentence = cause(said, {"HTTPS_PROXY": "http://olena:secret@proxy.example.org:8080"})
    assert sentence.startswith("the proxy does not answer (HTTPS_PROXY=http://proxy.example.org:8080); correct it")
    assert "secret" not in sentence


def test_what_is_new_is_passed_on():
    said = "Traceback (most recent call last):\n  File x\nKeyError: 'x'\nERROR: Exception: y\nhint: see above"
    assert explain(said, ROOT, {}) == "pip could not install the packages; it said: KeyError: 'x'"
    assert explain("something odd", ROOT, {}).endswith("it said: something odd")
    assert explain("", ROOT, {}).startswith("pip could not install the packages")


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        ("checkout", "the disk of the checkout is full (0.0 GB free); free about 5 GB, and run again"),
        ("temporary", "the disk of temporary files is full (0.0 GB free); set TMPDIR"),
        ("cache", "the disk of pip's cache is full (0.0 GB free); empty it with: python3 -m pip cache purge"),
    ],
)
def test_the_full_disk_is_told_from_the_others(tmp_path, monkeypatch, full, expected):
    for name in ("checkout", "temporary", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(failures.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache" / "not" / "made" / "yet"))
    said = full_disk(DISK, tmp_path / "checkout", lambda path: Usage(0, 0, 0 if Path(path).name == full else 9e9))
    assert said.startswith(expected)
    assert full_disk(NOTHING_FOUND, tmp_path) is None


NOWHERE = "a-package-that-nobody-has==1"


def asked_for_real(monkeypatch, **environment) -> str:
    """What the course says when this machine's pip is asked for a package, with these variables and no others."""
    for name in [*os.environ]:
        if name.upper().startswith("PIP_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    for name, value in {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1", **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Problem) as caught:
        pip(Path(sys.executable), NOWHERE)
    return str(caught.value)


def test_pip_that_may_not_ask_an_index(monkeypatch, tmp_path):
    said = asked_for_real(monkeypatch, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    assert said.startswith(
        f"{NOWHERE} is not in the folder that pip was told to take packages from (PIP_NO_INDEX is set"
    )
    assert str(tmp_path) in said


def test_pip_behind_a_proxy_that_is_not_there(monkeypatch):
    said = asked_for_real(
        monkeypatch, HTTPS_PROXY="http://127.0.0.1:9", PIP_INDEX_URL="https://packages.invalid/simple"
    )
    assert said.startswith("the proxy does not answer (HTTPS_PROXY=http://127.0.0.1:9)")


def test_pip_without_a_network(monkeypatch):
    """The end of the address says that no network knows it, so none is asked for long."""
    said = asked_for_real(monkeypatch, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_TRUSTED_HOST="127.0.0.1")
    assert said.startswith("the package index cannot be reached; the first installation needs a network")


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (
            ("darwin", "x86_64", "13.6"),
            "no longer come for Macs with an Intel processor; read the site, run the pages in",
        ),
        (("darwin", "arm64", "13.6"), "PyTorch needs macOS 14 or later, and this is 13.6"),
        (("win32", "ARM64", ""), "some packages do not come for Windows on ARM; install the Python for 64-bit Intel"),
    ],
)
def test_a_machine_without_packages_is_told_before_the_download(machine, expected):
    with pytest.raises(Problem, match=expected):
        check_machine(*machine)


@pytest.mark.parametrize(
    "machine",
    [
        ("linux", "x86_64", ""),
        ("linux", "aarch64", ""),
        ("darwin", "arm64", "14.0"),
        ("darwin", "arm64", "26.1"),
        ("win32", "AMD64", ""),
    ],
)
def test_the_machines_of_the_readme_are_let_through(machine):
    check_machine(*machine)


def test_every_sentence_is_explained_on_the_page_for_trouble():
    page = (ROOT / "about/setup_trouble.md").read_text(encoding="utf-8")
    for heading in (
        "Intel",
        "too long",
        "proxy",
        "no network at all",
        "the disk",
        "certificate",
        "Kaggle",
        "offline Colab",
        "holds a file",
    ):
        assert any(heading in line for line in page.splitlines() if line.startswith("### ")), heading


def test_this_test_can_call_pip():
    """Else the three above would prove nothing."""
    said = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("pip ")
