"""Every data set of the course, by one call each. Nothing here needs a network.

    from course_lib.data import load_mnist
    mnist = load_mnist()          # 6,000 + 1,000 images from the package
    mnist.x_train, mnist.y_train  # uint8 (6000, 28, 28), int64 (6000,)

Pixels are uint8, labels int64; scaling is the page's business, where a reader sees it.
"""

from course_lib.data.catalogue import BENCHMARKS
from course_lib.data.churn import churn_probability, make_churn
from course_lib.data.cifar10 import load_cifar10
from course_lib.data.fashion_mnist import load_fashion_mnist
from course_lib.data.gestures import load_gestures
from course_lib.data.mnist import load_mnist
from course_lib.data.pictograms import load_cats, load_pictograms
from course_lib.data.planar import (
    PLANAR_SETS,
    make_blobs,
    make_circles,
    make_distorted_spirals,
    make_flower,
    make_moons,
    make_quantiles,
    make_random,
    make_spirals,
)
from course_lib.data.record import GestureData, ImageData, ShiftedImageData
from course_lib.data.store import DataError, checksum

__all__ = [
    "BENCHMARKS",
    "DataError",
    "GestureData",
    "ImageData",
    "PLANAR_SETS",
    "ShiftedImageData",
    "checksum",
    "churn_probability",
    "load_cats",
    "load_cifar10",
    "load_fashion_mnist",
    "load_gestures",
    "load_mnist",
    "load_pictograms",
    "make_blobs",
    "make_churn",
    "make_circles",
    "make_distorted_spirals",
    "make_flower",
    "make_moons",
    "make_quantiles",
    "make_random",
    "make_spirals",
]
