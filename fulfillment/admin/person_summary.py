"""A person's story as plain text for a support ticket: no secrets, no messages, no answers of the game backend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from campaigns.models import Viewer
from fulfillment.admin.words import reason_name, state_name
from fulfillment.inventory import shown
from fulfillment.models import Claim, DeliveryAttempt, FormerName
from fulfillment.people.joined import Person
from fulfillment.rules.reasons import reason_of
from fulfillment.rules.states import State
from linking.models import Link, Player
from portal import platforms

_ATTEMPTS_TOLD = 3
_LINKS_TOLD = 10


def person_summary(
    person: Person,
    claims: Sequence[Claim],
    attempts: Sequence[DeliveryAttempt],
    names: Sequence[FormerName],
    *,
    total: int,
    now: datetime,
) -> str:
    """Return the text. ``claims`` are the newest of ``total``."""
    lines = [_of_viewer(viewer) for viewer in person.viewers] + [_of_player(player) for player in person.players]
    if names:
        lines.append("Formerly: " + ", ".join(f"{one.name} (until {one.seen_until:%Y-%m-%d})" for one in names))
    lines += [_of_link(link) for link in person.links[:_LINKS_TOLD]] or ["Never linked."]
    lines.append("")
    for claim in claims:
        lines += _of_claim(claim, [attempt for attempt in attempts if attempt.delivery_id == claim.pk])
    if not claims:
        lines.append("No claim has arrived.")
    elif total > len(claims):
        lines.append(f"And {total - len(claims)} older claims.")
    return "\n".join([*lines, "", f"As of {_stamp(now)}"])


def _of_viewer(viewer: Viewer) -> str:
    login = f", login {viewer.login}" if viewer.login else ""
    return f"{platforms.get(viewer.platform).name}: {viewer} (user id {viewer.platform_user_id}{login})"


def _of_player(player: Player) -> str:
    return f"{player.game}: {player} (player id {player.player_id})"


def _of_link(link: Link) -> str:
    ended = f", ended {_stamp(link.ended_at)}: {link.get_end_reason_display()}" if link.ended_at else ", active"
    return f"Link {link.pk}: {link.viewer} → {link.player} since {_stamp(link.started_at)}{ended}"


def _of_claim(claim: Claim, attempts: Sequence[DeliveryAttempt]) -> list[str]:
    reason = reason_of(State(claim.state), claim.reason)
    lines = [
        f"Claim {claim.pk}: {claim.reward or 'unknown reward'} / {claim.campaign or 'unknown campaign'}",
        f"  {state_name(claim.state)} since {_stamp(claim.state_changed_at)}: {reason_name(claim.state, claim.reason)}",
        f"  Granted {_stamp(claim.granted_at)}, received {_stamp(claim.received_at)}, "
        f"delivered {_stamp(claim.delivered_at)}",
    ]
    if claim.state not in (State.DELIVERED, State.CONFIRMED):
        lines += [f"  Meaning: {reason.staff}", f"  The viewer reads: {shown(claim).next_text}"]
    return lines + [
        f"  Attempt {attempt.number}: {_stamp(attempt.started_at)}, {attempt.duration_ms} ms, "
        f"{attempt.status or attempt.error}"
        for attempt in attempts[:_ATTEMPTS_TOLD]
    ]


def _stamp(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "–"
