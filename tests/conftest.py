"""The course library comes before any framework, as on every page: see `course_lib/__init__.py`."""

import course_lib  # noqa: F401
