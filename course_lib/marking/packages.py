"""The packages that the marker runs with, which no submission may change.

Three things stand before them. `pip` and its like say no, wherever a notebook calls them. On Linux the folders of the
packages are read-only for the kernel and whatever it starts (`course_lib.marking.guard`). And where they have changed
all the same, nothing that the run found counts.
"""

import hashlib
import os
import site
import sys
from pathlib import Path

INSTALLERS = ("pip", "pip3", "uv", "conda", "mamba", "micromamba", "ensurepip", "easy_install")
NO = "nothing is installed or removed while a submission is marked; it runs with the packages of the course"
MODULE = 'raise SystemExit("{name}: {no}")\n'
PROGRAM = "#!/bin/sh\necho '{name}: {no}' >&2\nexit 1\n"
WINDOWS_PROGRAM = "@echo {name}: {no}>&2\n@exit /b 1\n"


def refusing(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment, in which all installers refuse; the programs and modules that do it are written to the folder.

    Modules, because `%pip` and the program `pip` itself run the module; programs, because others are none of Python's.
    """
    modules, programs = folder / "modules", folder / "programs"
    modules.mkdir(parents=True)
    programs.mkdir()
    suffix, text = (".cmd", WINDOWS_PROGRAM) if os.name == "nt" else ("", PROGRAM)
    for name in INSTALLERS:
        (modules / f"{name}.py").write_text(MODULE.format(name=name, no=NO), encoding="utf-8")
        program = programs / (name + suffix)
        program.write_text(text.format(name=name, no=NO), encoding="utf-8")
        program.chmod(0o755)
    return {
        **environment,
        "PYTHONPATH": os.pathsep.join([str(modules), environment["PYTHONPATH"]]),
        "PATH": os.pathsep.join([str(programs), environment.get("PATH", os.defpath)]),
        # Where IPython's %conda and %mamba look first.
        "CONDA_EXE": str(programs / f"conda{suffix}"),
        "MAMBA_EXE": str(programs / f"mamba{suffix}"),
    }


def folders() -> list[Path]:
    """Where packages of this Python are installed, for all and for the user."""
    found = [*site.getsitepackages(), site.getusersitepackages()]
    found += [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return sorted({Path(os.path.realpath(path)) for path in found if os.path.isdir(path)})


def packages_digest() -> str:
    """Of what is installed: the names in those folders, and of each package when its list of files was written.

    Files of caches come and go without a change; what is installed, removed or installed again shows.
    """
    lines = []
    for folder in folders():
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.name == "__pycache__":
                continue
            lines.append(f"{folder}\0{entry.name}")
            if entry.name.endswith((".dist-info", ".pth")):
                try:
                    status = os.stat(Path(entry.path, "RECORD") if entry.is_dir() else entry.path)
                    lines.append(f"{status.st_mtime_ns} {status.st_size}")
                except OSError:  # a package of the system may have none
                    pass
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
