"""`make lock`: the newest versions for every supported Python and system at once, and the proof that they install.

uv resolves for other machines than this one, which pip cannot. It is fetched into a folder that is thrown away.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from course_lib.bootstrap.failures import Problem

HEADER = """\
# Every package of the tested environment, pinned. Written by `make lock` from the dependency groups in
# pyproject.toml; do not edit by hand.
# On Linux without a GPU, PyTorch's site explains how to install its smaller CPU build: see the README.
"""
GROUPS = ("frameworks", "book", "pages", "test", "cluster")
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {  # as the README names them -> as uv does
    "Linux": "x86_64-manylinux_2_28",
    "Linux on ARM": "aarch64-manylinux_2_28",
    "macOS 14, Apple's processor": "aarch64-apple-darwin",
    "Windows": "x86_64-pc-windows-msvc",
}
NONE_FOR = {"macOS, Intel": "x86_64-apple-darwin", "Windows on ARM": "aarch64-pc-windows-msvc"}
# What PyTorch brings on Linux. It pins these itself, and its build for the CPU does without them.
CUDA = re.compile(r"(nvidia|cuda)-|triton==")


def uv(program: str, *arguments: str) -> subprocess.CompletedProcess:
    """uv, asking the index that pip is told to ask."""
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}  # what PyTorch's wheels are built for
    for pip_says, uv_reads in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if pip_says in environment:
            environment.setdefault(uv_reads, environment[pip_says])
    command = [program, "pip", "compile", "--quiet", "--only-binary", ":all:", "--no-header", "--no-annotate"]
    return subprocess.run([*command, *arguments], capture_output=True, env=environment)


def resolve(program: str, wanted: list[str]) -> str:
    """requirements.txt for these needs, the newest versions that suit all machines."""
    with tempfile.TemporaryDirectory(prefix="course-lock-") as folder:
        needs = Path(folder, "needs.txt")
        needs.write_text("\n".join(wanted) + "\n")
        result = uv(program, str(needs), "--universal", "--fork-strategy", "fewest", "--python-version", PYTHONS[0])
    if result.returncode != 0:
        raise Problem(f"uv found no set of versions for all machines; it said: {reason(result)}")
    return pinned(result.stdout.decode())


def pinned(resolved: str) -> str:
    """uv's answer without what only CUDA or another Python than CPython wants."""
    lines = [line for line in resolved.splitlines() if line and not CUDA.match(line) and "'pypy'" not in line]
    return HEADER + "\n".join(sorted(lines, key=str.lower)) + "\n"


def prove(program: str, requirements: Path, say=print) -> None:
    """Every pin has a wheel for every supported Python and system, and the pins are all that is needed there.

    Prints a table. Problem where a pair fails, or where one does not that README.md says has no packages.
    """
    failed = []
    pins = names(requirements.read_text(encoding="utf-8"))
    for system, platform in {**PLATFORMS, **NONE_FOR}.items():
        row = []
        for version in PYTHONS:
            result = uv(program, str(requirements), "--python-version", version, "--python-platform", platform)
            works = result.returncode == 0
            loose = {} if not works else names(result.stdout.decode()).keys() - pins.keys()
            loose = sorted(name for name in loose if not CUDA.match(f"{name}=="))
            row.append("resolves" if works and not loose else f"not pinned: {', '.join(loose)}" if loose else "no")
            if works != (system in PLATFORMS) or loose:
                failed.append(f"{system}, Python {version}: {row[-1]} {'' if works else reason(result)}".strip())
        say(f"{system:30} {'   '.join(f'{version} {said}' for version, said in zip(PYTHONS, row))}")  # noqa: B905 - Python 3.8
    if failed:
        raise Problem("; ".join(failed))


def names(requirements: str) -> dict[str, str]:
    """Normalised name -> line, of a requirements file."""
    lines = [line for line in requirements.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return {re.sub(r"[-_.]+", "-", re.split(r"[=\s;]", line)[0]).lower(): line for line in lines}


def reason(result: subprocess.CompletedProcess) -> str:
    """uv's words on one line, without its hints."""
    return " ".join(result.stderr.decode(errors="replace").split("hint:")[0].split())
