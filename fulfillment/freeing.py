"""What a claim gives up that is taken out: its place in its reward's limits, and its code if nobody has seen it (D8).

Called by whoever closes, erases or removes claims, in their transaction and with the claims locked. Nothing here waits for a
count: places given up are inserted rows, which :mod:`fulfillment.stock` sums up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from fulfillment.models import Claim, RewardCode, RewardFreed

Place = tuple[str, int]
"""A campaign's reward, and the day under which a claim has its place there."""


def places_of(claims: Iterable[Claim]) -> list[Place]:
    """Return the places that claims have, as their rows say."""
    return [
        (claim.campaign_reward_id, claim.given_day)
        for claim in claims
        if claim.campaign_reward_id is not None and claim.given_day is not None
    ]


def give_up(places: Iterable[Place]) -> None:
    """Note that these places are free again. The claims' own rows are the caller's to write. One statement."""
    RewardFreed.objects.bulk_create(
        RewardFreed(campaign_reward_id=place, day=day, claims=count)
        for (place, day), count in sorted(Counter(places).items())
    )


def free_places(claims: Sequence[Claim]) -> None:
    """Have claims that are closed give up their places."""
    holders = [claim for claim in claims if claim.given_day is not None]
    if holders:
        give_up(places_of(holders))
        Claim.objects.filter(pk__in=[claim.pk for claim in holders]).update(given_day=None)
        for claim in holders:
            claim.given_day = None


def free_codes(claims: Sequence[Claim]) -> None:
    """Put back into their pools the codes of claims that are closed, but for those that somebody has seen.

    What was never shown was never sent either: such a claim, reopened, is worked out as one that is new.
    """
    codes = RewardCode.objects.filter(claim__in=[claim.pk for claim in claims], revealed_at=None)
    unseen = list(codes.values_list("claim_id", flat=True))
    if unseen:
        codes.update(state=RewardCode.State.FREE, claim=None, assigned_at=None)
        Claim.objects.filter(pk__in=unseen).update(attempted_at=None)


def untie_codes(claims: Sequence[Claim]) -> None:
    """Take the tie between claims and their codes away (F8): what was seen stays given, what was not is free again."""
    codes = RewardCode.objects.filter(claim__in=[claim.pk for claim in claims])
    codes.filter(revealed_at__isnull=False).update(claim=None)
    codes.filter(revealed_at=None).update(state=RewardCode.State.FREE, claim=None, assigned_at=None)
