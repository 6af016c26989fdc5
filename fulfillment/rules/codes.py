"""The words of the reason table (F4): codes, whose turn it is, and what staff can do. The table is in ``reasons``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

from fulfillment.rules.states import State
from portal.roles import Permission
from portal.sentences import Sentence


class Turn(StrEnum):
    """Who has to do something before the claim goes on."""

    VIEWER = "viewer"
    STUDIO = "studio"
    PORTAL = "portal"
    NOBODY = "nobody"


class Action(StrEnum):
    """What staff can do about a claim. The first block are operations of :mod:`fulfillment.claims`."""

    RETRY = "retry"
    HOLD = "hold"
    RELEASE = "release"
    RESEND = "resend"
    ASSIGN_REWARD = "assign_reward"
    ABANDON = "abandon"
    REOPEN = "reopen"

    MAP = "map"
    EDIT_CAMPAIGN = "edit_campaign"
    PUBLISH_CAMPAIGN = "publish_campaign"
    RESUME_DELIVERIES = "resume_deliveries"
    MEND_ENDPOINT = "mend_endpoint"
    IMPORT_CODES = "import_codes"


PERMISSIONS: Mapping[Action, Permission] = {
    Action.RETRY: Permission.MEND,
    Action.HOLD: Permission.MEND,
    Action.RELEASE: Permission.MEND,
    Action.RESEND: Permission.MEND,
    Action.ASSIGN_REWARD: Permission.MEND,
    Action.ABANDON: Permission.MEND,
    Action.REOPEN: Permission.MEND,
    Action.MAP: Permission.MEND,
    Action.EDIT_CAMPAIGN: Permission.EDIT_CAMPAIGNS,
    Action.PUBLISH_CAMPAIGN: Permission.PUBLISH,
    Action.RESUME_DELIVERIES: Permission.PUBLISH,
    Action.MEND_ENDPOINT: Permission.MANAGE,
    Action.IMPORT_CODES: Permission.EDIT_CAMPAIGNS,
}
"""Which permission each action needs (S1)."""


class Code(StrEnum):
    """Every reason code."""

    RECEIVED = "received"
    REOPENED = "reopened"
    NOT_LINKED = "not_linked"
    PLAYER_UNKNOWN = "player_unknown"
    REWARD_UNKNOWN = "reward_unknown"
    REWARD_AMBIGUOUS = "reward_ambiguous"
    CAMPAIGN_UNKNOWN = "campaign_unknown"
    CAMPAIGN_AMBIGUOUS = "campaign_ambiguous"
    REWARD_NOT_IN_CAMPAIGN = "reward_not_in_campaign"
    RESOLVE_ERROR = "resolve_error"
    BEFORE_TAKE_OVER = "before_take_over"
    TEST = "test"
    EARLY = "early"
    LATE = "late"
    GRANTED_AFTER_CANCELLATION = "granted_after_cancellation"
    CAMPAIGN_NOT_PUBLISHED = "campaign_not_published"
    HELD_BY_STAFF = "held_by_staff"
    DELIVERIES_PAUSED = "deliveries_paused"
    SLOT_TAKEN = "slot_taken"
    LIMIT_REACHED = "limit_reached"
    DAILY_LIMIT_REACHED = "daily_limit_reached"
    POOL_EMPTY = "pool_empty"
    CODE_RESERVED = "code_reserved"
    CODE_ASSIGNED = "code_assigned"
    CODE_REVEALED = "code_revealed"
    DUE = "due"
    RESENT = "resent"
    RETRYING = "retrying"
    BACKEND_TIMEOUT = "backend_timeout"
    BACKEND_UNREACHABLE = "backend_unreachable"
    BACKEND_ERROR = "backend_error"
    BACKEND_BUSY = "backend_busy"
    ENDPOINT_PAUSED = "endpoint_paused"
    NO_ENDPOINT = "no_endpoint"
    WAITING_FOR_PULL = "waiting_for_pull"
    SENDING = "sending"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    FULFILLED_ELSEWHERE = "fulfilled_elsewhere"
    REJECTED = "rejected"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    ABANDONED_BY_STAFF = "abandoned_by_staff"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One row of the table.

    ``viewer`` says what happened and ``viewer_next`` what happens next, in a player's words; both may name
    ``%(platform)s``, ``%(game)s`` and ``%(where)s`` (where rewards arrive), see :meth:`for_viewer`.
    """

    states: frozenset[State]
    staff: str | Promise
    viewer: str | Promise
    viewer_next: str | Promise
    turn: Turn
    actions: tuple[Action, ...] = ()

    def for_viewer(self, *, platform: str, game: str, where: str) -> tuple[Sentence, Sentence]:
        """Return what happened and what happens next. ``where`` is a full sentence of the game's own words."""
        params = {"platform": platform, "game": game, "where": where}
        return Sentence(self.viewer, params), Sentence(self.viewer_next, params)


RELEASABLE = frozenset(
    {
        Code.BEFORE_TAKE_OVER,
        Code.TEST,
        Code.EARLY,
        Code.LATE,
        Code.GRANTED_AFTER_CANCELLATION,
        Code.CAMPAIGN_NOT_PUBLISHED,
        Code.HELD_BY_STAFF,
        Code.LIMIT_REACHED,
        Code.DAILY_LIMIT_REACHED,
    }
)
"""Holds that staff may lift for one claim. A pause of a campaign's deliveries is lifted on the campaign."""

WAITING_FOR_STOCK = frozenset({Code.POOL_EMPTY, Code.LIMIT_REACHED, Code.DAILY_LIMIT_REACHED})
"""Why claims are held that go on by themselves once there is a code for them or room in a limit, the oldest first."""

BY_CODE = frozenset({Code.CODE_ASSIGNED, Code.CODE_REVEALED})
"""Why a claim is delivered that got a code of a pool instead of a delivery to the game (D8)."""


def reason_row(
    states: State | frozenset[State],
    staff: str | Promise,
    viewer: str | Promise,
    viewer_next: str | Promise,
    turn: Turn,
    *actions: Action,
) -> Reason:
    """Return a row of the table, of one state or of several."""
    among = states if isinstance(states, frozenset) else frozenset({states})
    return Reason(states=among, staff=staff, viewer=viewer, viewer_next=viewer_next, turn=turn, actions=actions)
