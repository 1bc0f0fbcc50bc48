"""The notebook and the marker say the same about every answer that a declaration knows, right or wrong.

One kernel for each lab holds them all. In it, `check` marks as in a student's notebook; from outside, the marker asks
for the same functions over its own way.
"""

import json
from pathlib import Path

import pytest

from course_lib.checks.labs import LABS
from course_lib.marking.collect import submission
from course_lib.marking.mark import mark
from course_lib.marking.plain import decode
from course_lib.marking.session import Session

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60

IN_THE_NOTEBOOK = """\
from course_lib.checks import lab
from course_lib.checks.labs import LABS

def undone(*arguments):
    raise NotImplementedError("your code goes here")

check, notebook = lab({name!r}), {{}}
for exercise in LABS.load({name!r}):
    wrong = [mistake.answer for mistake in exercise.wrong_answers]
    answers = [*exercise.right_answers, *wrong, undone, ..., None, "text", object()]
    for place, answer in enumerate(answers):
        globals()[f"{{exercise.name}}_{{place}}"] = answer
        notebook[f"{{exercise.name}}_{{place}}"] = getattr(check, exercise.name)(answer).as_dict()
"""


def plain(verdict) -> dict:
    """As it looks behind JSON, where a tuple is a list."""
    return json.loads(json.dumps(verdict.as_dict()))


@pytest.mark.parametrize("name", LABS.names)
def test_the_notebook_and_the_marker_agree(name):
    with Session(LABS.remote, SECONDS) as session:
        assert session.run(IN_THE_NOTEBOOK.format(name=name)) is None
        notebook = decode(session.call("notebook")(None)["value"])
        for exercise in LABS.load(name):
            n_right, n_wrong = len(exercise.right_answers), len(exercise.wrong_answers)
            asked = [key for key in notebook if notebook[key]["exercise"] == exercise.name]
            assert len(asked) == n_right + n_wrong + 5
            for place, key in enumerate(asked):
                seen = notebook[key]
                assert seen["state"] == "passed" if place < n_right else seen["state"] != "passed", key
                # On the notebook's own inputs every word is the same; on others, everything but the numbers.
                assert plain(exercise.mark(session.call(key, name, exercise.name), seed=0)) == seen
                drawn = plain(exercise.mark(session.call(key, name, exercise.name), seed=123))
                for part in ("exercise", "state", "hint", "mistake"):
                    assert drawn[part] == seen[part], key
                assert [label for label, _ in drawn["shown"]] == [label for label, _ in seen["shown"]]


@pytest.mark.parametrize("name", LABS.names)
def test_the_marker_passes_the_solution_whose_checks_it_leaves_out(name):
    solution = ROOT / f"labs/solutions/{name}.ipynb"
    result = mark(submission(name, solution.read_bytes()), LABS, seed=11)
    assert result.passed, result
