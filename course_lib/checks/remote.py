"""The student's side of marking: text in, text out, whatever stands under a name."""

import json

from course_lib.checks.calls import local


def reply(names: dict, name: str, request: str) -> str:
    """The reply, as JSON, of the thing that the notebook calls `name`."""
    if name not in names:
        return json.dumps(
            {"raised": "NameError", "says": f"{name} is not defined; was its cell deleted, or did it fail?"}
        )
    return json.dumps(local(names[name])(json.loads(request)), allow_nan=False)
