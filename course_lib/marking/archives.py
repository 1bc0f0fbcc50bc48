"""What a zip file holds: the names of its members, however they were written, and their bytes up to a limit."""

import re
import zipfile

UTF_8 = 0x800  # the flag of a member whose name is in UTF-8
CODE_PAGES = ("cp437", "cp866", "cp1251", "cp850", "cp1252")  # of DOS and Windows, in Western and Eastern Europe


def content_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of a member, or one more than `most` where it is larger: a few kilobytes could fill the memory."""
    with archive.open(member) as stream:
        return stream.read(most + 1)


def levels(member: zipfile.ZipInfo) -> list[list[str]]:
    """The path of a member from folder to folder, each with all ways to read its name, the likeliest first."""
    read = [[part for part in re.split(r"[/\\]", name) if part not in ("", ".", "..")] for name in names(member)]
    return [list(dict.fromkeys(level)) for level in zip(*read, strict=False)]


def names(member: zipfile.ZipInfo) -> list[str]:
    """The ways to read a name. Where the flag is missing it may be UTF-8 all the same, as macOS writes it."""
    if member.flag_bits & UTF_8:
        return [member.filename]
    try:
        raw = member.filename.encode("cp437")  # which zipfile has taken it for
    except UnicodeEncodeError:  # it has found the name in Unicode, in a field of its own
        return [member.filename]
    try:
        return [raw.decode("utf-8")]
    except UnicodeDecodeError:
        return [raw.decode(page, "replace") for page in CODE_PAGES]


def is_folder(member: zipfile.ZipInfo) -> bool:
    return member.filename.endswith(("/", "\\"))
