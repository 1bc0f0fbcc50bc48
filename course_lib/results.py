"""What a page's full run gave, read from the file beside the page: `course run PAGE --profile full` wrote it there.

    full = full_results("lectures/04_workflow/growing_a_cnn")
    print(full)                                   # where and when
    full.beside(accuracies, "accuracies")         # a table: quick here, full there
    if full:
        axis.plot(full["curve"])

Where the file is not at hand, the page runs all the same: `full` is false, and says so when it is printed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import course_lib


@dataclass(frozen=True)
class FullResults:
    """The values of a full run by name, and how they came about.

    page        the page's path without suffix
    values      numbers, texts, lists and dicts of them (the keys of these are texts), by the names of the page
    origin      "run", or "prose" where they were taken over from the text of the page
    machine     in words
    date        of the run, as 2026-11-14 or as the text had it
    seconds     of the run; None where nobody noted them
    parameters  the values of the full profile
    """

    page: str
    values: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    machine: str = ""
    date: str = ""
    seconds: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """The results are at hand."""
        return bool(self.origin)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __getitem__(self, name: str) -> Any:
        """The value that the full run left under a name of the page. KeyError names those there are."""
        if name not in self.values:
            there = f"there are {', '.join(self.values)}" if self else str(self)
            raise KeyError(f"no full result {name!r}: {there}")
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)

    def __str__(self) -> str:
        if not self:
            return (
                f"The full results of {self.page} are not here; they stand beside the page in the course's repository."
            )
        seconds = "" if self.seconds is None else f", {self.seconds:,.0f} s"
        taken = ", taken over from the text of the page" if self.origin == "prose" else ""
        return f"Full run of {self.date} on {self.machine}{seconds}{taken}"

    def beside(self, quick: Mapping[str, Any] | Sequence | float, name: str, digits: int = 3) -> None:
        """Print what this run gave beside what the full run gave under `name`.

        Both are dicts with the same keys, or lists of the same length, or single numbers.
        A row that the full run does not have shows a dash; floats have `digits` decimals.
        """
        full = rows(self.get(name, {}), name)
        if not self:
            print(self)
        ours = rows(quick, name)
        width = max(map(len, [*ours, name]))
        print(f"{'':{width}}  {'quick here':>10}  {'full there':>10}")
        for label, value in ours.items():
            cells = (as_text(value, digits), as_text(full[label], digits) if label in full else "–")
            print(f"{label:{width}}  {cells[0]:>10}  {cells[1]:>10}")


def full_results(page: str) -> FullResults:
    """The full results of a page, named by its path in the repository without suffix.

    Looked for in the checkout, then in the installed package. ValueError where the file is damaged.
    """
    name = f"{page}.full.json"
    for place in (Path(course_lib.__file__).parents[1] / name, files("course_lib") / "full" / name):
        if place.is_file():
            try:
                content = json.loads(place.read_text(encoding="utf-8"))
                content.pop("code", None)
                return FullResults(page, **content)
            except (ValueError, TypeError, AttributeError) as error:
                raise ValueError(f"{name} is damaged ({error}); restore it from the repository") from None
    return FullResults(page)


def rows(values: Any, name: str) -> dict[str, Any]:
    """Label -> value: of a dict its keys, of a list the numbers from 1, and of a single value its name."""
    if isinstance(values, Mapping):
        return {key if isinstance(key, str) else key_text(key): value for key, value in values.items()}
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, (list, tuple)):
        return {str(number): value for number, value in enumerate(values, start=1)}
    return {name: values}


def key_text(key: Any) -> str:
    """A key of a dict as the file has it: 8 is "8", and (2, 0.5) is "2, 0.5"."""
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def as_text(value: Any, digits: int) -> str:
    return f"{value:,.{digits}f}" if isinstance(value, float) or hasattr(value, "dtype") else str(value)
