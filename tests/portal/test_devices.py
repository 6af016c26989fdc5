"""What browsers call themselves, in words."""

from __future__ import annotations

import pytest

from portal.rules.devices import device_of

_MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (f"{_MOZILLA} (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Linux"),
        (
            f"{_MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0",
            "Edge on Windows",
        ),
        (
            f"{_MOZILLA} (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/18.0 Safari/605.1",
            "Safari on Mac",
        ),
        (f"{_MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/141.0 Mobile Safari/604.1", "Chrome on iPhone"),
        ("Firefox/1", "Firefox"),
        ("curl/8.5", "a program that is no known browser"),
        ("", "unknown browser"),
    ],
)
def test_a_browser_is_told_in_words(header: str, told: str) -> None:
    assert str(device_of(header)) == told
