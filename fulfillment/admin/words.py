"""How the admin shows claims: states and reasons in words, people's identifiers masked where the role asks for it (S1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.models import Reward, Viewer
from fulfillment.models import Claim, Endpoint
from fulfillment.models.claims import STATE_NAMES
from fulfillment.models.receivers import Receiver
from fulfillment.rules.breaker import FAILURES_TO_OPEN
from fulfillment.rules.codes import Code, Turn
from fulfillment.rules.reasons import DEFAULT_OF_STATE, REASONS
from fulfillment.rules.states import State
from linking.models import Player
from portal.admin_words import ago, chip, span_between, utc, utc_in_two
from portal.organizations import may
from portal.roles import Permission, mask

__all__ = [
    "REASON_NAMES",
    "TURNS",
    "ago",
    "chip",
    "endpoint_state",
    "paused_state",
    "person",
    "picture",
    "player_name",
    "reason_code",
    "reason_name",
    "sees_people",
    "state_chip",
    "state_name",
    "utc",
    "utc_in_two",
    "viewer_name",
    "working_state",
]

_ICONS: Mapping[State, tuple[str, str]] = {
    State.RECEIVED: ("inbox", ""),
    State.WAITING: ("hourglass_empty", "drops-chip-attention"),
    State.QUARANTINED: ("help", "drops-chip-attention"),
    State.HELD: ("front_hand", "drops-chip-attention"),
    State.READY: ("schedule_send", ""),
    State.DELIVERING: ("send", ""),
    State.DELIVERED: ("check", "drops-chip-ok"),
    State.CONFIRMED: ("done_all", "drops-chip-ok"),
    State.FAILED: ("error", "drops-chip-error"),
    State.DUPLICATE: ("content_copy", ""),
    State.ABANDONED: ("block", ""),
}

REASON_NAMES: Mapping[Code, str | Promise] = {
    Code.RECEIVED: _("just arrived"),
    Code.REOPENED: _("reopened by staff"),
    Code.NOT_LINKED: _("no game account linked"),
    Code.PLAYER_UNKNOWN: _("game account not known yet"),
    Code.REWARD_UNKNOWN: _("reward unknown"),
    Code.REWARD_AMBIGUOUS: _("several rewards fit"),
    Code.CAMPAIGN_UNKNOWN: _("campaign unknown"),
    Code.CAMPAIGN_AMBIGUOUS: _("several campaigns fit"),
    Code.REWARD_NOT_IN_CAMPAIGN: _("reward not in the campaign"),
    Code.RESOLVE_ERROR: _("could not be worked out"),
    Code.BEFORE_TAKE_OVER: _("from before the take-over"),
    Code.TEST: _("not one of the testers"),
    Code.EARLY: _("granted before the start"),
    Code.LATE: _("granted after closing"),
    Code.GRANTED_AFTER_CANCELLATION: _("granted after the cancellation"),
    Code.CAMPAIGN_NOT_PUBLISHED: _("campaign not published"),
    Code.HELD_BY_STAFF: _("held by staff"),
    Code.DELIVERIES_PAUSED: _("deliveries paused"),
    Code.SLOT_TAKEN: _("already has this reward"),
    Code.LIMIT_REACHED: _("limit reached"),
    Code.DAILY_LIMIT_REACHED: _("limit of the day reached"),
    Code.POOL_EMPTY: _("no code left"),
    Code.CODE_RESERVED: _("code set aside"),
    Code.CODE_ASSIGNED: _("code given, not looked at"),
    Code.CODE_REVEALED: _("code looked at"),
    Code.DUE: _("due now"),
    Code.RESENT: _("sent again by staff"),
    Code.RETRYING: _("tried again by itself"),
    Code.BACKEND_TIMEOUT: _("game backend too slow"),
    Code.BACKEND_UNREACHABLE: _("game backend not reached"),
    Code.BACKEND_ERROR: _("game backend has an error"),
    Code.BACKEND_BUSY: _("game backend is busy"),
    Code.ENDPOINT_PAUSED: _("endpoint paused"),
    Code.NO_ENDPOINT: _("no endpoint"),
    Code.WAITING_FOR_PULL: _("waits to be fetched"),
    Code.SENDING: _("being sent"),
    Code.DELIVERED: _("accepted by the game"),
    Code.CONFIRMED: _("accepted, platform told"),
    Code.FULFILLED_ELSEWHERE: _("fulfilled before the take-over"),
    Code.REJECTED: _("refused by the game"),
    Code.ATTEMPTS_EXHAUSTED: _("all attempts failed"),
    Code.ABANDONED_BY_STAFF: _("closed by staff"),
    Code.ERASED: _("person erased"),
}
"""A few words for each reason, for lists and filters; the whole sentence is in the reason table."""

TURNS: Mapping[Turn, str | Promise] = {
    Turn.VIEWER: _("the viewer"),
    Turn.STUDIO: _("you, the studio"),
    Turn.PORTAL: _("the portal, by itself"),
    Turn.NOBODY: _("nobody: it is finished"),
}


def state_name(state: str) -> str:
    """Return a state in a word."""
    return str(dict(STATE_NAMES)[State(state).value])


def state_chip(state: str) -> SafeString:
    """Return a state as a chip: an icon and the word, so that colour alone tells nothing (WCAG 2.2, 1.4.1)."""
    icon, style = _ICONS[State(state)]
    return chip(state_name(state), icon, style)


def reason_code(state: str, code: str) -> Code:
    """Return the reason's code; for one that is empty, unknown or of another state the default of its state."""
    try:
        known = Code(code)
    except ValueError:
        return DEFAULT_OF_STATE[State(state)]
    return known if State(state) in REASONS[known].states else DEFAULT_OF_STATE[State(state)]


def reason_name(state: str, code: str) -> str:
    """Return a claim's reason in a few words."""
    return str(REASON_NAMES[reason_code(state, code)])


def picture(reward: Reward | None) -> SafeString:
    """Return a reward's image in a 40×40 slot (R2), or an empty slot."""
    if reward is None or not reward.image:
        return format_html(
            '<span class="drops-thumb drops-thumb-empty" role="img" aria-label="{}"></span>', _("no image")
        )
    return format_html(
        '<img class="drops-thumb" src="{}" alt="{}" width="40" height="40">',
        reward.image.rendition_url,  # type: ignore[attr-defined]
        reward.alt_text,
    )


def sees_people(request: HttpRequest) -> bool:
    """Say whether this person may see identifiers, and not only their masks."""
    return may(request, Permission.SEE_PEOPLE)


def person(request: HttpRequest, identifier: str) -> str:
    """Return an identifier or a name of a person as this member of staff may see it."""
    return identifier if sees_people(request) else mask(identifier)


def viewer_name(request: HttpRequest, claim: Claim) -> str:
    """Return who claimed, by the best name there is."""
    viewer: Viewer | None = claim.viewer
    name = (viewer.name or viewer.login) if viewer else ""
    return person(request, name or claim.platform_user_name or claim.platform_user_id)


def player_name(request: HttpRequest, player: Player) -> str:
    """Return a game account's name."""
    return person(request, str(player))


def endpoint_state(endpoint: Endpoint | None, *, now: datetime) -> tuple[SafeString, str]:
    """Return the state of an endpoint as a chip and, for its page, in a sentence."""
    if endpoint is None:
        return chip(_t("none"), "link_off", "drops-chip-attention"), _t(
            "The game has no endpoint: nothing is delivered."
        )
    if not endpoint.enabled:
        return chip(_t("switched off"), "block", "drops-chip-attention"), _t(
            "Switched off: nothing is sent. Claims wait and go out once it is enabled."
        )
    if endpoint.mode == Endpoint.Mode.PULL:
        return chip(_t("pull"), "download"), _t("The game backend fetches its claims itself; the portal sends nothing.")
    if endpoint.opened_at is None:
        return working_state(endpoint, _t("At work: deliveries are sent as they fall due."))
    return paused_state(
        endpoint,
        _t(
            "Paused since %(since)s UTC because calls kept failing. No attempt is used up meanwhile and nothing is lost. "
            "One delivery is tried %(wait)s to see whether it works again; then all goes on by itself."
        ),
        now=now,
    )


def working_state(receiver: Receiver, text: str) -> tuple[SafeString, str]:
    """Return the state of a receiver that is not paused; ``text`` says what it means while nothing fails."""
    if not receiver.failures:
        return chip(_t("at work"), "check", "drops-chip-ok"), text
    failing = _t("At work, but the last %(count)s calls failed. After %(limit)s in a row it is paused.")
    counts = {"count": receiver.failures, "limit": FAILURES_TO_OPEN}
    return chip(_t("failing"), "warning", "drops-chip-attention"), failing % counts


def paused_state(receiver: Receiver, text: str, *, now: datetime, **more: int) -> tuple[SafeString, str]:
    """Return the state of a paused receiver; ``text`` says so, with ``since``, ``wait`` for when it is probed, and ``more``."""
    probe_at = receiver.probe_at
    wait = _t("in %(span)s") % {"span": span_between(now, probe_at)} if probe_at and probe_at > now else _t("now")
    since = f"{receiver.opened_at:%Y-%m-%d %H:%M}"
    return chip(_t("paused"), "pause_circle", "drops-chip-error"), text % {"since": since, "wait": wait, **more}
