"""MNIST, Fashion-MNIST and CIFAR-10: the same three calls with and without a network."""

from course_lib.data.catalogue import BENCHMARKS
from course_lib.data.record import ImageData
from course_lib.data.store import load


def load_mnist(n_train: int = 6000, n_test: int = 1000, download: bool = True) -> ImageData:
    """Handwritten digits, uint8 (n, 28, 28), white ink on black. LeCun et al. (1998).

    Up to 6,000 and 1,000 images come from the package. More (60,000 and 10,000 are all) come from
    mnist.npz in $COURSE_DATA, else from Keras' downloader unless `download` is False. Either way
    the content is compared with a stored checksum, and the images come in one fixed order whose
    every prefix is balanced: a larger request begins with the images of a smaller one.

    Raises ValueError when you ask for more than there is, DataError when it cannot be had.
    """
    return load(BENCHMARKS["mnist"], n_train, n_test, download)


def load_fashion_mnist(n_train: int = 6000, n_test: int = 1000, download: bool = True) -> ImageData:
    """Pieces of clothing, uint8 (n, 28, 28), in ten classes. Xiao, Rasul and Vollgraf (2017).

    Sources, order and errors are those of `load_mnist`; the file is fashion_mnist.npz.
    """
    return load(BENCHMARKS["fashion_mnist"], n_train, n_test, download)


def load_cifar10(n_train: int = 6000, n_test: int = 1000, download: bool = True) -> ImageData:
    """Small colour photographs, uint8 (n, 32, 32, 3), in ten classes. Krizhevsky (2009).

    Nothing is embedded: images come from cifar10.npz in $COURSE_DATA, which may hold fewer than
    50,000 and 10,000, else from Keras' downloader unless `download` is False.
    `load_pictograms` has the same classes and shapes and is always there.

    There is **no checksum of the content** here. The downloaded archive is checked by Keras with its
    own file hash. Of your own file only types, shapes and labels are checked, and for a complete
    set that its classes are equal in number: a copy with other pixels, say one that went through
    JPEG, is taken as it is.

    Order and errors are those of `load_mnist`.
    """
    return load(BENCHMARKS["cifar10"], n_train, n_test, download)
