"""What do our training loops cost? Against loops that know nothing of this library, on a network whose steps are short.

    python -m course_lib.bench.loops --pairs 10 --json report.json

PyTorch: `torch_loop.fit` with its means, history and clock, against the five lines of a tutorial.
Keras: `fit` with our `Recorder`, against `fit`. Ends with an error where ours has less than 0.9 of the bare speed.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import torch

from course_lib.bench.pairs import measure_pairs, write_report
from course_lib.training.keras_history import Recorder
from course_lib.training.torch_loop import fit

LEAST = 0.9
SIZES = (784, 128, 64, 10)


def rows(n_images: int, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Batches (n, batch_size, 784) and (n, batch_size): time does not depend on content."""
    rng = np.random.default_rng(0)
    shape = n_images // batch_size, batch_size
    return rng.random((*shape, SIZES[0]), dtype=np.float32), rng.integers(0, SIZES[-1], shape)


def torch_pair(n_images: int, batch_size: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """One epoch with our loop, and with a bare one."""
    batches = list(zip(*map(torch.from_numpy, rows(n_images, batch_size)), strict=True))
    loss_fn = torch.nn.CrossEntropyLoss()

    def parts() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        linear = [torch.nn.Linear(*sizes) for sizes in zip(SIZES, SIZES[1:], strict=False)]
        model = torch.nn.Sequential(linear[0], torch.nn.ReLU(), linear[1], torch.nn.ReLU(), linear[2])
        return model, torch.optim.SGD(model.parameters(), 0.01)

    ours, theirs = parts(), parts()

    def bare() -> None:
        model, optimiser = theirs
        model.train()
        for x, y in batches:
            optimiser.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimiser.step()

    return lambda: fit(ours[0], batches, None, loss_fn, ours[1], epochs=1), bare


def keras_pair(n_images: int, batch_size: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """The same for Keras."""
    batches = tf.data.Dataset.from_tensor_slices(rows(n_images, batch_size)).prefetch(2)

    def new_model() -> keras.Model:
        dense = [keras.layers.Dense(n, activation="relu") for n in SIZES[1:-1]]
        model = keras.Sequential([keras.Input((SIZES[0],)), *dense, keras.layers.Dense(SIZES[-1])])
        model.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    ours, theirs = new_model(), new_model()
    settings = {"epochs": 1, "shuffle": False, "verbose": 0}
    return lambda: ours.fit(batches, callbacks=[Recorder()], **settings), lambda: theirs.fit(batches, **settings)


PAIRS = {"torch": torch_pair, "keras": keras_pair}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--images", type=int, default=32_768)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--json", type=Path, default=Path("_build/bench/loops.json"))
    options = parser.parse_args(arguments)
    results = []
    for name, pair in PAIRS.items():
        summary = measure_pairs(*pair(options.images, options.batch), options.pairs).summary()
        results.append({"framework": name, "batch_size": options.batch, "n_images": options.images, **summary})
        low, high = summary["ratio_range"]
        print(f"{name}: our loop has {summary['ratio']:.2f} of the bare speed ({low:.2f} to {high:.2f})", flush=True)
    write_report(options.json, results, ["keras", "tensorflow", "torch"])
    if slow := [row["framework"] for row in results if row["ratio"] < LEAST]:
        sys.exit(f"error: below {LEAST} of the bare speed: {', '.join(slow)}")


if __name__ == "__main__":
    main()
