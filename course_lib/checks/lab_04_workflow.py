"""Lab 04_workflow: cut a table, scale it, build, compile and fit a network, and decide whom to call."""

import numpy as np

from course_lib.checks.exercise import exercise
from course_lib.checks.inputs import Drawn, case, integers

# ---- Three parts -----------------------------------------------------------------------------------

SHARES = 0.5, 0.2, 0.3
SEEDS = 3  # splits that are looked at: a single one may have the right shares by luck


def leavers(n: int, n_ones: int, sort: bool = False) -> Drawn:
    """y (n,) with so many ones."""
    y = (np.arange(n) >= n - n_ones).astype(np.int64)
    return Drawn(lambda rng: y if sort else rng.permutation(y))


def _parts(answer, n: int) -> list[np.ndarray] | None:
    """Three arrays of row numbers of a table with n rows, or None."""
    if not isinstance(answer, list | tuple) or len(answer) != 3:
        return None
    parts = [np.asarray(part) for part in answer]
    right = all(part.ndim == 1 and part.dtype.kind in "iu" and np.isin(part, np.arange(n)).all() for part in parts)
    return parts if right else None


def _look_at_split(split, y, seed):
    found = [_parts(split(y, one), len(y)) for one in (*range(seed, seed + SEEDS), seed)]
    if None in found:
        return {"three arrays of row numbers": False}
    sizes = np.array([[len(part) for part in parts] for parts in found])  # (splits, parts)
    n_leavers = np.array([[y[part].sum() for part in parts] for parts in found])
    shared = (abs(n_leavers - sizes * y.mean()) < 1.5).all(axis=0)  # a row more or less is rounding
    n_different = [len(np.unique(np.concatenate(parts))) for parts in found]
    first, second, *_, again = (b"".join(np.sort(part).tobytes() for part in parts) for parts in found)
    return {
        "three arrays of row numbers": True,
        "half of the rows, a fifth, the rest": bool((abs(sizes - len(y) * np.array(SHARES)) < 1.5).all()),
        "no row in two parts": n_different == sizes.sum(axis=1).tolist(),
        "no row left out": n_different == [len(y)] * len(found),
        "the table's share of leavers in the first part": bool(shared[0]),
        "the table's share of leavers in the second part": bool(shared[1]),
        "the table's share of leavers in the third part": bool(shared[2]),
        "the same parts for the same seed": first == again,
        "other parts for another seed": first != second,
    }


def _cut(rows, *ends):
    return np.split(rows, [round(len(rows) * end) for end in ends])


def _split(y, seed):
    rng = np.random.default_rng(seed)
    classes = [_cut(rng.permutation(np.flatnonzero(y == one)), 0.5, 0.7) for one in (0, 1)]
    return [np.concatenate(parts) for parts in zip(*classes, strict=True)]


def _split_in_two_cuts(y, seed, first=True, second=True, test_size=0.6):
    """As the lecture does it. first, second: whether that cut looks at y."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(y))
    train, others = train_test_split(rows, test_size=0.5, stratify=y if first else None, random_state=seed)
    valid, test = train_test_split(
        others, test_size=test_size, stratify=y[others] if second else None, random_state=seed
    )
    return train, valid, test


def _three_draws(y, seed):
    rng, parts = np.random.default_rng(seed), []
    for place in range(3):
        shuffled = [rng.permutation(np.flatnonzero(y == one)) for one in (0, 1)]
        parts.append(np.concatenate([rows[: round(len(rows) * SHARES[place])] for rows in shuffled]))
    return parts


def _places_of_the_second_cut(y, seed):
    train, valid, test = _split(y, seed)
    others = np.sort(np.concatenate([valid, test]))
    return train, np.searchsorted(others, valid), np.searchsorted(others, test)


split = exercise(
    "split",
    task="split(y, seed) -> (train, valid, test): three arrays of row numbers, half of the rows, a fifth and the rest, "
    "with the share of leavers of y (n,) in each.",
    look=_look_at_split,
    reference=_split,
    second=_split_in_two_cuts,
    inputs=[
        case("2,000 customers", y=leavers(2000, 400), seed=integers(high=1000)),
        case("a table sorted by the answer", y=leavers(600, 60, sort=True), seed=integers(high=1000)),
    ],
    mistakes={
        "Stratify, in both cuts: chance alone gives one part more leavers than another.": (
            lambda y, seed: _split_in_two_cuts(y, seed, first=False, second=False)
        ),
        "Your first cut is stratified, but the second one is not: it takes stratify=y[others].": (
            lambda y, seed: _split_in_two_cuts(y, seed, second=False)
        ),
        "The second cut divides only half of the table. A fifth of all rows are two fifths of those.": (
            lambda y, seed: _split_in_two_cuts(y, seed, test_size=0.8)
        ),
        "You draw each part from all rows, so some customers train and judge. Cut off one part, then divide the "
        "others.": _three_draws,
        "The second cut numbers its rows anew, from 0. Hand it the row numbers that the first cut has left.": (
            _places_of_the_second_cut
        ),
        "You never use the seed, so nobody can repeat your split. Hand it on, as random_state or to default_rng.": (
            lambda y, seed: _split(y, None)
        ),
        "You always use the same seed. Take the one that is handed over.": lambda y, seed: _split(y, 0),
        "The rows keep the order of the table, and tables come sorted. Shuffle before you cut.": (
            lambda y, seed: _cut(np.arange(len(y)), 0.5, 0.7)
        ),
        "These are the answers of the customers. Return row numbers, so that columns and answers stay together.": (
            lambda y, seed: [y[part] for part in _split(y, seed)]
        ),
    },
)

EXERCISES = [split]
