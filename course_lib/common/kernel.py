"""The environment in which every notebook runs. Run and validation both take it from here."""

import hashlib
import os
import platform
import subprocess
import sys
import uuid
from functools import cache
from pathlib import Path

TIME_LIMIT = 180  # seconds; a quick page that takes longer fails

# How a kernel is spoken to. Two that start at the same moment may draw the same TCP port, and one of them dies;
# sockets that are files have names of their own. Windows has none of them.
TRANSPORT = "tcp" if os.name == "nt" else "ipc"


def kernel_settings(threads: int, data: Path | None = None) -> dict[str, str]:
    """What is set for a kernel, and so what a cached result depends on.

    The number of threads changes the order of floating-point sums and therefore printed results.
    `data` becomes COURSE_DATA; without it (every quick run) the variable is absent.
    """
    count = str(threads)
    settings = {
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "VECLIB_MAXIMUM_THREADS": count,  # Accelerate, on macOS
        "TF_NUM_INTRAOP_THREADS": count,
        "TF_NUM_INTEROP_THREADS": count,
        # glibc keeps freed memory for the next batch; to give it back each time costs a page fault for every 4 KiB.
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(2**32),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",  # sets print in the same order every time
    }
    if data is not None:
        settings["COURSE_DATA"] = str(data)
    return settings


def kernel_environment(root: Path, settings: dict[str, str]) -> dict[str, str]:
    """The complete environment of a kernel that imports `course_lib` from `root`."""
    dropped = {"COURSE_DATA", "PYTHONSTARTUP", "MPLCONFIGDIR", "MATPLOTLIBRC", "NOTEBOOK_SOURCE"}
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return {**kept, **settings, "PYTHONPATH": str(root), "JUPYTER_PREFER_ENV_PATH": "1"}


def threads_for(alone: bool) -> int:
    """One thread for a page that shares the machine, all cores for one that runs alone."""
    return (os.cpu_count() or 1) if alone else 1


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
