"""Start a kernel that cannot write where packages are installed.

    python -m course_lib.marking.guard -f CONNECTION_FILE

On Linux a process may give up rights for itself and for all that it will ever start, and nothing can give them back
(Landlock, since Linux 5.19 with all that is needed here; the manual is landlock(7)). Elsewhere the kernel starts as it
is: what is installed then still shows, and voids the run.
"""

import contextlib
import ctypes
import os
import runpy
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
PATH_BENEATH = 1  # the kind of rule
VERSION = 1  # asks CREATE_RULESET for it
NO_NEW_PRIVILEGES = 38  # of prctl

# Rights to change something: write to a file; in a folder, remove (two kinds) and make (seven kinds) entries.
WRITE = 1 << 1
IN_FOLDERS = sum(1 << bit for bit in range(4, 13))
MOVE = 1 << 13  # from one folder to another; version 2
TRUNCATE = 1 << 14  # version 3


def keep_out(protected: Iterable[Path], allowed: Path) -> bool:
    """Take from this process the right to change anything below the folders, but for what is below `allowed`.

    What stands beside the folders on the way to them stays open, but nothing new can be made there: Landlock knows what
    is allowed, not what is forbidden. False where the system has no such thing.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)
    if version < 2:
        return False
    for_files = WRITE | (TRUNCATE if version >= 3 else 0)
    rights = for_files | IN_FOLDERS | MOVE
    attribute = ctypes.create_string_buffer(struct.pack("=Q", rights))
    ruleset = libc.syscall(CREATE_RULESET, attribute, ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    for path in [*beside({Path(os.path.realpath(path)) for path in protected}), allowed]:
        with contextlib.suppress(OSError):  # it is gone by now, or not ours to look at
            place = os.open(path, os.O_PATH | os.O_NOFOLLOW)
            rule = ctypes.create_string_buffer(struct.pack("=Qi", rights if path.is_dir() else for_files, place))
            libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
            os.close(place)
    done = libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and libc.syscall(RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return done


def beside(protected: set[Path]) -> Iterator[Path]:
    """Everything that is neither in nor above one of the folders, in as few entries as hold it all."""
    above = {parent for path in protected for parent in path.parents}
    for folder in sorted(above - {path for path in above if any(path.is_relative_to(one) for one in protected)}):
        with contextlib.suppress(OSError):
            for entry in os.scandir(folder):
                path = Path(entry.path)
                # A link gives nothing: where it leads to is listed there, or protected.
                if path not in above and path not in protected and not entry.is_symlink():
                    yield path


def main() -> None:
    from course_lib.marking.packages import folders

    for variable, name in (("XDG_CACHE_HOME", ".cache"), ("XDG_CONFIG_HOME", ".config")):
        # Matplotlib would make them, and without them look for fonts in every kernel anew.
        with contextlib.suppress(OSError, RuntimeError):
            Path(os.environ.get(variable) or Path.home() / name).mkdir(parents=True, exist_ok=True)
    keep_out([Path(sys.prefix), *folders()], Path.cwd().parent)
    runpy.run_module("ipykernel_launcher", run_name="__main__")


if __name__ == "__main__":
    main()
