"""Make the embedded samples of MNIST and Fashion-MNIST.

    python -m course_lib.data.make_samples SOURCES [FOLDER]

SOURCES holds the complete sets as mnist.npz and fashion_mnist.npz. The sample is the beginning of
the balanced order that the loaders use, so that more images add to it and never replace it. Prints
the two checksums that belong in catalogue.py.
"""

import sys
from pathlib import Path

import numpy as np

from course_lib.data.catalogue import BENCHMARKS
from course_lib.data.store import ARRAYS, balanced_order, checksum, read_npz


def make_sample(arrays: tuple[np.ndarray, ...], n_train: int, n_test: int) -> tuple[np.ndarray, ...]:
    """The first images in balanced order, from complete arrays in their original order."""
    x_train, y_train, x_test, y_test = arrays
    train, test = balanced_order(y_train)[:n_train], balanced_order(y_test)[:n_test]
    return x_train[train], y_train[train], x_test[test], y_test[test]


def main(sources: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for data in BENCHMARKS.values():
        if not data.sample_train:
            continue
        path = sources / f"{data.name}.npz"
        with path.open("rb") as stream:
            x_train, y_train, x_test, y_test = read_npz(stream, str(path))
        arrays = x_train, y_train.astype(np.int64), x_test, y_test.astype(np.int64)
        sample = make_sample(arrays, data.sample_train, data.sample_test)
        np.savez_compressed(folder / path.name, **dict(zip(ARRAYS, sample, strict=True)))
        print(f"{data.name}: checksum {checksum(*arrays)}\n{data.name}: sample_checksum {checksum(*sample)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent / "samples"))
