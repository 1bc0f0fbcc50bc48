"""Networks that paint a photograph in another style in one pass: Dumoulin et al. (2017), Ghiasi et al. (2017).

Both halve the image twice, work on it in residual blocks, and double it twice. They differ in their widths and in what
a style is: a choice among those they were trained with, or a hundred numbers that a second network reads off a picture.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Styliser:
    """code: the numbers that say a style. The first and the last convolution are 9 by 9, all others 3 by 3.

    styled_contraction  whether the style also steers the three convolutions before the residual blocks
    """

    name: str
    code: int
    contract: tuple[int, int, int]
    n_residual: int
    expand: tuple[int, int, int]
    styled_contraction: bool


STYLISE_26 = Styliser("stylise_26", 26, (32, 32, 32), 6, (8, 4, 3), styled_contraction=True)
STYLISE_ANY = Styliser("stylise_any", 100, (8, 16, 32), 5, (16, 8, 3), styled_contraction=False)
