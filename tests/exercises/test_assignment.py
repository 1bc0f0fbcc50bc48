"""Points and a bank for each student: the same for the same number, another for another, and none for nobody."""

import json

import numpy as np
import pytest

from course_lib.checks.labs import LABS
from course_lib.data import churn_probability
from course_lib.exercises.lab_02_hidden_layer import _forward, _train, my_network
from course_lib.exercises.lab_02_hidden_layer.points import GOALS, goal, points
from course_lib.exercises.lab_04_workflow import _build, _cheapest, _fit_in_keras, _split, _standardise
from course_lib.exercises.lab_04_workflow.bank import bank
from course_lib.marking.collect import submission
from course_lib.marking.mark import mark
from course_lib.scratch.activations import sigmoid

NUMBERS = range(1001, 1041)


def test_the_same_number_gives_the_same_points_however_it_is_written():
    X, y = points(123)
    assert X.shape == (400, 2) and y.shape == (400, 1) and set(y.ravel()) == {0, 1}
    for same in ("123", "00123", " 123 ", np.int64(123), np.array(123)):
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


@pytest.mark.parametrize("nobody", [0, "0", "", "  ", -5, None, True, 1.5, [1], np.array([1, 2])])
def test_a_number_that_is_nobodys_is_refused(nobody):
    with pytest.raises(ValueError, match="is nobody's: write your own into the cell above"):
        points(nobody)


def test_a_number_that_is_not_set_yet_is_no_riddle():
    with pytest.raises(ValueError, match="student_number is not set yet: write your own number into the cell above"):
        points(...)


def right(parameters, number) -> float:
    X, y = points(number, 2000, new=True)
    return np.mean((_forward(X, parameters)[1] > 0) == y)


def test_the_goals_need_more_than_two_hidden_neurons_and_can_be_reached_with_eight():
    reached = []
    for number in NUMBERS:
        X, y = points(number)
        assert right(_train(X, y, 2, 500, 1.0, 0)["parameters"], number) < goal(number)
        reached.append(right(_train(X, y, 8, 2000, 1.0, 0)["parameters"], number) >= goal(number))
    assert np.mean(reached) >= 0.95


def test_a_network_of_somebody_elses_points_rarely_passes():
    """The sets are few, so a friend's network may fit; but not as a rule."""
    networks = {number: _train(*points(number), 8, 1000, 1.0, 0)["parameters"] for number in NUMBERS[:20]}
    fits = [
        right(network, other) >= goal(other) for own, network in networks.items() for other in networks if own != other
    ]
    assert np.mean(fits) < 0.12


def notebook(number, handed_in) -> bytes:
    cells = [
        'from course_lib.checks import lab\ncheck = lab("02_hidden_layer")',
        f"student_number = {number}",
        f"from course_lib.exercises.lab_02_hidden_layer import fence\n"
        f'my_network = {{"student_number": {handed_in}, "parameters": fence(8)}}',
    ]
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps(
        {"cells": [{**cell, "source": source} for source in cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def test_a_bank_is_the_same_for_the_same_number_and_its_new_customers_are_other_ones():
    mine, same, other = bank(123), bank("0123"), bank(124)
    assert mine.goal == same.goal and np.array_equal(mine.columns["salary"], same.columns["salary"])
    assert not np.array_equal(mine.columns["salary"], other.columns["salary"])
    assert mine.left.shape == (6000,) and {len(column) for column in mine.new.values()} == {2000}
    assert not set(mine.columns["customer_id"]) & set(mine.new["customer_id"])
    assert mine.columns["retention_calls"].any() and not mine.new["retention_calls"].any()
    assert {bank(number).price_of_a_loss for number in NUMBERS} == {100, 120, 150, 200}
    with pytest.raises(ValueError, match="not set yet"):
        bank(...)


def test_calling_all_or_nobody_is_too_dear_and_the_best_calls_are_not():
    for number in NUMBERS:
        mine = bank(number)
        p = churn_probability(mine.new)
        best = mine.price(mine.price_of_a_loss * p > mine.price_of_a_call)
        assert best + 2.4 < mine.goal < best + 2.6
        assert mine.price(np.ones(2000, bool)) == 20 > mine.goal + 1
        assert abs(mine.price(np.zeros(2000, bool)) - mine.price_of_a_loss * p.mean()) < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("number", [1001, 1005, 1007])
def test_a_network_reaches_the_goal_of_a_bank_and_a_logistic_regression_or_a_leak_does_not(number):
    import keras
    from sklearn.linear_model import LogisticRegression

    mine = bank(number)
    train, valid, _ = _split(mine.left, 0)
    y_train, y_valid = mine.left[train], mine.left[valid]
    words = {"region": ("hills", "plain"), "channel": ("branch",)}

    def price(leak: bool, linear: bool) -> float:
        def rows(columns):
            names = [name for name in columns if name not in (*words, "customer_id", "advisor", "retention_calls")]
            numbers = [columns[name] for name in names + leak * ["retention_calls"]]
            return np.column_stack(numbers + [columns[name] == word for name in words for word in words[name]])

        X = rows(mine.columns).astype(float)
        X_train, X_valid, X_new = _standardise(X[train], X[valid], rows(mine.new).astype(float))
        if linear:
            model = LogisticRegression().fit(X_train, y_train)
            p_valid, p_new = (model.predict_proba(part)[:, 1] for part in (X_valid, X_new))
        else:
            keras.utils.set_random_seed(0)
            network = _build(X.shape[1], 32)
            network.optimizer.learning_rate = 0.01
            _fit_in_keras(network, X_train, y_train, X_valid, y_valid, 100, 5)
            p_valid, p_new = (sigmoid(network.predict(part, verbose=0)[:, 0]) for part in (X_valid, X_new))
        return mine.price(p_new > _cheapest(p_valid, y_valid, mine.price_of_a_call, mine.price_of_a_loss))

    assert price(leak=False, linear=False) < mine.goal < price(leak=False, linear=True)
    assert price(leak=True, linear=False) > mine.goal


def test_the_marker_wants_the_network_of_the_number_in_the_notebook():
    owner = my_network.accepts[0]["student_number"]

    def verdict(number, handed_in):
        result = mark(submission("x.ipynb", notebook(number, handed_in)), LABS, seed=0)
        return {found.exercise: found for found in result.verdicts}["my_network"]

    assert verdict(owner, owner).passed and verdict(f'"00{owner}"', owner).passed
    borrowed = verdict(owner + 1, owner)
    assert borrowed.state == "wrong"
    assert borrowed.said == f"it carries the student_number {owner}, and the notebook says {owner + 1}"
    assert "run all cells again" in borrowed.hint
