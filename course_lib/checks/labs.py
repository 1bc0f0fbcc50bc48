"""Every lab by name.

Import statements, not names in strings: the cache of executed pages reads imports from the source.
"""

from collections.abc import Callable


def _activations() -> list:
    from course_lib.checks import lab_02_activations

    return lab_02_activations.EXERCISES


LABS: dict[str, Callable[[], list]] = {
    "02_activations": _activations,
}
