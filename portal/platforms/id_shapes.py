"""What the ids look like that people copy from a platform's console, as data of the platform."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from portal.sentences import Sentence


@dataclass(frozen=True, kw_only=True)
class IdShape:
    """How an id looks: ``pattern`` of the whole, and in ``words`` what is expected."""

    pattern: str
    words: Sentence

    def fits(self, value: str) -> bool:
        """Tell whether a text looks like this."""
        return re.fullmatch(self.pattern, value) is not None


def digits(example: str) -> IdShape:
    """Return the shape of a number, which the example shows."""
    words = Sentence(_("digits only, for example %(id)s"), {"id": example})
    return IdShape(pattern="[0-9]{1,20}", words=words)


def ulid(example: str) -> IdShape:
    """Return the shape of a ULID, which the example shows."""
    words = Sentence(_("26 letters and digits, for example %(id)s"), {"id": example})
    return IdShape(pattern="[0-9A-Za-z]{26}", words=words)


def uuid(example: str) -> IdShape:
    """Return the shape of a UUID, which the example shows."""
    words = Sentence(_("32 digits and letters from a to f, with four hyphens, for example %(id)s"), {"id": example})
    return IdShape(pattern="[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", words=words)
