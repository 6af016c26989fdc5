"""What follows for a claim from what is known about it: one pure function (F2, F3, C8, C10, R4).

Nothing here looks anything up; :mod:`fulfillment.resolve` collects the facts of many claims at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fulfillment.rules.codes import Code
from fulfillment.rules.states import State


class Found(StrEnum):
    """How a look-up by the ids in a message ended."""

    ONE = "one"
    NONE = "none"
    SEVERAL = "several"


class EndpointKind(StrEnum):
    """How a claim that is ready gets to the game."""

    NONE = "none"
    PUSH = "push"
    PUSH_PAUSED = "push_paused"
    PULL = "pull"
    CODE = "code"
    """Not at all: the viewer gets a code of the reward's pool (D8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFacts:
    """What counts about the claim's campaign. Times are UTC."""

    starts_at: datetime | None
    closes_at: datetime | None
    published_at: datetime | None
    cancelled_at: datetime | None
    deliveries_paused: bool
    test_mode: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that decides over one claim.

    ``judged_at`` is when the platform granted it, or, where that is not known, when it arrived (C10). ``frozen`` says that
    a delivery was attempted: mapping, link and player then stay what they were (L6) and are not asked about again.
    ``campaign`` is None only where ``campaign_found`` is not ONE. ``is_player`` says that the viewer is of the studio's
    own player, so that nobody links: the player is known or is not yet (I2). ``lacking`` is what it had to have besides its
    slot and did not get: a place in a limit, a code of a pool (D8).
    """

    judged_at: datetime
    fulfilled_elsewhere: bool = False
    reward_found: Found = Found.ONE
    campaign_found: Found = Found.ONE
    reward_in_campaign: bool = True
    campaign: CampaignFacts | None = None
    taken_over_at: datetime | None = None
    is_tester: bool = False
    staff_hold: bool = False
    waived: frozenset[str] = frozenset()
    has_player: bool = False
    is_player: bool = False
    slot_free: bool = True
    endpoint: EndpointKind = EndpointKind.PUSH
    frozen: bool = False
    lacking: Code | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a claim belongs, and why."""

    state: State
    reason: Code


_READY_REASONS = {
    EndpointKind.NONE: Code.NO_ENDPOINT,
    EndpointKind.PUSH: Code.DUE,
    EndpointKind.PUSH_PAUSED: Code.ENDPOINT_PAUSED,
    EndpointKind.PULL: Code.WAITING_FOR_PULL,
    EndpointKind.CODE: Code.CODE_RESERVED,
}


def decide(facts: Facts) -> Decision:
    """Return where a claim with these facts belongs.

    In this order, the first that applies: fulfilled elsewhere, mapping unknown, held for what was granted, held by staff,
    not linked (or, of the studio's own player, not known), deliveries paused, slot taken, limit or codes used up, ready.
    """
    if facts.fulfilled_elsewhere:
        return Decision(State.CONFIRMED, Code.FULFILLED_ELSEWHERE)
    if not facts.frozen:
        unknown = _unknown_mapping(facts)
        if unknown is not None:
            return Decision(State.QUARANTINED, unknown)
    hold = _hold(facts)
    if hold is not None:
        return Decision(State.HELD, hold)
    if not facts.has_player:
        return Decision(State.WAITING, Code.PLAYER_UNKNOWN if facts.is_player else Code.NOT_LINKED)
    if facts.campaign is not None and facts.campaign.deliveries_paused:
        return Decision(State.HELD, Code.DELIVERIES_PAUSED)
    if not facts.slot_free:
        return Decision(State.DUPLICATE, Code.SLOT_TAKEN)
    if facts.lacking is not None:
        return Decision(State.HELD, facts.lacking)
    return Decision(State.READY, _READY_REASONS[facts.endpoint])


def _unknown_mapping(facts: Facts) -> Code | None:
    if facts.reward_found is not Found.ONE:
        return Code.REWARD_AMBIGUOUS if facts.reward_found is Found.SEVERAL else Code.REWARD_UNKNOWN
    if facts.campaign_found is not Found.ONE or facts.campaign is None:
        return Code.CAMPAIGN_AMBIGUOUS if facts.campaign_found is Found.SEVERAL else Code.CAMPAIGN_UNKNOWN
    return None if facts.reward_in_campaign else Code.REWARD_NOT_IN_CAMPAIGN


def _hold(facts: Facts) -> Code | None:
    if facts.frozen:
        # It was on its way already: only a person's hold stops it now.
        return Code.HELD_BY_STAFF if facts.staff_hold else None
    for code, applies in _HOLDS:
        if code not in facts.waived and applies(facts):
            return code
    return Code.HELD_BY_STAFF if facts.staff_hold else None


def _before_take_over(facts: Facts) -> bool:
    return facts.taken_over_at is not None and facts.judged_at < facts.taken_over_at


def _test(facts: Facts) -> bool:
    return facts.campaign is not None and facts.campaign.test_mode and not facts.is_tester


def _late(facts: Facts) -> bool:
    closes_at = facts.campaign.closes_at if facts.campaign else None
    return closes_at is not None and facts.judged_at >= closes_at


def _early(facts: Facts) -> bool:
    starts_at = facts.campaign.starts_at if facts.campaign else None
    return starts_at is not None and facts.judged_at < starts_at


def _after_cancellation(facts: Facts) -> bool:
    cancelled_at = facts.campaign.cancelled_at if facts.campaign else None
    return cancelled_at is not None and facts.judged_at >= cancelled_at


def _not_published(facts: Facts) -> bool:
    return facts.campaign is not None and facts.campaign.published_at is None


_HOLDS: tuple[tuple[Code, Callable[[Facts], bool]], ...] = (
    (Code.BEFORE_TAKE_OVER, _before_take_over),
    (Code.TEST, _test),
    (Code.LATE, _late),
    (Code.EARLY, _early),
    (Code.GRANTED_AFTER_CANCELLATION, _after_cancellation),
    (Code.CAMPAIGN_NOT_PUBLISHED, _not_published),
)
