"""Files for the image intake, made byte by byte or with Pillow: those of R2's table and worse ones."""

from __future__ import annotations

import random
import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms

RED = (220, 30, 40)


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that does not compress."""
    data = random.Random(1).randbytes(width * height * len(mode))
    return Image.frombytes(mode, (width, height), data)


def halves(width: int, height: int) -> Image.Image:
    """Left half red, right half blue: shows which way up it is."""
    image = Image.new("RGB", (width, height), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, width // 2, height))
    return image


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file of the kind."""
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(width: int = 120, height: int = 120) -> bytes:
    """A plain PNG."""
    return encoded(Image.new("RGB", (width, height), RED), "PNG")


def png_of_size(size: int) -> bytes:
    """A good 120×120 PNG of exactly this many bytes, the rest in an ancillary chunk."""
    plain = png()
    filler = png_chunk(b"fiLl", b"\0" * (size - len(plain) - 12))
    return plain[:33] + filler + plain[33:]


def animated(kind: str, frames: int = 60, side: int = 40) -> bytes:
    """An animation whose first frame is red and whose others are not."""
    images = [Image.new("RGB", (side, side), RED if n == 0 else (n, 200, 0)) for n in range(frames)]
    return encoded(images[0], kind, save_all=True, append_images=images[1:], duration=50)


def many_framed_gif(frames: int) -> bytes:
    """A GIF of 1×1 frames, 15 bytes each: as many as anybody wants."""
    frame = b"\x2c\0\0\0\0\1\0\1\0\0\x02\x02\x44\x01\0"
    return b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + frame * frames + b";"


def rotated_photo() -> bytes:
    """A JPEG stored 80×120 that its EXIF turns to 120×80, red left and blue right as shown; with a GPS tag."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Cam-Maker"
    exif.get_ifd(0x8825)[1] = "N"
    return encoded(
        halves(120, 80).transpose(Image.Transpose.ROTATE_90),
        "JPEG",
        quality=95,
        exif=exif,
    )


def swapped_profile() -> bytes:
    """An ICC profile for RGB whose red and green primaries are swapped: using it or not is plain to see."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for number in range(struct.unpack_from(">I", profile, 128)[0]):
        at = 132 + 12 * number
        tag = bytes(profile[at : at + 4])
        if tag in (b"rXYZ", b"gXYZ"):
            profile[at : at + 4] = b"gXYZ" if tag == b"rXYZ" else b"rXYZ"
    return bytes(profile)


def png_chunk(name: bytes, data: bytes) -> bytes:
    """One chunk with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def raw_png(width: int, height: int, *, depth: int, colour: int, row: bytes, extra: bytes = b"") -> bytes:
    """A PNG of equal rows of a depth and colour type that Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress((b"\0" + row) * height, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")
    )


def png_bomb(side: int = 20_000) -> bytes:
    """1-bit grey, side×side, all black, in a file of some kilobytes: 400 million pixels of nothing."""
    rows = zlib.compressobj(9)
    row = b"\0" * (1 + side // 8)
    packed = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")


def webp_claiming(width: int, height: int) -> bytes:
    """The header of an extended WebP of this size, and nothing behind it."""
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + sides
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_claiming(width: int, height: int) -> bytes:
    """A small JPEG whose frame header has been changed to claim this size."""
    data = bytearray(encoded(Image.new("RGB", (8, 8)), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def gif_claiming(width: int, height: int) -> bytes:
    """A small GIF whose first frame, not its screen, has been changed to claim this size."""
    data = bytearray(encoded(Image.new("P", (8, 8)), "GIF"))
    at = data.index(b"\x2c")
    data[at + 5 : at + 9] = struct.pack("<HH", width, height)
    return bytes(data)


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
