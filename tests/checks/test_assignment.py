"""A set of points for each student: the same for the same number, another for another, and none for nobody."""

import numpy as np
import pytest

from course_lib.checks.assignment import GOALS, goal, points

NUMBERS = range(1001, 1041)


def test_the_same_number_gives_the_same_points_however_it_is_written():
    X, y = points(123)
    assert X.shape == (400, 2) and y.shape == (400, 1) and set(y.ravel()) == {0, 1}
    for same in ("123", "00123", " 123 ", np.int64(123)):
        assert np.array_equal(points(same)[0], X) and np.array_equal(points(same)[1], y)
        assert goal(same) == goal(123)


def test_no_two_numbers_have_a_point_in_common():
    seen = np.concatenate([points(number)[0] for number in NUMBERS])
    seen = seen[(seen != 0).any(axis=1)]  # every spiral begins at the origin
    assert len(np.unique(seen, axis=0)) == len(seen)


def test_new_points_are_other_points_of_the_same_set():
    for number in NUMBERS:
        (X, y), (X_new, y_new) = points(number), points(number, 2000, new=True)
        assert set(map(tuple, X)) & set(map(tuple, X_new)) <= {(0, 0)}
        # Neighbours agree: what the points teach holds for the new ones.
        nearest = np.argmin(((X_new[:, None] - X) ** 2).sum(axis=2), axis=1)
        assert np.mean(y[nearest] == y_new) > 0.85


def test_every_kind_of_set_is_somebodys_and_one_line_does_not_reach_the_goal():
    from sklearn.linear_model import LogisticRegression

    assert {goal(number) for number in NUMBERS} == set(GOALS.values())
    for number in NUMBERS:
        (X, y), (X_new, y_new) = points(number), points(number, 2000, new=True)
        assert LogisticRegression().fit(X, y.ravel()).score(X_new, y_new.ravel()) < goal(number) - 0.01


@pytest.mark.parametrize("nobody", [0, "0", "", "  ", -5, ..., None, True, 1.5, [1]])
def test_a_number_that_is_nobodys_is_refused(nobody):
    with pytest.raises(ValueError, match="is nobody's: write your own into the cell above"):
        points(nobody)
