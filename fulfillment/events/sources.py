"""What becomes an event of claims and links: listeners of the portal's hooks.

Each is called inside the transaction of what it tells, and reads nothing that depends on how many there are but in
batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count

from fulfillment.events.writing import Happened, announce, wanted
from fulfillment.ledger import Moved
from fulfillment.message import claim_facts, iso
from fulfillment.models import Claim, ClaimEvent
from fulfillment.rules.events import CLAIM_CREATED, CLAIM_DELIVERED, CLAIM_FAILED, LINK_CREATED, LINK_ENDED
from fulfillment.rules.states import State
from linking.models import Link

_CLAIM_TYPES = (CLAIM_CREATED, CLAIM_DELIVERED, CLAIM_FAILED)
_RELATED = ("player", "reward", "game", "campaign", "viewer")
_READ = (
    *("organization_id", "platform", "platform_claim_id", "platform_user_id", "platform_user_name", "source"),
    *("granted_at", "player__player_id", "player__name", "reward__external_id", "reward__name", "game__name"),
    *("campaign__name", "campaign__test_mode", "viewer__name"),
)


def type_of_move(before: State, after: State) -> str | None:
    """Return which event a claim's move is, None for most: how it goes on between arrival and end is nobody's matter."""
    if before is State.RECEIVED:
        return CLAIM_CREATED
    return {State.DELIVERED: CLAIM_DELIVERED, State.FAILED: CLAIM_FAILED}.get(after)


def on_claims_moved(moves: Sequence[Moved], now: datetime) -> None:
    """Tell of claims that were worked out for the first time, delivered or failed: the listener of :mod:`fulfillment.ledger`.

    No statement where no move is news, and one where nobody wants to be told.
    """
    news = {move.claim_id: (kind, move) for move in moves if (kind := type_of_move(move.before, move.after))}
    if not news:
        return
    wanting = wanted(
        {kind for kind, _move in news.values()},
        organization__in=Claim.objects.filter(pk__in=list(news)).values("organization"),
    )
    if not wanting:
        return
    again = _worked_out_before([key for key, (kind, _move) in news.items() if kind == CLAIM_CREATED])
    told = [key for key in news if key not in again]
    claims = Claim.objects.filter(pk__in=told, organization__in=wanting.organizations)
    rows = claims.select_related(*_RELATED).only(*_READ).order_by("pk")
    announce([_of_claim(row, *news[row.pk]) for row in rows], wanting, now=now)


def _worked_out_before(claim_ids: Sequence[str]) -> set[str]:
    """Return which of these claims left *received* before: reopened ones did. Their history, which stays, tells."""
    if not claim_ids:
        return set()
    left = ClaimEvent.objects.filter(claim__in=claim_ids, from_state=State.RECEIVED).values_list("claim")
    return set(left.annotate(times=Count("pk")).filter(times__gt=1).values_list("claim", flat=True))


def _of_claim(claim: Claim, kind: str, move: Moved) -> Happened:
    facts = claim_facts(claim) | {"state": move.after.value, "reason": str(move.reason)}
    return Happened(type=kind, organization_id=claim.organization_id, subject=claim.pk, data=facts)


def on_link_changed(link: Link, now: datetime) -> None:
    """Tell of a link that was made or has ended: the listener of :mod:`linking.hooks`. One query where nobody wants it."""
    kind = LINK_CREATED if link.ended_at is None else LINK_ENDED
    wanting = wanted({kind}, organization=link.game.organization_id)
    if wanting:
        happened = Happened(
            type=kind, organization_id=link.game.organization_id, subject=link.pk, data=link_facts(link)
        )
        announce([happened], wanting, now=now)


def link_facts(link: Link) -> dict[str, Any]:
    """Return what is told of a link. Of one that ended because its person was erased nobody is named any more (F8)."""
    game, player, viewer = link.game, link.player, link.viewer
    named = link.end_reason != Link.EndReason.ERASED
    return {
        "link_id": link.pk,
        "game": {"id": game.pk, "name": game.name},
        "player": {"id": player.player_id, "name": player.name} if named else None,
        "platform": link.platform,
        "viewer": {
            "id": viewer.pk,
            "platform_user_id": viewer.platform_user_id if named else None,
            "name": (viewer.name or viewer.login) if named else "",
        },
        "started_at": iso(link.started_at),
        "ended_at": iso(link.ended_at) if link.ended_at else None,
        "end_reason": link.end_reason or None,
    }
