"""Pictures for the demo data, drawn here so that nothing has to be shipped or licensed."""

from __future__ import annotations

import math
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
    """Return a reward's picture, 120×120 pixels: one of the names in ``_THINGS``."""
    side = 120 * _SCALE
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, side - 1, side - 1), radius=side // 8, fill="#241a5e")
    _THINGS[kind](draw, side / 120)
    return _png(image, (120, 120))


def _banner(draw: ImageDraw.ImageDraw, s: float) -> None:
    draw.rectangle((34 * s, 16 * s, 38 * s, 106 * s), fill="#d9c7a0")
    draw.polygon(
        [(38 * s, 20 * s), (94 * s, 20 * s), (80 * s, 42 * s), (94 * s, 64 * s), (38 * s, 64 * s)], fill="#ef476f"
    )
    _star(draw, 60 * s, 42 * s, 14 * s, "#ffd166")


def _cape(draw: ImageDraw.ImageDraw, s: float) -> None:
    draw.polygon([(60 * s, 18 * s), (92 * s, 104 * s), (60 * s, 94 * s), (28 * s, 104 * s)], fill="#06a77d")
    draw.polygon([(60 * s, 18 * s), (72 * s, 98 * s), (60 * s, 94 * s), (48 * s, 98 * s)], fill="#0bd3a0")
    draw.ellipse((50 * s, 12 * s, 70 * s, 30 * s), fill="#ffd166")


def _blade(draw: ImageDraw.ImageDraw, s: float) -> None:
    draw.polygon(
        [(60 * s, 10 * s), (68 * s, 24 * s), (68 * s, 78 * s), (52 * s, 78 * s), (52 * s, 24 * s)], fill="#cfe8ff"
    )
    draw.polygon([(60 * s, 10 * s), (60 * s, 78 * s), (52 * s, 78 * s), (52 * s, 24 * s)], fill="#8fc3ee")
    draw.rectangle((36 * s, 78 * s, 84 * s, 86 * s), fill="#ffd166")
    draw.rectangle((55 * s, 86 * s, 65 * s, 110 * s), fill="#8a5a2b")


def _lantern(draw: ImageDraw.ImageDraw, s: float) -> None:
    draw.arc((44 * s, 10 * s, 76 * s, 42 * s), 180, 360, fill="#d9c7a0", width=int(4 * s))
    draw.rectangle((38 * s, 28 * s, 82 * s, 36 * s), fill="#d9c7a0")
    draw.rounded_rectangle((42 * s, 36 * s, 78 * s, 96 * s), radius=8 * s, fill="#ff9f43")
    draw.rounded_rectangle((48 * s, 42 * s, 72 * s, 90 * s), radius=6 * s, fill="#ffe29a")
    _star(draw, 60 * s, 66 * s, 18 * s, "#ffffff", 0.25)
    draw.rectangle((38 * s, 96 * s, 82 * s, 106 * s), fill="#d9c7a0")


def _compass(draw: ImageDraw.ImageDraw, s: float) -> None:
    draw.ellipse((16 * s, 16 * s, 104 * s, 104 * s), fill="#ffd166")
    draw.ellipse((24 * s, 24 * s, 96 * s, 96 * s), fill="#f4f1ff")
    _star(draw, 60 * s, 60 * s, 34 * s, "#8fc3ee", 0.22)
    draw.polygon([(60 * s, 60 * s), (52 * s, 54 * s), (84 * s, 34 * s)], fill="#ef476f")
    draw.polygon([(60 * s, 60 * s), (68 * s, 66 * s), (36 * s, 86 * s)], fill="#241a5e")


def _crown(draw: ImageDraw.ImageDraw, s: float) -> None:
    points = [(20, 92), (14, 38), (40, 60), (60, 22), (80, 60), (106, 38), (100, 92)]
    draw.polygon([(x * s, y * s) for x, y in points], fill="#ffd166")
    draw.rectangle((20 * s, 84 * s, 100 * s, 98 * s), fill="#e0a82e")
    for x, colour in ((38, "#ef476f"), (60, "#0bd3a0"), (82, "#8fc3ee")):
        draw.ellipse(((x - 6) * s, 72 * s, (x + 6) * s, 84 * s), fill=colour)


def _scale(draw: ImageDraw.ImageDraw, s: float) -> None:
    outline = [(60, 10), (96, 34), (92, 72), (60, 110), (28, 72), (24, 34)]
    draw.polygon([(x * s, y * s) for x, y in outline], fill="#ffd166")
    inner = [(60, 18), (89, 38), (86, 70), (60, 100), (34, 70), (31, 38)]
    draw.polygon([(x * s, y * s) for x, y in inner], fill="#ef476f")
    for x, y, reach in ((60, 38, 20), (60, 58, 17), (60, 78, 11)):
        draw.arc(
            ((x - reach) * s, (y - reach) * s, (x + reach) * s, (y + reach) * s),
            20,
            160,
            fill="#9c1f45",
            width=int(4 * s),
        )


def _medal(draw: ImageDraw.ImageDraw, s: float) -> None:
    for points in ([(34, 8), (56, 8), (68, 52), (52, 58)], [(86, 8), (64, 8), (52, 52), (68, 58)]):
        draw.polygon([(x * s, y * s) for x, y in points], fill="#8fc3ee")
    draw.ellipse((28 * s, 46 * s, 92 * s, 110 * s), fill="#ffd166")
    draw.ellipse((34 * s, 52 * s, 86 * s, 104 * s), fill="#e0a82e")
    for x, y in ((60, 66), (48, 86), (72, 86)):
        _star(draw, x * s, y * s, 13 * s, "#ffffff")


def _laurel(draw: ImageDraw.ImageDraw, s: float) -> None:
    draw.arc((22 * s, 14 * s, 98 * s, 98 * s), 300, 240, fill="#0bd3a0", width=int(5 * s))
    for degrees in (*range(100, 240, 22), *range(300, 440, 22)):
        x, y = 60 + 38 * math.cos(math.radians(degrees)), 56 + 42 * math.sin(math.radians(degrees))
        draw.ellipse(((x - 8) * s, (y - 8) * s, (x + 8) * s, (y + 8) * s), fill="#06a77d")
        draw.ellipse(((x - 4) * s, (y - 5) * s, (x + 4) * s, (y + 3) * s), fill="#0bd3a0")
    draw.polygon([(x * s, y * s) for x, y in ((60, 92), (78, 112), (60, 104), (42, 112))], fill="#ef476f")


_THINGS = {
    "banner": _banner,
    "cape": _cape,
    "blade": _blade,
    "lantern": _lantern,
    "compass": _compass,
    "crown": _crown,
    "scale": _scale,
    "medal": _medal,
    "laurel": _laurel,
}
