"""Where a viewer stands with one reward of a campaign that the portal counts: one pure function (F5, R3, R4, C10)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from campaigns.rules.phases import Phase


class Standing(StrEnum):
    """What a viewer's page says of a reward."""

    NOT_STARTED = "not_started"
    UNDER_WAY = "under_way"
    WAITS_FOR_EVENT = "waits_for_event"
    NEEDS_ANOTHER = "needs_another"
    """Its own rule may be met; another reward has to be earned first (R3)."""
    CLAIMABLE = "claimable"
    LINK_FIRST = "link_first"
    """Earned, but no game account is linked that could get it (F5)."""
    CLAIMED = "claimed"
    ALREADY_YOURS = "already_yours"
    """The game account has it through another account, as often as it may be had (R4)."""
    ALL_GIVEN = "all_given"
    """As many were given out as there are, and no more can be claimed."""
    GIVEN_TODAY = "given_today"
    """Earned; as many as there are for today were given out, and it can be claimed on another day."""
    MISSED = "missed"
    """Not earned before the end."""
    EXPIRED = "expired"
    """Earned and not claimed before closing, or before the campaign was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingFacts:
    """What decides. ``earned``: its own rule is met. ``needs_another``: a reward that it requires is not earned.

    ``begun``: a minute that counts toward it was credited. ``slot_taken``: the linked game account has it already.
    ``all_given``, ``given_today``: a limit that stops claims leaves nothing, ever or today.
    """

    phase: Phase
    earned: bool = False
    needs_another: bool = False
    begun: bool = False
    is_event: bool = False
    linked: bool = False
    claimed: bool = False
    slot_taken: bool = False
    all_given: bool = False
    given_today: bool = False


def standing_with(facts: StandingFacts) -> Standing:
    """Return where a viewer with these facts stands."""
    if facts.claimed:
        return Standing.CLAIMED
    if facts.slot_taken:
        return Standing.ALREADY_YOURS
    earned = facts.earned and not facts.needs_another
    if facts.phase in (Phase.CLOSED, Phase.CANCELLED):
        return Standing.EXPIRED if earned else Standing.MISSED
    if facts.all_given:
        return Standing.ALL_GIVEN
    if earned and facts.linked and facts.given_today:
        return Standing.GIVEN_TODAY
    if earned:
        return Standing.CLAIMABLE if facts.linked else Standing.LINK_FIRST
    if facts.phase is Phase.GRACE:
        return Standing.MISSED
    if facts.needs_another:
        return Standing.NEEDS_ANOTHER
    if facts.is_event:
        return Standing.WAITS_FOR_EVENT
    return Standing.UNDER_WAY if facts.begun else Standing.NOT_STARTED


class Section(StrEnum):
    """Where a campaign stands on the inventory."""

    WAITING = "waiting"
    """Something can be claimed, or could once an account is linked."""
    IN_PROGRESS = "in_progress"
    EXPIRED = "expired"
    NOWHERE = "nowhere"
    """All of it was claimed, or nothing of it was begun: its claims are shown, the campaign is not."""


_YOURS = frozenset({Standing.CLAIMED, Standing.ALREADY_YOURS})
_WAIT_FOR_VIEWER = frozenset({Standing.CLAIMABLE, Standing.LINK_FIRST, Standing.GIVEN_TODAY})


def section_of(phase: Phase, standings: list[Standing], *, begun: bool) -> Section:
    """Return where a campaign with rewards in these standings belongs. ``begun``: a minute was credited in it."""
    if any(standing in _WAIT_FOR_VIEWER for standing in standings):
        return Section.WAITING
    if all(standing in _YOURS for standing in standings):
        return Section.NOWHERE
    if phase is Phase.LIVE:
        return Section.IN_PROGRESS
    return Section.EXPIRED if begun else Section.NOWHERE
