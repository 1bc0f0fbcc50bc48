"""Consoles without our signs: nothing is lost, and nothing ends the program."""

import io

import pytest

from course_lib.common.signs import HANDLER
from course_lib.marking.verdict import EDGES, SIGNS


def written(text: str, encoding: str) -> str:
    return text.encode(encoding, HANDLER).decode(encoding)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_every_verdict_has_a_sign_of_its_own(encoding):
    shown = [written(sign, encoding) for sign in SIGNS.values()]
    assert len(set(shown)) == len(SIGNS)
    assert written(SIGNS["unmarked"], encoding) == "?"
    assert "?" not in [written(SIGNS[state], encoding) for state in ("passed", "wrong", "not attempted")]
    assert SIGNS.keys() == EDGES.keys()


def test_what_the_encoding_has_stays():
    assert written("“Übung”… ✓", "cp1252") == "“Übung”… +"
    assert written("“Übung”… → 1·2", "ascii") == '"?bung"... -> 1-2'
    assert written("✓ Анна", "utf-8") == "✓ Анна"
    assert written("✓ Анна", "cp1252") == "+ ????"


def test_it_is_for_writing_only():
    stream = io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="ascii", errors=HANDLER)
    with pytest.raises(UnicodeDecodeError):
        stream.read()
