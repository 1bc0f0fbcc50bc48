"""The one error that a person can mend: a single line that names the file and the remedy."""

import re

COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # what other programs put around words for a terminal


class CourseError(Exception):
    """Something the author or the reader can mend. The command line prints the lines, not a traceback."""

    def __init__(self, *lines: str):
        super().__init__("\n".join(lines))
        self.lines = lines


class LostCluster(CourseError):
    """The machines that shared the work are gone before its end; what they had done stays done."""
