"""MNIST: the same call with and without a network."""

from course_lib.data.catalogue import BENCHMARKS
from course_lib.data.record import ImageData
from course_lib.data.store import load

DATA_FILES = ("course_lib/data/samples/mnist.npz",)


def load_mnist(n_train: int = 6000, n_test: int = 1000, download: bool = True) -> ImageData:
    """Handwritten digits, uint8 (n, 28, 28), white ink on black. LeCun et al. (1998).

    Up to 6,000 and 1,000 images come from the package. More (60,000 and 10,000 are all) come from
    mnist.npz in $COURSE_DATA, else from Keras' downloader unless `download` is False. Either way
    the content is compared with a stored checksum, and the images come in one fixed order whose
    every prefix is balanced: a larger request begins with the images of a smaller one.

    Raises ValueError when you ask for more than there is, DataError when it cannot be had.
    """
    return load(BENCHMARKS["mnist"], n_train, n_test, download)
