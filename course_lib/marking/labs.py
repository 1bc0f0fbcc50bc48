"""What the engine is told about the labs; it knows none by name."""

from collections.abc import Callable
from dataclasses import dataclass

from course_lib.marking.exercise import FunctionExercise, ValueExercise

Exercise = FunctionExercise | ValueExercise


@dataclass(frozen=True)
class Labs:
    """names: of all labs. load: the exercises of one. remote: the module that answers in a student's kernel."""

    names: tuple[str, ...]
    load: Callable[[str], list[Exercise]]
    remote: str
