"""Images in rows."""

from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np
from matplotlib.axes import Axes


def image_grid(
    images: Iterable[np.ndarray],
    axes: Iterable[Axes] | np.ndarray,
    titles: Iterable[str] | None = None,
    colours: Iterable[str] | None = None,
    fontsize: float | None = None,
    cmap: str = "gray_r",
) -> None:
    """Draw each image on axes of its own, row after row, without frames; with a title above, if there are titles.

    images: uint8 (height, width) or (height, width, 3), or floats from 0 to 1. Images without colours are drawn in
    `cmap`, ink on paper. Axes that are left over stay empty, but lose their frames, too. ValueError for too few axes.
    """
    images, flat = list(images), list(np.asarray(axes, dtype=object).flat)
    if len(images) > len(flat):
        raise ValueError(f"{len(images)} images need as many axes, and there are {len(flat)}")
    names: Sequence[str] | repeat = repeat(None) if titles is None else list(titles)
    inks = repeat(None) if colours is None else list(colours)
    for axis in flat:
        axis.axis("off")
    for axis, image, title, ink in zip(flat, images, names, inks, strict=False):
        axis.imshow(image, cmap=cmap if np.ndim(image) == 2 else None)
        if title is not None:
            axis.set_title(title, fontsize=fontsize, **({} if ink is None else {"color": ink}))
