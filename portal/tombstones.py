"""What stands where a person's identifier was erased (F8): a keyed marker that the same identifier always gives.

A marker cannot be turned back into the identifier. Who has the identifier *and* the key can tell whether a marker is
its own: that is how somebody who comes back is recognized, so that no reward is given twice. The key is the first of
``PORTAL_ENCRYPTION_KEYS``; the others, and ``PORTAL_ERASURE_KEYS``, still recognize what was erased under them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PREFIX = "erased:"
ERASED = "erased"
"""What stands for a name, a message or an answer: nothing has to be recognized by it."""

_DIGITS = 40  # 160 bits: enough that no two people ever share a marker


def tombstone(*parts: str) -> str:
    """Return the marker of an identifier; the parts before it say where it is one: an organization and platform, a game."""
    return _marker(settings.PORTAL_ENCRYPTION_KEYS[0], parts)


def possible_tombstones(*parts: str) -> list[str]:
    """Return the markers under which this identifier may have been erased, one for each key."""
    keys = dict.fromkeys([*settings.PORTAL_ENCRYPTION_KEYS, *settings.PORTAL_ERASURE_KEYS])
    return [_marker(key, parts) for key in keys]


def is_tombstone(text: str) -> bool:
    """Tell whether a text is such a marker."""
    return text.startswith(PREFIX) and len(text) == len(PREFIX) + _DIGITS


def _marker(key: str, parts: tuple[str, ...]) -> str:
    message = json.dumps(parts).encode()  # a list in JSON: no two lists of parts read the same
    return PREFIX + hmac.new(_derived(key), message, hashlib.sha256).hexdigest()[:_DIGITS]


@lru_cache(maxsize=8)
def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"drops-portal tombstones v1").derive(key.encode())


class Eraser:
    """Takes identifiers out of free texts and JSON values. ``{identifier: what stands there instead}``; empty ones are ignored.

    An identifier is found as a whole word, whatever its case: `12` is not found in `3124`.
    """

    def __init__(self, identifiers: dict[str, str]) -> None:
        self.identifiers = {known.casefold(): instead for known, instead in identifiers.items() if known.strip()}
        words = sorted((re.escape(known) for known in identifiers if known.strip()), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None

    def text(self, text: str) -> str:
        """Return a text without the identifiers."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self.identifiers.get(found[0].casefold(), ERASED), text)

    def value(self, value: Any) -> Any:
        """Return a JSON value without the identifiers, in keys and values, numbers too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.value(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.value(part) for part in value]
        if isinstance(value, int) and not isinstance(value, bool):
            return self.identifiers.get(str(value), value)
        return value

    def only(self, least: int) -> Eraser:
        """Return one for the longer identifiers alone: short ones are too often something else where nobody's name is due."""
        return Eraser({known: instead for known, instead in self.identifiers.items() if len(known) >= least})

    def spellings(self) -> Iterable[str]:
        """Yield how the identifiers may be written in a column of text or JSON."""
        for known in self.identifiers:
            yield known
            escaped = json.dumps(known)[1:-1]
            if escaped != known:
                yield escaped
