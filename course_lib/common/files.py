"""Small, safe things to do with files: digests, and writes that are whole or not there."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from course_lib.common.errors import CourseError


def digest(data: bytes | str) -> str:
    """SHA-256 as 64 hex digits."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def digest_of(path: Path) -> str:
    """Digest of one file; an absent file has the digest of nothing."""
    return digest(path.read_bytes() if path.is_file() else b"")


def digest_json(value) -> str:
    """Digest of plain data, independent of the order of keys."""
    return digest(json.dumps(value, sort_keys=True, ensure_ascii=False))


def manifest(folder: Path) -> dict[str, str]:
    """Every file below `folder` with its digest: what a whole, undamaged copy looks like."""
    return {path.relative_to(folder).as_posix(): digest_of(path) for path in files_below(folder)}


def files_below(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, without the mark that Windows editors put at its beginning, with plain newlines."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CourseError(f"{path.name}: not UTF-8 text; save it as UTF-8 in your editor") from None


def write_whole(path: Path, data: bytes | str) -> None:
    """Write beside the target, then rename: a reader, or a kill, never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data.encode() if isinstance(data, str) else data)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_if_changed(path: Path, data: bytes | str) -> bool:
    """Write only different bytes, so that Sphinx sees only real changes. True when it wrote."""
    data = data.encode() if isinstance(data, str) else data
    if path.is_file() and path.read_bytes() == data:
        return False
    write_whole(path, data)
    return True


def write_json(path: Path, value) -> None:
    write_whole(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path):
    """The stored value, or None where there is none or it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
