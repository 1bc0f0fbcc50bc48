"""What consoles without our signs show in their place: a tick becomes a plus, and not the question mark of the others.

A stream opened or set to `errors=HANDLER` writes what its encoding has as it is.
"""

import codecs

HANDLER = "course-signs"
PLAIN = {
    "✓": "+",
    "✗": "x",
    "○": "o",
    "“": '"',
    "”": '"',
    "’": "'",
    "…": "...",
    "·": "-",
    "–": "-",
    "−": "-",
    "→": "->",
}


def plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """For `codecs.register_error`: what to write in place of what cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


codecs.register_error(HANDLER, plain)
