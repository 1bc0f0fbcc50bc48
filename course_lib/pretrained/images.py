"""Photographs of any size, made square."""

from collections.abc import Sequence

import numpy as np

Images = np.ndarray | Sequence[np.ndarray]


def resize(images: Images, size: int) -> np.ndarray:
    """The central square of each image at another size, uint8 (n, size, size, 3), bicubic.

    Raises ValueError for anything but uint8 RGB.
    """
    from PIL import Image

    squares = np.empty((len(images), size, size, 3), np.uint8)
    for square, image in zip(squares, map(np.asarray, images), strict=True):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(
                f"images are uint8 RGB, (n, height, width, 3) or a list of (height, width, 3), not {image.dtype} "
                f"{image.shape}. Give pixels from 0 to 255 (scaling is done here), a single photograph in a list, "
                "a grey one as np.stack([grey] * 3, -1), and no transparency"
            )
        height, width = image.shape[:2]
        side = min(height, width)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        square[:] = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC, box=box))
    return squares
