"""The sprites and backgrounds from which pictograms and gestures are composed."""

import io
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from course_lib.data.store import DataError, checksum

DATA_FILES = (
    "course_lib/data/atlas/atlas.json",
    "course_lib/data/atlas/backgrounds.png",
    "course_lib/data/atlas/fluent.png",
    "course_lib/data/atlas/noto.png",
    "course_lib/data/atlas/openmoji.png",
    "course_lib/data/atlas/twemoji.png",
)
TRAINED = ("fluent", "twemoji", "openmoji")  # the design families of training and test images
SHIFT = "noto"  # the family they never show


@dataclass(frozen=True, eq=False)
class Sprite:
    """A drawing of one thing: tile is uint8 (96, 96, 4), RGB and opacity."""

    family: str
    label: str
    codepoint: str  # hexadecimal, joined by "-"
    tone: int  # skin tone of a hand, 0 (none) to 5 (dark); 0 for everything else
    tile: np.ndarray


def read(name: str) -> bytes:
    return (files("course_lib.data") / "atlas" / name).read_bytes()


@cache
def index() -> dict:
    """What is on the sheets, with origins, licences and checksums (atlas.json)."""
    return json.loads(read("atlas.json"))


def tiles(name: str, digest: str, count: int) -> np.ndarray:
    """Cut a sheet into its tiles, uint8 (count, 96, 96, channels), once its pixels are checked."""
    from PIL import Image

    try:
        pixels = np.array(Image.open(io.BytesIO(read(name))))
    except (OSError, SyntaxError) as error:  # Pillow raises SyntaxError for a broken PNG
        raise DataError(f"The embedded {name} is damaged ({error}). Install course-lib again.") from error
    if checksum(pixels) != digest:
        raise DataError(f"The embedded {name} is damaged: its checksum differs. Install course-lib again.")
    side, columns = index()["tile"], index()["columns"]
    cut = pixels.reshape(-1, side, columns, side, pixels.shape[-1]).swapaxes(1, 2)
    return cut.reshape(-1, side, side, pixels.shape[-1])[:count]


@cache
def sprites(family: str) -> tuple[Sprite, ...]:
    """All sprites of a design family: fluent, twemoji, noto or openmoji."""
    entries = index()["sprites"]
    cut = tiles(f"{family}.png", index()["families"][family]["checksum"], len(entries))
    return tuple(Sprite(family, tile=tile, **entry) for entry, tile in zip(entries, cut, strict=True))


@cache
def backgrounds() -> np.ndarray:
    """Squares of photographs and textures, uint8 (n, 96, 96, 3)."""
    entry = index()["backgrounds"]
    return tiles("backgrounds.png", entry["checksum"], entry["tiles"])
