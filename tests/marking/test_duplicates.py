"""Equal code is found, and only equal code."""

import json
from pathlib import Path

import pytest

from course_lib.marking.collect import Submission
from course_lib.marking.duplicates import THE_SOLUTION, functions_in, same_code
from course_lib.marking.mark import Result
from course_lib.marking.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["leaky_relu", "d_sigmoid", "d_swish"]
MINE = [
    "def leaky_relu(x, alpha):\n    return x * (alpha + (1 - alpha) * (x > 0))",
    "def d_sigmoid(x):\n    return sigmoid(x) * sigmoid(-x)",
    "def d_swish(x, beta):\n    half = np.tanh(beta * x / 2)\n    return (1 + half) / 2 + beta * x * (1 - half**2) / 4",
]
REFORMATTED = [
    "# by me\ndef leaky_relu(x,alpha):\n\n  '''Let some through.'''\n  return (x*(alpha+(1-alpha)*(x>0)))  # so",
    "%time\ndef d_sigmoid(x):\n    return 0\ndef d_sigmoid(x):\n    return sigmoid(x) * \\\n        sigmoid(-x)",
    MINE[2],
]


def handed_in(name: str, cells: list[str], states: list[str] = ("passed",) * 3, lab="02_activations"):
    verdicts = [Verdict(exercise, state, "") for exercise, state in zip(NAMES, states, strict=True)]
    return Submission(name, tuple(cells)), Result(name, lab, verdicts=verdicts)


def lines(*handed) -> list[str]:
    return same_code(*map(list, zip(*handed, strict=True)))


def test_equal_code_is_found_however_it_is_written_down():
    assert lines(handed_in("a", MINE), handed_in("b", ["x = 3"]), handed_in("c", REFORMATTED[::-1])) == [
        "the same code, 3 functions: a, c"
    ]


@pytest.mark.parametrize(
    "other",
    [
        [MINE[0].replace("x * (alpha", "x * (2 * alpha"), *MINE[1:]],
        [*MINE[:2], MINE[2].replace("half", "t")],  # names are what honest answers differ in
        [*MINE[:2], "d_swish = 3"],
    ],
)
def test_other_code_is_not(other):
    assert lines(handed_in("a", MINE), handed_in("b", other)) == []


def test_stubs_and_a_function_or_two_are_no_duplicates():
    undone = ["not attempted"] * 3
    assert lines(handed_in("a", MINE, undone), handed_in("b", MINE, undone)) == []
    half = ["passed", "passed", "not attempted"]
    assert lines(handed_in("a", MINE, half), handed_in("b", MINE, half)) == []


def test_another_lab_is_no_duplicate_and_no_notebook_is_no_error():
    unreadable = Submission("x", problem="not a notebook"), Result("x", problem="not a notebook")
    assert lines(handed_in("a", MINE), handed_in("b", MINE, lab="01_other"), unreadable) == []


def test_it_says_where_the_code_is_the_published_one():
    solved = json.loads((ROOT / "labs/solutions/02_activations.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in solved["cells"] if cell["cell_type"] == "code"]
    assert lines(handed_in("a", cells)) == [f"the same code, 3 functions: a, {THE_SOLUTION}"]


def test_a_huge_expression_is_no_error():
    assert functions_in(Submission("x", ("def f(x):\n    return " + "+".join("x" * 3000),)), {"f"}) == {}
