"""Ask a piece of code: plain data in, plain data out, whatever the code does.

A *call* takes the list of encoded arguments (None: the thing itself is the answer) and returns a *reply*. In a notebook
the call is `local(thing)`; a marker sends the same request to the student's process, where `local(thing)` replies.
"""

import ast
import inspect
import textwrap
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.marking.plain import LONGEST_TEXT, PlainDataError, decode, encode, printable

Call = Callable[[list | None], dict]
RAISE_STANDS = 'the line "raise NotImplementedError" still stands above your code, which is never reached; delete it'
NOT_A_FUNCTION = "not a function; hand over its name alone, without brackets after it"


@dataclass(frozen=True)
class Raised:
    """An exception, as a value that can be compared."""

    kind: str
    says: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a call came to: a decoded value or Raised, and the places of the arguments that it changed.

    unreached: a stub's raise came, and there is code below it.
    """

    value: Any
    changed: tuple[int, ...] = ()
    unreached: bool = False

    @property
    def undone(self) -> bool:
        """A stub: `raise NotImplementedError` and no more, or `...` where a value belongs."""
        stub = isinstance(self.value, Raised) and self.value.kind == "NotImplementedError" and not self.unreached
        return stub or self.value is Ellipsis


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
            reply = {"raised": type(error).__name__, "says": str(error)[:LONGEST_TEXT]}
            return reply | ({"unreached": True} if stands_above_code(error) else {})
        changed = [place for place, tree in enumerate(arguments) if encode(given[place]) != tree]
        return {"value": value, "changed": changed}

    return call


def stands_above_code(error: BaseException) -> bool:
    """Was it raised by a stub's `raise NotImplementedError` that was left above an answer?

    The source of the function that raised it tells, wherever it was called from. Without a source nobody knows.
    """
    if not isinstance(error, NotImplementedError):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    try:
        lines, first = inspect.getsourcelines(trace.tb_frame.f_code)
        body = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError, ValueError, RecursionError):
        return False
    line = trace.tb_lineno - max(first, 1) + 1
    for node in ast.walk(body):
        for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
            if not isinstance(block, list):  # the body of a lambda is no list
                continue
            for place, statement in enumerate(block):
                if isinstance(statement, ast.Raise) and statement.lineno <= line <= (statement.end_lineno or line):
                    return any(map(is_code, block[place + 1 :]))
    return False


def is_code(statement: ast.stmt) -> bool:
    """Does it do anything? `pass`, `...`, a text and another stub's raise do not."""
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        return "NotImplementedError" not in ast.unparse(statement.exc)
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return not (is_text or isinstance(statement, ast.Pass))


def outcome(reply: dict) -> Outcome:
    """Read a reply. It may come from a process that lies, so everything in it is checked."""
    if not isinstance(reply, dict):
        raise PlainDataError("the reply is no reply")
    if "raised" in reply:
        raised = Raised(printable(str(reply["raised"])), printable(str(reply.get("says", ""))))
        return Outcome(raised, unreached=reply.get("unreached") is True)
    if "value" not in reply:
        raise PlainDataError("the reply has no value")
    changed = reply.get("changed", [])
    if not isinstance(changed, list) or not all(isinstance(place, int) for place in changed):
        raise PlainDataError("the reply does not say which arguments changed")
    return Outcome(decode(reply["value"]), tuple(changed))
