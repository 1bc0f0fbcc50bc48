"""A package that is missing is named as pip knows it."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed_for(what: str) -> Iterator[None]:
    """Imports inside; ImportError says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").replace("_", "-")
        raise ImportError(f"{what} needs the package {package}, which is not here: pip install {package}") from error
