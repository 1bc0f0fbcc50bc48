"""What a lab notebook imports: exercises that mark themselves.

The engine is `course_lib.marking`, the declarations are in `course_lib.exercises`.

>>> from course_lib.checks import lab
>>> check = lab("02_activations")
"""

from course_lib.checks.notebook import Lab, lab
from course_lib.marking.verdict import Verdict

__all__ = ["Lab", "Verdict", "lab"]
