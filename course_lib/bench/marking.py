"""How much does marking side by side save? Sixty submissions of the first lab, all of them solved.

    python -m course_lib.bench.marking --pairs 5 --json report.json

`course check` with one submission per core against one after another, in interleaved pairs. Every run is a process of
its own, as a teacher starts it, and must find all submissions right: otherwise the two do not do the same work.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import course_lib
from course_lib.bench.pairs import measure_pairs, write_report
from course_lib.common.cpus import usable_cpus

REPOSITORY = Path(course_lib.__file__).resolve().parents[1]
SOLUTION = REPOSITORY / "labs/solutions/02_activations.ipynb"


def hand_in(folder: Path, n_submissions: int) -> Path:
    """A folder with that many copies of the solution."""
    for number in range(n_submissions):
        shutil.copy(SOLUTION, folder / f"student_{number:02}.ipynb")
    return folder


def course_check(folder: Path, n_submissions: int, jobs: int) -> Callable[[], None]:
    """A function that marks the folder; RuntimeError where not everything is right."""
    command = [sys.executable, "-m", "course_lib.cli", "check", str(folder), "--jobs", str(jobs)]
    expected = f"{n_submissions} of {n_submissions} submissions are complete and right"

    def run() -> None:
        with tempfile.TemporaryDirectory(prefix="course-") as report:
            environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
            result = subprocess.run([*command, "--report", report], cwd=folder, env=environment,
                                    capture_output=True, text=True, check=False)  # fmt: skip
        if result.returncode != 0 or expected not in result.stdout:
            raise RuntimeError(result.stdout + result.stderr)

    return run


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=usable_cpus(), help="submissions at once, in the first of a pair")
    parser.add_argument("--json", type=Path, default=Path("_build/bench/marking.json"))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="course-") as name:
        folder = hand_in(Path(name), options.submissions)
        side_by_side = course_check(folder, options.submissions, options.jobs)
        one_by_one = course_check(folder, options.submissions, 1)
        summary = measure_pairs(side_by_side, one_by_one, options.pairs, n_warm_up=1).summary()
    print(
        f"{options.submissions} submissions, {options.jobs} at once / one after another: "
        f"{summary['first_median']:.1f} s / {summary['second_median']:.1f} s, "
        f"share of the time {1 / summary['ratio']:.2f}"
    )
    result = {"n_submissions": options.submissions, "jobs": options.jobs, "share": 1 / summary["ratio"], **summary}
    write_report(options.json, [result], ["ipykernel", "joblib", "jupyter-client", "numpy"])


if __name__ == "__main__":
    main()
