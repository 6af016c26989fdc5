"""Which faults are on at a platform, and whom they meet this time."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import F

from portal.sandbox.chances import happens, one_of
from portal.sandbox.models import Claim, Faults

DROPPED = "The faults that are on dropped it."
SILENT = "The platform is silent: the faults say that no webhook is sent."
AWAY = "The platform is away: the faults say that it has an outage."


def faults_of(platform: str) -> Faults:
    """The platform's faults; all off where none were ever set."""
    return Faults.objects.filter(pk=platform).first() or Faults(platform=platform)


@transaction.atomic
def _draw(faults: Faults, column: str, count: int = 1) -> int:
    """Take the numbers of the next ``count`` draws and return the first."""
    Faults.objects.filter(pk=faults.pk).update(**{column: F(column) + count})
    reached: int = Faults.objects.values_list(column, flat=True).get(pk=faults.pk)
    return reached - count


def _meets(faults: Faults, percent: int, kind: str, number: int) -> bool:
    """Whether this draw is met; platforms with one seed do not fail alike."""
    return happens(percent, seed=faults.seed, kind=f"{faults.platform} {kind}", number=number)


def webhook_copies(platform: str, count: int) -> list[tuple[int, str]]:
    """How often each of the next ``count`` webhooks goes out; where not at all, why."""
    faults = faults_of(platform)
    if faults.outage or faults.silence:
        return [(0, AWAY if faults.outage else SILENT)] * count
    if not (faults.webhooks_dropped or faults.webhooks_doubled) or not count:
        return [(1, "")] * count
    first = _draw(faults, "webhooks_drawn", count)
    return [_copies(faults, number) for number in range(first, first + count)]


def _copies(faults: Faults, number: int) -> tuple[int, str]:
    if _meets(faults, faults.webhooks_dropped, "dropped", number):
        return 0, DROPPED
    return (2 if _meets(faults, faults.webhooks_doubled, "doubled", number) else 1), ""


def failure_of_call(faults: Faults, *, possible: Collection[str]) -> str:
    """How this call fails, of the ways that are chosen and ``possible``; empty where it does not."""
    if not faults.calls_failing:
        return ""
    number = _draw(faults, "calls_drawn")
    ways = [way for way in faults.failure_list() if way in possible]
    if not ways or not _meets(faults, faults.calls_failing, "call", number):
        return ""
    return one_of(ways, seed=faults.seed, kind=f"{faults.platform} way", number=number)


def not_updated(platform: str, claim_ids: Sequence[str]) -> set[str]:
    """Those of the claims that this update leaves as they were."""
    faults = faults_of(platform)
    if not faults.updates_partial or not claim_ids:
        return set()
    first = _draw(faults, "updates_drawn", len(claim_ids))
    return {
        claim_id
        for number, claim_id in enumerate(claim_ids, start=first)
        if _meets(faults, faults.updates_partial, "update", number)
    }


def page_comes_again(faults: Faults) -> bool:
    """Whether the claims of this page come again on the next."""
    if not faults.pages_doubled:
        return False
    return _meets(faults, faults.pages_doubled, "page", _draw(faults, "pages_drawn"))


def spoils(faults: Faults, claims: Sequence[Claim]) -> bool:
    """Whether one of ``claims`` makes the page that holds it fail."""
    poison = faults.poison_ids()
    return bool(poison) and any(claim.claim_id in poison or claim.user.user_id in poison for claim in claims)
