"""Every lab by name: the one place where names are looked up on the disk. A new lab is a module of `exercises`."""

import importlib
import pkgutil

from course_lib import exercises
from course_lib.marking.labs import Exercise, Labs

PREFIX = "lab_"


def load(name: str) -> list[Exercise]:
    """The declarations of one lab; no other lab is imported."""
    return importlib.import_module(f"{exercises.__name__}.{PREFIX}{name}").EXERCISES


def names() -> tuple[str, ...]:
    found = (module.name for module in pkgutil.iter_modules(exercises.__path__))
    return tuple(sorted(name.removeprefix(PREFIX) for name in found if name.startswith(PREFIX)))


LABS = Labs(names(), load, "course_lib.checks.remote")
