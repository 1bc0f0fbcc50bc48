"""The reports of `course_lib.bench.frameworks` that the book shows."""

import json
from importlib.resources import files

DATA_FILES = ("course_lib/bench/frameworks_cpu.json", "course_lib/bench/frameworks_gpu.json")


def published(device: str) -> dict:
    """The report of the "cpu" or of the "gpu" that the book shows, as `write_report` wrote it."""
    return json.loads((files("course_lib.bench") / f"frameworks_{device}.json").read_text(encoding="utf-8"))


def describe(report: dict) -> str:
    """The machine, the date and the versions of a report, on one line."""
    machine = report["machine"]
    place = [f"{machine['processor']}, {machine['cores']} cores", *machine.get("gpus", []), report["date"][:10]]
    return " · ".join(place + [f"{name} {number}" for name, number in report["versions"].items()])


def select(report: dict, kind: str, network: str, framework: str | None = None) -> list[dict]:
    """The rows of a kind ("speed", "memory" or "time to goal") for a network; of one framework, or of both."""
    return [
        row
        for row in report["results"]
        if (row["kind"], row["network"]) == (kind, network) and framework in (None, row.get("framework"))
    ]
