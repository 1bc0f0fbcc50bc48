"""The one error that a person can mend: a single line that names the file and the remedy."""


class CourseError(Exception):
    """Something the author or the reader can mend. The command line prints the lines, not a traceback."""

    def __init__(self, *lines: str):
        super().__init__("\n".join(lines))
        self.lines = lines
