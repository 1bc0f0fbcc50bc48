"""The three ways in which marking fails for a reason that a person can mend."""

from course_lib.common.errors import CourseError


class BadFile(CourseError):
    """A path or a file that holds no notebook to mark. Of a file among many, it is a problem of that submission."""


class BadRoster(CourseError):
    """A class list that cannot be read, with the line."""


class VoidedRun(CourseError):
    """Something happened while submissions ran, so that no verdict of the run counts."""
