"""What a browser calls itself, in words that people know: "Firefox on Windows"."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.sentences import Sentence

# The first that is found counts: most browsers name others too, for the sake of old sites.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> Sentence:
    """Return browser and system that a ``User-Agent`` header names, as far as they are known.

    Only a help to recognize one's own: anybody can send any header.
    """
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if browser and system:
        return Sentence(_("%(browser)s on %(system)s"), {"browser": browser, "system": system})
    if browser or system:
        return Sentence("%(name)s", {"name": browser or system})
    return Sentence(_unknown(user_agent))


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in names if mark in user_agent), "")


def _unknown(user_agent: str) -> str | Promise:
    return _("a program that is no known browser") if user_agent.strip() else _("unknown browser")
