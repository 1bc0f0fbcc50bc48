"""Marking: the right verdict for everything a student can hand in, with one hint and the failing input."""

import sys

import numpy as np
import pytest

from course_lib.marking.calls import local
from course_lib.marking.exercise import exercise, mistake
from course_lib.marking.inputs import Case, bits, case, integers, normal, ones, uniform, zeros

centre = exercise(
    "centre",
    task="centre(X, scale): X with the mean of every column taken away, times scale.",
    reference=lambda X, scale: scale * (X - X.mean(axis=0)),
    second=lambda X, scale: scale * X - scale * np.ones(len(X)) @ X / len(X),
    inputs=[case("a batch", X=normal(4, 3), scale=2.0), case("one row", X=ones(1, 2), scale=1.0)],
    mistakes=[
        mistake("one-mean", lambda X, scale: scale * (X - X.mean()), "You took one mean of everything."),
        mistake("no-scale", lambda X, scale: X - X.mean(axis=0), "You forgot scale."),
        mistake("scale-inside", lambda X, scale: scale * X - X.mean(axis=0), "You forgot scale."),
    ],
)


def marked(answer, seed: int = 0):
    return centre.mark(local(answer), seed)


def test_a_right_answer_gets_a_tick_and_what_was_tested():
    verdict = marked(lambda data, factor: (data - data.mean(0)) * factor)  # names are the student's own
    assert verdict.passed
    assert repr(verdict) == "✓ centre: right for a batch and one row"


def test_a_known_mistake_gets_its_hint_and_the_failing_input():
    verdict = marked(lambda X, scale: X - X.mean(0))
    assert (verdict.state, verdict.mistake, verdict.hint) == ("wrong", "no-scale", "You forgot scale.")
    assert verdict.said == "for a batch, 12 of its 12 values are wrong, the first at [0, 0]"
    labels = dict(verdict.shown)
    assert labels["input"].startswith("X = [[") and labels["input"].endswith("scale = 2")
    assert labels["yours"] != labels["expected"]


def test_two_mistakes_with_one_hint_are_told_apart_by_their_names():
    verdict = marked(lambda X, scale: scale * X - X.mean(0))
    assert (verdict.mistake, verdict.hint) == ("scale-inside", "You forgot scale.")
    assert "scale-inside" not in repr(verdict) + verdict._repr_html_()  # the student reads the hint


def test_an_unknown_mistake_is_shown_without_a_hint():
    verdict = marked(lambda X, scale: scale * (X - np.median(X, axis=0)))
    assert (verdict.state, verdict.mistake, verdict.hint) == ("wrong", "", "")
    assert [label for label, _ in verdict.shown] == ["input", "yours", "expected"]


def test_right_on_the_first_case_only_is_not_a_known_mistake():
    """A hint is given only when all answers agree with the mistake."""
    verdict = marked(lambda X, scale: X - X.mean(0) if len(X) > 1 else 1 / 0)
    assert (verdict.state, verdict.hint) == ("wrong", "")


def recurse(X, scale):
    return recurse(X, scale)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda X, scale: 1 / 0, "for a batch, it raises ZeroDivisionError: division by zero"),
        (lambda X, scale: sys.exit(0), "for a batch, it raises SystemExit: 0"),
        (lambda X, scale: np.zeros(10**15), "for a batch, it raises MemoryError: Unable"),
        (recurse, "for a batch, it raises RecursionError"),
        (lambda X, scale: None, "for a batch, it returns None (does it end with return?)"),
        (lambda X: X, "for a batch, it raises TypeError: "),
        (lambda X, scale: len, "for a batch, it is of the type builtin_function_or_method"),
        (lambda X, scale: X.tolist(), "for a batch, it is a list, not an array of shape (4, 3)"),
        (np.zeros((4, 3)), "for a batch, it is not a function; hand over its name alone, without brackets after it (a ndarray)"),
        (3, "for a batch, it is not a function; hand over its name alone"),
    ],
)  # fmt: skip
def test_whatever_happens_is_a_verdict(answer, said):
    verdict = marked(answer)
    assert verdict.state == "wrong"
    assert verdict.said.startswith(said)


def test_a_stub_is_not_attempted_and_half_a_stub_is_wrong():
    def stub(X, scale):
        raise NotImplementedError

    def half(X, scale):
        if len(X) == 1:
            raise NotImplementedError("later")
        return scale * (X - X.mean(0))

    assert repr(marked(stub)) == "○ centre: not attempted yet"
    assert marked(...).state == "not attempted"
    assert marked(lambda X, scale: ...).state == "not attempted"
    assert marked(half).said == "for one row, it raises NotImplementedError: later"


def test_a_function_that_changes_its_input_is_caught():
    def in_place(X, scale):
        X -= X.mean(axis=0)
        X *= scale
        return X

    verdict = marked(in_place)
    assert verdict.state == "wrong"
    assert verdict.said == "the result is right, but for a batch the function changes its input X"
    assert "copy" in verdict.hint


def test_the_reference_is_safe_from_the_student():
    """Every call gets arrays of its own: zeroing one input changes no expected value and no later case."""
    seen = []

    def spy(X, scale):
        seen.append(X.copy())
        X[:] = 0
        return X

    assert marked(spy).state == "wrong"
    np.testing.assert_array_equal(seen[1], np.ones((1, 2)))
    assert marked(centre.reference).passed


def test_another_seed_draws_other_inputs_and_the_same_seed_the_same():
    first, again, other = centre.requests(0), centre.requests(0), centre.requests(1)
    assert first == again
    assert first[0] != other[0] and first[1] == other[1]  # ones stay ones


def test_a_function_that_recognises_the_inputs_of_the_notebook_fails_on_others():
    known = {str(request): centre.reference for request in centre.requests(0)}
    answers = {}
    for request in centre.requests(0):
        answers[str(request)] = local(centre.reference)(request)
    assert known

    def parrot(request):
        return answers.get(str(request), {"value": 0})

    assert centre.mark(parrot, seed=0).passed
    assert not centre.mark(parrot, seed=1).passed


def test_the_answers_of_a_framework_are_accepted():
    import tensorflow as tf
    import torch

    def with_torch(X, scale):
        X = torch.tensor(X, dtype=torch.float32, requires_grad=True)
        return scale * (X - X.mean(0))

    def with_tensorflow(X, scale):
        X = tf.constant(X)
        return scale * (X - tf.reduce_mean(X, axis=0))

    assert marked(with_torch).passed
    assert marked(with_tensorflow).passed


def test_a_network_is_asked_for_its_predictions():
    class Network:
        def predict(self, X, scale):
            return scale * (X - X.mean(0))

    assert marked(Network()).passed


def test_reference_and_mistakes_are_asked_once_for_a_seed():
    """Some of them train networks, and a student may check as often as they like."""
    asked = []

    def slow(x):
        asked.append(x)
        return x + 1

    wrong = [mistake("no", lambda x: x, "No.")]
    once = exercise("f", task="", reference=slow, second=slow, inputs=[case("x", x=1)], mistakes=wrong)
    assert once.mark(local(lambda x: x + 1)).passed and once.mark(local(lambda x: x)).hint == "No."
    assert len(asked) == 1
    once.mark(local(lambda x: x), seed=1)
    assert len(asked) == 2


# ---- Trials ----------------------------------------------------------------------------------------


def try_counter(make, start, n):
    counter = make(start)
    if counter is ... or counter is None:
        return counter
    return {"what it says": [counter() for _ in range(n)]}


def counting(start):
    state = [start]

    def counter():
        state[0] += 1
        return state[0]

    return counter


counter = exercise(
    "counter",
    task="counter(start): a function that says start + 1, then start + 2 ...",
    reference=counting,
    second=lambda start: iter(range(start + 1, 10**9)).__next__,
    trial=try_counter,
    inputs=[case("three calls", start=5, n=3), case("a drawn start", start=integers(), n=2)],
    mistakes=[mistake("too-early", lambda start: counting(start - 1), "It starts too early.")],
)


def test_a_trial_is_what_is_marked():
    """A function that returns functions: nothing that could travel, so the trial asks it where it is."""
    assert counter.mark(counter.local(counting)).passed and counter.mark(counter.local(counter.second), seed=3).passed
    verdict = counter.mark(counter.local(counter.mistakes[0].answer))
    assert verdict.hint == "It starts too early."
    assert (
        verdict.said
        == "for three calls, the difference is in what it says: its value number 0 is wrong: it is 5, not 6"
    )
    assert dict(verdict.shown)["input"] == "start = 5, n = 3"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "not attempted yet"),
        (lambda start: ..., "not attempted yet"),
        (lambda start: None, "for three calls, it returns None (does it end with return?)"),
        (lambda start: 3, "for three calls, it raises TypeError: 'int' object is not callable"),
        (3, "for three calls, it is not a function; hand over its name alone, without brackets after it (a int)"),
    ],
)
def test_what_cannot_be_tried_is_a_verdict(answer, said):
    assert counter.mark(counter.local(answer)).said == said


def test_warnings_do_not_clutter_the_notebook(recwarn, capfd):
    marked(lambda X, scale: np.log(-np.abs(X)) / 0)
    assert not recwarn.list
    assert capfd.readouterr().err == ""


def test_a_reply_that_is_none_is_refused():
    for reply in (None, {}, {"value": {"npy": "?"}}, {"values": 3}):
        with pytest.raises(ValueError):
            centre.mark(lambda request, reply=reply: reply)


even = exercise(
    "even",
    task="even: an even number.",
    verify=lambda n: None if np.ndim(n) == 0 and n % 2 == 0 else ("odd", "Odd."),
    accepts=[2, 4.0],
    rejects=[mistake("odd", 3, "Odd.")],
)


def test_a_value_is_verified():
    assert repr(even.mark(local(4))) == "✓ even: 4 is right"
    assert repr(even.mark(local(3))) == "✗ even: 3 is not right\n  Hint: Odd."
    assert even.mark(local(3)).mistake == "odd"
    assert even.mark(local(...)).state == "not attempted"
    assert (
        even.mark(local(len)).said
        == "your answer is of the type builtin_function_or_method, which is no answer to this task"
    )
    assert even.mark(local(None)).state == "wrong"


def test_a_declaration_that_proves_nothing_is_refused():
    with pytest.raises(ValueError, match="f: a function needs reference, second, inputs and mistakes"):
        exercise("f", task="", reference=len, second=len, inputs=[case("x", x=1)])
    with pytest.raises(ValueError, match="f: what is marked by verify needs accepts and rejects"):
        exercise("f", task="", verify=len, accepts=[1])


def test_drawn_inputs_have_the_kind_they_say():
    def drawn(spec):
        return Case("", {"x": spec}).draw(np.random.default_rng(3))[0]

    assert drawn(normal(500, mean=5, scale=0.1)).shape == (500,) and abs(drawn(normal(500, mean=5)).mean() - 5) < 0.3
    assert set(drawn(bits(100))) == {0, 1} and drawn(bits(3)).dtype.kind == "i"
    assert set(drawn(integers(200, low=3, high=6))) == {3, 4, 5}
    assert drawn(uniform(100, low=2, high=3)).min() >= 2 and drawn(uniform(2, 3)).shape == (2, 3)
    assert type(drawn(normal())) is type(drawn(uniform())) is float and type(drawn(bits())) is int
    assert drawn(zeros(2)).tolist() == [0, 0] and drawn("text") == "text"
