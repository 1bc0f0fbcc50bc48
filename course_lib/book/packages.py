"""The installed packages that a page's outputs can depend on."""

import sys
from collections.abc import Iterable
from functools import cache, cached_property
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# What every kernel runs on, whatever its page imports. They run cells and show values; what they need themselves
# (sockets, completion, a debugger) does not reach an output.
KERNEL = ("ipykernel", "ipython", "matplotlib-inline", "nbclient", "nbformat", "papermill")
# What a package makes use of without asking for it in its metadata; KERAS_BACKEND is set for every kernel.
UNASKED = {
    "keras": ("pandas", "tensorflow", "tensorflow-cpu"),
    "pandas": ("bottleneck", "jinja2", "numexpr", "pyarrow"),
    "seaborn": ("scipy",),
    "tensorboard": ("fsspec",),
    "torch": ("numpy",),
}
OWN = "course-lib"


class Packages:
    """What is installed, looked up once: an object made later sees what has changed since."""

    @cached_property
    def providers(self) -> dict[str, list[str]]:
        """Name to import -> the distributions that bring it: PIL -> pillow."""
        return {name: list(found) for name, found in metadata.packages_distributions().items()}

    @cached_property
    def distributions(self) -> dict[str, metadata.Distribution]:
        """By normalised name; of several, the one that Python finds first."""
        found: dict[str, metadata.Distribution] = {}
        for distribution in metadata.distributions():
            if name := distribution.metadata["Name"]:
                found.setdefault(canonicalize_name(name), distribution)
        return found

    def versions(self, imported: Iterable[str]) -> dict[str, str | None]:
        """Distribution -> version, of everything behind these names to import and of what every kernel needs.

        That is what brings the names, and what this asks for in its turn.
        A name that nothing brings has the version None: the page changes when something does.
        """
        names = {name for name in imported if name not in sys.stdlib_module_names}
        versions: dict[str, str | None] = {name: None for name in names if name not in self.providers}
        waiting: list[str] = [canonicalize_name(found) for name in names for found in self.providers.get(name, ())]
        reached = set(waiting)
        while waiting:
            reached.add(name := waiting.pop())
            waiting.extend(self.needed_by(name) - reached)
        return versions | {name: self.version(name) for name in {*reached, *KERNEL} - {OWN}}

    @cache  # noqa: B019 - such an object lives as long as one command
    def version(self, name: str) -> str | None:
        """The version of a distribution, by its normalised name; None where it is not installed."""
        return self.distributions[name].version if name in self.distributions else None

    @cache  # noqa: B019 - such an object lives as long as one command
    def needed_by(self, name: str) -> frozenset[str]:
        """Installed distributions that this one asks for. What only an extra brings is for its developers, mostly."""
        asked = set(UNASKED.get(name, ()))
        for requirement in map(Requirement, self.distributions[name].requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                asked.add(canonicalize_name(requirement.name))
        return frozenset(asked & self.distributions.keys())

    def version_of(self, module: str) -> str | None:
        """The version of what brings a module to import: tensorflow may come from tensorflow-cpu."""
        return self.version(canonicalize_name(self.providers.get(module, [module])[0]))
