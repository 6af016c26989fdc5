"""What the first bytes of a file say: its kind, its size in pixels, whether its end is there.

Read before anything is decoded, since a file of a few kilobytes may claim gigabytes of pixels, and some
decoders allocate as soon as they are opened. No imaging library is trusted here, and none is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    """The kinds of picture that are let in; the values are the names of Pillow's formats."""

    PNG = "PNG"
    JPEG = "JPEG"
    GIF = "GIF"
    WEBP = "WEBP"


_OTHER_BEGINNINGS = (
    (b"%PDF", _("a PDF document")),
    (b"BM", _("a BMP picture")),
    (b"II*\x00", _("a TIFF picture")),
    (b"MM\x00*", _("a TIFF picture")),
    (b"\x00\x00\x01\x00", _("an icon file (ICO)")),
    (b"8BPS", _("a Photoshop file")),
    (b"\xff\x0a", _("a JPEG XL picture")),
    (b"\x00\x00\x00\x0cJXL ", _("a JPEG XL picture")),
    (b"PK\x03\x04", _("a ZIP archive")),
    (b"MZ", _("a Windows program")),
    (b"\x7fELF", _("a program")),
)
_BRANDS = {
    b"avif": _("an AVIF picture"),
    b"avis": _("an AVIF picture"),
    b"heic": _("a HEIC picture"),
    b"heix": _("a HEIC picture"),
    b"mif1": _("a HEIF picture"),
}
# Start-of-frame markers of JPEG (ITU T.81, table B.1): C0–CF without DHT, JPG and DAC.
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})


def kind_of(data: bytes) -> Kind | None:
    """The kind by the file's own beginning; None for everything that is not let in."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if data.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Kind.GIF
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Kind.WEBP
    return None


def name_of_other(data: bytes) -> str | Promise:
    """What a file that is not let in seems to be, in words that follow "The file is …"."""
    for beginning, name in _OTHER_BEGINNINGS:
        if data.startswith(beginning):
            return name
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], _("a video"))
    text = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return _("an SVG drawing")
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<!--")) or b"<html" in text:
        return _("a web page (HTML)")
    if text.startswith(b"<?xml"):
        return _("an XML document")
    return _("not a picture of a known kind")


def pixels_of(data: bytes, kind: Kind) -> tuple[int, int] | None:
    """Width and height that the header states, before any rotation; None if it does not get so far."""
    try:
        return _PIXELS[kind](data)
    except IndexError:
        return None


def is_cut_short(data: bytes, kind: Kind) -> bool:
    """Whether the end of the file is missing, as far as the blocks it is made of tell.

    Only what the decoder of the first frame would not notice: the frames after it, the closing blocks.
    """
    try:
        return _CUT_SHORT[kind](data)
    except IndexError:
        return True


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(_slice(data, at, length), "big")


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(_slice(data, at, length), "little")


def _slice(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise IndexError(at)
    return data[at : at + length]


def _png_pixels(data: bytes) -> tuple[int, int] | None:
    if data[12:16] != b"IHDR":
        return None
    return _big(data, 16, 4), _big(data, 20, 4)


def _gif_pixels(data: bytes) -> tuple[int, int] | None:
    """The screen, or as much as the first frame goes beyond it."""
    width, height = _little(data, 6, 2), _little(data, 8, 2)
    for at in _gif_frames(data):
        left, top, frame_width, frame_height = (_little(data, at + n, 2) for n in (1, 3, 5, 7))
        return max(width, left + frame_width), max(height, top + frame_height)
    return width, height


def _webp_pixels(data: bytes) -> tuple[int, int] | None:
    # RFC 9649, section 2.5 to 2.7: VP8 (lossy), VP8L (lossless) and VP8X (extended).
    match data[12:16]:
        case b"VP8 ":
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
        case b"VP8L":
            bits = _little(data, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
    return None


def _jpeg_pixels(data: bytes) -> tuple[int, int] | None:
    at = 2
    while True:
        if data[at] != 0xFF:
            return None
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker in _SOF:
            return _big(data, at + 5, 2), _big(data, at + 3, 2)
        if marker not in _BARE_MARKERS:
            at += max(_big(data, at, 2), 2)


def _gif_is_cut_short(data: bytes) -> bool:
    for _at in _gif_frames(data):
        pass
    return False


def _gif_frames(data: bytes) -> Iterator[int]:
    """Where each frame begins, up to the trailer (GIF89a specification, appendix B); nothing is decoded.

    Ends as well at a byte that begins no block, which the decoder may judge. Raises IndexError if cut short.
    """
    at = 13 + _gif_palette(data[10])
    while data[at] in (0x21, 0x2C):
        if data[at] == 0x2C:
            yield at
            at += 11 + _gif_palette(data[at + 9])
        else:
            at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1


def _gif_palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_PIXELS: dict[Kind, Callable[[bytes], tuple[int, int] | None]] = {
    Kind.PNG: _png_pixels,
    Kind.JPEG: _jpeg_pixels,
    Kind.GIF: _gif_pixels,
    Kind.WEBP: _webp_pixels,
}
_CUT_SHORT: dict[Kind, Callable[[bytes], bool]] = {
    Kind.PNG: lambda data: b"IEND" not in data,
    Kind.JPEG: lambda data: b"\xff\xd9" not in data,
    Kind.GIF: _gif_is_cut_short,
    Kind.WEBP: lambda data: len(data) < 8 + _little(data, 4, 4),
}
