"""Our NumPy network against the same network in PyTorch: images per second of the training step on the CPU.

    python -m course_lib.bench.scratch --batch 64 1024 --pairs 10 --threads 1 --json report.json

Both have 784-128-64-10 units with ReLU, start from the same weights and see the same batches, in float32,
with the same number of threads. A step is forward pass, cross-entropy, backward pass and optimiser.
After three steps the weights of both must agree: otherwise they do not do the same work.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from course_lib.bench.pairs import measure_pairs, write_report
from course_lib.scratch.layers import Activation, Dense
from course_lib.scratch.losses import categorical_cross_entropy
from course_lib.scratch.network import Network
from course_lib.scratch.optimisers import SGD, Adam
from course_lib.scratch.training import train_step

SIZES = (784, 128, 64, 10)
N_IMAGES = 16_384  # per timed run: about a tenth of a second
LEARNING_RATE = 0.001
OPTIMISERS = {"sgd": (SGD, torch.optim.SGD), "adam": (Adam, torch.optim.Adam)}


def build_pair() -> tuple[Network, torch.nn.Sequential]:
    """The network in NumPy and in PyTorch, with the same weights."""
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for n_in, n_out in zip(SIZES, SIZES[1:], strict=False):
        ours += [Dense(n_in, n_out, rng), Activation("relu")]
        theirs += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
    network, model = Network(ours[:-1], dtype=np.float32), torch.nn.Sequential(*theirs[:-1])
    denses = [layer for layer in network.layers if isinstance(layer, Dense)]
    with torch.no_grad():
        for dense, linear in zip(denses, linears(model), strict=True):
            linear.weight.copy_(torch.from_numpy(dense.W.T))  # PyTorch keeps (n_out, n_in)
            linear.bias.zero_()
    return network, model


def linears(model: torch.nn.Sequential) -> list[torch.nn.Linear]:
    return [layer for layer in model if isinstance(layer, torch.nn.Linear)]


def draw_batches(batch_size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random images (batch_size, 784) in float32, random labels: time does not depend on content."""
    rng = np.random.default_rng(1)
    return [
        (rng.random((batch_size, SIZES[0]), dtype=np.float32), rng.integers(0, SIZES[-1], batch_size))
        for _ in range(N_IMAGES // batch_size)
    ]


def numpy_run(network: Network, optimiser: SGD | Adam, batches: list) -> Callable[[], None]:
    """A function that takes one training step on each batch."""

    def run() -> None:
        for X, y in batches:
            train_step(network, categorical_cross_entropy, optimiser, X, y)

    return run


def torch_run(model: torch.nn.Module, optimiser: torch.optim.Optimizer, batches: list) -> Callable[[], None]:
    """The same in PyTorch; the tensors share the memory of the arrays."""
    tensors = [(torch.from_numpy(X), torch.from_numpy(y)) for X, y in batches]

    def run() -> None:
        for X, y in tensors:
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(X), y).backward()
            optimiser.step()

    return run


def flat_weights(model: torch.nn.Sequential) -> np.ndarray:
    """The model's weights in the order of `Network.parameters`."""
    arrays = [array for linear in linears(model) for array in (linear.weight.T, linear.bias)]
    return torch.cat([array.detach().reshape(-1) for array in arrays]).numpy()


def compare(batch_size: int, n_pairs: int, n_threads: int, optimiser: str) -> dict:
    """Time both; RuntimeError if they do not learn the same."""
    ours, theirs = OPTIMISERS[optimiser]
    network, model = build_pair()
    start = network.parameters.copy()
    moves = ours(network.parameters, LEARNING_RATE), theirs(model.parameters(), LEARNING_RATE)
    batches = draw_batches(batch_size)
    torch.set_num_threads(n_threads)
    with threadpool_limits(n_threads):
        numpy_run(network, moves[0], batches[:3])()
        torch_run(model, moves[1], batches[:3])()
        way = np.linalg.norm(network.parameters - start)
        difference = float(np.linalg.norm(network.parameters - flat_weights(model)) / way)
        if not difference < 0.01:  # rounding gives about 0.00001; another rate or a missing step, far more
            raise RuntimeError(f"after three equal steps the weights are {difference:.1%} of the way apart")
        pairs = measure_pairs(numpy_run(network, moves[0], batches), torch_run(model, moves[1], batches), n_pairs)
    summary = pairs.summary()
    n_images = len(batches) * batch_size
    return {
        "batch_size": batch_size,
        "n_threads": n_threads,
        "optimiser": optimiser,
        "numpy_images_per_second": n_images / summary["first_median"],
        "torch_images_per_second": n_images / summary["second_median"],
        "weight_difference": difference,
        **summary,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="NumPy network against PyTorch, images per second in training")
    parser.add_argument("--batch", type=int, nargs="+", default=[64, 1024], help="batch sizes")
    parser.add_argument("--pairs", type=int, default=10, help="interleaved pairs of runs")
    parser.add_argument("--threads", type=int, default=1, help="threads of both")
    parser.add_argument("--optimiser", choices=OPTIMISERS, default="sgd")
    parser.add_argument("--json", type=Path, help="where to write the report")
    options = parser.parse_args()

    results = []
    print("batch  threads  NumPy images/s  PyTorch images/s  ratio (lowest to highest)")
    for batch_size in options.batch:
        row = compare(batch_size, options.pairs, options.threads, options.optimiser)
        low, high = row["ratio_range"]
        print(
            f"{batch_size:5}  {options.threads:7}  {row['numpy_images_per_second']:14,.0f}  "
            f"{row['torch_images_per_second']:16,.0f}  {row['ratio']:5.2f} ({low:.2f} to {high:.2f})"
        )
        results.append(row)
    if options.json:
        write_report(options.json, results, ["numpy", "torch"])


if __name__ == "__main__":
    main()
