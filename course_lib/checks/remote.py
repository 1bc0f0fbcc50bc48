"""The student's side of marking: text in, text out, whatever stands under a name."""

import json

from course_lib.checks.labs import LABS
from course_lib.marking.calls import local


def load(lab: str) -> None:
    """Import the declarations of a lab; later calls find them."""
    LABS.load(lab)


def reply(names: dict, name: str, request: str, lab: str, exercise: str) -> str:
    """The reply, as JSON, of what the notebook calls `name`, tried as that exercise of the lab tries its answers."""
    if name not in names:
        return json.dumps({"missing": name})
    trials = {one.name: one.trial for one in LABS.load(lab)} if lab else {}
    return json.dumps(local(names[name], trials.get(exercise))(json.loads(request)), allow_nan=False)
