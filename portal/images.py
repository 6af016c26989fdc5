"""Image intake (R2): what is allowed in, and what is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.sentences import Sentence


@dataclass(frozen=True)
class ImageRules:
    """Limits for one kind of image: pixels as shown, bytes as uploaded, side of the square rendition."""

    max_width: int
    max_height: int
    max_bytes: int
    rendition: int | None = None

    def deconstruct(self) -> tuple[str, tuple[()], dict[str, int | None]]:
        """How a migration writes these rules down."""
        kwargs: dict[str, int | None] = {
            "max_width": self.max_width,
            "max_height": self.max_height,
            "max_bytes": self.max_bytes,
        }
        if self.rendition is not None:
            kwargs["rendition"] = self.rendition
        return "portal.images.ImageRules", (), kwargs


KIB = 1024
REWARD_IMAGE = ImageRules(
    max_width=120, max_height=120, max_bytes=256 * KIB, rendition=80
)
GAME_LOGO = ImageRules(max_width=512, max_height=512, max_bytes=512 * KIB)
GAME_ART = ImageRules(max_width=1920, max_height=1080, max_bytes=2048 * KIB)


@dataclass(frozen=True)
class PreparedImage:
    """An image as it is kept: upright, sRGB, PNG without metadata."""

    png: bytes
    width: int
    height: int
    notices: Sequence[Sentence]
    rendition: bytes | None


class ImageRefused(Exception):
    """The file is not let in; `sentence` says what was found and what is allowed."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


def prepare_image(data: bytes, *, rules: ImageRules) -> PreparedImage:
    """Check the bytes against the rules and re-encode them; raises ImageRefused."""
    raise ImageRefused(Sentence("not yet"))
