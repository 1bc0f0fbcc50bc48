"""Make the sprite atlas and the background sheet from the packages they come from.

    python -m course_lib.data.make_atlas SOURCES [FOLDER]

You need this only to change the pictures; the result is part of the package. SOURCES holds the
unpacked packages, under these names:

    fluent/    *.webp            npm @lobehub/fluent-emoji-3d, folder assets
    twemoji/   *.svg             npm @twemoji/svg
    openmoji/  *.svg             npm openmoji, folder color/svg
    noto/      NotoColorEmoji.ttf  Debian fonts-noto-color-emoji
    photos/    *.png, *.jpg      the data of scikit-image and the images of scikit-learn

Drawing the SVG families needs the program rsvg-convert (Debian librsvg2-bin), Noto needs a
Pillow with raqm. Every family gets a sheet of its own, so that its licence stays with its file.
"""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_lib.data.store import checksum

TILE = 96  # pixels, the side of a sprite and of a background tile
COLUMNS = 12  # tiles in a row of a sheet

# Code points in hexadecimal, as the packages name their files.
MOTIFS = {
    "airplane": "2708 1f6e9 1f6eb",
    "automobile": "1f697 1f698 1f695 1f699 1f3ce",
    "bird": "1f426 1f99c 1f985 1f986 1f54a",
    "cat": "1f408 1f431 1f408-200d-2b1b",
    "deer": "1f98c 1face",
    "dog": "1f415 1f436 1f9ae 1f429",
    "frog": "1f438",
    "horse": "1f40e 1f434",
    "ship": "1f6a2 26f4 1f6f3 1f6e5",
    "truck": "1f69a 1f69b 1f692",
    "rock": "270a 1f44a",
    "paper": "270b 1f590 1f91a",
    "scissors": "270c",
}
GESTURES = ("rock", "paper", "scissors")
TONES = ("", "-1f3fb", "-1f3fc", "-1f3fd", "-1f3fe", "-1f3ff")  # none, then Fitzpatrick I-II to VI

FAMILIES = {
    "fluent": ("Fluent Emoji 3D, Microsoft", "MIT", "npm @lobehub/fluent-emoji-3d 1.1.0"),
    "twemoji": ("Twemoji, Twitter and contributors", "CC BY 4.0", "npm @twemoji/svg 15.0.0"),
    "noto": ("Noto Color Emoji, Google", "OFL 1.1", "Debian fonts-noto-color-emoji 2.042"),
    "openmoji": ("OpenMoji, HfG Schwäbisch Gmünd and contributors", "CC BY-SA 4.0", "npm openmoji 17.0.0"),
}

# Squares (left, top, side) of photographs with a free licence and none of the ten classes in them.
SKIMAGE = "scikit-image"
SKLEARN = "scikit-learn"
PHOTOS = {
    "china.jpg": (
        SKLEARN,
        "danielbuechele, CC BY 2.0",
        [(0, 0, 150), (150, 190, 130), (470, 30, 150), (0, 270, 150), (430, 250, 150), (280, 290, 130)],
    ),
    "flower.jpg": (
        SKLEARN,
        "vultilion, CC BY 2.0",
        [(0, 0, 200), (440, 0, 200), (0, 220, 200), (230, 130, 170)],
    ),
    "coffee.png": (
        SKIMAGE,
        "Rachel Michetti, CC0",
        [(0, 0, 140), (420, 10, 160), (10, 250, 140), (440, 240, 150)],
    ),
    "rocket.jpg": (SKIMAGE, "SpaceX, public domain", [(0, 0, 200), (400, 150, 200)]),
    "hubble_deep_field.jpg": (SKIMAGE, "NASA, public domain", [(100, 100, 250), (600, 500, 250)]),
    "brick.png": (SKIMAGE, "CC0Textures, CC0", [(0, 0, 256), (256, 256, 256)]),
    "grass.png": (SKIMAGE, "linolafett, CC0", [(0, 0, 200), (300, 300, 200)]),
    "gravel.png": (SKIMAGE, "CC0Textures, CC0", [(0, 0, 250), (250, 250, 250)]),
}


def sprite_list() -> list[dict]:
    """Every sprite of a family, in the order of the sheet: label, code point, tone (0 is none)."""
    return [
        {"label": label, "codepoint": codepoint + TONES[tone], "tone": tone}
        for label, codepoints in MOTIFS.items()
        for codepoint in codepoints.split()
        for tone in (range(len(TONES)) if label in GESTURES else (0,))
    ]


def draw(family: str, codepoint: str, sources: Path) -> Image.Image:
    """One emoji as a large RGBA picture."""
    folder = sources / family
    if family == "fluent":
        # This package has the second and the third skin tone the wrong way round.
        if codepoint.endswith(("-1f3fc", "-1f3fd")):
            codepoint = codepoint[:-1] + ("d" if codepoint.endswith("c") else "c")
        names = (codepoint, f"{codepoint}-fe0f")
        path = next(folder / f"{name}.webp" for name in names if (folder / f"{name}.webp").exists())
        return Image.open(path).convert("RGBA")
    if family == "noto":
        text = "".join(chr(int(part, 16)) for part in codepoint.split("-"))
        font = ImageFont.truetype(folder / "NotoColorEmoji.ttf", 109)  # the one size it has
        picture = Image.new("RGBA", (160, 160))
        ImageDraw.Draw(picture).text((8, 8), text, font=font, embedded_color=True)
        return picture
    name = codepoint.upper() if family == "openmoji" else codepoint
    command = ["rsvg-convert", "--width=384", "--height=384", str(folder / f"{name}.svg")]
    drawn = subprocess.run(command, check=True, capture_output=True).stdout
    return Image.open(io.BytesIO(drawn)).convert("RGBA")


def fit(picture: Image.Image) -> Image.Image:
    """Crop to what is drawn, then centre it in a tile with a thin margin."""
    picture = picture.crop(picture.getchannel("A").point([255 * (a > 8) for a in range(256)]).getbbox())
    scale = (TILE - 4) / max(picture.size)
    size = [max(1, round(side * scale)) for side in picture.size]
    tile = Image.new("RGBA", (TILE, TILE))
    small = picture.resize(size, Image.Resampling.LANCZOS)
    tile.paste(small, ((TILE - size[0]) // 2, (TILE - size[1]) // 2))
    pixels = np.array(tile)
    pixels[pixels[..., 3] == 0] = 0  # no colours hidden under full transparency
    return Image.fromarray(pixels)


def sheet(tiles: list[Image.Image]) -> Image.Image:
    """Lay tiles out in rows of COLUMNS."""
    rows = -(-len(tiles) // COLUMNS)
    result = Image.new(tiles[0].mode, (COLUMNS * TILE, rows * TILE))
    for i, tile in enumerate(tiles):
        result.paste(tile, (i % COLUMNS * TILE, i // COLUMNS * TILE))
    return result


def save(picture: Image.Image, path: Path) -> str:
    """Write a PNG; return the checksum of its pixels."""
    picture.save(path, optimize=True)
    return checksum(np.array(picture))


def main(sources: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sprites = sprite_list()
    index = {"tile": TILE, "columns": COLUMNS, "sprites": sprites, "families": {}, "backgrounds": {}}
    for family, (title, licence, origin) in FAMILIES.items():
        tiles = [fit(draw(family, sprite["codepoint"], sources)) for sprite in sprites]
        digest = save(sheet(tiles), folder / f"{family}.png")
        index["families"][family] = {"title": title, "licence": licence, "origin": origin, "checksum": digest}
    tiles, photos = [], []
    for name, (origin, licence, squares) in PHOTOS.items():
        photo = Image.open(sources / "photos" / name).convert("RGB")
        for left, top, side in squares:
            box = (left, top, left + side, top + side)
            tiles.append(photo.resize((TILE, TILE), Image.Resampling.LANCZOS, box=box))
        photos.append({"photo": name, "origin": origin, "licence": licence, "tiles": len(squares)})
    digest = save(sheet(tiles), folder / "backgrounds.png")
    index["backgrounds"] = {"tiles": len(tiles), "photos": photos, "checksum": digest}
    (folder / "atlas.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent / "atlas"))
