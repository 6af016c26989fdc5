"""Pictures for the demo data, drawn here so that nothing has to be shipped or licensed."""

from __future__ import annotations

import random
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

_SCALE = 4  # drawn larger and scaled down, for smooth edges


def _png(image: Image.Image, size: tuple[int, int]) -> bytes:
    out = BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: str, waist: float = 0.32) -> None:
    points = []
    for index in range(8):
        reach = radius if index % 2 == 0 else radius * waist
        dx, dy = [(0, -1), (0.707, -0.707), (1, 0), (0.707, 0.707), (0, 1), (-0.707, 0.707), (-1, 0), (-0.707, -0.707)][
            index
        ]
        points.append((x + dx * reach, y + dy * reach))
    draw.polygon(points, fill=colour)


def logo() -> bytes:
    """Return a four-pointed star on a night-blue tile, 256×256 pixels."""
    side = 256 * _SCALE
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, side - 1, side - 1), radius=side // 5, fill="#1b1646")
    _star(draw, side / 2, side / 2, side * 0.4, "#ffd166")
    _star(draw, side * 0.74, side * 0.26, side * 0.1, "#ffffff")
    return _png(image, (256, 256))


def art() -> bytes:
    """Return a night sky over hills, 1600×500 pixels."""
    width, height = 1600, 500
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    for y in range(height):
        part = y / height
        draw.line((0, y, width, y), fill=(int(18 + 70 * part), int(16 + 30 * part), int(60 + 80 * part)))
    chance = random.Random(7)  # noqa: S311 - where stars stand is no secret
    for _star_number in range(160):
        x, y, size = chance.randrange(width), chance.randrange(int(height * 0.7)), chance.choice([1, 1, 2, 3])
        draw.ellipse((x, y, x + size, y + size), fill="#f4f1ff")
    for x, y, size in ((240, 110, 34), (1180, 90, 46), (830, 190, 22)):
        _star(draw, x, y, size, "#ffd166", 0.2)
    for base, reach, colour in ((390, 60, "#3a2a72"), (440, 40, "#271c54"), (480, 24, "#171038")):
        hill = [(0, height)]
        for x in range(0, width + 40, 40):
            hill.append((x, base - chance.randrange(reach)))
        draw.polygon([*hill, (width, height)], fill=colour)
    return _png(image.filter(ImageFilter.SMOOTH), (width, height))


def reward(kind: str) -> bytes:
    """Return a reward's picture, 120×120 pixels: ``banner``, ``cape`` or ``blade``."""
    side = 120 * _SCALE
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, side - 1, side - 1), radius=side // 8, fill="#241a5e")
    s = side / 120
    if kind == "banner":
        draw.rectangle((34 * s, 16 * s, 38 * s, 106 * s), fill="#d9c7a0")
        draw.polygon(
            [(38 * s, 20 * s), (94 * s, 20 * s), (80 * s, 42 * s), (94 * s, 64 * s), (38 * s, 64 * s)], fill="#ef476f"
        )
        _star(draw, 60 * s, 42 * s, 14 * s, "#ffd166")
    elif kind == "cape":
        draw.polygon([(60 * s, 18 * s), (92 * s, 104 * s), (60 * s, 94 * s), (28 * s, 104 * s)], fill="#06a77d")
        draw.polygon([(60 * s, 18 * s), (72 * s, 98 * s), (60 * s, 94 * s), (48 * s, 98 * s)], fill="#0bd3a0")
        draw.ellipse((50 * s, 12 * s, 70 * s, 30 * s), fill="#ffd166")
    else:
        draw.polygon(
            [(60 * s, 10 * s), (68 * s, 24 * s), (68 * s, 78 * s), (52 * s, 78 * s), (52 * s, 24 * s)], fill="#cfe8ff"
        )
        draw.polygon([(60 * s, 10 * s), (60 * s, 78 * s), (52 * s, 78 * s), (52 * s, 24 * s)], fill="#8fc3ee")
        draw.rectangle((36 * s, 78 * s, 84 * s, 86 * s), fill="#ffd166")
        draw.rectangle((55 * s, 86 * s, 65 * s, 110 * s), fill="#8a5a2b")
    return _png(image, (120, 120))
