"""What a process on another machine is asked by name: to prove what it is, to do a job, to end one.

Nothing here knows how the question came; `course_lib.cluster` asks.
"""

import asyncio
import errno
import os
import pickle
import platform
import re
import sys
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from course_lib.common.errors import CourseError
from course_lib.common.files import digest_json, digest_of, files_below
from course_lib.common.kernel import processor

ROOT = Path(__file__).resolve().parents[2]
PLACE, COMPILED, LOADED = "place", "the state of compiled files", "course_lib, as its processes loaded it"
EXHAUSTED = {errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS}  # the machine, whatever the job
SHOWN = 3  # differences in a sentence
ENDING = 20  # seconds in which a job without its kernel comes to its end


@dataclass(frozen=True)
class Refusal:
    """In place of a result: the job is another worker's. problem: why, or nothing where a new proof will tell."""

    problem: str = ""


# ---- What a result depends on ----------------------------------------------------------------------------


def proof(asked: tuple[str, ...] = ()) -> dict[str, str]:
    """Name -> value of everything on which a result depends. Whoever has the same values gives the same results.

    asked: "processor", where last digits count; "data", for the complete sets in $COURSE_DATA (names and sizes, since
    the loaders check contents); "compiled", where nobody may have left a compiled file behind. The last one is to be
    compared with an earlier proof from the same `PLACE` only.
    """
    loaded = loaded_digest()
    names = [
        path.relative_to(ROOT).as_posix() for room in ("course_lib", "weights") for path in files_below(ROOT / room)
    ]
    found = {"Python": platform.python_version(), "system": sys.platform, LOADED: loaded, **packages()}
    found |= {name: current_digest(ROOT / name) for name in names if not compiled(name)}
    if "processor" in asked:
        found["processor"] = processor()
    if "data" in asked:
        folder = Path(os.environ.get("COURSE_DATA", "nowhere"))
        found |= {
            f"COURSE_DATA/{path.relative_to(folder).as_posix()}": str(path.stat().st_size)
            for path in files_below(folder)
        }
    if "compiled" in asked:
        sys.dont_write_bytecode = True  # from here on a new one is not ours
        found[PLACE] = f"{platform.node()} {ROOT}"
        found[COMPILED] = digest_json({name: current_digest(ROOT / name) for name in names if compiled(name)})
    return found


def packages() -> dict[str, str]:
    """Installed versions of what the checkout pins; without a list of pins nothing is known, and nothing compared.

    Read again only where a folder has changed that packages are in: each installation puts something new there.
    """
    pins = ROOT / "requirements.txt"
    places = [pins, *(folder for entry in sys.path if (folder := Path(entry)).is_dir())]
    return packages_as_of(pins, *(place.stat().st_mtime_ns for place in places if place.exists()))


@lru_cache(maxsize=1)
def packages_as_of(pins: Path, *_: int) -> dict[str, str]:
    lines = pins.read_text(encoding="utf-8").splitlines() if pins.is_file() else []
    names = {match.group() for line in lines if (match := re.match(r"[\w.-]+", line))}
    return {name: installed for name in names if (installed := version_of(name))}


def version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def compiled(name: str) -> bool:
    return name.endswith((".pyc", ".pyo"))


def current_digest(path: Path) -> str:
    """Of a file, read again only where the system says that it has changed."""
    status = path.stat()
    return digest_as_of(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@lru_cache(maxsize=4096)
def digest_as_of(path: Path, *_) -> str:
    return digest_of(path)


@cache
def loaded_digest() -> str:
    """Of course_lib at the first question to this process: what is on the disk may be newer than what runs here."""
    return digest_json({str(path.relative_to(ROOT)): current_digest(path)
                        for path in files_below(ROOT / "course_lib") if not compiled(path.name)})  # fmt: skip


def differences(theirs: dict[str, str], ours: dict[str, str]) -> str:
    """What differs in two proofs, as words for a person; nothing where they are the same."""
    names = [name for name in {**ours, **theirs} if theirs.get(name) != ours.get(name) and name != PLACE]
    if any(name.startswith("course_lib/") for name in names):
        names = [name for name in names if name != LOADED]  # goes without saying
    names.sort(key=lambda name: ("/" in name, name))
    said = [difference(name, theirs.get(name), ours.get(name)) for name in names]
    more = [f"{len(said) - SHOWN} more"] if len(said) > SHOWN else []
    return ", ".join(said[:SHOWN] + more)


def difference(name: str, theirs: str | None, ours: str | None) -> str:
    if name == LOADED:
        return "it was started before its course_lib changed (start it again)"
    if theirs is None or ours is None:
        return f"{name} is missing there" if theirs is None else f"{name} is only there"
    if "/" in name or name in (COMPILED, "processor"):
        return f"{name} differs" if name != "processor" else "another kind of processor, with other last digits"
    return f"{name} {theirs} in place of {ours}"


# ---- A job ----------------------------------------------------------------------------------------------

ONE_AT_A_TIME = threading.Lock()  # a job may change the folder of its process, or end what its process started
CURRENT: dict[str, set] = {}  # token of the job in this process -> processes that were there before


def perform(work: bytes, proved: str, asked: tuple[str, ...], token: str) -> Any:
    """The result of a pickled (function, argument), if this process is still what it proved to be, before and after.

    A Refusal otherwise, and where the machine fails (a full disk): neither is a result of the job.
    """
    import psutil

    with ONE_AT_A_TIME:
        if digest_json(proof(asked)) != proved:
            return Refusal()
        CURRENT[token] = set(psutil.Process().children(recursive=True))
        try:
            function, argument = pickle.loads(work)
            result = function(argument)
        except OSError as error:
            if error.errno in EXHAUSTED:
                return Refusal(str(error))
            raise CourseError(f"a job on {platform.node()} ended with {type(error).__name__}: {error}") from None
        finally:
            del CURRENT[token]
        return result if digest_json(proof(asked)) == proved else Refusal()


async def end_job(token: str) -> None:
    """Kill what the job with this token has started, until it gives up; it may start something anew."""
    import psutil

    for _ in range(10 * ENDING):
        spared = CURRENT.get(token)
        if spared is None:
            return
        for process in set(psutil.Process().children(recursive=True)) - spared:
            try:
                process.kill()
            except psutil.Error:
                continue
        await asyncio.sleep(0.1)
