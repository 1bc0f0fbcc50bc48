"""From a bare Python to `.venv` with the pinned environment. Standard library only, readable by Python 3.8.

Every way in which this fails on a newcomer's machine ends in one sentence that says what to do.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ((3, 11), (3, 12), (3, 13))
SPACE_NEEDED = 5e9  # bytes: 3.3 GB installed, and what pip unpacks on the way

LOCK_HEADER = """\
# Every package of the tested environment, pinned. Written by `make lock` from the dependency groups in
# pyproject.toml; do not edit by hand.
# On Linux without a GPU, PyTorch's site explains how to install its smaller CPU build: see the README.
"""


class Problem(Exception):
    """What keeps the course from being set up, as one sentence for its user."""


def main(arguments: list[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments[:1] == ["lock"]:
            return lock(ROOT, find_python())
        python = ensure_environment(ROOT)
        ensure_weights(ROOT, python)
        if arguments[:1] == ["lab"]:
            ensure_lab(ROOT, python)
        if any(argument.startswith("--cluster") for argument in arguments):
            ensure_cluster(ROOT, python)
    except Problem as problem:
        sys.exit(f"error: {problem}")
    except KeyboardInterrupt:
        sys.exit("stopped; run the same command again to go on")
    if arguments[:1] == ["setup"]:
        return print(f"The environment is ready: {python}")
    command = [str(python), "-m", "course_lib.cli", *arguments]
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], command)
    return sys.exit(subprocess.run(command).returncode)  # on Windows exec would detach from the terminal


def find_python(running: tuple[int, int] = sys.version_info[:2], which=shutil.which) -> str:
    """This interpreter if it is a tested version, else another one on the PATH."""
    if running in VERSIONS:
        return sys.executable
    for version in VERSIONS:
        candidate = which(f"python{version[0]}.{version[1]}")
        if candidate and version_of(candidate) == version:
            return candidate
    raise Problem(
        f"Python 3.11, 3.12 or 3.13 is needed, and this is {running[0]}.{running[1]}; install one (python.org or your "
        "system's packages) and name it: make book PYTHON=/path/to/python3.12"
    )


def version_of(python: str) -> tuple[int, ...] | None:
    """What an interpreter says of itself; None where it does not start (a dead link, a shim)."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        result = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        return tuple(int(number) for number in result.stdout.split()) if result.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def environment_python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure_environment(root: Path) -> Path:
    """Make `.venv` hold exactly what requirements.txt asks for; do nothing if it does."""
    folder = root / ".venv"
    python, stamp = environment_python(folder), folder / "course-installed"
    wanted = wanted_digest(root)
    if stamp.is_file() and stamp.read_text() == wanted and version_of(str(python)) in VERSIONS:
        return python
    if version_of(str(python)) not in VERSIONS:
        base = find_python()
        check_space(root)
        print("creating .venv", flush=True)
        make_venv(base, folder)
    print("installing requirements.txt (first time: several minutes)", flush=True)
    if stamp.is_file():
        stamp.unlink()  # a killed installation is not taken for a finished one
    pip(python, "-r", str(root / "requirements.txt"))
    pip(python, "--no-deps", "--no-build-isolation", "-e", str(root))
    stamp.write_text(wanted)
    return python


def wanted_digest(root: Path) -> str:
    """What an installed environment must have been made from, and where: an environment does not survive a move."""
    try:
        parts = [(root / name).read_bytes() for name in ("requirements.txt", "pyproject.toml")]
    except FileNotFoundError as error:
        raise Problem(f"{Path(error.filename).name} is missing; restore it from the repository") from None
    return hashlib.sha256(b"\0".join([*parts, str(root).encode()])).hexdigest()


def check_space(root: Path, usage=shutil.disk_usage) -> None:
    free = usage(root).free
    if free < SPACE_NEEDED:
        raise Problem(
            f"the disk has {free / 1e9:.1f} GB free and the environment needs about {SPACE_NEEDED / 1e9:.0f} GB; "
            "free some space and run again"
        )


def make_venv(base: str, folder: Path) -> None:
    if subprocess.run([base, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL).returncode != 0:
        version = version_of(base) or VERSIONS[0]
        raise Problem(
            f"this Python ({base}) has no venv module; on Debian and Ubuntu install it with: "
            f"sudo apt install python{version[0]}.{version[1]}-venv"
        )
    result = subprocess.run(
        [base, "-m", "venv", "--clear", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if result.returncode != 0:
        said = result.stdout.decode(errors="replace").strip()
        raise Problem(f"{base} could not create {folder}: {full_disk(said) or said.splitlines()[-1]}")


def pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    result = subprocess.run(command, stderr=subprocess.PIPE)
    if result.returncode != 0:
        said = result.stderr.decode(errors="replace").strip()
        # pip ends with hints; what went wrong stands in its lines that name an error.
        errors = [line.strip() for line in said.splitlines() if re.match(r"\s*(ERROR|\w+Error): (?!Exception:)", line)]
        raise Problem(
            full_disk(said)
            or "pip could not install the packages; the first installation needs a network. "
            f"pip said: {' '.join(errors[:3] or said.splitlines()[-1:])}"
        )


def full_disk(said: str) -> str | None:
    if "No space left on device" in said or "Errno 28" in said:
        return f"the disk is full; free about {SPACE_NEEDED / 1e9:.0f} GB and run again"
    return None


def ensure_weights(root: Path, python: Path) -> None:
    """Bring the weights of published networks into `weights/`; do nothing if they are there."""
    from course_lib.weights.record import WeightsError
    from course_lib.weights.setup import ensure_weights

    try:
        ensure_weights(root, str(python))
    except WeightsError as error:
        raise Problem(str(error)) from None


def ensure_lab(root: Path, python: Path) -> None:
    """JupyterLab is for those who want it: installed at its first use, within the pins of everything else."""
    ensure_group(root, python, "jupyterlab", "JupyterLab", "lab")


def ensure_cluster(root: Path, python: Path) -> None:
    """Dask is for those with more than one machine: installed like JupyterLab."""
    ensure_group(root, python, "distributed", "Dask", "cluster")


def ensure_group(root: Path, python: Path, module: str, name: str, group: str) -> None:
    if subprocess.run([str(python), "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode != 0:
        print(f"installing {name} (once)", flush=True)
        pip(python, "-c", str(root / "requirements.txt"), *dependency_group(root, group))


def dependency_group(root: Path, name: str) -> list[str]:
    return pyproject(root)["dependency-groups"][name]


def pyproject(root: Path) -> dict:
    import tomllib  # Python 3.11

    with open(root / "pyproject.toml", "rb") as file:
        return tomllib.load(file)


def lock(root: Path, base: str) -> None:
    """Resolve the dependency groups anew in an empty environment and pin what came out."""
    check_space(root)
    with tempfile.TemporaryDirectory(prefix="course-lock-") as folder:
        make_venv(base, Path(folder))
        python = environment_python(Path(folder))
        wanted = [
            need
            for group in ("frameworks", "book", "pages", "cluster", "test")
            for need in dependency_group(root, group)
        ]
        print("resolving the newest versions (several minutes)", flush=True)
        pip(python, *wanted, *pyproject(root)["project"]["dependencies"])
        command = [str(python), "-m", "pip", "freeze", "--all", "--exclude", "pip"]
        frozen = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    (root / "requirements.txt").write_text(LOCK_HEADER + pinned(frozen))
    print("requirements.txt is renewed; run make test before you commit it")


def pinned(frozen: str) -> str:
    """`pip freeze` of one machine as pins for every machine."""
    small = 'sys_platform == "linux" and platform_machine == "x86_64"'
    large = 'sys_platform != "linux" or platform_machine != "x86_64"'
    lines = []
    for line in frozen.splitlines():
        name, _, version = line.partition("==")
        version = version.split("+")[0]  # 2.13.0+cpu: a build, not a version
        if name.replace("_", "-").lower() in ("tensorflow-cpu", "tensorflow"):
            lines.append(f"tensorflow=={version} ; {large}")
            lines.append(f"tensorflow-cpu=={version} ; {small}")
        elif name in ("pexpect", "ptyprocess"):
            lines.append(f'{name}=={version} ; sys_platform != "win32"')
        elif version:
            lines.append(f"{name}=={version}")
    return "\n".join(sorted(lines, key=str.lower)) + "\n"
