"""Entering a page of a platform's list, with the checkpoint that it leads to, in one transaction (F1, F6, F7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from campaigns.models import GameCategory
from fulfillment.arrivals import Arrival, record_claims
from fulfillment.ledger import PORTAL
from fulfillment.models import Claim, ClaimEvent, Sweep, SweepPart
from fulfillment.rules.states import DONE, State
from fulfillment.wake import announce_work
from portal import platforms
from portal.models import PlatformCredential
from portal.platforms.claims_api import ClaimListed, ClaimsPage

TOLD = (*sorted(DONE), State.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Leased:
    """A part of a sweep that this process reads a page of, as its row was when it was taken."""

    part: SweepPart
    sweep: Sweep
    credential: PlatformCredential
    lease_until: datetime


def enter_page(leased: Leased, page: ClaimsPage, *, now: datetime) -> bool:
    """Store what a page lists and move the checkpoint, both or neither; return whether this process still had the part.

    Read once more after a crash, the page changes nothing: each claim is known by its id (F1).
    """
    part, credential = leased.part, leased.credential
    with transaction.atomic():
        # Whoever locks claims has locked the viewer or nothing before: the part comes first here, and nobody else's.
        if not _move_checkpoint(leased, page, now=now):
            return False
        ours = _of_our_games(credential, page.claims)
        found = _record(credential, ours, now=now)
        told_again = _tell_again(leased, ours, now=now)
        Sweep.objects.filter(pk=leased.sweep.pk).update(
            pages=F("pages") + 1,
            listed=F("listed") + len(page.claims),
            found=F("found") + found,
            skipped=F("skipped") + len(page.claims) - len(ours),
            told_again=F("told_again") + told_again,
            faults=F("faults") + len(page.faults),
        )
        finish_if_over(leased.sweep.pk, now=now)
        if found:
            announce_work()
    part.cursor = page.cursor
    return True


def finish_if_over(sweep_id: str, *, now: datetime) -> None:
    """End the sweep if none of its parts is left to be read. Only inside a transaction.

    Two that end its last two parts at the same moment look one after the other: each would see the other's as it was.
    """
    sweep = Sweep.objects.select_for_update(of=("self",), no_key=True).filter(pk=sweep_id, finished_at=None)
    if sweep.first() is not None and not SweepPart.objects.filter(sweep=sweep_id, due_at__isnull=False).exists():
        Sweep.objects.filter(pk=sweep_id).update(finished_at=now)


def _move_checkpoint(leased: Leased, page: ClaimsPage, *, now: datetime) -> bool:
    part = leased.part
    api = platforms.get(leased.credential.platform).claims_api
    whole = api.page_size if api is not None else part.size
    row = SweepPart.objects.filter(pk=part.pk, due_at=leased.lease_until, cursor=part.cursor)
    if page.cursor:
        # A page that was read in part only: what comes after it is tried in growing pages again.
        return bool(row.update(cursor=page.cursor, attempts=0, problem="", size=min(part.size * 2, whole), due_at=now))
    return bool(row.update(attempts=0, problem="", due_at=None, outcome=SweepPart.Outcome.READ))


def _of_our_games(credential: PlatformCredential, listed: Sequence[ClaimListed]) -> list[ClaimListed]:
    """Leave out claims of games that are not in the portal, where the list names the game and games have categories.

    A studio may run Drops for other games by the same app. Once a game's category is entered, the next sweep finds them.
    """
    ours = set(
        GameCategory.objects.filter(organization=credential.organization_id, platform=credential.platform).values_list(
            "platform_category_id", flat=True
        )
    )
    if not ours:
        return list(listed)
    return [one for one in listed if not one.claim.category_id or one.claim.category_id in ours]


def _record(credential: PlatformCredential, listed: Sequence[ClaimListed], *, now: datetime) -> int:
    """Store the claims; return how many of them no webhook has brought."""
    ids = {one.claim.platform_claim_id for one in listed}
    claims = Claim.objects.filter(
        organization=credential.organization_id, platform=credential.platform, platform_claim_id__in=ids
    )
    known = set(claims.values_list("platform_claim_id", flat=True))
    record_claims(
        organization_id=credential.organization_id,
        platform=credential.platform,
        arrivals=[Arrival(one.claim, one.raw, fulfilled=one.done) for one in listed],
        source=Claim.Source.SWEEP.value,
        now=now,
    )
    # A webhook may have been quicker between the two: then the claim is the webhook's.
    new = ids - known
    return claims.filter(platform_claim_id__in=new, source=Claim.Source.SWEEP).count() if new else 0


def _tell_again(leased: Leased, listed: Sequence[ClaimListed], *, now: datetime) -> int:
    """Read back (F6): what the platform still has as open though it was told before the sweep began is told once more."""
    open_there = [one.claim.platform_claim_id for one in listed if not one.done]
    credential = leased.credential
    told = Claim.objects.filter(
        organization=credential.organization_id,
        platform=credential.platform,
        platform_claim_id__in=open_there,
        written_back_at__lt=leased.sweep.started_at,
        write_back_at=None,
        state__in=TOLD,
    )
    rows = list(told.order_by("pk").values_list("pk", "state", "reason")) if open_there else []
    if not rows:
        return 0
    Claim.objects.filter(pk__in=[pk for pk, _state, _reason in rows], write_back_at=None).update(write_back_at=now)
    name = platforms.get(credential.platform).name
    ClaimEvent.objects.bulk_create(
        [
            ClaimEvent(
                claim_id=pk,
                at=now,
                from_state=state,
                to_state=state,
                reason=reason,
                detail=f"{name} still lists it as open though it was told: it is told once more.",
                actor_label=PORTAL,
            )
            for pk, state, reason in rows
        ]
    )
    return len(rows)
