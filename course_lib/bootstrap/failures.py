"""What pip's words mean, and what to do about it. Standard library only, readable by Python 3.8.

Each cause is one sentence for a person who has never seen pip. `about/setup_trouble.md` says more of each.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from pathlib import Path

SPACE_NEEDED = 5e9  # bytes: 3.3 GB installed, and what pip unpacks on the way
MORE = "about/setup_trouble.md says more"

DISK = re.compile(r"No space left on device|Errno 28\b|WinError 112\b|Disk quota exceeded|Errno 122\b")
LONG_PATH = re.compile(r"Windows Long Path|WinError 206\b|Errno 36\b")
IN_USE = re.compile(r"WinError 32\b|being used by another process")
DENIED = re.compile(r"Permission denied|Errno 13\b|WinError 5\b|Read-only file system|Operation not permitted")
CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|confirming the ssl certificate", re.I)
PROXY_LOGIN = re.compile(r"407 Proxy Authentication|Tunnel connection failed: 407")
UNREACHABLE = re.compile(
    r"ConnectionError|NameResolutionError|ProxyError|Tunnel connection failed|Failed to resolve|ConnectTimeout"
    r"|ReadTimeout|Read timed out|Connection refused|Connection reset|Network is unreachable|RemoteDisconnected"
    r"|Temporary failure in name resolution"
)
DAMAGED = re.compile(r"DO NOT MATCH THE HASHES|BadZipFile|is not a zip file|invalid distribution|zlib.error")
NO_VERSION = re.compile(r"requirement (\S+).*?\(from versions: ([^)]*)\)")
UNRESOLVABLE = re.compile(r"(?:No matching distribution found for|Cannot install) (\S+)")


class Problem(Exception):
    """What keeps the course from being set up, as one sentence for its user."""


def explain(said: str, root: Path, environment=os.environ) -> str:
    """pip's stderr as one sentence: the cause, and what to do."""
    # pip ends with hints; what went wrong stands in its lines that name an error.
    errors = [line.strip() for line in said.splitlines() if re.match(r"\s*(ERROR|\w+Error): (?!Exception:)", line)]
    own_words = " ".join(errors[:3] or said.strip().splitlines()[-1:])
    return (
        full_disk(said, root) or cause(said, environment) or f"pip could not install the packages; it said: {own_words}"
    )


def cause(said: str, environment) -> str | None:
    """Everything that pip says of a fault of this machine or its network; None for what is new to us."""
    if LONG_PATH.search(said):
        return (
            "a path became too long for this Windows; switch long paths on (about/setup_trouble.md says how), or move "
            "the checkout to a short place such as C:\\course, and run again"
        )
    if IN_USE.search(said):
        return "another program holds a file of .venv open; close Jupyter, editors and other terminals, and run again"
    if DENIED.search(said):
        return (
            "a file could not be written; see that the checkout is yours and not read-only (an earlier run with sudo "
            f"leaves files of another owner: delete .venv then), and run again; pip said: {denied(said)}"
        )
    if CERTIFICATE.search(said):
        return (
            "the network replaces certificates, as a company's proxy does; ask your administrator for its certificate "
            "file, write export PIP_CERT=/path/to/file.pem, and run again"
        )
    if PROXY_LOGIN.search(said):
        return (
            "the proxy wants a name and a password; write them into its address, "
            "export HTTPS_PROXY=http://NAME:PASSWORD@proxy.example.org:8080, and run again"
        )
    if UNREACHABLE.search(said):
        return no_connection(environment)
    if DAMAGED.search(said):
        return "a download arrived damaged; empty pip's cache with: python3 -m pip cache purge, and run again"
    if match := NO_VERSION.search(said):
        return no_version(match.group(1), match.group(2), environment)
    if match := UNRESOLVABLE.search(said):
        return no_version(match.group(1), "", environment)
    return None


def denied(said: str) -> str:
    return next(line.strip() for line in said.splitlines() if DENIED.search(line))


def proxy_of(environment) -> str | None:
    """The proxy that pip was told of, without the password that may stand in it."""
    for name in ("HTTPS_PROXY", "https_proxy", "PIP_PROXY", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"):
        if environment.get(name):
            return f"{name}={re.sub(r'//[^@/]*@', '//', environment[name])}"
    return None


def no_connection(environment) -> str:
    if proxy := proxy_of(environment):
        return f"the proxy does not answer ({proxy}); correct it, or unset it where no proxy is needed, and run again"
    return (
        "the package index cannot be reached; the first installation needs a network: connect and run again. Behind a "
        f"proxy, write export HTTPS_PROXY=http://proxy.example.org:8080 first; for no network at all, {MORE}"
    )


def no_version(package: str, versions: str, environment) -> str:
    """The index answered, and has nothing that fits."""
    if versions not in ("", "none"):  # other versions are there: none of the pinned one for this machine
        return (
            f"{package} does not exist for this machine ({this_machine()}); "
            f"README.md lists the systems that work, and {MORE}"
        )
    if environment.get("PIP_NO_INDEX"):
        return (
            f"{package} is not in the folder that pip was told to take packages from (PIP_NO_INDEX is set, "
            f"PIP_FIND_LINKS={environment.get('PIP_FIND_LINKS', '')}); put it there, or unset PIP_NO_INDEX"
        )
    return (
        f"pip found no {package}: either there is no network (connect and run again; {MORE}), "
        "or the index that pip is told to ask (pip config list shows it) does not have it"
    )


def this_machine() -> str:
    names = {"darwin": "macOS", "win32": "Windows", "linux": "Linux"}
    return f"{names.get(sys.platform, sys.platform)} {platform.machine()}, Python {platform.python_version()}"


def full_disk(said: str, root: Path, usage=shutil.disk_usage) -> str | None:
    """Which disk is full: that of the checkout, of temporary files or of pip's cache."""
    if not DISK.search(said):
        return None
    free = {place: usage(folder).free for place, folder in places(root).items()}
    place = min(free, key=lambda each: free[each])
    mend = {
        "the checkout": f"free about {SPACE_NEEDED / 1e9:.0f} GB",
        "temporary files": "set TMPDIR (on Windows TEMP) to a folder on a larger disk",
        "pip's cache": "empty it with: python3 -m pip cache purge, or set PIP_CACHE_DIR to a folder on a larger disk",
    }
    return f"the disk of {place} is full ({free[place] / 1e9:.1f} GB free); {mend[place]}, and run again"


def places(root: Path) -> dict[str, Path]:
    """Where an installation writes; a folder that is not there yet counts as the one above it."""
    cache = os.environ.get("PIP_CACHE_DIR") or default_cache()
    wanted = {"the checkout": root, "temporary files": Path(tempfile.gettempdir()), "pip's cache": Path(cache)}
    return {name: next(each for each in (path, *path.parents) if each.is_dir()) for name, path in wanted.items()}


def default_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home()), "pip", "Cache")
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/pip"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pip"


def check_machine(system: str = sys.platform, machine: str = platform.machine(), release: str = platform.mac_ver()[0]):
    """Say at once what pip would say after a gigabyte of downloads: the frameworks have no wheels for this machine."""
    if system == "darwin" and machine == "x86_64":
        raise Problem(
            "TensorFlow and PyTorch no longer come for Macs with an Intel processor; read the site, run the pages in "
            f"Colab, or work in a Linux container ({MORE}). On a Mac with Apple's processor this is a Python for "
            "Intel: install one for arm64 and name it: make book PYTHON=/path/to/python3.12"
        )
    if system == "darwin" and release and int(release.split(".")[0]) < 14:
        raise Problem(
            f"PyTorch needs macOS 14 or later, and this is {release}; update macOS, or run the pages in Colab"
        )
    if system == "win32" and machine.upper() == "ARM64":
        raise Problem(
            "some packages do not come for Windows on ARM; install the Python for 64-bit Intel (x64), which runs there "
            "as well, and name it: C:\\path\\to\\python.exe -m course_lib book"
        )
    if sys.maxsize < 2**32:
        raise Problem("this Python is a 32-bit one, and the frameworks need 64 bits; install the 64-bit Python")
