"""The data sets of the course: what they are, where they come from, what they allow."""

from dataclasses import dataclass

DIGITS = tuple("0123456789")
CLOTHES = (
    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"
)  # fmt: skip
OBJECTS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Benchmark:
    """A published data set of images in ten classes.

    `checksum` and `sample_checksum` are `store.checksum` over x_train, y_train, x_test, y_test
    (uint8 and int64): of the complete set in its original order, and of the embedded sample.
    """

    name: str
    title: str
    origin: str
    licence: str
    shape: tuple[int, ...]
    class_names: tuple[str, ...]
    n_train: int
    n_test: int
    sample_train: int = 0
    sample_test: int = 0
    checksum: str | None = None
    sample_checksum: str | None = None
    hint: str = ""


BENCHMARKS = {
    "mnist": Benchmark(
        name="mnist",
        title="MNIST",
        origin="Y. LeCun, C. Cortes, C. J. C. Burges",
        licence="CC BY-SA 3.0",
        shape=(28, 28),
        class_names=DIGITS,
        n_train=60_000,
        n_test=10_000,
        sample_train=6_000,
        sample_test=1_000,
        checksum="c9c899568825c0192b158204e056115690ebe9e01a8a467321a8e34a416b7a26",
        sample_checksum="8aa4d534d2eab76863df37462d23d8d5bcce9a2c42351f8bce472dbd4d416e2a",
    ),
    "fashion_mnist": Benchmark(
        name="fashion_mnist",
        title="Fashion-MNIST",
        origin="H. Xiao, K. Rasul, R. Vollgraf, Zalando Research",
        licence="MIT",
        shape=(28, 28),
        class_names=CLOTHES,
        n_train=60_000,
        n_test=10_000,
        sample_train=6_000,
        sample_test=1_000,
        checksum="050f7be9e1fdbb830bcf90ae3e83424b0016c046a7122ee06248af6d72d5ccda",
        sample_checksum="76159c5ca7aa5dcd1771cf1d4609a5a525903ea3a79ffc7e265434b30ede1d3e",
    ),
    "cifar10": Benchmark(
        name="cifar10",
        title="CIFAR-10",
        origin="A. Krizhevsky, University of Toronto",
        licence="none stated; never part of this project",
        shape=(32, 32, 3),
        class_names=OBJECTS,
        n_train=50_000,
        n_test=10_000,
        hint="\nOr take load_pictograms: the same ten classes and shapes, made on the spot.",
    ),
}
