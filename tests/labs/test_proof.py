"""One proof for every exercise of every lab: right answers pass, wrong ones fail, each with the hint it deserves."""

import json
import re
from pathlib import Path

import pytest

from course_lib.checks.labs import LABS
from course_lib.checks.notebook import Lab, lab
from course_lib.marking.calls import local
from course_lib.marking.exercise import FunctionExercise

ROOT = Path(__file__).resolve().parents[2]
# A marker draws inputs that the notebook, with seed 0, does not; the proof must not hang on one draw.
SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.more) for seed in (2, 3, 4))]
EXERCISES = [(name, exercise) for name in LABS.names for exercise in LABS.load(name)]
WRONG = [(name, exercise, wrong) for name, exercise in EXERCISES for wrong in exercise.wrong_answers]
SHORT_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def over_the_wire(thing, trial=None):
    """The call a marker makes: what passes through it has been JSON."""
    call = local(thing, trial)

    def asked(request):
        return json.loads(json.dumps(call(json.loads(json.dumps(request, allow_nan=False))), allow_nan=False))

    return asked


every_exercise = pytest.mark.parametrize(
    ("name", "exercise"), EXERCISES, ids=[f"{name}-{exercise.name}" for name, exercise in EXERCISES]
)


@every_exercise
@pytest.mark.parametrize("seed", SEEDS)
def test_right_answers_pass(name, exercise, seed):
    assert len(exercise.right_answers) >= 2
    for answer in exercise.right_answers:
        verdict = exercise.mark(exercise.local(answer), seed)
        assert verdict.passed, verdict
        assert exercise.mark(over_the_wire(answer, exercise.trial), seed) == verdict


@every_exercise
def test_a_stub_is_not_attempted(name, exercise):
    def stub(*arguments):
        raise NotImplementedError("your code goes here")

    for undone in (stub, ...) if isinstance(exercise, FunctionExercise) else (...,):
        assert exercise.mark(over_the_wire(undone, exercise.trial)).state == "not attempted"


@pytest.mark.parametrize(
    ("name", "exercise", "wrong"),
    WRONG,
    ids=[f"{name}-{exercise.name}-{wrong.name}" for name, exercise, wrong in WRONG],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_mistake_fails_under_its_own_name_and_hint(name, exercise, wrong, seed):
    """It is found by comparing with all mistakes, so this also proves that no two of them are alike."""
    verdict = exercise.mark(exercise.local(wrong.answer), seed)
    assert (verdict.state, verdict.mistake, verdict.hint) == ("wrong", wrong.name, wrong.hint), verdict
    assert exercise.mark(over_the_wire(wrong.answer, exercise.trial), seed) == verdict


@every_exercise
def test_mistakes_differ_from_each_other_whatever_their_order(name, exercise):
    if isinstance(exercise, FunctionExercise):
        backwards = type(exercise)(
            **{**vars(exercise), "mistakes": exercise.mistakes[::-1]},
        )
        for mistake in exercise.mistakes:
            assert backwards.mark(backwards.local(mistake.answer)).mistake == mistake.name


@every_exercise
def test_a_mistake_has_a_short_name_of_its_own(name, exercise):
    names = [mistake.name for mistake in exercise.wrong_answers]
    assert len(set(names)) == len(names)
    for one in names:
        assert SHORT_NAME.fullmatch(one) and len(one) <= 30, one


@every_exercise
def test_an_exercise_is_worded_for_a_student(name, exercise):
    assert exercise.task.startswith(exercise.name + "(") or not isinstance(exercise, FunctionExercise)
    hints = {mistake.hint for mistake in exercise.wrong_answers}
    assert len(hints) >= 3
    for case in getattr(exercise, "inputs", ()):
        assert "," not in case.what and " and " not in case.what, f"{case.what}: read as two in the list of a tick"
    for hint in hints:
        assert hint[0].isupper() or hint[0].isdigit(), hint
        assert hint.endswith((".", "?")) and len(hint.split()) <= 40, hint


@pytest.mark.parametrize("name", LABS.names)
def test_a_lab_has_four_to_six_exercises_under_names_of_their_own(name):
    exercises = LABS.load(name)
    assert 4 <= len(exercises) <= 6
    assert len({exercise.name for exercise in exercises}) == len(exercises)
    for exercise in exercises:
        assert not hasattr(Lab, exercise.name), f"check.{exercise.name} is taken"
        assert getattr(lab(name), exercise.name).__doc__ == exercise.task
