"""Who counts watch time in a game's campaigns (C1), and what that means for the way to a reward: where to watch, where to claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignPlatform
from linking.words import joined, watched_on
from portal import platforms
from portal.platforms.studio import STUDIO

Step = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counting:
    """The platforms that count themselves, and those on which the portal does, in the registry's order."""

    by_platform: tuple[str, ...] = ()
    by_portal: tuple[str, ...] = ()
    minutes: bool = True
    """Whether minutes earn something. False where only events in the game do: there one has to be watching then (G4)."""

    @property
    def own_player(self) -> bool:
        """Whether something can be earned in the studio's own player, where nobody has to connect an account (I2)."""
        return STUDIO.key in self.by_portal

    @property
    def mixed(self) -> bool:
        """Whether some is counted here and some elsewhere."""
        return bool(self.by_portal and self.by_platform)


NOBODY_YET = Counting()


def counting_in(campaigns: Iterable[Campaign]) -> Counting:
    """Return who counts in these campaigns, which come with their platforms."""
    found: dict[str, set[str]] = {}
    for campaign in campaigns:
        for row in campaign.platforms.all():
            found.setdefault(row.counted_by, set()).add(row.platform)
    by_platform, by_portal = (
        tuple(key for key in platforms.registry if key in found.get(who.value, ()))
        for who in (CampaignPlatform.CountedBy.PLATFORM, CampaignPlatform.CountedBy.PORTAL)
    )
    return Counting(by_platform, by_portal)


def _names(keys: Iterable[str], word: str) -> str:
    return joined([watched_on(key) for key in keys], word)


def watch_text(counting: Counting) -> str:
    """Return how watching counts."""
    watch = _("Watch a stream that takes part while signed in with the same account.")
    if not counting.by_portal:
        return f"{watch} {_('The platform counts your time; we see it only after you claim.')}"
    if not counting.minutes:
        then = _("Be there when it happens in the game: what you earn by it shows under “Your rewards” within seconds.")
        return f"{watch} {then}"
    here = _("Your minutes are counted here and show under “Your rewards” about a minute later.")
    if not counting.mixed:
        return f"{watch} {here}"
    return " ".join(
        [
            watch,
            _("On %(names)s this site counts your minutes; they show under “Your rewards” about a minute later.")
            % {"names": _names(counting.by_portal, _("and"))},
            _("In campaigns that %(names)s counts itself, we see your time only after you claim.")
            % {"names": _names(counting.by_platform, _("or"))},
        ]
    )


def claim_title(counting: Counting, connectable: str) -> str:
    """Return what the step of claiming is called. ``connectable`` names the platforms that can be connected."""
    if not counting.by_portal:
        return _("Claim the reward on %(names)s") % {"names": connectable}
    return _("Claim the reward") if counting.mixed else _("Claim the reward here")


def claim_text(counting: Counting) -> str:
    """Return where a reward is claimed."""
    never = _("A reward that is not claimed never reaches the game.")
    if not counting.by_portal:
        return f"{_('Claim it there, in your Drops inventory.')} {never}"
    here = _("Claim it under “Your rewards”, before the campaign closes.")
    if not counting.mixed:
        return f"{here} {never}"
    there = _("What %(names)s counts itself, you claim there, in your Drops inventory; everything else here.") % {
        "names": _names(counting.by_platform, _("or"))
    }
    return f"{there} {here} {never}"


def claim_way(counting: Counting) -> list[Step]:
    """Return the link to where the portal's own rewards are claimed, if there are any."""
    if not counting.by_portal:
        return []
    return [{"label": _("Open your rewards"), "url": reverse("inventory"), "kind": "quiet"}]


def nothing_to_connect(*, proven: bool) -> Step:
    """Return the step of connecting where a game is watched in the studio's own player alone."""
    return {
        "title": _("Nothing to connect"),
        "state": "done" if proven else "later",
        "text": _("You watch in the studio's own player with this game account; it needs no other one."),
    }
