"""From a notebook in a session to its verdicts, each with whoever is to blame where an answer does not come."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace

from course_lib.marking.calls import Call
from course_lib.marking.cells import Failure, cause, explained, undefined
from course_lib.marking.labs import Exercise
from course_lib.marking.plain import PlainDataError
from course_lib.marking.session import Killed, Lost, Missing, Session, Starved, TooSlow
from course_lib.marking.verdict import Verdict

ONLY_CHECKS = re.compile(r"check(\.\w+\(\w*\))?")  # such a cell shows a verdict; here it would only take time
AGAIN = "Nobody is to blame yet. Mark it again while the machine has nothing else to do; if it stays so, look at it."


def run_cells(session: Session, cells: Sequence[str], failures: dict[int, Failure], left_out: set[int]) -> None:
    """Run all cells but those left out. Writes down which failed, and which ended the kernel: that one is left out."""
    for place, source in enumerate(cells):
        if place in left_out or ONLY_CHECKS.fullmatch(source.strip()):
            continue
        number = place + 1
        failures.pop(number, None)
        left_out.add(place)  # unless it ends well: the culprit is not run twice
        try:
            error = session.run(source)
            if error:
                failures[number] = Failure(number, source, f"raised {error}", error.missing_name)
        except TooSlow as problem:
            failures[number] = Failure(number, source, f"was stopped after {problem.seconds:g} s")
        except Lost as problem:
            starved = isinstance(problem, Killed)
            failures[number] = Failure(number, source, f"ended the kernel: {problem}", starved=starved)
            raise
        except Starved as problem:
            raise Starved(str(Failure(number, source, str(problem)))) from None
        left_out.discard(place)


def ask_for(
    exercises: Sequence[Exercise],
    session: Session,
    lab: str,
    seed: int,
    number: str,
    failures: dict[int, Failure],
    verdicts: dict[str, Verdict],
) -> None:
    """Write down a verdict for each exercise, that of the one which ended the kernel included.

    number: the student's. failures: of the cells that have run.
    """
    if any(exercise.trial for exercise in exercises):
        with contextlib.suppress(TooSlow):
            session.load(lab)
    for exercise in exercises:
        call = session.call(exercise.name, lab if exercise.trial else "")
        try:
            verdicts[exercise.name] = verdict_of(exercise, call, seed, number, failures)
        except Lost as problem:
            verdicts[exercise.name] = no_answer(exercise.name, problem)
            raise


def verdict_of(exercise: Exercise, call: Call, seed: int, number: str, failures: dict[int, Failure]) -> Verdict:
    """The verdict, with the cell that is to blame for a name that is not there. Lost or Starved instead of one."""
    missing: list[str] = []

    def listening(arguments: list | None) -> dict:
        reply = call(arguments)
        if isinstance(reply, dict) and reply.get("raised") == "NameError":
            missing.append(undefined(str(reply.get("says"))))
        return reply

    try:
        verdict = exercise.mark(listening, seed, number)
    except Missing:
        chain = cause(exercise.name, failures.values())
        said = f"{exercise.name} is not defined; {explained(chain) or 'was its cell deleted?'}"
        return unmarked(exercise.name, said) if chain and chain[0].starved else Verdict(exercise.name, "wrong", said)
    except (TooSlow, PlainDataError) as problem:
        return no_answer(exercise.name, problem)
    except (Lost, Starved):
        raise
    except Exception as error:  # whatever an answer does to us, the others are marked
        return unmarked(exercise.name, f"{type(error).__name__} in the marker")
    chain = cause(missing[0], failures.values()) if missing and verdict.state == "wrong" else []
    return replace(verdict, said=f"{verdict.said}; {explained(chain)}") if chain else verdict


def no_answer(name: str, problem: Exception) -> Verdict:
    """Wrong where the answer is to blame, and no verdict where the machine may be."""
    if isinstance(problem, Starved | Killed):
        return unmarked(name, str(problem))
    return Verdict(name, "wrong", f"it gives no answer: {problem}")


def unmarked(name: str, why: str) -> Verdict:
    return Verdict(name, "unmarked", f"could not be marked: {why}", AGAIN)
