"""The sprites and backgrounds in the package."""

import numpy as np
import pytest

from course_lib.data import atlas
from course_lib.data.catalogue import OBJECTS
from course_lib.data.gestures import GESTURES

FAMILIES = (*atlas.TRAINED, atlas.SHIFT)


def test_families_share_their_motifs():
    motifs = [[(s.label, s.codepoint, s.tone) for s in atlas.sprites(family)] for family in FAMILIES]
    assert all(other == motifs[0] for other in motifs)
    assert {label for label, _, _ in motifs[0]} == {*OBJECTS, *GESTURES}
    assert all(1 <= sum(label == name for label, _, _ in motifs[0]) <= 5 for name in OBJECTS)
    assert len(set(motifs[0])) == len(motifs[0])


def test_every_sprite_is_drawn_and_different():
    for family in FAMILIES:
        tiles = [sprite.tile for sprite in atlas.sprites(family)]
        assert all(tile.shape == (96, 96, 4) and tile.dtype == np.uint8 for tile in tiles)
        assert all(0.1 < np.mean(tile[..., 3] > 128) < 0.95 for tile in tiles)
        assert len({tile.tobytes() for tile in tiles}) == len(tiles)


@pytest.mark.parametrize("family", FAMILIES)
def test_tones_run_from_light_to_dark(family):
    hands = [sprite for sprite in atlas.sprites(family) if sprite.label in GESTURES]
    for motif in {sprite.codepoint.split("-")[0] for sprite in hands}:
        some = [sprite for sprite in hands if sprite.codepoint.split("-")[0] == motif]
        assert sorted(sprite.tone for sprite in some) == list(range(6))
        brightness = {s.tone: s.tile[s.tile[..., 3] > 200][:, :3].mean() for s in some}
        assert brightness[1] > brightness[2] > brightness[3] > brightness[4] > brightness[5]


def test_backgrounds():
    tiles = atlas.backgrounds()
    assert tiles.shape == (24, 96, 96, 3) and tiles.dtype == np.uint8
    assert sum(photo["tiles"] for photo in atlas.index()["backgrounds"]["photos"]) == 24


def test_every_sheet_carries_its_licence():
    entries = [*atlas.index()["families"].values(), *atlas.index()["backgrounds"]["photos"]]
    free = ("MIT", "CC BY 4.0", "CC BY-SA 4.0", "OFL 1.1", "CC0", "CC BY 2.0", "public domain")
    assert all(entry["licence"].endswith(free) and entry["origin"] for entry in entries)


def test_a_damaged_sheet_is_never_used(monkeypatch):
    good = atlas.read("twemoji.png")
    entry = atlas.index()["families"]["twemoji"]
    monkeypatch.setattr(atlas, "read", lambda name: good[: len(good) // 2])
    with pytest.raises(atlas.DataError, match="embedded twemoji.png is damaged"):
        atlas.tiles("twemoji.png", entry["checksum"], 65)
    monkeypatch.undo()
    with pytest.raises(atlas.DataError, match="twemoji.png is damaged: its checksum differs"):
        atlas.tiles("twemoji.png", entry["checksum"][::-1], 65)
