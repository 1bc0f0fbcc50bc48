"""How many processors this process may use: what the machine has, less what it was denied."""

import math
import os
from collections.abc import Iterator
from pathlib import Path


def usable_cpus(root: Path = Path("/")) -> int:
    """The processors that are worth a job each: those of its affinity (`taskset`), and no more than its control group
    may use, part of one counted as one. A container on a large machine often has a quota of two.

    root: where /proc and /sys lie; the tests bring their own.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min([count, *quotas(root)])))


def quotas(root: Path) -> Iterator[float]:
    """Processors that the control groups above this process grant, in version 1 and 2 of their file system."""
    for base, group in control_groups(root):
        # Inside a container the path may be the one outside, of which no folder exists here: then the root holds.
        for folder in (base / group, *(base / group).parents):
            if folder.is_relative_to(base):
                yield from quota_of(folder)


def control_groups(root: Path) -> Iterator[tuple[Path, str]]:
    """Where a file system of control groups is mounted, and this process's place in it."""
    mounted = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        number, controllers, group = line.split(":", 2)
        if number == "0":
            # Mixed systems mount version 2 beside the folders of version 1.
            for base in (mounted, mounted / "unified"):
                yield base, group.strip("/")
        elif "cpu" in controllers.split(","):
            for name in (controllers, "cpu"):
                yield mounted / name, group.strip("/")


def quota_of(folder: Path) -> Iterator[float]:
    """One group's own: cpu.max holds "200000 100000" or "max 100000", version 1 has a file for each; -1 is no limit."""
    for names in (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]):
        try:
            quota, period = map(float, " ".join((folder / name).read_text() for name in names).split())
        except (OSError, ValueError):  # no such file, or "max"
            continue
        if quota > 0 and period > 0:
            yield quota / period
