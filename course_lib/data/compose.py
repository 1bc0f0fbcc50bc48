"""Put a sprite before a background: pose, light, colour and noise from a seed.

Everything random is drawn first, one row of uniform numbers per image; drawing the image is then a
pure function of its row. So the same seed gives the same scene at every size, and the first images
stay the same when you ask for more.

The arithmetic is chosen to give the same pixels on every machine: affine coefficients are rounded
to 1/65536, where Pillow's bilinear sums are exact in double precision; the rest is integer and
float32 arithmetic without transcendental functions.
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from course_lib.data.atlas import Sprite, backgrounds

CHUNK = 256  # images that are lit together; bounds the memory

# The random numbers behind one image, each uniform on [0, 1).
DRAWS: tuple[str, ...] = (
    "sprite", "tile", "window", "left", "top", "flip",  # which drawing, which part of which background
    "extent", "stretch", "angle", "mirror", "x", "y",  # pose of the drawing
    "red", "green", "blue",  # tint of the background
    "slope_x", "slope_y", "gain", "contrast", "noise",  # light and camera
)  # fmt: skip


def balanced_labels(n: int, n_classes: int, rng: np.random.Generator) -> np.ndarray:
    """Labels (n,), int64: every block of n_classes holds each class once, in random order."""
    blocks = -(-n // n_classes)
    return rng.random((blocks, n_classes)).argsort(axis=1).reshape(-1)[:n]


def compose(choices: Sequence[Sequence[Sprite]], size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw one image per entry of `choices`, showing one of the sprites that the entry lists.

    Returns uint8 (len(choices), size, size, 3).
    """
    draws_rng, noise_rng = rng.spawn(2)
    draws = draws_rng.random((len(choices), len(DRAWS)))
    images = np.empty((len(choices), size, size, 3), np.uint8)
    for start in range(0, len(choices), CHUNK):
        part = slice(start, start + CHUNK)
        rows = [dict(zip(DRAWS, row, strict=True)) for row in draws[part].tolist()]
        shown = [some[int(u["sprite"] * len(some))] for some, u in zip(choices[part], rows, strict=True)]
        behind = np.stack([background(u, size) for u in rows])
        before = np.stack([pose(sprite, u, size) for sprite, u in zip(shown, rows, strict=True)])
        noise = np.stack([speckle(size, noise_rng) for _ in rows])
        columns = dict(zip(DRAWS, draws[part].T.astype(np.float32), strict=True))
        images[part] = light(behind, before, noise, columns)
    return images


def between(low: float | np.floating, high: float | np.floating, u):
    """u in [0, 1) moved to [low, high); float32 stays float32."""
    return low + (high - low) * u


@cache
def backdrop(tile: int):
    """A background tile as Pillow image."""
    from PIL import Image

    return Image.fromarray(backgrounds()[tile])


def background(u: dict[str, float], size: int) -> np.ndarray:
    """A random window of a random background tile, uint8 (size, size, 3)."""
    from PIL import Image

    picture = backdrop(int(u["tile"] * len(backgrounds())))
    side = int(between(40, picture.width + 1, u["window"]))
    left, top = (int(u[edge] * (picture.width - side + 1)) for edge in ("left", "top"))
    box = (left, top, left + side, top + side)
    pixels = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR, box=box))
    return pixels[:, ::-1] if u["flip"] < 0.5 else pixels


# Sprites are compared by identity here: there is one object for each, made by `atlas.sprites`.
@cache
def premultiplied(sprite: Sprite, reduce: int):
    """A sprite as Pillow image with colours multiplied by opacity, 1 / reduce as large."""
    from PIL import Image

    return Image.fromarray(sprite.tile).convert("RGBa").reduce(reduce)


def pose(sprite: Sprite, u: dict[str, float], size: int) -> np.ndarray:
    """The sprite turned, scaled, stretched, mirrored and moved: uint8 (size, size, 4), premultiplied."""
    from PIL import Image

    canvas = 2 * size  # drawn twice as large and averaged: smooth edges
    extent = canvas * between(0.55, 0.95, u["extent"])  # side of the sprite's tile on the canvas
    picture = premultiplied(sprite, 2 if extent < 64 else 1)
    angle = math.radians(between(-25, 25, u["angle"]))
    stretch = between(0.85, 1.15, u["stretch"])
    mirror = -1 if u["mirror"] < 0.5 else 1
    play = canvas - 0.75 * extent  # how far the centre moves; a little of the tile may leave the image
    x, y = (round(canvas / 2 + between(-0.5, 0.5, u[axis]) * play) for axis in ("x", "y"))
    # Pillow asks where each pixel of the result comes from, hence the inverse of the pose.
    zoom = picture.width / extent
    a, b = mirror * zoom * stretch * math.cos(angle), mirror * zoom * stretch * math.sin(angle)
    d, e = -zoom / stretch * math.sin(angle), zoom / stretch * math.cos(angle)
    a, b, d, e = (round(value * 65536) / 65536 for value in (a, b, d, e))
    middle = picture.width / 2
    matrix = (a, b, middle - a * x - b * y, d, e, middle - d * x - e * y)
    drawn = picture.transform((canvas, canvas), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return np.asarray(drawn.reduce(2))


def speckle(size: int, rng: np.random.Generator) -> np.ndarray:
    """Bell-shaped noise, the sum of four random bytes less its mean: int16 (size, size, 3).

    Its standard deviation is sqrt(4 (256^2 - 1) / 12) = 147.8.
    """
    raw = np.frombuffer(rng.bytes(12 * size * size), np.uint8).reshape(size, size, 3, 4)
    return raw.sum(axis=-1, dtype=np.int16) - np.int16(510)


def light(behind: np.ndarray, before: np.ndarray, noise: np.ndarray, u: dict[str, np.ndarray]) -> np.ndarray:
    """Tint, blend, light from one side, contrast and noise, for a chunk of images.

    behind uint8 (n, size, size, 3), before uint8 (n, size, size, 4) premultiplied, noise int16 like
    behind, u float32 (n,) each. Returns uint8 (n, size, size, 3).
    """
    f = np.float32
    size = behind.shape[1]
    u = {name: column[:, None, None, None] for name, column in u.items()}  # (n, 1, 1, 1)
    tint = between(f(0.6), f(1.3), np.concatenate([u["red"], u["green"], u["blue"]], axis=-1))
    clear = f(1) - before[..., 3:] * f(1 / 255)  # (n, size, size, 1)
    scene = np.minimum(behind * tint, f(255)) * clear + before[..., :3]
    ramp = (np.arange(size, dtype=f) * 2 + 1) / f(size) - 1  # (size,), -1 to 1 across the image
    slope_x = between(f(-0.25), f(0.25), u["slope_x"]) * ramp[None, None, :, None]
    slope_y = between(f(-0.25), f(0.25), u["slope_y"]) * ramp[None, :, None, None]
    scene = scene * (between(f(0.75), f(1.25), u["gain"]) * (1 + slope_x + slope_y))
    scene = (scene - f(128)) * between(f(0.6), f(1.1), u["contrast"]) + f(128)
    scene = scene + noise * (f(0.1) * u["noise"] * u["noise"])  # up to 15 grey levels of noise
    return np.clip(scene + f(0.5), 0, 255).astype(np.uint8)
