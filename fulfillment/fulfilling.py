"""What a partner may say of claims (D3, A5): that they are fulfilled, which delivers those of a game that pulls.

A game that is pushed to is told by the portal: for it nothing can be fulfilled here. That a claim be unfulfilled again is
accepted, kept in its history and changes nothing. Doing any of it again changes nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import F, Q, QuerySet

from fulfillment import pace
from fulfillment.api.callers import Caller
from fulfillment.delivery.tally import tallies
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.listing import FROM_PLATFORM
from fulfillment.models import Claim, ClaimEvent, DeliveryTally, Endpoint
from fulfillment.outbox import withdraw
from fulfillment.rules.codes import Code
from fulfillment.rules.states import DONE, OPEN, State

FULFILLED_DETAIL = "Marked as fulfilled through the API."


class Answer(StrEnum):
    """What became of what was said about one claim."""

    DONE = "done"
    UNKNOWN = "unknown"
    """There is no such claim, or none that the caller may see (A2)."""
    READ_ONLY = "read_only"
    """The game is delivered to by push: the portal itself marks its claims."""
    NOT_NOW = "not_now"
    """Its state forbids it: it is held, waits, is being sent, or was abandoned."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said about one claim. ``claim_id`` is its id as the shape shows it (A5).

    ``text`` is the status in the partner's own words, where the shape has such; empty: none, and a kept one is dropped.
    """

    claim_id: str
    fulfilled: bool
    text: str = ""


def say(*, caller: Caller, shape: str, sayings: Sequence[Said], now: datetime) -> dict[str, Answer]:
    """Do what is said about these claims, all in one transaction, and return what became of each, by its id.

    Of an id that is named twice the last saying counts.
    """
    by_id = {said.claim_id: said for said in sayings}
    with transaction.atomic():
        found = find_claims(caller, shape, by_id)
        claims = {claim.pk: claim for claim in lock_claims(found.values())}
        named = {claim_id: pk for claim_id, pk in found.items() if pk in claims}  # one may have been purged meanwhile
        pulls = _pulling(claim.game_id for claim in claims.values())
        answers = dict.fromkeys(by_id, Answer.UNKNOWN)
        fulfilled: list[Claim] = []
        noted: list[tuple[Claim, Said]] = []
        for claim_id, pk in named.items():
            claim, said = claims[pk], by_id[claim_id]
            answers[claim_id] = answer = _answer(claim, said, pulls)
            if answer is not Answer.DONE:
                continue
            if said.fulfilled and claim.state in OPEN:
                fulfilled.append(claim)
            elif _says_anything_new(claim, said):
                noted.append((claim, said))
        paced = [one for claim in fulfilled for one in pace.delivered_now(claim, claim.campaign_id, now=now)]
        _keep_texts([(claims[pk], by_id[claim_id]) for claim_id, pk in named.items()], answers)
        _fulfil(fulfilled, caller, now=now)
        _note(noted, caller, now=now)
    pace.count(paced, now=now)
    for claim in fulfilled:
        if claim.game_id:
            tallies.count(claim.game_id, DeliveryTally.Outcome.DELIVERED.value, now=now)
    return answers


def find_claims(caller: Caller, shape: str, claim_ids: Iterable[str]) -> dict[str, str]:
    """Return our ids of those of these claims that are the caller's, listed or not, by the ids that the shape shows (A5)."""
    seen = _seen_by(caller)
    ids = list(claim_ids)
    own = seen.filter(platform=shape, source__in=FROM_PLATFORM, platform_claim_id__in=ids)
    found = dict(own.values_list("platform_claim_id", "pk"))
    if caller.client.other_platforms:
        ours = seen.filter(pk__in=ids).exclude(platform=shape, source__in=FROM_PLATFORM)
        found = {pk: pk for pk in ours.values_list("pk", flat=True)} | found
    return found


def _seen_by(caller: Caller) -> QuerySet[Claim]:
    claims = Claim.objects.filter(organization=caller.organization_id)
    if caller.user is None:
        return claims
    return claims.filter(Q(viewer__user=caller.user) | Q(player__user=caller.user))


def _pulling(game_ids: Iterable[str | None]) -> Mapping[str, bool]:
    """Say of each of these games whether it fetches its claims: one that nobody pushes to does."""
    games = {game_id for game_id in game_ids if game_id}
    pushed = set(Endpoint.objects.filter(game__in=games, mode=Endpoint.Mode.PUSH).values_list("game_id", flat=True))
    return {game: game not in pushed for game in games}


def _answer(claim: Claim, said: Said, pulls: Mapping[str, bool]) -> Answer:
    if claim.state in DONE:
        return Answer.DONE
    if claim.state not in OPEN:
        return Answer.NOT_NOW
    if not said.fulfilled:
        return Answer.DONE
    if not pulls.get(claim.game_id or "", False):
        return Answer.READ_ONLY
    # What was being sent when the game was changed to pull is recorded within seconds, as is what is given as a code.
    is_portals = claim.state == State.DELIVERING or claim.reason == Code.CODE_RESERVED
    return Answer.NOT_NOW if is_portals else Answer.DONE


def _says_anything_new(claim: Claim, said: Said) -> bool:
    if claim.state in DONE:
        return not said.fulfilled
    return said.text != claim.partner_status


def _keep_texts(said_of: Sequence[tuple[Claim, Said]], answers: Mapping[str, Answer]) -> None:
    """Keep the partners' own words of what is, or is now, theirs to describe: not of what was delivered before."""
    texts: dict[str, list[str]] = {}
    for claim, said in said_of:
        if answers[said.claim_id] is Answer.DONE and claim.state in OPEN and said.text != claim.partner_status:
            texts.setdefault(said.text, []).append(claim.pk)
    for text, ids in texts.items():
        Claim.objects.filter(pk__in=ids).update(partner_status=text)


def _fulfil(claims: Sequence[Claim], caller: Caller, *, now: datetime) -> None:
    if not claims:
        return
    ids = [claim.pk for claim in claims]
    Claim.objects.filter(pk__in=ids, attempted_at=None).update(attempted_at=now)
    withdraw(ids)
    moves = [Move(claim, State.DELIVERED, Code.DELIVERED, FULFILLED_DETAIL) for claim in claims]
    move_claims(moves, now=now, actor_label=_label(caller))


def _note(noted: Sequence[tuple[Claim, Said]], caller: Caller, *, now: datetime) -> None:
    if not noted:
        return
    known = _noted_before([claim for claim, _said in noted if claim.state in DONE])
    ClaimEvent.objects.bulk_create(
        [
            ClaimEvent(
                claim=claim,
                at=now,
                from_state=claim.state,
                to_state=claim.state,
                reason=claim.reason,
                detail=_in_words(claim, said),
                actor=caller.user,
                actor_label=_label(caller),
            )
            for claim, said in noted
            if (claim.pk, _in_words(claim, said)) not in known
        ]
    )


def _noted_before(claims: Sequence[Claim]) -> set[tuple[str, str]]:
    """Return what was said of delivered claims since they were: a client that repeats itself must not fill histories."""
    said = ClaimEvent.objects.filter(claim__in=[claim.pk for claim in claims], from_state=F("to_state"))
    since = {claim.pk: claim.state_changed_at for claim in claims}
    return {(pk, detail) for pk, detail, at in said.values_list("claim_id", "detail", "at") if at >= since[pk]}


def _in_words(claim: Claim, said: Said) -> str:
    if claim.state in DONE:
        what = f"A partner set the status “{said.text}”." if said.text else "A partner marked it as not fulfilled."
        return f"{what} It is delivered, so this changes nothing."
    return f"A partner set the status “{said.text}”." if said.text else "A partner took back the status it had set."


def _label(caller: Caller) -> str:
    return caller.label[:150]
