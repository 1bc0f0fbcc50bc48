"""From a bare Python to `.venv` with the pinned environment. Standard library only, readable by Python 3.8.

Every way in which this fails on a newcomer's machine ends in one sentence that says what to do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from course_lib.bootstrap.failures import SPACE_NEEDED, Problem, check_machine, explain, full_disk

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ((3, 11), (3, 12), (3, 13))
# Installed at first use: a command or an option (and the dependency group of its name) -> a module that shows that it
# is there.
EXTRAS = {"lab": "jupyterlab", "cluster": "distributed"}


def main(arguments: list[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments[:1] == ["lock"]:
            return lock(ROOT, find_python(), only_prove="--check" in arguments)
        python = ensure_environment(ROOT)
        ensure_weights(ROOT, python)
        for extra in extras_for(arguments):
            ensure_extra(ROOT, python, extra)
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
        check_machine()
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
        raise Problem(f"{base} could not create {folder}: {full_disk(said, folder.parent) or said.splitlines()[-1]}")


def pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    result = subprocess.run(command, stderr=subprocess.PIPE)
    if result.returncode != 0:
        said = result.stderr.decode(errors="replace").strip()
        raise Problem(explain(said, ROOT))


def ensure_weights(root: Path, python: Path) -> None:
    """Bring the weights of published networks into `weights/`; do nothing if they are there."""
    from course_lib.weights.record import WeightsError
    from course_lib.weights.setup import ensure_weights

    try:
        ensure_weights(root, str(python))
    except WeightsError as error:
        raise Problem(str(error)) from None


def extras_for(arguments: list[str]) -> list[str]:
    """The extras that a command needs."""
    if arguments[:1] == ["test-all"]:
        return list(EXTRAS)
    with_options = {argument[2:].partition("=")[0] for argument in arguments if argument.startswith("--")}
    return [name for name in EXTRAS if name in with_options.union(arguments[:1])]


def ensure_extra(root: Path, python: Path, name: str) -> None:
    """Within the pins of everything else."""
    if subprocess.run([str(python), "-c", f"import {EXTRAS[name]}"], stderr=subprocess.DEVNULL).returncode != 0:
        print(f"installing {', '.join(dependency_group(root, name))} (once)", flush=True)
        pip(python, "-c", str(root / "requirements.txt"), *dependency_group(root, name))


def dependency_group(root: Path, name: str) -> list[str]:
    return pyproject(root)["dependency-groups"][name]


def pyproject(root: Path) -> dict:
    import tomllib  # Python 3.11

    with open(root / "pyproject.toml", "rb") as file:
        return tomllib.load(file)


def lock(root: Path, base: str, only_prove: bool = False) -> None:
    """Resolve the dependency groups anew for all machines, or leave the pins as they are; prove that they resolve."""
    from course_lib.bootstrap.pins import GROUPS, prove, resolve

    with tempfile.TemporaryDirectory(prefix="course-lock-") as folder:
        make_venv(base, Path(folder))
        python = environment_python(Path(folder))
        pip(python, *dependency_group(root, "lock"))
        program = str(python.with_name("uv.exe" if os.name == "nt" else "uv"))
        requirements = root / "requirements.txt"
        if not only_prove:
            wanted = [need for group in GROUPS for need in dependency_group(root, group)]
            requirements.write_text(resolve(program, wanted + pyproject(root)["project"]["dependencies"]))
            print("requirements.txt is renewed; run make test before you commit it", flush=True)
        prove(program, requirements)
