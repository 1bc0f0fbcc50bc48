"""What every image loader returns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, repr=False, eq=False)
class ImageData:
    """Training and test images with their labels.

    x_train, x_test   uint8, (n, height, width) or (n, height, width, 3)
    y_train, y_test   int64, (n,), an index into class_names
    class_names       one name per label
    source            where the arrays came from, in words

    Any prefix is balanced: among the first n images the counts of two classes differ by at most
    one, as long as both classes last.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    source: str

    def __repr__(self) -> str:
        shape = "x".join(str(side) for side in self.x_train.shape[1:])
        return (
            f"{type(self).__name__}({len(self.x_train):,} training and {len(self.x_test):,} test images, "
            f"{shape}, {len(self.class_names)} classes, {self.source})"
        )


@dataclass(frozen=True, repr=False, eq=False)
class ShiftedImageData(ImageData):
    """Composed images: beside the test set, one drawn in a style that training never shows.

    x_shift, y_shift  like x_test, y_test, same classes and backgrounds, another design family
    """

    x_shift: np.ndarray
    y_shift: np.ndarray


@dataclass(frozen=True, repr=False, eq=False)
class GestureData(ShiftedImageData):
    """Hand gestures with the skin tone of each: int64, (n,), an index into tone_names."""

    tone_train: np.ndarray
    tone_test: np.ndarray
    tone_shift: np.ndarray
    tone_names: tuple[str, ...]
