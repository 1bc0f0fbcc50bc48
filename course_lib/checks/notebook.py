"""What a lab notebook holds as `check`: an object whose attributes mark."""

from html import escape

from course_lib.checks.labs import LABS
from course_lib.marking.exercise import FunctionExercise, ValueExercise
from course_lib.marking.verdict import EDGES, SIGNS, Verdict, edged


def lab(name: str) -> "Lab":
    """The lab of that name: check = lab("02_activations"), then check.softmax(softmax)."""
    if name not in LABS.names:
        raise ValueError(f"there is no lab {name!r}; the labs are: {', '.join(LABS.names)}")
    return Lab(name, LABS.load(name))


class Lab:
    """Marks the exercises of one lab and remembers the verdicts. At the end of a cell it shows how far you are."""

    def __init__(self, name: str, exercises: list[FunctionExercise | ValueExercise]):
        self._name = name
        self._exercises = {exercise.name: exercise for exercise in exercises}
        self._verdicts: dict[str, Verdict] = {}

    def __getattr__(self, name: str):
        exercises = self.__dict__.get("_exercises", {})
        if name not in exercises:
            raise AttributeError(f"this lab has no exercise {name!r}; it has: {', '.join(exercises)}")

        def mark(answer) -> Verdict:
            self._verdicts[name] = exercises[name].mark(exercises[name].local(answer))
            return self._verdicts[name]

        mark.__name__, mark.__doc__ = name, exercises[name].task
        return mark

    def __dir__(self) -> list[str]:
        return [*self._exercises, "passed", "right"]

    @property
    def passed(self) -> bool:
        """Every exercise has been checked and is right."""
        return self.right(*self._exercises)

    def right(self, *names: str) -> bool:
        """These exercises have been checked and are right: what builds on them can run."""
        return all(name in self._verdicts and self._verdicts[name].passed for name in names)

    def _lines(self) -> list[str]:
        unmarked = (SIGNS["not attempted"], "not checked yet")
        signs = {"passed": "right", "wrong": "not right yet", "not attempted": "not attempted yet"}
        lines = []
        for name in self._exercises:
            verdict = self._verdicts.get(name)
            sign, said = (SIGNS[verdict.state], signs[verdict.state]) if verdict else unmarked
            lines.append(f"{sign} {name}: {said}")
        n_passed = sum(verdict.passed for verdict in self._verdicts.values())
        return [f"Lab {self._name}: {n_passed} of {len(self._exercises)} exercises are right", *lines]

    def __repr__(self) -> str:
        return "\n  ".join(self._lines())

    def _repr_html_(self) -> str:
        colour = EDGES["passed" if self.passed else "not attempted"]
        return edged(colour, "<br>".join(map(escape, self._lines())))
