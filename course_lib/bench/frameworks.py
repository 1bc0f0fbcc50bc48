"""The same network in Keras and PyTorch: images per second in training, memory, and the time to a fixed accuracy.

    python -m course_lib.bench.frameworks --json report.json

The networks have equal layers and start from equal weights; both see the same batches, which lie ready in memory,
in the same order. Keras takes them from a tf.data.Dataset through `fit`, PyTorch from a list through
`course_lib.training.torch_loop`: each the plain way of its users. Speed is timed in interleaved pairs; memory in a
process of its own, because a process does not give back what it once took. On a machine with a CUDA GPU both
frameworks take it by themselves (that path has not been executed here).

`published()` is the report that the book shows: one run of this program, kept in frameworks.json.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from course_lib.bench.pairs import measure_pairs, write_report

BATCHES = (32, 64, 128, 256, 512, 1024)
PACKAGES = ("keras", "numpy", "tensorflow", "torch")
FRAMEWORKS = ("keras", "torch")
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Task:
    """A network, its data, and an accuracy on other examples that both frameworks can reach.

    module     in keras_nets and torch_nets, and the name of its function
    n_images   of a timed run: a second or so
    goal       for the time to accuracy, with batches of 64 and Adam's rate of 0.001
    """

    module: str
    function: str
    flat: bool
    n_images: int
    goal: float
    n_train: int = 3000
    n_valid: int = 1000
    max_epochs: int = 30


TASKS = {
    "MLP": Task("mlp", "mlp", True, 16_384, 0.92),
    "small CNN": Task("small_cnn", "small_cnn", False, 4096, 0.5),
    "MiniVGGNet": Task("mini_vggnet", "mini_vggnet", False, 1024, 0.5, max_epochs=20),
}


def published() -> dict:
    """The report that the book shows, as `write_report` wrote it."""
    return json.loads((files("course_lib.bench") / "frameworks.json").read_text(encoding="utf-8"))


def network_of(task: Task, framework: str):
    from importlib import import_module

    return getattr(import_module(f"course_lib.{framework}_nets.{task.module}"), task.function)()


def examples(task: Task) -> tuple[np.ndarray, ...]:
    """x_train, y_train, x_valid, y_valid: digits as rows (n, 784), or pictograms (n, 32, 32, 3), between 0 and 1."""
    from course_lib.data import load_mnist, load_pictograms

    if task.flat:
        data = load_mnist(task.n_train + task.n_valid, 0, download=False)
        x = data.x_train.reshape(-1, 784)
    else:
        data = load_pictograms(task.n_train + task.n_valid, 0)
        x = data.x_train
    x, y = x / np.float32(255), data.y_train.astype(np.int64)
    return x[: task.n_train], y[: task.n_train], x[task.n_train :], y[task.n_train :]


def keras_model(task: Task, rate: float = 0.001):
    import keras

    model = network_of(task, "keras")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate, epsilon=1e-8), loss, metrics=["accuracy"])
    return model


def torch_parts(task: Task, rate: float = 0.001):
    """The network on its device, its optimiser, its loss."""
    import torch

    from course_lib.devices import torch_device

    model = network_of(task, "torch").to(torch_device())
    return model, torch.optim.Adam(model.parameters(), rate, eps=1e-8), torch.nn.CrossEntropyLoss()


def batches_of(framework: str, x: np.ndarray, y: np.ndarray, batch_size: int):
    """Full batches, ready in memory, in the form that the framework takes."""
    n = len(x) // batch_size
    x, y = (a[: n * batch_size].reshape(n, batch_size, *a.shape[1:]) for a in (x, y))
    if framework == "keras":
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices((x, y)).prefetch(2)
    import torch

    x = x.transpose(0, 1, 4, 2, 3) if x.ndim == 5 else x
    return list(zip(torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(y), strict=True))


def epoch_of(framework: str, task: Task, batch_size: int, n_images: int | None = None) -> Callable[[], None]:
    """A function that trains on `n_images` once."""
    n_images = max(n_images or task.n_images, batch_size)
    x, y, _, _ = examples(task)
    x, y = (np.resize(a, (n_images, *a.shape[1:])) for a in (x, y))
    batches = batches_of(framework, x, y, batch_size)
    if framework == "keras":
        model = keras_model(task)
        return lambda: model.fit(batches, epochs=1, shuffle=False, verbose=0)
    from course_lib.training.torch_loop import train_epoch

    model, optimiser, loss_fn = torch_parts(task)
    return lambda: train_epoch(model, batches, loss_fn, optimiser)


def speed(name: str, batch_size: int, n_pairs: int, n_images: int | None = None) -> dict:
    """Images per second of both, from interleaved pairs, with one thread pool per framework as they come."""
    task = TASKS[name]
    runs = [epoch_of(framework, task, batch_size, n_images) for framework in FRAMEWORKS]
    summary = measure_pairs(*runs, n_pairs).summary()
    n = max(n_images or task.n_images, batch_size) // batch_size * batch_size
    return {
        "kind": "speed",
        "network": name,
        "batch_size": batch_size,
        "keras": n / summary["first_median"],
        "torch": n / summary["second_median"],
        "ratio": summary["ratio"],
        "ratio_range": summary["ratio_range"],
        "n_pairs": n_pairs,
    }


def memory(name: str, framework: str, batch_size: int) -> dict:
    """Peak memory of a process that trains for three batches, and of one that only imports, in MiB."""
    command = [sys.executable, "-m", "course_lib.bench.frameworks", "--worker", name, framework, str(batch_size)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{name} in {framework} with batch {batch_size} failed: {result.stderr[-500:]}")
    before, peak = map(float, result.stdout.split()[-2:])
    row = {"kind": "memory", "network": name, "framework": framework, "batch_size": batch_size}
    return row | {"imports_mib": before, "peak_mib": peak}


def worker(name: str, framework: str, batch_size: int) -> None:
    """Print this process's peak memory before and after the training, in MiB."""
    task = TASKS[name]
    __import__("keras" if framework == "keras" else "torch")
    before = peak()
    epoch_of(framework, task, batch_size, 3 * batch_size)()
    print(before, peak())


def peak() -> float:
    """The most memory this process has ever held, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: getrusage would tell the parent's peak where that was higher
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
        return float(lines["VmHWM"].split()[0]) / 2**10
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 2**10  # bytes there, KiB elsewhere


def time_to_accuracy(name: str, framework: str, seed: int, batch_size: int = 64) -> dict:
    """Seconds of training, the first epoch's compilation included, until the validation accuracy reaches the goal.

    The evaluations are not counted. `seconds` is None where the goal is not reached.
    """
    from course_lib.devices import set_seeds

    task = TASKS[name]
    x, y, x_valid, y_valid = examples(task)
    if framework == "keras":
        import keras  # noqa: F401 - so that set_seeds finds it
    else:
        import torch  # noqa: F401
    set_seeds(seed)
    rng = np.random.default_rng(seed)
    if framework == "keras":
        model = keras_model(task)
    else:
        from course_lib.training.torch_loop import evaluate, train_epoch

        model, optimiser, loss_fn = torch_parts(task)
        valid = batches_of("torch", x_valid, y_valid, 500)
    seconds, accuracy = 0.0, 0.0
    for epoch in range(1, task.max_epochs + 1):
        order = rng.permutation(len(x))
        batches = batches_of(framework, x[order], y[order], batch_size)
        start = time.perf_counter()
        if framework == "keras":
            model.fit(batches, epochs=1, shuffle=False, verbose=0)
        else:
            train_epoch(model, batches, loss_fn, optimiser)
        seconds += time.perf_counter() - start
        if framework == "keras":
            accuracy = model.evaluate(x_valid, y_valid, batch_size=500, verbose=0, return_dict=True)["accuracy"]
        else:
            accuracy = evaluate(model, valid, loss_fn)["accuracy"]
        if accuracy >= task.goal:
            break
    reached = accuracy >= task.goal
    row = {"kind": "time to accuracy", "network": name, "framework": framework, "seed": seed, "goal": task.goal}
    return row | {"epochs": epoch, "accuracy": accuracy, "seconds": seconds if reached else None}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--batch", type=int, nargs="+", default=list(BATCHES))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--images", type=int, help="of a timed run; each network has its own number without it")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS), help="for the time to accuracy")
    parser.add_argument("--json", type=Path, default=Path("_build/bench/frameworks.json"))
    parser.add_argument("--worker", nargs=3, metavar=("NETWORK", "FRAMEWORK", "BATCH"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        worker(options.worker[0], options.worker[1], int(options.worker[2]))
        return
    results = []
    for name in options.networks:
        for batch_size in options.batch:
            row = speed(name, batch_size, options.pairs, options.images)
            used = {framework: memory(name, framework, batch_size) for framework in FRAMEWORKS}
            results += [row, *used.values()]
            print(
                f"{name:10}  batch {batch_size:5,}  Keras {row['keras']:8,.0f} images/s {used['keras']['peak_mib']:6,.0f}"
                f" MiB  PyTorch {row['torch']:8,.0f} images/s {used['torch']['peak_mib']:6,.0f} MiB  "
                f"Keras/PyTorch {row['ratio']:.2f}",
                flush=True,
            )
        for seed in options.seeds:
            for framework in FRAMEWORKS if seed % 2 == 0 else FRAMEWORKS[::-1]:
                row = time_to_accuracy(name, framework, seed)
                results.append(row)
                took = "not reached" if row["seconds"] is None else f"{row['seconds']:.1f} s"
                print(f"{name:10}  {framework:5}  seed {seed}: {row['goal']} in {row['epochs']} epochs, {took}", flush=True)
    write_report(options.json, results, PACKAGES)


if __name__ == "__main__":
    main()
