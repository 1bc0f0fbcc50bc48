"""The declaration of an exercise, from which marking, hints and the proof in tests/labs follow.

A `FunctionExercise` compares the student's function with a reference on drawn inputs. A `ValueExercise` asks `verify`
about a thing that is no function: a number, a split, a trained network.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from course_lib.marking.calls import RAISE_STANDS, Call, Outcome, Raised, local, outcome
from course_lib.marking.compare import difference, shown
from course_lib.marking.inputs import Case
from course_lib.marking.numbers import as_number
from course_lib.marking.plain import Other, decode, encode
from course_lib.marking.verdict import Verdict

UNDONE = "not attempted yet"
ENTRY = re.compile(r"^its entry '([^']*)' is wrong: ")
SHORT = 60  # characters of an answer in its own verdict


@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrong answer that people give. name: what they did, in a word or three, for programs; hint: for the student.

    Several mistakes may deserve one hint; each has a name of its own.
    """

    name: str
    answer: Any
    hint: str


def mistake(name: str, answer: Any, hint: str) -> Mistake:
    """mistake("no-keepdims", softmax_without_keepdims, "The sum has lost an axis. Say keepdims=True.")."""
    return Mistake(name, answer, hint)


UNKNOWN = mistake("", None, "")


def exercise(
    name: str,
    *,
    task: str,
    reference: Callable | None = None,
    second: Callable | None = None,
    inputs: Sequence[Case] = (),
    mistakes: Sequence[Mistake] = (),
    tolerance: float | None = None,
    trial: Callable | None = None,
    verify: Callable[[Any], tuple[str, str] | None] | None = None,
    accepts: Sequence[Any] = (),
    rejects: Sequence[Mistake] = (),
) -> "FunctionExercise | ValueExercise":
    """Declare a function by reference, second, inputs and mistakes; anything else by verify, accepts and rejects.

    reference, second: two right answers, written differently. mistakes: wrong ones, each with its name and its hint.
    tolerance: the absolute one for all numbers, where the usual relative one makes no sense.
    trial: for an answer that takes or gives a network. trial(answer, *inputs) runs in the student's process, and
    returns plain data about what the answer did; that is what is compared.
    verify: takes the answer as plain data; returns the name of the mistake and the hint, or None.
    accepts: right answers. rejects: wrong ones, with what verify says about each.
    """
    if verify is None:
        if reference is None or second is None or not inputs or not mistakes:
            raise ValueError(f"{name}: a function needs reference, second, inputs and mistakes; anything else, verify")
        return FunctionExercise(name, task, reference, second, tuple(inputs), tuple(mistakes), tolerance, trial)
    if reference or second or inputs or mistakes or trial or not accepts or not rejects:
        raise ValueError(f"{name}: what is marked by verify needs accepts and rejects, and nothing of a function")
    return ValueExercise(name, task, verify, tuple(accepts), tuple(rejects))


@dataclass(frozen=True, eq=False)
class FunctionExercise:
    name: str
    task: str
    reference: Callable
    second: Callable
    inputs: tuple[Case, ...]
    mistakes: tuple[Mistake, ...]
    tolerance: float | None = None
    trial: Callable | None = None

    @property
    def right_answers(self) -> list:
        return [self.reference, self.second]

    @property
    def wrong_answers(self) -> tuple[Mistake, ...]:
        return self.mistakes

    def local(self, answer: Any) -> Call:
        """The call that asks an answer of this process, tried as this exercise tries it."""
        return local(answer, self.trial)

    def requests(self, seed: int = 0) -> list[list]:
        """The encoded arguments of every case."""
        # A generator for each case: a case more leaves the others as they were.
        drawn = [case.draw(np.random.default_rng([seed, place])) for place, case in enumerate(self.inputs)]
        return [[encode(value) for value in arguments] for arguments in drawn]

    def mark(self, call: Call, seed: int = 0, number: str = "") -> Verdict:
        """Compare the function behind `call` with the reference. Another seed draws other inputs."""
        requests = self.requests(seed)
        answers = outcomes(call, requests)
        if all(answer.undone for answer in answers):
            return Verdict(self.name, "not attempted", UNDONE)
        if any(answer.unreached for answer in answers):
            return Verdict(self.name, "wrong", RAISE_STANDS)
        expected = self.known(None, seed)
        pairs = zip(answers, expected, strict=True)
        faults = [difference(answer.value, want.value, self.tolerance) for answer, want in pairs]
        for place, fault in enumerate(faults):
            if fault:
                if self.trial:  # what it returns is not the student's, so do not speak of entries
                    fault = ENTRY.sub(r"the difference is in \1: ", fault)
                said = f"for {self.inputs[place].what}, {fault}"
                evidence = self.evidence(place, requests, answers, expected)
                found = self.recognised(answers, seed) or UNKNOWN
                return Verdict(self.name, "wrong", said, found.hint, evidence, found.name)
        for place, answer in enumerate(answers):
            if answer.changed:
                names = list(self.inputs[place].arguments)
                changed = ", ".join(names[number] for number in answer.changed if 0 <= number < len(names))
                said = (
                    f"the result is right, but for {self.inputs[place].what} the function changes its input {changed}"
                )
                hint = "Whoever calls your function still needs that array. Build a new one, or work on x.copy()."
                return Verdict(self.name, "wrong", said, hint)
        return Verdict(self.name, "passed", f"right for {listed([case.what for case in self.inputs])}")

    # Kept, for some of them train networks; the exercise it keeps alive lives as long as the process anyway.
    @lru_cache(maxsize=256)  # noqa: B019
    def known(self, wrong: Mistake | None, seed: int) -> list[Outcome]:
        """What a mistake comes to on the inputs of a seed; None: the reference."""
        return outcomes(self.local(wrong.answer if wrong else self.reference), self.requests(seed))

    def recognised(self, answers: list[Outcome], seed: int) -> Mistake | None:
        """The known mistake that gives these very answers on all inputs."""
        for wrong in self.mistakes:
            pairs = zip(answers, self.known(wrong, seed), strict=True)
            if all(difference(answer.value, known.value, self.tolerance) is None for answer, known in pairs):
                return wrong
        return None

    def evidence(self, place: int, requests: list, answers: list, expected: list) -> tuple[tuple[str, str], ...]:
        arguments = zip(self.inputs[place].arguments, requests[place], strict=True)
        given = ", ".join(f"{name} = {shown(decode(tree))}" for name, tree in arguments)
        values = [(label, shown(found[place].value)) for label, found in (("yours", answers), ("expected", expected))]
        return (("input", given), *values)


@dataclass(frozen=True, eq=False)
class ValueExercise:
    name: str
    task: str
    verify: Callable[[Any], tuple[str, str] | None]
    accepts: tuple
    rejects: tuple[Mistake, ...]
    trial: None = None  # a value is looked at as it is

    @property
    def right_answers(self) -> list:
        return list(self.accepts)

    @property
    def wrong_answers(self) -> tuple[Mistake, ...]:
        return self.rejects

    def local(self, answer: Any) -> Call:
        """The call that asks an answer of this process."""
        return local(answer)

    def mark(self, call: Call, seed: int = 0, number: str = "") -> Verdict:
        """Ask `verify` about the thing behind `call`.

        number: the student's, as a marker reads it in the notebook; an answer that carries one has to carry this.
        """
        answer = outcome(call(None))
        if answer.undone:
            return Verdict(self.name, "not attempted", UNDONE)
        if isinstance(answer.value, Raised | Other) or answer.value is None:
            return Verdict(self.name, "wrong", f"your answer is {shown(answer.value)}, which is no answer to this task")
        carried = answer.value.get("student_number") if isinstance(answer.value, dict) else None
        if number and carried is not None and as_number(str(carried)) != number:
            said = f"it carries the student_number {shown(carried, SHORT)}, and the notebook says {number}"
            return Verdict(self.name, "wrong", said, "After you change the number, run all cells again.")
        found = self.verify(answer.value)
        if found:
            name, hint = found
            return Verdict(self.name, "wrong", f"{shown(answer.value, SHORT)} is not right", hint, mistake=name)
        return Verdict(self.name, "passed", f"{shown(answer.value, SHORT)} is right")


def outcomes(call: Call, requests: list[list]) -> list[Outcome]:
    return [outcome(call(arguments)) for arguments in requests]


def listed(items: list[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))
