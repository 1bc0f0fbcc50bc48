"""CIFAR-10: the same call as for MNIST, for images that are not in the package."""

from course_lib.data.catalogue import BENCHMARKS
from course_lib.data.record import ImageData
from course_lib.data.store import load


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
