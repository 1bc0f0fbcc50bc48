"""The environment in which every notebook runs. Run and validation both take it from here."""

import hashlib
import os
import platform
import subprocess
import sys
import uuid
from functools import cache
from pathlib import Path

from course_lib.common.cpus import usable_cpus

TIME_LIMIT = 180  # seconds; a quick page that takes longer fails


def kernel_settings(threads: int, data: Path | None = None) -> dict[str, str]:
    """What is set for a kernel, and so what a cached result depends on.

    The number of threads changes the order of floating-point sums and therefore printed results.
    `data` becomes COURSE_DATA; without it (every quick run) the variable is absent.
    """
    settings = {
        **shared_settings(threads),
        # glibc keeps freed memory for the next batch; to give it back each time costs a page fault for every 4 KiB.
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(2**32),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",  # sets print in the same order every time
    }
    if data is not None:
        settings["COURSE_DATA"] = str(data)
    return settings


def shared_settings(threads: int) -> dict[str, str]:
    """What every kernel is told, a page's and a submission's."""
    names = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",  # Accelerate, on macOS
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
    return {**dict.fromkeys(names, str(threads)), "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}


def kernel_environment(root: Path, settings: dict[str, str]) -> dict[str, str]:
    """The complete environment of a kernel that imports `course_lib` from `root`, without settings of whoever runs it.

    What belongs to a run is added by `in_folder`.
    """
    dropped = ("COURSE_", "PYTHONSTARTUP", "MPLCONFIGDIR", "MATPLOTLIBRC", "NOTEBOOK_SOURCE")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return {**kept, **settings, "PYTHONPATH": str(root)}


def in_folder(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment in which all that a kernel leaves behind lies below one folder, to be deleted after it."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    places = {"IPYTHONDIR": str(folder / "ipython"), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))}
    return {**environment, **places}


def threads_for(alone: bool) -> int:
    """One thread for a page that shares the machine, all cores that may be used for one that runs alone."""
    return usable_cpus() if alone else 1


@cache
def processor() -> str:
    """The kind of processor: trained weights differ in their last bits between kinds.

    Where runners of several kinds share the pages among them, as on GitHub, COURSE_PROCESSOR is the one name of all.
    """
    if os.environ.get("COURSE_PROCESSOR"):
        return os.environ["COURSE_PROCESSOR"]
    name = platform.processor()
    if sys.platform == "linux":
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        # Model name alone is not enough on virtual machines, which call many processors the same.
        lines = sorted({line for line in text.splitlines() if line.startswith(("model", "cpu family", "flags"))})
        name = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    elif sys.platform == "darwin":
        name = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False
        ).stdout.strip()
    return f"{platform.machine()} {name}"


@cache
def this_machine() -> str:
    """A fingerprint: a verdict of validation counts only where it was reached."""
    parts = [platform.node(), f"{uuid.getnode():x}", processor()]
    machine_id = Path("/etc/machine-id")
    if machine_id.is_file():
        parts.append(machine_id.read_text().strip())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
