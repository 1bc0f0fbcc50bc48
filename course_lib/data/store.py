"""Find a data set, check it, hand it over.

In this order: the sample in the package, a file in $COURSE_DATA, Keras' own downloader, an error.
Nothing is used before its content has been checked.
"""

import errno
import hashlib
import io
import os
import zipfile
import zlib
from importlib.resources import files
from pathlib import Path

import numpy as np

from course_lib.data.catalogue import Benchmark
from course_lib.data.record import ImageData

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
UNREADABLE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, TypeError, AttributeError)
CANNOT_WRITE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOSPC}

REPAIR = "Nothing was taken from it. Put a good copy in its place, or delete it."


class DataError(RuntimeError):
    """The data asked for are not there, or are not what they should be; the text says what to do."""


def checksum(*arrays: np.ndarray) -> str:
    """SHA-256 over type, shape and bytes of arrays: the same in whatever file they travelled."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def balanced_order(labels: np.ndarray) -> np.ndarray:
    """A fixed random order in which every block holds each class once, as long as the classes last.

    labels: (n,), integers from 0. Returns indices (n,). Drawn from the raw numbers of PCG64, which
    NumPy promises never to change (its `shuffle` may).
    """
    keys = np.random.PCG64(0).random_raw(len(labels))
    by_class = np.lexsort((keys, labels))
    counts = np.bincount(labels)
    rank = np.empty(len(labels), np.int64)  # how many of its class come before an image
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.lexsort((keys, rank))


def read_npz(stream: io.BufferedIOBase, name: str) -> tuple[np.ndarray, ...]:
    """The four arrays of an archive; DataError with the file's name when it cannot be read."""
    try:
        with np.load(stream, allow_pickle=False) as archive:
            return tuple(archive[array] for array in ARRAYS)
    except KeyError:
        raise DataError(f"{name} lacks one of the arrays {', '.join(ARRAYS)}. {REPAIR}") from None
    except UNREADABLE as error:
        raise DataError(f"{name} is damaged or no .npz archive ({error}). {REPAIR}") from error


def checked(arrays: tuple[np.ndarray, ...], data: Benchmark, name: str) -> tuple[np.ndarray, ...]:
    """Bring the arrays to the form of `ImageData`; DataError when they are not this data set.

    Shapes, types and labels are checked first, for an error that helps. Then the checksum decides,
    where one is known; where none is (CIFAR-10), a complete set must have equal classes.
    """
    x_train, y_train, x_test, y_test = arrays
    parts = []
    both = ("train", x_train, y_train, data.n_train), ("test", x_test, y_test, data.n_test)
    for part, x, y, size in both:
        if x.dtype != np.uint8 or x.shape[1:] != data.shape:
            wanted = ("n", *data.shape)
            raise DataError(
                f"{name}: x_{part} should be uint8 of shape ({', '.join(map(str, wanted))}), "
                f"it is {x.dtype} of shape {x.shape}. {REPAIR}"
            )
        if y.shape not in ((len(x),), (len(x), 1)) or y.dtype.kind not in "iu":
            raise DataError(
                f"{name}: y_{part} should be integers of shape ({len(x)},), one for each image, "
                f"it is {y.dtype} of shape {y.shape}. {REPAIR}"
            )
        y = y.reshape(-1).astype(np.int64)
        counts = np.bincount(y, minlength=10) if len(y) and y.min() >= 0 and y.max() <= 9 else None
        if counts is None:
            raise DataError(f"{name}: y_{part} should hold labels from 0 to 9, and does not. {REPAIR}")
        if data.checksum is None and len(y) >= size and np.any(counts != size // 10):
            raise DataError(
                f"{name}: {data.title} has {size // 10:,} images of each class in {part}; "
                f"here are {', '.join(map(str, counts))}. {REPAIR}"
            )
        parts += [x, y]
    if data.checksum is not None and checksum(*parts) != data.checksum:
        raise DataError(f"{name}: the content is not {data.title}, its checksum differs. {REPAIR}")
    return tuple(parts)


def embedded(data: Benchmark) -> tuple[np.ndarray, ...]:
    """The sample in the package, checked. The module of the data set names the file, for the cache of pages."""
    name = f"{data.name}.npz"
    stream = io.BytesIO((files("course_lib.data") / "samples" / name).read_bytes())
    arrays = read_npz(stream, f"the embedded {name}")
    if checksum(*arrays) != data.sample_checksum:
        raise DataError(f"The embedded {name} is damaged: its checksum differs. Install course-lib again.")
    return arrays


def downloaded(data: Benchmark) -> tuple[np.ndarray, ...]:
    """The complete set through keras.datasets, which keeps a copy in its own cache folder."""
    try:
        from keras import datasets
    except ImportError as error:
        raise DataError(f"Keras, which would download it, is not installed ({error})") from error
    try:
        (x_train, y_train), (x_test, y_test) = getattr(datasets, data.name).load_data()
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise DataError(f"the download failed ({error})") from error
        raise DataError(
            f"Keras cannot write its cache folder ({error}); set KERAS_HOME to a folder you can write"
        ) from error
    except Exception as error:  # Keras raises a plain Exception when it finds no network
        raise DataError(f"the download failed ({error})") from error
    name = f"Keras' copy of {data.name} (in its cache, ~/.keras/datasets or $KERAS_HOME/datasets)"
    return checked((x_train, y_train, x_test, y_test), data, name)


def load(data: Benchmark, n_train: int, n_test: int, download: bool) -> ImageData:
    """The first images of a data set in balanced order, from the nearest source that has enough.

    Raises ValueError for numbers the data set does not have, DataError when no source is at hand.
    """
    if not (0 <= n_train <= data.n_train and 0 <= n_test <= data.n_test):
        raise ValueError(
            f"{data.title} has {data.n_train:,} training and {data.n_test:,} test images; "
            f"you asked for {n_train:,} and {n_test:,}."
        )
    if n_train <= data.sample_train and n_test <= data.sample_test:
        return record(embedded(data), data, n_train, n_test, "embedded sample")

    folder = os.environ.get("COURSE_DATA")
    path = Path(folder or ".") / f"{data.name}.npz"
    tried = "COURSE_DATA is not set"
    if folder:
        tried = f"COURSE_DATA is {folder}, where there is no {path.name}"
        if path.is_file():
            with path.open("rb") as stream:
                arrays = checked(read_npz(stream, str(path)), data, str(path))
            if len(arrays[0]) >= n_train and len(arrays[2]) >= n_test:
                return in_order(arrays, data, n_train, n_test, f"{path.name} in $COURSE_DATA")
            tried = f"{path} has only {len(arrays[0]):,} and {len(arrays[2]):,}"

    failure = "not tried, you said download=False"
    if download:
        try:
            return in_order(downloaded(data), data, n_train, n_test, "downloaded by Keras")
        except DataError as error:
            failure = str(error)
    raise DataError(
        f"You asked for {n_train:,} training and {n_test:,} test images of {data.title}.\n"
        f"Offline there are {data.sample_train:,} and {data.sample_test:,}. Two ways to the rest:\n"
        f"1. Set COURSE_DATA to a folder with {path.name} (arrays {', '.join(ARRAYS)}).\n"
        f"   Now: {tried}.\n"
        f"2. Let Keras download it once: call this with a network and download=True.\n"
        f"   Now: {failure}.{data.hint}"
    )


def in_order(arrays, data: Benchmark, n_train: int, n_test: int, source: str) -> ImageData:
    """Put complete arrays in balanced order: their beginning is then the embedded sample."""
    x_train, y_train, x_test, y_test = arrays
    train = balanced_order(y_train)[:n_train]
    test = balanced_order(y_test)[:n_test]
    return record((x_train[train], y_train[train], x_test[test], y_test[test]), data, n_train, n_test, source)


def record(arrays, data: Benchmark, n_train: int, n_test: int, source: str) -> ImageData:
    x_train, y_train, x_test, y_test = arrays
    return ImageData(x_train[:n_train], y_train[:n_train], x_test[:n_test], y_test[:n_test], data.class_names, source)
