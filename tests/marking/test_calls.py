"""A stub's raise that was left above an answer: seen by the source, in the notebook and by the marker alike."""

import ast
import json
from pathlib import Path

import pytest

from course_lib.checks.labs import LABS
from course_lib.marking.calls import local, outcome
from course_lib.marking.plain import decode
from course_lib.marking.session import Session

ROOT = Path(__file__).resolve().parents[2]

# Source that defines f, and whether its raise stands above code.
SOURCES = {
    "a stub": ("def f(x):\n    raise NotImplementedError('f: your code goes here')", False),
    "with a docstring and comments": ('def f(x):\n    """Twice x."""\n    # here\n    raise NotImplementedError\n    # return 2 * x', False),
    "with nothing that does anything below": ("def f(x):\n    raise NotImplementedError\n    pass\n    ...\n    'later'\n    raise NotImplementedError('again')", False),
    "code above it": ("def f(x):\n    y = 2 * x\n    raise NotImplementedError", False),
    "an answer below": ("def f(x):\n    raise NotImplementedError('f: your code goes here')\n    return 2 * x", True),
    "below, in several lines": ("def f(x):\n    raise NotImplementedError(\n        'f: your code goes here'\n    )\n    y = 2 * x\n    return y", True),
    "a loop below": ("def f(x):\n    raise NotImplementedError\n    for _ in range(2):\n        x = x + x\n    return x", True),
    "another exception below": ("def f(x):\n    raise NotImplementedError\n    raise ValueError(x)", True),
    "in a branch": ("def f(x):\n    if x:\n        raise NotImplementedError\n        return 2 * x\n    return 0", True),
    "in a branch that ends with it": ("def f(x):\n    if x:\n        raise NotImplementedError\n    return 2 * x", False),
    "a method": ("class Net:\n    def predict(self, x):\n        raise NotImplementedError\n        return 2 * x\nf = Net()", True),
    "a bare method": ("class Net:\n    def predict(self, x):\n        '''Twice.'''\n        raise NotImplementedError\nf = Net()", False),
    "decorated": ("import functools\n@functools.lru_cache\n@functools.lru_cache\ndef f(x):\n    raise NotImplementedError\n    return 2 * x", True),
    "a helper": ("def double(x):\n    raise NotImplementedError\n    return 2 * x\nf = lambda x: double(x)", True),
    "a lambda that calls a stub": ("def double(x):\n    raise NotImplementedError\nf = lambda x: double(x)", False),
    "without a source": ("exec('def f(x):\\n    raise NotImplementedError\\n    return 2 * x')", False),
    "raised by something built in": ("f = lambda x: next(iter(())) if 0 else (_ for _ in ()).throw(NotImplementedError)", False),
}  # fmt: skip


@pytest.fixture(scope="module")
def session():
    with Session(LABS.remote) as opened:
        yield opened


@pytest.mark.parametrize("what", SOURCES)
def test_the_raise_above_an_answer_is_seen_in_a_notebook(session, what):
    """In a kernel's cell: local(f), as a check there does it, and the marker's question from outside."""
    source, expected = SOURCES[what]
    here = "from course_lib.marking.calls import local, outcome\nanswer = outcome(local(f)([3]))\nseen = [answer.unreached, answer.undone]"
    assert session.run(source) is None and session.run(here) is None
    assert session.call("seen")(None)["value"] == [expected, not expected]
    asked = outcome(session.call("f")([3]))
    assert (asked.unreached, asked.undone, asked.value.kind) == (expected, not expected, "NotImplementedError")


def test_the_verdict_says_so(session):
    source = "def softmax(x, axis):\n    raise NotImplementedError\n    return x"
    assert (
        session.run(
            f"from course_lib.checks import lab\n{source}\nhere = lab('02_activations').softmax(softmax).as_dict()"
        )
        is None
    )
    exercise = next(one for one in LABS.load("02_activations") if one.name == "softmax")
    there = exercise.mark(session.call("softmax", "02_activations"))
    assert (there.state, there.said) == (
        "wrong",
        'the line "raise NotImplementedError" still stands above your code, which is never reached; delete it',
    )
    here = decode(session.call("here")(None)["value"])
    assert (here["state"], here["said"], here["hint"]) == (there.state, there.said, there.hint)


def test_another_exception_says_nothing_about_a_stub():
    def fails(x):
        raise ValueError(x)
        return x

    assert local(fails)([3]) == {"raised": "ValueError", "says": "3"}


@pytest.mark.parametrize("name", LABS.names)
def test_no_lab_hands_out_code_below_a_raise(name):
    """Nobody could tell it from an answer. What a lab gives away stands above, or in a cell of its own."""
    notebook = json.loads((ROOT / f"labs/{name}.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    stubs = [node for source in sources if "your code goes here" in source and "%" not in source
             for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]  # fmt: skip
    raising = [node for node in stubs if any(isinstance(one, ast.Raise) for one in node.body)]
    assert raising, "no stub found"
    assert [node.name for node in raising if not isinstance(node.body[-1], ast.Raise)] == []
