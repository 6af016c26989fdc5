"""Words for where somebody watches, in a player's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from portal import platforms
from portal.platforms.studio import STUDIO


def watched_on(platform: str) -> str:
    """Return the name of a platform, within a sentence; the studio's own player has none that players know."""
    return _("the studio's own player") if platform == STUDIO.key else platforms.get(platform).name


def joined(names: list[str], word: str = "") -> str:
    """Return names as words of a sentence: “a, b and c”; ``word`` stands instead of “and”."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word or _('and')} {names[-1]}"
