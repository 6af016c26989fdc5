"""Where a player may be sent back to, and what a page's policy says to let the browser go there (A1, S3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?([/?].*)?")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")


def may_return_to(address: str, registered: Iterable[str]) -> bool:
    """Say whether an address is one of those that a client has registered, character by character.

    Only the port of a loopback address may be another: a native game takes one that is free when it asks (RFC 8252,
    section 7.3). ``localhost`` is a name and not such an address.
    """
    return any(address == known or _same_but_for_port(address, known) for known in registered)


def _same_but_for_port(address: str, known: str) -> bool:
    given, expected = _LOOPBACK.fullmatch(address), _LOOPBACK.fullmatch(known)
    return given is not None and expected is not None and given.groups() == expected.groups()


def form_source(address: str) -> str:
    """Return what ``form-action`` must list for a form to end at this address: its origin, or a native game's scheme.

    Empty for what cannot be said there, an IPv6 address for one (CSP Level 3, section 2.3.1).
    """
    parts = urlsplit(address)
    if parts.scheme in ("http", "https"):
        return f"{parts.scheme}://{parts.netloc}" if _HOST.fullmatch(parts.netloc) else ""
    return f"{parts.scheme}:" if _SCHEME.fullmatch(parts.scheme) else ""
