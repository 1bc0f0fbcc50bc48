"""How many jobs a machine is good for, with made-up files of the kernel."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.common import cpus
from course_lib.common.cpus import usable_cpus

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of 16 processors: machine({path: content}) -> what may be used of it."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)

    def make(files: dict[str, str]) -> int:
        for path, content in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        return usable_cpus(tmp_path)

    return make


GROUP = "proc/self/cgroup"
V1 = "sys/fs/cgroup/cpu,cpuacct"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 16),
        ({GROUP: "0::/\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        ({GROUP: "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 16),
        ({GROUP: "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),  # part of a processor is one job
        ({GROUP: "0::/\n", "sys/fs/cgroup/cpu.max": "10000 100000\n"}, 1),
        ({GROUP: "0::/\n", "sys/fs/cgroup/cpu.max": "6400000 100000\n"}, 16),
        # A service: its own group has no limit, the slice above it has one.
        ({GROUP: "0::/jobs.slice/run-7\n", "sys/fs/cgroup/jobs.slice/cpu.max": "300000 100000\n", "sys/fs/cgroup/jobs.slice/run-7/cpu.max": "max 100000\n"}, 3),
        # A container that sees its group under the name it has outside.
        ({GROUP: "0::/docker/1a2b\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"}, 4),
        ({GROUP: "4:cpu,cpuacct:/\n0::/\n", f"{V1}/cpu.cfs_quota_us": "500000\n", f"{V1}/cpu.cfs_period_us": "100000\n"}, 5),
        ({GROUP: "4:cpu,cpuacct:/\n", f"{V1}/cpu.cfs_quota_us": "-1\n", f"{V1}/cpu.cfs_period_us": "100000\n"}, 16),
        ({GROUP: "4:cpu,cpuacct:/docker/1a\n", f"{V1}/docker/1a/cpu.cfs_quota_us": "50000\n", f"{V1}/docker/1a/cpu.cfs_period_us": "25000\n"}, 2),
        ({GROUP: "4:cpu:/x\n0::/y\n", "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "700000", "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000",
          "sys/fs/cgroup/unified/y/cpu.max": "600000 100000"}, 6),
        ({GROUP: "3:cpuset:/\n0::/\n", "sys/fs/cgroup/cpuset/cpu.cfs_quota_us": "100000", "sys/fs/cgroup/cpuset/cpu.cfs_period_us": "100000"}, 16),
        ({GROUP: "0::/\n", "sys/fs/cgroup/cpu.max": "what is this\n"}, 16),
    ],
)  # fmt: skip
def test_a_quota_is_known_in_both_versions(machine, files, expected):
    assert machine(files) == expected


def test_without_affinity_all_processors_count(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert usable_cpus(tmp_path) == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cpus(tmp_path) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="not for this machine: only Linux sets the affinity of a process")
def test_the_affinity_of_this_process_counts():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nfrom course_lib.common.cpus import usable_cpus; print(usable_cpus())"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "1\n"


def test_nothing_in_the_tools_counts_processors_in_another_way():
    modules = [
        path for room in ("book", "common", "marking", "checks") for path in (ROOT / "course_lib" / room).rglob("*.py")
    ]
    others = [
        path
        for path in [*modules, ROOT / "course_lib/cli.py", ROOT / "course_lib/bench/marking.py"]
        if path != Path(cpus.__file__).resolve()
    ]
    assert not [path for path in others if "cpu_count" in path.read_text(encoding="utf-8")]
