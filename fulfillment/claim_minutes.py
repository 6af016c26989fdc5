"""How many claims came in by the minute, by campaign and platform, and when the last one did.

Counted where a claim is bound to its campaign, in the same transaction, by when it arrived: that never changes, so what is
bound elsewhere later is taken away from where it was. Only one process works out claims at a time, so nobody waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery, Sum

from campaigns.models import Campaign
from fulfillment.models import Claim, ClaimMinute

KEPT = timedelta(hours=2)
"""The start page draws one hour."""

_ROWS_PER_STATEMENT = 500
_FORGOTTEN_AT_ONCE = 5000


def minute_of(moment: datetime) -> int:
    """Return the minute that a moment lies in, counted from 1970 in UTC."""
    return int(moment.timestamp()) // 60


def start_of(minute: int) -> datetime:
    """Return when a minute began."""
    return datetime.fromtimestamp(minute * 60, UTC)


class Minutes:
    """What an operation changes about these counts. Nothing is stored before ``write``, to be called in its transaction."""

    def __init__(self) -> None:
        self._changes: Counter[tuple[str, int, str]] = Counter()

    def add(self, campaign_id: str | None, claim: Claim, claims: int = 1) -> None:
        """Add a claim to a campaign, or take it away with -1. Without a campaign: nothing."""
        if campaign_id:
            self._changes[campaign_id, minute_of(claim.received_at), claim.platform] += claims

    def remove(self, claims: Iterable[Claim]) -> None:
        """Take these claims away, as their rows are."""
        for claim in claims:
            self.add(claim.campaign_id, claim, -1)

    def write(self) -> None:
        """Store the changes in key order: one statement for hundreds of them, none where nothing changes."""
        rows = [(*key, claims) for key, claims in sorted(self._changes.items()) if claims]
        self._changes.clear()
        table = ClaimMinute._meta.db_table
        for start in range(0, len(rows), _ROWS_PER_STATEMENT):
            part = rows[start : start + _ROWS_PER_STATEMENT]
            with connection.cursor() as cursor:
                cursor.execute(
                    f"INSERT INTO {table} (campaign_id, minute, platform, claims) VALUES "  # noqa: S608 - own names only
                    f"{', '.join(['(%s, %s, %s, %s)'] * len(part))} "
                    f"ON CONFLICT (campaign_id, minute, platform) DO UPDATE SET claims = {table}.claims + excluded.claims",
                    [value for values in part for value in values],
                )


def claims_by_minute(campaigns: QuerySet[Campaign], *, first: int, last: int) -> dict[int, int]:
    """Return how many claims of these campaigns came in each minute from ``first`` to ``last``. One query."""
    rows = ClaimMinute.objects.filter(campaign__in=campaigns, minute__gte=first, minute__lte=last)
    return dict(rows.order_by().values_list("minute").annotate(total=Sum("claims")))


def last_minute(*, campaign: Any, platform: Any) -> Subquery:
    """Return, within a query, the last minute in which a claim of a campaign came from a platform."""
    rows = ClaimMinute.objects.filter(campaign=campaign, platform=platform, claims__gt=0)
    return Subquery(rows.order_by("-minute").values("minute")[:1])


def forget_minutes(*, now: datetime, limit: int = _FORGOTTEN_AT_ONCE) -> int:
    """Drop at most ``limit`` minutes that are over, but no campaign's last on a platform; return how many."""
    later = ClaimMinute.objects.filter(
        campaign=OuterRef("campaign"), platform=OuterRef("platform"), minute__gt=OuterRef("minute"), claims__gt=0
    )
    over = ClaimMinute.objects.filter(Exists(later), minute__lt=minute_of(now - KEPT))
    return ClaimMinute.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:limit])).delete()[0]
