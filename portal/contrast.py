"""Whether a colour can be read, and the nearest one that can: rules for the accent colour of a game.

Luminance and contrast ratio are those of WCAG 2.2 ("relative luminance", "contrast ratio"). A studio gives one accent
colour; pages need three, for a light and for a dark page each:

* ``--accent`` fills buttons, the current step and progress bars: at least 3:1 on the page (1.4.11);
* ``--accent-text`` stands on it: black or white, at least 4.5:1 (1.4.3; one of the two always reaches it);
* ``--accent-strong`` is the accent as a link: at least 4.5:1 on the page (1.4.3).

The studio's colour is used as it is on light pages, so it is checked when it is set; the others are derived.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

# The same values as --bg and --surface in static/portal/viewer.css.
LIGHT_BACKGROUNDS = ("#f7f7f5", "#ffffff")
DARK_BACKGROUNDS = ("#14161a", "#1d2026")

FILL_RATIO = 3.0
TEXT_RATIO = 4.5

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_STEPS = 1000


def relative_luminance(color: str) -> float:
    """The luminance of ``#rrggbb``, 0 for black to 1 for white (WCAG 2.2, relative luminance).

    Raises ValueError if the text is not a colour of that form.
    """
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast_ratio(a: str, b: str) -> float:
    """The contrast of two colours, 1 to 21, whichever is the lighter (WCAG 2.2, contrast ratio)."""
    low, high = sorted((relative_luminance(a), relative_luminance(b)))
    return (high + 0.05) / (low + 0.05)


def text_on(color: str) -> str:
    """Black or white, whichever is easier to read on the colour; the better of the two is always 4.5:1 or more."""
    return max("#ffffff", "#000000", key=lambda text: contrast_ratio(text, color))


def accent_problem(color: str) -> str | None:
    """Why a colour cannot be a game's accent, as a sentence for the producer; None if it can."""
    if not _HEX.fullmatch(color):
        return str(_("Write the colour as # and six hexadecimal digits, like #2457c5."))
    found = _least_contrast(color, LIGHT_BACKGROUNDS)
    if found >= FILL_RATIO:
        return None
    return str(
        _(
            "On a light page this colour has a contrast of %(found)s to 1; buttons and steps need %(needed)s to 1. "
            "The nearest that has it is %(nearest)s."
        )
    ) % {
        "found": _rounded_down(found),
        "needed": f"{FILL_RATIO:g}",
        "nearest": nearest_accessible(color),
    }


def nearest_accessible(color: str) -> str:
    """The colour itself if it can be an accent, else the same hue made just dark enough."""
    return _shifted(color, towards=0.0, reaches=lambda c: _least_contrast(c, LIGHT_BACKGROUNDS) >= FILL_RATIO)


def dark_variant(color: str) -> str:
    """The accent for dark pages: the colour itself if it stands out there, else the same hue made just light enough."""
    return _shifted(color, towards=1.0, reaches=lambda c: _least_contrast(c, DARK_BACKGROUNDS) >= FILL_RATIO)


def theme_css(accent: str) -> str:
    """The stylesheet that gives a game's pages its accent, for light and dark.

    Takes any ``#rrggbb``: one that would not be accepted today (it was stored before the rule, say) is mended first.
    Raises ValueError for anything else, so nothing but colours can reach the text.
    """
    light = nearest_accessible(accent)
    dark = dark_variant(accent)
    strong_light = _shifted(light, towards=0.0, reaches=lambda c: _least_contrast(c, LIGHT_BACKGROUNDS) >= TEXT_RATIO)
    strong_dark = _shifted(dark, towards=1.0, reaches=lambda c: _least_contrast(c, DARK_BACKGROUNDS) >= TEXT_RATIO)
    return (
        f":root {{\n{_properties(light, strong_light, '  ')}}}\n"
        f"@media (prefers-color-scheme: dark) {{\n  :root {{\n{_properties(dark, strong_dark, '    ')}  }}\n}}\n"
    )


def _properties(fill: str, strong: str, indent: str) -> str:
    values = {"--accent": fill, "--accent-text": text_on(fill), "--accent-strong": strong}
    return "".join(f"{indent}{name}: {value};\n" for name, value in values.items())


def _channels(color: str) -> tuple[float, float, float]:
    if not _HEX.fullmatch(color):
        raise ValueError(f"not a colour of the form #rrggbb: {color!r}")
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _least_contrast(color: str, backgrounds: tuple[str, ...]) -> float:
    return min(contrast_ratio(color, background) for background in backgrounds)


def _shifted(color: str, *, towards: float, reaches: Callable[[str], bool]) -> str:
    """The colour, its lightness moved in small steps towards 0 or 1 until ``reaches`` holds; hue and saturation stay."""
    color = color.lower()
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(color))
    shifted = color
    for step in range(_STEPS + 1):
        if reaches(shifted):
            break
        moved = lightness + (towards - lightness) * (step + 1) / _STEPS
        shifted = "#" + "".join(f"{round(c * 255):02x}" for c in colorsys.hls_to_rgb(hue, moved, saturation))
    return shifted


def _rounded_down(ratio: float) -> str:
    """With two digits and never rounded up: 2.996 must not read as the 3 that is asked for."""
    return f"{int(ratio * 100) / 100:.2f}"
