"""Which failed cell explains a missing name."""

import pytest

from course_lib.marking.cells import Failure, cause, explained, leading_imports, undefined


@pytest.mark.parametrize(
    ("source", "defined"),
    [
        ("x = 1", {"x"}),
        ("x, (y, *z) = 1, (2, 3)\nw: int = 4\nv += 1", {"x", "y", "z", "w", "v"}),
        ("def f(a):\n    inner = a", {"f"}),
        ("class C:\n    field = 1", {"C"}),
        ("import numpy as np, os.path\nfrom google.colab import drive as d", {"np", "os", "d"}),
        ("for i in range(3):\n    if i:\n        j = i\nwith open('f') as file:\n    pass", {"i", "j", "file"}),
        ("%pip install x\n!ls\ny = 1", {"y"}),
        ("%%time\ny = 1", {"y"}),
        ("g = lambda a: (b := a)", {"g"}),
        ("def f(x, y:\n    return x", {"f"}),  # broken, as handed in
        ("f = = 2", {"f"}),
        ("import numpy as np\nx = = 1", {"numpy", "np", "x"}),
        ("softmax == 2", set()),
        ("print(x)", set()),
    ],
)
def test_what_a_cell_would_have_defined(source, defined):
    failure = Failure(1, source, "raised E")
    names = {
        "x",
        "y",
        "z",
        "w",
        "v",
        "f",
        "g",
        "C",
        "np",
        "numpy",
        "os",
        "d",
        "i",
        "j",
        "file",
        "a",
        "b",
        "inner",
        "field",
        "drive",
        "softmax",
    }
    assert {name for name in names if failure.defines(name)} == defined


def test_an_import_of_everything_may_have_brought_any_name():
    assert Failure(1, "from helpers import *", "raised E").defines("whatever")


IMPORTS = Failure(2, "\n  from google.colab import drive\nimport numpy as np", "raised ModuleNotFoundError: No module named 'google.colab'")  # fmt: skip
WEIGHTS = Failure(4, "W = np.eye(3)", "raised NameError: name 'np' is not defined", "np")
ANSWER = Failure(7, "softmax = make(W)", "raised NameError: name 'W' is not defined", "W")
OLDER = Failure(5, "softmax = 1 / 0", "raised ZeroDivisionError: division by zero")
UNRELATED = Failure(6, "plot()", "raised NameError: name 'plot' is not defined", "plot")


def test_the_last_cell_that_defines_it_is_the_one():
    assert cause("softmax", [OLDER, ANSWER, UNRELATED]) == [ANSWER]


def test_the_first_cause_comes_first():
    assert cause("softmax", [UNRELATED, ANSWER, WEIGHTS, IMPORTS]) == [IMPORTS, WEIGHTS, ANSWER]
    assert explained([WEIGHTS]) == "cell 4 (W = np.eye(3)) raised NameError: name 'np' is not defined"
    assert explained([IMPORTS, WEIGHTS, ANSWER]) == (
        "cell 2 (from google.colab import drive) raised ModuleNotFoundError: No module named 'google.colab', "
        "so cell 7 (softmax = make(W)) raised NameError: name 'W' is not defined"
    )


def test_a_name_that_no_failed_cell_defines_has_no_cause():
    assert cause("sigmoid", [IMPORTS, UNRELATED]) == [] and cause("", [IMPORTS]) == [] and explained([]) == ""


def test_a_cell_that_misses_what_it_defines_itself_ends_the_search():
    own = Failure(3, "x = x + 1", "raised NameError: name 'x' is not defined", "x")
    later = Failure(5, "x = 1 / 0", "raised ZeroDivisionError")
    assert cause("x", [own]) == [own]
    assert cause("x", [own, later]) == [later]


def test_a_long_or_wild_first_line_stays_one_short_line():
    wild = Failure(3, "\n\n" + "y = '\x1b[2J'  # " + "a" * 100 + "\nz = 1", "raised E")
    assert str(wild) == f"cell 3 (y = ' [2J'  # {'a' * 36}…) raised E"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a\nfrom b import c as d\nx = 1\nimport e", "import a\nfrom b import c as d"),
        ("# first\nimport time; time.sleep(45)", "import time"),
        ("import os\nos.environ['KERAS_BACKEND'] = 'torch'\nimport keras", "import os"),  # not behind its back
        ("%env KERAS_BACKEND=torch\nimport keras", ""),
        ("%%time\nimport keras", ""),
        ("from __future__ import annotations\nimport a", ""),
        ("x = 1", ""),
        ("import", ""),
        ("", ""),
    ],
)
def test_the_imports_that_a_cell_begins_with(source, expected):
    assert leading_imports(source) == expected


def test_the_name_that_a_message_speaks_of():
    assert undefined("name 'np' is not defined") == "np"
    assert undefined("name 'npp' is not defined. Did you mean: 'np'?") == "npp"
    assert undefined("no such thing") == ""
