"""Exercises that mark themselves, in the notebook and for a teacher.

>>> from course_lib.checks import lab
>>> check = lab("02_activations")
"""

from course_lib.checks.calls import Outcome, local, outcome
from course_lib.checks.exercise import exercise
from course_lib.checks.inputs import bits, case, function, integers, normal, ones, uniform, zeros
from course_lib.checks.notebook import Lab, lab
from course_lib.checks.verdict import Verdict

__all__ = [
    "Lab", "Outcome", "Verdict", "bits", "case", "exercise", "function", "integers", "lab", "local", "normal", "ones",
    "outcome", "uniform", "zeros",
]  # fmt: skip
