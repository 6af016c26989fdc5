"""The order in which the partner API lists claims (A3): that in which they became visible, never that of their ids.

A claim gets its number in the transaction that makes it visible, from a counter whose row stays locked until that
transaction ends: no number is ever committed after a higher one. So a reader who has seen all up to a number has missed
nothing below it. One that goes out of sight and comes back gets a new number, or a reader that has passed would never
see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from fulfillment.models import Claim, ClaimListing
from portal.platforms.studio import STUDIO

KNOWN_THERE = frozenset({Claim.Source.WEBHOOK.value, Claim.Source.SWEEP.value})
"""The sources of claims that their platform knows, so that it is told of them (F6)."""

FROM_PLATFORM = KNOWN_THERE | {Claim.Source.TEST.value}
"""The sources of claims that have the form of their platform's; a simulated one has it too."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a claim stands: the platform as whose it is listed, and its number in the organization's order."""

    listed_as: str
    number: int | None


def place_of(claim: Claim) -> Place:
    """Return the place that a claim has."""
    return Place(claim.listed_as, claim.listed_no)


def listed_as(claim: Claim) -> str:
    """Return the platform as whose a claim is listed: the portal's own where no platform has a claim of it (A5)."""
    return claim.platform if claim.source in FROM_PLATFORM else STUDIO.key


def give_places(claims: Sequence[Claim]) -> dict[str, Place]:
    """Give these claims, which become visible in this transaction, the next numbers, in the order of their ids."""
    if not claims:
        return {}
    following = _take(Counter(claim.organization_id for claim in claims))
    places: dict[str, Place] = {}
    for claim in sorted(claims, key=lambda claim: claim.pk):
        places[claim.pk] = Place(listed_as(claim), following[claim.organization_id])
        following[claim.organization_id] += 1
    return places


def _take(counts: Counter[str]) -> dict[str, int]:
    """Take so many numbers of each organization and return the first of each. In key order, so that none deadlock."""
    table = ClaimListing._meta.db_table
    wanted = sorted(counts.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (organization_id, last) VALUES {', '.join(['(%s, %s)'] * len(wanted))} "  # noqa: S608
            f"ON CONFLICT (organization_id) DO UPDATE SET last = {table}.last + excluded.last "
            "RETURNING organization_id, last",
            [value for row in wanted for value in row],
        )
        return {organization: last - counts[organization] + 1 for organization, last in cursor.fetchall()}
