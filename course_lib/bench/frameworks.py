"""The same network in Keras and PyTorch: images per second in training, memory, and the time to a fixed accuracy.

    python -m course_lib.bench.frameworks --json report.json

The networks have equal layers; both see the same batches in the same order, which lie ready in memory. Keras takes
them from a tf.data.Dataset through `fit`, PyTorch from a list through `course_lib.training.torch_loop`: each the plain
way of its users, with the threads it takes by itself. Speed is timed in interleaved pairs, and the batch sizes take
turns, so that a machine's moods meet all of them alike; memory in a process of its own, because a process does not
give back what it once took.

On a machine with a CUDA GPU both frameworks take it by themselves, and the memory is the GPU's. KERAS_BACKEND=jax runs
Keras on JAX, fed with arrays; so the report of the GPU was measured, because no TensorFlow was at hand there.

`published("cpu")` and `published("gpu")` are the reports that the book shows: each one run of this program.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from course_lib.bench.pairs import measure_rounds, write_report
from course_lib.bench.reports import describe as describe  # pages took these from here
from course_lib.bench.reports import published as published
from course_lib.bench.reports import select as select
from course_lib.bench.sides import FRAMEWORKS, backend
from course_lib.devices import describe_machine

BATCHES = (32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True)
class Task:
    """n_images: of a timed run, about a second. goal: an accuracy on other images that both frameworks can reach."""

    digits: bool
    n_images: int
    goal: float


TASKS = {
    "MLP": Task(True, 16_384, 0.92),
    "small CNN": Task(False, 4096, 0.5),
    "MiniVGGNet": Task(False, 1024, 0.5),
}
N_TRAIN, N_VALID, MAX_EPOCHS = 3000, 1000, 30  # for the time to the goal


def examples(name: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """n digits as rows, or n pictograms, and their classes; repeated where there are fewer."""
    from course_lib.data import load_mnist, load_pictograms

    n_drawn = min(n, N_TRAIN + N_VALID)
    data = load_mnist(n_drawn, 0, download=False) if TASKS[name].digits else load_pictograms(n_drawn, 0)
    x = data.x_train.reshape(n_drawn, -1) if TASKS[name].digits else data.x_train
    return np.resize(x, (n, *x.shape[1:])) / np.float32(255), np.resize(data.y_train, n)


def speeds(name: str, batch_sizes: Sequence[int], n_pairs: int, n_images: int | None = None) -> list[dict]:
    """Images per second of both for each batch size, the medians of interleaved pairs; the batch sizes take turns."""
    used = [max(n_images or TASKS[name].n_images, size) // size * size for size in batch_sizes]
    x, y = examples(name, max(used))
    contests = []
    for batch_size, n in zip(batch_sizes, used, strict=True):
        sides = [framework(name) for framework in FRAMEWORKS.values()]
        batches = [side.batches(x[:n], y[:n], batch_size) for side in sides]
        contests.append([partial(side.train, b) for side, b in zip(sides, batches, strict=True)])
    summaries = [pairs.summary() for pairs in measure_rounds(contests, n_pairs)]
    return [
        {
            "kind": "speed",
            "network": name,
            "batch_size": batch_size,
            "keras": n / summary["first_median"],
            "torch": n / summary["second_median"],
            **{key: summary[key] for key in ("ratio", "ratio_range", "first", "second")},
        }
        for batch_size, n, summary in zip(batch_sizes, used, summaries, strict=True)
    ]


def memory(name: str, framework: str, batch_size: int) -> dict:
    """Peak memory in MiB of a process that trains on three batches, and the peak before, network included."""
    command = [sys.executable, "-m", "course_lib.bench.frameworks", "--worker", name, framework, str(batch_size)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{name} in {framework} with batch {batch_size} failed: {result.stderr[-500:]}")
    before, after = map(float, result.stdout.split()[-2:])
    row = {"kind": "memory", "network": name, "framework": framework, "batch_size": batch_size}
    return row | {"before_mib": before, "peak_mib": after}


def worker(name: str, framework: str, batch_size: int) -> None:
    """Print the peak memory before and behind a training of three batches, in MiB."""
    side = FRAMEWORKS[framework](name)
    before = side.peak()
    side.train(side.batches(*examples(name, 3 * batch_size), batch_size))
    print(before, side.peak())


def time_to_goal(name: str, framework: str, seed: int, batch_size: int = 64, max_epochs: int = MAX_EPOCHS) -> dict:
    """Seconds of training until the accuracy on other images reaches the goal; None where it does not.

    Compilation counts, the evaluation behind each epoch does not.
    """
    from course_lib.devices import set_seeds

    x, y = examples(name, N_TRAIN + N_VALID)
    rng = np.random.default_rng(seed)
    FRAMEWORKS[framework](name)  # imports the framework, so that set_seeds finds it
    set_seeds(seed)
    side = FRAMEWORKS[framework](name)
    valid = side.batches(x[N_TRAIN:], y[N_TRAIN:], 250)
    goal, seconds, accuracy, epochs = TASKS[name].goal, 0.0, 0.0, 0
    while accuracy < goal and epochs < max_epochs:
        order = rng.permutation(N_TRAIN)
        batches = side.batches(x[order], y[order], batch_size)
        start = time.perf_counter()
        side.train(batches)
        seconds += time.perf_counter() - start
        accuracy, epochs = side.accuracy(valid), epochs + 1
    row = {"kind": "time to goal", "network": name, "framework": framework, "seed": seed, "goal": goal}
    return row | {"epochs": epochs, "accuracy": accuracy, "seconds": seconds if accuracy >= goal else None}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--batch", type=int, nargs="+", default=list(BATCHES))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--images", type=int, help="of a timed run; each network has its own number without it")
    parser.add_argument("--memory", type=int, nargs="+", help="batch sizes of the memory; those of --batch without it")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="of the trainings to the goal")
    parser.add_argument("--json", type=Path, default=Path("_build/bench/frameworks.json"))
    parser.add_argument("--worker", nargs=3, metavar=("NETWORK", "FRAMEWORK", "BATCH"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        name, framework, batch_size = options.worker
        worker(name, framework, int(batch_size))
        return
    results = []
    print("network     batch   images per second, or peak memory: Keras, PyTorch (ratio)")
    for name in options.networks:
        for row in speeds(name, options.batch, options.pairs, options.images):
            rates = f"{row['keras']:10,.0f} {row['torch']:10,.0f} {row['ratio']:6.2f}"
            print(f"{name:10} {row['batch_size']:6,}   {rates}", flush=True)
            results.append(row)
        for batch_size in options.memory or options.batch:
            used = [memory(name, framework, batch_size) for framework in FRAMEWORKS]
            peaks = " ".join(f"{each['peak_mib']:7,.0f}" for each in used)
            print(f"{name:10} {batch_size:6,}   {peaks} MiB", flush=True)
            results += used
        goal = TASKS[name].goal
        for seed in options.seeds:
            for framework in FRAMEWORKS if seed % 2 == 0 else reversed(FRAMEWORKS):
                row = time_to_goal(name, framework, seed)
                results.append(row)
                took = "not reached" if row["seconds"] is None else f"{row['seconds']:.1f} s"
                print(f"{name:10} {framework}, seed {seed}: {goal} in {row['epochs']} epochs, {took}", flush=True)
    gpus = [name for name, _ in describe_machine().gpus]
    write_report(options.json, results, ["keras", "numpy", backend(), "torch"], gpus)


if __name__ == "__main__":
    main()
