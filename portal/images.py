"""Image intake (R2): what is let in, and what is kept of it. Bytes in, bytes out; nothing is stored here."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BytesIO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms

from portal.image_headers import Kind, is_cut_short, kind_of, name_of_other, pixels_of
from portal.sentences import Sentence

KIB = 1024


@dataclass(frozen=True)
class ImageRules:
    """Limits for one kind of image: pixels as shown, bytes as uploaded, side of the square rendition.

    `folder` is where the storage keeps this kind.
    """

    max_width: int
    max_height: int
    max_bytes: int
    rendition: int | None = None
    folder: str = "images"

    def deconstruct(self) -> tuple[str, tuple[()], dict[str, object]]:
        """How a migration writes these rules down."""
        return "portal.images.ImageRules", (), asdict(self)

    @property
    def allowed(self) -> Sentence:
        """What is let in, in words: part of every refusal, and the help text of a form field."""
        return Sentence(
            _("Allowed: PNG, JPEG, GIF or WebP, at most %(width)s×%(height)s pixels and %(kib)s KiB."),
            {
                "width": self.max_width,
                "height": self.max_height,
                "kib": self.max_bytes // KIB,
            },
        )


REWARD_IMAGE = ImageRules(max_width=120, max_height=120, max_bytes=256 * KIB, rendition=80, folder="rewards")
GAME_LOGO = ImageRules(max_width=512, max_height=512, max_bytes=512 * KIB, folder="logos")
GAME_ART = ImageRules(max_width=1920, max_height=1080, max_bytes=2048 * KIB, folder="art")


@dataclass(frozen=True)
class PreparedImage:
    """An image as it is kept: upright, sRGB, 8 bits a channel, PNG without metadata.

    `width` and `height` are pixels of `png`; `rendition` is the small square PNG when the rules ask for one;
    `notices` say what of the file was left out.
    """

    png: bytes
    width: int
    height: int
    notices: Sequence[Sentence]
    rendition: bytes | None


class ImageRefused(Exception):
    """The file is not let in; `sentence` says what was found and what is allowed."""

    def __init__(self, found: Sentence, rules: ImageRules) -> None:
        self.sentence = Sentence(_("%(found)s %(allowed)s"), {"found": found, "allowed": rules.allowed})
        super().__init__(self.sentence)

    def __str__(self) -> str:
        return str(self.sentence)


def prepare_image(data: bytes, *, rules: ImageRules) -> PreparedImage:
    """The image in these bytes as it is kept, by content alone: no name or declared type is asked for.

    Of an animation the first frame, with a notice. Raises ImageRefused for what is empty, too large in bytes
    or pixels (judged from the header before anything is decoded, then as shown), no PNG, JPEG, GIF or WebP,
    cut short or broken.
    """
    refuse_bytes(len(data), rules=rules)
    kind = kind_of(data)
    if kind is None:
        raise ImageRefused(Sentence(_("The file is %(name)s."), {"name": name_of_other(data)}), rules)
    _refuse_by_header(data, kind, rules)
    try:
        image, notices = _decode(data, kind, rules)
    except ImageRefused:
        raise
    except Exception as error:  # The decoders raise nearly anything on hostile bytes; all of it means the same.
        raise _broken(kind, rules) from error
    _refuse_pixels(image.size, rules)
    return PreparedImage(
        png=_png(image),
        width=image.width,
        height=image.height,
        notices=tuple(notices),
        rendition=square_rendition(image, rules.rendition) if rules.rendition else None,
    )


def refuse_bytes(size: int, *, rules: ImageRules) -> None:
    """Raise ImageRefused for a file of no bytes or of too many; can be asked before it is read."""
    if size == 0:
        raise ImageRefused(Sentence(_("The file is empty.")), rules)
    if size > rules.max_bytes:
        found = Sentence(
            _("The file has %(bytes)s bytes (%(kib)s KiB)."),
            {"bytes": f"{size:,}", "kib": -(-size // KIB)},
        )
        raise ImageRefused(found, rules)


def square_rendition(image: Image.Image, side: int) -> bytes:
    """PNG of `side`×`side`: the image fitted inside, centred, padded transparently, never enlarged."""
    scale = min(1.0, side / image.width, side / image.height)
    fitted = image.convert("RGBA")
    if scale < 1:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        fitted = fitted.resize(size, Image.Resampling.LANCZOS)
    canvas = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    canvas.paste(fitted, ((side - fitted.width) // 2, (side - fitted.height) // 2))
    return _png(canvas)


def _refuse_by_header(data: bytes, kind: Kind, rules: ImageRules) -> None:
    size = pixels_of(data, kind)
    if size is None:
        raise (_cut_short(kind, rules) if is_cut_short(data, kind) else _broken(kind, rules))
    # By area, which rotation does not change: the sides are judged once the picture stands upright.
    if size[0] * size[1] > rules.max_width * rules.max_height:
        raise _too_large(_as_shown(data, kind, size), rules)
    if is_cut_short(data, kind):
        raise _cut_short(kind, rules)


def _refuse_pixels(size: tuple[int, int], rules: ImageRules) -> None:
    if size[0] > rules.max_width or size[1] > rules.max_height:
        raise _too_large(size, rules)


def _too_large(size: tuple[int, int], rules: ImageRules) -> ImageRefused:
    return ImageRefused(
        Sentence(
            _("The picture is %(width)s×%(height)s pixels large."),
            {"width": size[0], "height": size[1]},
        ),
        rules,
    )


def _broken(kind: Kind, rules: ImageRules) -> ImageRefused:
    return ImageRefused(
        Sentence(
            _("The file starts like a %(kind)s picture but is broken and cannot be read."),
            {"kind": kind},
        ),
        rules,
    )


def _cut_short(kind: Kind, rules: ImageRules) -> ImageRefused:
    return ImageRefused(
        Sentence(
            _("The file is a %(kind)s picture that ends too early: part of it is missing."),
            {"kind": kind},
        ),
        rules,
    )


def _open(data: bytes, kind: Kind) -> Image.Image:
    return Image.open(BytesIO(data), formats=[kind.value])


def _as_shown(data: bytes, kind: Kind, size: tuple[int, int]) -> tuple[int, int]:
    """The size as people see it, for the refusal of a photo; opening a JPEG reads no more than its header."""
    limit = Image.MAX_IMAGE_PIXELS or 0
    if kind is not Kind.JPEG or size[0] * size[1] > limit:
        return size
    try:
        turned = _orientation(_open(data, kind)) in _TURNED
    except _DAMAGE:  # A header that cannot be read is told as it stands.
        return size
    return (size[1], size[0]) if turned else size


def _decode(data: bytes, kind: Kind, rules: ImageRules) -> tuple[Image.Image, list[Sentence]]:
    """The first frame, upright and in sRGB as RGB or RGBA, carrying nothing but its pixels."""
    notices = []
    if kind is Kind.PNG:
        _open(data, kind).verify()  # Checksums, to the last chunk; leaves the image unusable.
    image = _open(data, kind)
    if image.width * image.height > rules.max_width * rules.max_height:
        raise _too_large(image.size, rules)  # A GIF's first frame may be larger than its header says.
    if getattr(image, "is_animated", False):  # Looks one frame ahead at most, never counts.
        notices.append(Sentence(_("The file holds several frames. Only the first one is kept.")))
    try:
        image.load()
    except OSError as error:
        if "truncated" in str(error):
            raise _cut_short(kind, rules) from error
        raise
    turn = _TURNS.get(_orientation(image))
    profile, grey = (
        image.info.get("icc_profile"),
        image.mode.startswith(("1", "L", "I")),
    )
    image = _eight_bits(image, sixteen=kind is Kind.PNG and data[24] == 16)
    image, profile_failed = _to_srgb(image, profile, grey=grey)
    if profile_failed:
        notices.append(Sentence(_("The colour profile in the file could not be used. Colours are taken as sRGB.")))
    return (image.transpose(turn) if turn is not None else image), notices


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED = frozenset({5, 6, 7, 8})
_EXIF_ORIENTATION = 0x0112
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow raises on damaged metadata."""


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 when there is none or the metadata is damaged, which harms no pixel."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except _DAMAGE:
        return 1


def _eight_bits(image: Image.Image, *, sixteen: bool) -> Image.Image:
    """The image in mode L, RGB, RGBA or CMYK, with a colour key or palette transparency turned into alpha."""
    key = image.info.get("transparency")
    if image.mode.startswith("I"):
        return _from_sixteen_bit_grey(image, key)
    if sixteen and isinstance(key, tuple):
        image.info["transparency"] = tuple(part >> 8 for part in key)  # Pillow keeps the pixels' high bytes.
    if image.mode in ("L", "RGB", "CMYK") and key is None:
        return image
    if image.mode in ("1", "P") and key is None:
        return image.convert("L" if image.mode == "1" else "RGB")
    return image.convert("RGBA")


def _from_sixteen_bit_grey(image: Image.Image, key: object) -> Image.Image:
    wide = image.convert("I")
    grey = wide.point(lambda value: value * (1 / 256)).convert("L")
    if not isinstance(key, int):
        return grey
    alpha = Image.new("L", image.size)
    alpha.putdata([0 if value == key else 255 for value in wide.get_flattened_data()])
    coloured = grey.convert("RGBA")
    coloured.putalpha(alpha)
    return coloured


_SPACES = {"RGB": "RGB ", "RGBA": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


def _to_srgb(image: Image.Image, profile: bytes | None, *, grey: bool) -> tuple[Image.Image, bool]:
    """A clean RGB or RGBA image in sRGB, and whether an embedded profile had to be ignored."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("L" if grey else "RGB") if alpha else image
    failed = False
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if source.profile.xcolor_space != _SPACES[colours.mode]:
                raise ImageCms.PyCMSError("the profile is for another kind of colour")
            converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            colours = converted or colours
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            failed = True
    clean = Image.new("RGB", image.size)
    clean.paste(colours.convert("RGB"))
    if alpha and alpha.getextrema() != (255, 255):
        clean.putalpha(alpha)
    return clean, failed


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    # The best compression costs seconds on a large picture and saves little.
    image.save(out, "PNG", optimize=image.width * image.height <= 512 * 512)
    return out.getvalue()
