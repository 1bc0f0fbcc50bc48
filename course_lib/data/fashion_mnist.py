"""Fashion-MNIST: the same call with and without a network."""

from course_lib.data.catalogue import BENCHMARKS
from course_lib.data.record import ImageData
from course_lib.data.store import load

DATA_FILES = ("course_lib/data/samples/fashion_mnist.npz",)


def load_fashion_mnist(n_train: int = 6000, n_test: int = 1000, download: bool = True) -> ImageData:
    """Pieces of clothing, uint8 (n, 28, 28), in ten classes. Xiao, Rasul and Vollgraf (2017).

    Sources, order and errors are those of `load_mnist`; the file is fashion_mnist.npz.
    """
    return load(BENCHMARKS["fashion_mnist"], n_train, n_test, download)
