"""What marking an exercise came to, as text and as a restrained piece of HTML."""

from dataclasses import asdict, dataclass
from html import escape

SIGNS = {"passed": "✓", "wrong": "✗", "not attempted": "○", "unmarked": "?"}
# The house colours.
EDGES = {"passed": "#009E73", "wrong": "#D55E00", "not attempted": "#999999", "unmarked": "#E69F00"}


@dataclass(frozen=True)
class Verdict:
    """state: "passed", "wrong", "not attempted", or "unmarked" where the marker, and not the answer, failed.

    said: what was tested, or what went wrong. hint: at most one. mistake: the name of the declared mistake that was
    recognised; for programs, the student is not shown it.
    """

    exercise: str
    state: str
    said: str
    hint: str = ""
    shown: tuple[tuple[str, str], ...] = ()  # the failing input, the answer, what was expected
    mistake: str = ""

    @property
    def passed(self) -> bool:
        return self.state == "passed"

    @property
    def headline(self) -> str:
        return f"{SIGNS[self.state]} {self.exercise}: {self.said}"

    @property
    def values(self) -> str:
        width = max((len(label) for label, _ in self.shown), default=0)
        return "\n".join(f"{label:{width}}  {value}" for label, value in self.shown)

    def as_dict(self) -> dict:
        return asdict(self)

    def __repr__(self) -> str:
        lines = [self.headline, *([f"Hint: {self.hint}"] if self.hint else []), *self.values.splitlines()]
        return "\n  ".join(lines)

    def _repr_html_(self) -> str:
        parts = [escape(self.headline)]
        if self.hint:
            parts.append(f"<br><strong>Hint:</strong> {escape(self.hint)}")
        if self.shown:
            parts.append(f'<pre style="margin: 0.4rem 0 0; white-space: pre-wrap">{escape(self.values)}</pre>')
        # Only the edge is coloured: text keeps the colour of the page, light or dark.
        return edged(EDGES[self.state], "".join(parts))


def edged(colour: str, content: str) -> str:
    return f'<div style="border-left: 3px solid {colour}; padding: 0.2rem 0.9rem">{content}</div>'
