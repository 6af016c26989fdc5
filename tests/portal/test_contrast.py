"""The accent colour of a game: what is refused, what is derived, and that every derived colour can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal import contrast

STYLESHEET = Path(contrast.__file__).parent / "static" / "portal" / "viewer.css"

ACCENTS = [
    "#000000",
    "#ffffff",
    "#808080",
    "#9146ff",
    "#53fc18",
    "#ffe600",
    "#ff0000",
    "#00ff00",
    "#0000ff",
    "#e8590c",
    "#00d0ff",
    "#14161a",
    "#f7f7f5",
    "#767676",
    "#123456",
]


@pytest.mark.parametrize(
    ("a", "b", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#000000", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#949494", "#ffffff", 3.03),
        ("#ff0000", "#ffffff", 4.0),
        ("#0000ff", "#ffffff", 8.59),
        ("#123456", "#123456", 1.0),
    ],
)
def test_contrast_ratio_is_that_of_wcag(a: str, b: str, ratio: float) -> None:
    assert contrast.contrast_ratio(a, b) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize(
    ("color", "luminance"), [("#000000", 0.0), ("#ffffff", 1.0), ("#00ff00", 0.7152), ("#FF0000", 0.2126)]
)
def test_relative_luminance_is_that_of_wcag(color: str, luminance: float) -> None:
    assert contrast.relative_luminance(color) == pytest.approx(luminance, abs=1e-9)


@pytest.mark.parametrize(
    ("color", "text"),
    [
        ("#000000", "#ffffff"),
        ("#ffffff", "#000000"),
        ("#53fc18", "#000000"),
        ("#9146ff", "#ffffff"),
        ("#ffe600", "#000000"),
    ],
)
def test_text_on_a_colour_is_the_easier_to_read(color: str, text: str) -> None:
    assert contrast.text_on(color) == text


@pytest.mark.parametrize("color", ["#9146ff", "#e8590c", "#000000", "#767676", "#0000ff", "#AB12CD"])
def test_a_colour_that_stands_out_on_a_light_page_is_accepted_and_left_as_it_is(color: str) -> None:
    assert contrast.accent_problem(color) is None
    assert contrast.nearest_accessible(color) == color.lower()


@pytest.mark.parametrize(
    ("color", "found"), [("#ffffff", "1.00"), ("#53fc18", "1.27"), ("#ffe600", "1.18"), ("#959595", "2.79")]
)
def test_a_colour_too_light_is_refused_with_what_was_found_and_what_is_needed(color: str, found: str) -> None:
    problem = contrast.accent_problem(color)
    assert problem is not None
    assert f"{found} to 1" in problem
    assert "3 to 1" in problem
    assert contrast.nearest_accessible(color) in problem


@pytest.mark.parametrize(
    "text", ["", "red", "#fff", "53fc18", "#12345g", "#1234567", "#000000;}", "#000000\n", "\n#000000"]
)
def test_what_is_not_a_colour_is_refused_and_never_reaches_a_stylesheet(text: str) -> None:
    assert "six hexadecimal digits" in (contrast.accent_problem(text) or "")
    for function in (
        contrast.relative_luminance,
        contrast.nearest_accessible,
        contrast.dark_variant,
        contrast.theme_css,
    ):
        with pytest.raises(ValueError, match="not a colour"):
            function(text)


@pytest.mark.parametrize("accent", ACCENTS)
def test_the_nearest_accessible_colour_is_accepted(accent: str) -> None:
    assert contrast.accent_problem(contrast.nearest_accessible(accent)) is None


def test_the_nearest_accessible_colour_is_no_darker_than_it_must_be() -> None:
    nearest = contrast.nearest_accessible("#ffe600")
    assert 3.0 <= min(contrast.contrast_ratio(nearest, page) for page in contrast.LIGHT_BACKGROUNDS) < 3.1


def test_the_dark_variant_lightens_only_what_would_vanish() -> None:
    assert contrast.dark_variant("#53fc18") == "#53fc18"
    assert contrast.relative_luminance(contrast.dark_variant("#0000ff")) > contrast.relative_luminance("#0000ff")


@pytest.mark.parametrize("accent", ACCENTS)
def test_every_colour_of_a_theme_can_be_read_on_light_and_on_dark_pages(accent: str) -> None:
    light, dark = contrast.theme_css(accent).split("@media (prefers-color-scheme: dark)")
    for css, pages in ((light, contrast.LIGHT_BACKGROUNDS), (dark, contrast.DARK_BACKGROUNDS)):
        colors = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6});", css))
        assert set(colors) == {"--accent", "--accent-text", "--accent-strong"}
        assert contrast.contrast_ratio(colors["--accent"], colors["--accent-text"]) >= 4.5
        for page in pages:
            assert contrast.contrast_ratio(colors["--accent"], page) >= 3
            assert contrast.contrast_ratio(colors["--accent-strong"], page) >= 4.5


def test_the_page_colours_checked_against_are_those_of_the_stylesheet() -> None:
    colors = _stylesheet_colors()
    assert (colors["light"]["--bg"], colors["light"]["--surface"]) == contrast.LIGHT_BACKGROUNDS
    assert (colors["dark"]["--bg"], colors["dark"]["--surface"]) == contrast.DARK_BACKGROUNDS


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_stylesheets_own_colours_can_be_read(scheme: str) -> None:
    c = _stylesheet_colors()[scheme]
    grounds = ("--bg", "--surface", "--surface-2")
    pairs = [(text, ground, 4.5) for text in ("--text", "--muted", "--accent-strong") for ground in grounds]
    pairs += [(f"--{kind}", f"--{kind}-bg", 4.5) for kind in ("ok", "progress", "waiting", "attention")]
    pairs += [(f"--{kind}", ground, 4.5) for kind in ("ok", "progress", "attention") for ground in grounds[:2]]
    pairs += [("--text", f"--{kind}-bg", 4.5) for kind in ("ok", "progress", "waiting", "attention")]
    pairs += [("--accent-text", "--accent", 4.5)]
    pairs += [(line, ground, 3.0) for line in ("--line-strong", "--focus", "--accent") for ground in grounds[:2]]
    too_low = [
        (a, b, round(contrast.contrast_ratio(c[a], c[b]), 2))
        for a, b, need in pairs
        if contrast.contrast_ratio(c[a], c[b]) < need
    ]
    assert too_low == []


def _stylesheet_colors() -> dict[str, dict[str, str]]:
    """The custom properties of the stylesheet's first two :root blocks; dark ones stand over light ones."""
    blocks = re.findall(r":root \{(.*?)\}", STYLESHEET.read_text(encoding="utf-8"), flags=re.DOTALL)
    light, dark = (dict(re.findall(r"(--[a-z0-9-]+):\s*(#[0-9a-f]{6});", block)) for block in blocks[:2])
    return {"light": light, "dark": {**light, **dark}}
