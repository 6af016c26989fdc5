"""R2, image intake: what is let in, what is refused and with which words, and what is kept."""

from __future__ import annotations

import random
import time
from io import BytesIO

import pytest
from PIL import Image

from portal.images import (
    GAME_ART,
    REWARD_IMAGE,
    ImageRefused,
    PreparedImage,
    prepare_image,
)
from tests.portal import image_files as files

ALLOWED = "Allowed: PNG, JPEG, GIF or WebP, at most 120×120 pixels and 256 KiB."


def prepare(data: bytes) -> PreparedImage:
    return prepare_image(data, rules=REWARD_IMAGE)


def kept(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(prepare(data).png))
    image.load()
    return image


def refusal(data: bytes) -> str:
    with pytest.raises(ImageRefused) as caught:
        prepare(data)
    sentence = str(caught.value)
    assert sentence.endswith(ALLOWED)
    return sentence.removesuffix(ALLOWED).strip()


def near(found: object, wanted: tuple[int, ...], tolerance: int = 6) -> bool:
    assert isinstance(found, tuple)
    return len(found) == len(wanted) and all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_r2_each_allowed_kind_is_kept_as_a_png_of_the_same_size(kind: str) -> None:
    image = kept(files.encoded(files.halves(120, 100), kind))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (120, 100))
    assert near(image.getpixel((5, 50)), (255, 0, 0), 12)
    assert near(image.getpixel((115, 50)), (0, 0, 255), 12)


def test_r2_a_palette_png_keeps_its_transparency() -> None:
    picture = Image.new("P", (60, 60), 1)
    picture.putpalette([0, 0, 0, 220, 30, 40])
    picture.paste(0, (0, 0, 30, 60))
    image = kept(files.encoded(picture, "PNG", transparency=0))
    assert image.mode == "RGBA"
    assert image.getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert image.getpixel((50, 5)) == (220, 30, 40, 255)


def test_r2_a_gif_with_a_transparent_colour_keeps_it() -> None:
    picture = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    picture.paste((220, 30, 40, 255), (0, 0, 20, 40))
    image = kept(files.encoded(picture, "GIF"))
    assert image.getpixel((30, 5))[3] == 0  # type: ignore[index]
    assert near(image.getpixel((5, 5)), (220, 30, 40, 255))


@pytest.mark.parametrize(
    ("colour", "wanted"),
    [
        ((0, 255, 255, 0), (255, 0, 0)),
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 0, 0, 255), (0, 0, 0)),
    ],
)
def test_r2_a_cmyk_jpeg_without_profile_becomes_rgb(
    colour: tuple[int, int, int, int], wanted: tuple[int, int, int]
) -> None:
    image = kept(files.encoded(Image.new("CMYK", (50, 50), colour), "JPEG", quality=95))
    assert image.mode == "RGB"
    assert near(image.getpixel((25, 25)), wanted)


def test_r2_a_photo_is_turned_upright_and_loses_its_metadata() -> None:
    data = files.rotated_photo()
    assert b"Cam-Maker" in data
    prepared = prepare(data)
    image = Image.open(BytesIO(prepared.png))
    assert (prepared.width, prepared.height) == image.size == (120, 80)
    assert near(image.convert("RGB").getpixel((10, 40)), (255, 0, 0), 12)
    assert near(image.convert("RGB").getpixel((110, 40)), (0, 0, 255), 12)
    assert b"Cam-Maker" not in prepared.png
    assert not image.info
    assert not image.getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_r2_every_exif_orientation_is_shown_as_viewers_show_it(
    orientation: int,
) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    shown = files.halves(40, 20)
    shown.paste((0, 255, 0), (0, 0, 20, 10))
    stored = shown.transpose(undo[orientation]) if orientation in undo else shown
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "WEBP"):
        options = {"lossless": True} if kind == "WEBP" else {}
        assert kept(files.encoded(stored, kind, exif=exif, **options)).tobytes() == shown.tobytes()


def test_r2_the_size_is_judged_after_turning_where_width_and_height_differ() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored_upright = files.encoded(Image.new("RGB", (1080, 1920)), "JPEG", exif=exif)
    assert prepare_image(stored_upright, rules=GAME_ART).width == 1920
    with pytest.raises(ImageRefused, match="1080×1920"):
        prepare_image(files.encoded(Image.new("RGB", (1080, 1920)), "JPEG"), rules=GAME_ART)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_r2_damaged_exif_harms_no_pixel() -> None:
    data = files.encoded(files.halves(40, 20), "PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xffgarbage")
    assert kept(data).size == (40, 20)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_r2_of_an_animation_the_first_frame_is_kept_with_a_notice(kind: str) -> None:
    prepared = prepare(files.animated(kind))
    assert [str(notice) for notice in prepared.notices] == [
        "The file holds several frames. Only the first one is kept."
    ]
    image = Image.open(BytesIO(prepared.png))
    assert getattr(image, "n_frames", 1) == 1
    assert near(image.convert("RGB").getpixel((20, 20)), files.RED, 12)


def test_r2_a_still_picture_has_no_notice() -> None:
    assert not prepare(files.png()).notices
    assert not prepare(files.encoded(Image.new("P", (9, 9)), "GIF")).notices


def test_r2_frames_are_not_counted() -> None:
    data = files.many_framed_gif(17_000)
    started = time.perf_counter()
    assert prepare(data).width == 1
    assert time.perf_counter() - started < 1  # Pillow takes many seconds to count them.


def test_r2_a_small_picture_is_not_enlarged() -> None:
    prepared = prepare(files.png(32, 32))
    assert (prepared.width, prepared.height) == (32, 32)
    assert Image.open(BytesIO(prepared.png)).size == (32, 32)


@pytest.mark.parametrize(
    ("picture", "pixel", "wanted"),
    [
        (Image.new("1", (20, 20), 1), (0, 0), (255, 255, 255)),
        (Image.new("L", (20, 20), 90), (0, 0), (90, 90, 90)),
        (Image.new("LA", (20, 20), (90, 40)), (0, 0), (90, 90, 90, 40)),
        (Image.new("I;16", (20, 20), 40_000), (0, 0), (156, 156, 156)),
        (Image.new("P", (20, 20), 0), (0, 0), (0, 0, 0)),
        (Image.new("RGBA", (20, 20), (9, 8, 7, 255)), (0, 0), (9, 8, 7)),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_r2_every_mode_of_png_is_kept_as_eight_bit_colour(
    picture: Image.Image, pixel: tuple[int, int], wanted: tuple[int, ...]
) -> None:
    assert near(kept(files.encoded(picture, "PNG")).getpixel(pixel), wanted, 1)


@pytest.mark.parametrize(
    ("depth", "colour", "row", "key", "wanted"),
    [
        (16, 2, b"\xff\xff\x12\x34\0\0" * 4, b"\xff\xff\x12\x34\0\0", (255, 18, 0, 0)),
        (16, 2, b"\xff\xff\x12\x34\0\0" * 4, b"\0\0\x12\x34\0\0", (255, 18, 0)),
        (16, 0, b"\x75\x30" * 4, b"\x75\x30", (117, 117, 117, 0)),
        (16, 4, b"\x75\x30\x80\0" * 4, None, (117, 117, 117, 128)),
        (16, 6, b"\x75\x30\x75\x30\0\0\x80\0" * 4, None, (117, 117, 0, 128)),
        (1, 0, b"\xff", b"\0\1", (255, 255, 255, 0)),
        (2, 0, b"\xaa", None, (170, 170, 170)),
        (8, 0, b"\x10" * 4, b"\0\x10", (16, 16, 16, 0)),
    ],
)
def test_r2_deep_grey_and_keyed_pngs_are_read_as_meant(
    depth: int, colour: int, row: bytes, key: bytes | None, wanted: tuple[int, ...]
) -> None:
    extra = files.png_chunk(b"tRNS", key) if key else b""
    data = files.raw_png(4, 4, depth=depth, colour=colour, row=row, extra=extra)
    assert near(kept(data).getpixel((1, 1)), wanted, 1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_r2_an_embedded_profile_is_applied_and_dropped(kind: str) -> None:
    data = files.encoded(
        Image.new("RGB", (20, 20), (255, 0, 0)),
        kind,
        icc_profile=files.swapped_profile(),
    )
    image = kept(data)
    assert near(image.getpixel((9, 9)), (0, 255, 0), 12)
    assert "icc_profile" not in image.info


def test_r2_a_profile_applies_beside_transparency() -> None:
    picture = Image.new("RGBA", (20, 20), (255, 0, 0, 90))
    image = kept(files.encoded(picture, "PNG", icc_profile=files.swapped_profile()))
    assert near(image.getpixel((9, 9)), (0, 255, 0, 90))


@pytest.mark.parametrize("mode", ["L", "LA", "CMYK"])
def test_r2_a_profile_for_other_colours_is_ignored_with_a_notice(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    prepared = prepare(files.encoded(Image.new(mode, (9, 9)), kind, icc_profile=files.swapped_profile()))
    assert "colour profile" in str(prepared.notices[0])


def test_r2_a_broken_profile_is_ignored_with_a_notice() -> None:
    prepared = prepare(files.encoded(Image.new("RGB", (9, 9), files.RED), "PNG", icc_profile=b"nonsense"))
    assert "Colours are taken as sRGB" in str(prepared.notices[0])
    assert Image.open(BytesIO(prepared.png)).getpixel((4, 4)) == files.RED


def test_r2_text_and_trailing_data_are_not_kept() -> None:
    text = files.png_chunk(b"tEXt", b"Author\0Somebody")
    plain = files.png()
    prepared = prepare(plain[:33] + text + plain[33:] + b"<script>alert(1)</script>PK\x03\x04")
    assert b"Somebody" not in prepared.png
    assert b"script" not in prepared.png
    assert prepared.png.endswith(b"IEND\xaeB`\x82")


def test_r2_exactly_256_kib_is_allowed_and_one_byte_more_is_not() -> None:
    assert prepare(files.png_of_size(262_144)).width == 120
    assert refusal(files.png_of_size(262_145)) == "The file has 262,145 bytes (257 KiB)."


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "The file is empty."),
        (files.encoded(files.noise(320, 320), "PNG"), "The file has 307,"),
        (files.png(121, 120), "The picture is 121×120 pixels large."),
        (files.png(120, 121), "The picture is 120×121 pixels large."),
        (files.png(121, 1), "The picture is 121×1 pixels large."),
        (files.png_bomb(), "The picture is 20000×20000 pixels large."),
        (
            files.webp_claiming(16_383, 16_383),
            "The picture is 16383×16383 pixels large.",
        ),
        (
            files.jpeg_claiming(65_500, 65_500),
            "The picture is 65500×65500 pixels large.",
        ),
        (
            files.gif_claiming(60_000, 60_000),
            "The picture is 60000×60000 pixels large.",
        ),
        (
            files.encoded(files.halves(400, 300), "JPEG"),
            "The picture is 400×300 pixels large.",
        ),
        (files.SVG, "The file is an SVG drawing."),
        (files.HTML, "The file is a web page (HTML)."),
        (b"GIF89a" + files.HTML, "The "),
        (files.encoded(Image.new("RGB", (9, 9)), "BMP"), "The file is a BMP picture."),
        (
            files.encoded(Image.new("RGB", (9, 9)), "TIFF"),
            "The file is a TIFF picture.",
        ),
        (b"%PDF-1.7 ...", "The file is a PDF document."),
        (b"\0\0\0\x20ftypavif" + b"\0" * 40, "The file is an AVIF picture."),
        (b"just some text", "The file is not a picture of a known kind."),
        (b"\x89PNG\r\n\x1a\n", "The file is a PNG picture that ends too early"),
    ],
)
def test_r2_what_is_refused_is_named_and_what_is_allowed_is_said(data: bytes, found: str) -> None:
    assert refusal(data).startswith(found)


def test_r2_a_photo_that_is_too_large_is_named_by_the_size_people_see() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert "200×300" in refusal(files.encoded(Image.new("RGB", (300, 200)), "JPEG", exif=exif))


def test_r2_a_bomb_is_refused_before_it_is_decoded() -> None:
    data = files.png_bomb()
    assert len(data) < 64 * 1024
    started = time.perf_counter()
    refusal(data)
    assert time.perf_counter() - started < 0.1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("part", [0.15, 0.5, 0.9, 0.999])
def test_r2_a_truncated_file_is_refused(kind: str, part: float) -> None:
    data = files.encoded(files.noise(60, 60), kind)
    found = refusal(data[: min(int(len(data) * part), len(data) - 8 if kind == "PNG" else len(data) - 1)])
    assert found == f"The file is a {kind} picture that ends too early: part of it is missing."


def test_r2_an_animation_cut_off_behind_its_first_frame_is_refused() -> None:
    for kind in ("GIF", "WEBP"):
        data = files.animated(kind)
        assert "ends too early" in refusal(data[: len(data) // 2])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_r2_no_damage_escapes_as_another_error(kind: str) -> None:
    """Whatever bytes are turned over, the answer is a picture or a refusal that says what is allowed."""
    whole = files.encoded(files.noise(24, 24), kind)
    chance = random.Random(7)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        try:
            assert prepare(bytes(data)).width <= 120
        except ImageRefused as refused:
            assert ALLOWED in str(refused)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((120, 120), (0, 0, 80, 80)),
        ((120, 60), (0, 20, 80, 60)),
        ((60, 120), (20, 0, 60, 80)),
        ((32, 32), (24, 24, 56, 56)),
        ((120, 1), (0, 39, 80, 40)),
    ],
)
def test_r2_the_rendition_is_fitted_inside_80_by_80_and_padded(
    size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    rendition = prepare(files.png(*size)).rendition
    assert rendition is not None
    image = Image.open(BytesIO(rendition))
    assert (image.size, image.mode) == ((80, 80), "RGBA")
    assert image.getchannel("A").getbbox() == box


def test_r2_rules_without_a_rendition_make_none() -> None:
    prepared = prepare_image(files.encoded(files.halves(640, 360), "JPEG"), rules=GAME_ART)
    assert prepared.rendition is None


def test_r2_the_same_file_is_kept_as_the_same_bytes() -> None:
    assert prepare(files.rotated_photo()) == prepare(files.rotated_photo())
