"""Ask a piece of code: plain data in, plain data out, whatever the code does.

A *call* takes the list of encoded arguments (None: the thing itself is the answer) and returns a *reply*. In a notebook
the call is `local(thing)`; a marker sends the same request to the student's process, where `local(thing)` replies.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.marking.plain import LONGEST_TEXT, PlainDataError, decode, encode, printable

Call = Callable[[list | None], dict]
NOT_A_FUNCTION = "not a function; hand over its name alone, without brackets after it"


@dataclass(frozen=True)
class Raised:
    """An exception, as a value that can be compared."""

    kind: str
    says: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a call came to: a decoded value or Raised, and the places of the arguments that it changed."""

    value: Any
    changed: tuple[int, ...] = ()

    @property
    def undone(self) -> bool:
        """A stub: `raise NotImplementedError`, or `...` where a value belongs."""
        return self.value is Ellipsis or (isinstance(self.value, Raised) and self.value.kind == "NotImplementedError")


def local(thing: Any, trial: Callable | None = None) -> Call:
    """The call that asks an object of this process. A network is asked for predict(x).

    With a trial it is the trial that gets the object and the arguments, and that answers.
    """
    target = getattr(thing, "predict", thing)

    def call(arguments: list | None) -> dict:
        if arguments is None or thing is Ellipsis:
            return {"value": encode(thing)}
        if not callable(target):
            return {"value": {"other": f"{NOT_A_FUNCTION} (a {type(thing).__name__})"}}
        given = [decode(tree) for tree in arguments]  # fresh copies: nothing the code does reaches another call
        try:
            # A warning would print beside the verdict, which says the same with the input that caused it.
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = encode(trial(thing, *given) if trial else target(*given))
        except (Exception, SystemExit) as error:  # also MemoryError and endless recursion
            return {"raised": type(error).__name__, "says": str(error)[:LONGEST_TEXT]}
        changed = [place for place, tree in enumerate(arguments) if encode(given[place]) != tree]
        return {"value": value, "changed": changed}

    return call


def outcome(reply: dict) -> Outcome:
    """Read a reply. It may come from a process that lies, so everything in it is checked."""
    if not isinstance(reply, dict):
        raise PlainDataError("the reply is no reply")
    if "raised" in reply:
        return Outcome(Raised(printable(str(reply["raised"])), printable(str(reply.get("says", "")))))
    if "value" not in reply:
        raise PlainDataError("the reply has no value")
    changed = reply.get("changed", [])
    if not isinstance(changed, list) or not all(isinstance(place, int) for place in changed):
        raise PlainDataError("the reply does not say which arguments changed")
    return Outcome(decode(reply["value"]), tuple(changed))
