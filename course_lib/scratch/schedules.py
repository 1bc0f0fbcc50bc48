"""Learning-rate schedules: which part of the full rate to use at a given moment of a training run.

`progress` runs from 0 at the first step to 1 after the last one; the answer is a factor from 0 to 1.
"""

import math


def constant(progress: float) -> float:
    """The full rate throughout."""
    return 1.0


def cosine(progress: float) -> float:
    """From the full rate down to zero along half a cosine wave (Loshchilov and Hutter 2017, eq. 5)."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def one_cycle(progress: float, warm_up: float = 0.3) -> float:
    """Up to the full rate during the first `warm_up` of the run, then down to zero, on cosine waves.

    The gentle start allows a rate that would make untrained weights diverge (after Smith and Topin 2017).
    """
    if progress < warm_up:
        return 1 - cosine(progress / warm_up)
    return cosine((progress - warm_up) / (1 - warm_up))
