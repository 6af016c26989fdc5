"""Counting claims without counting them: by campaign, reward and state, and by the quarter of an hour of their grant.

Whoever binds claims to a campaign, moves or removes them says so in the same transaction, through :class:`Changes`: a few
inserted rows for a whole batch, which wait for nobody. ``fold_changes`` sums them up from time to time; readers add what
is not folded yet. So the counts are those of the claims themselves at every moment, which ``differences`` checks.
Arriving claims are bound to nothing yet: a webhook touches no count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from fulfillment.models import Claim, ClaimCount, ClaimCountChange, ClaimQuarter
from fulfillment.models.counts import QUARTER_SECONDS

FOLDED_AT_ONCE = 5000
_ROWS_PER_STATEMENT = 500

_Key = tuple[str, str, str, int | None]
"""Campaign, its reward or nothing, and a state; or campaign, nothing, nothing and a quarter."""


def quarter_of(moment: datetime) -> int:
    """Return the quarter of an hour that a moment lies in, counted from 1970 in UTC."""
    return int(moment.timestamp()) // QUARTER_SECONDS


class Changes:
    """What an operation changes about the counts. Nothing is stored before ``write``, to be called in its transaction."""

    def __init__(self) -> None:
        self._changes: Counter[_Key] = Counter()

    def in_state(self, campaign_id: str | None, campaign_reward_id: str | None, state: str, claims: int) -> None:
        """Add so many claims in a state of a reward; a negative number takes them away. Without a campaign: nothing."""
        if campaign_id:
            self._changes[campaign_id, campaign_reward_id or "", str(state), None] += claims

    def in_quarter(self, campaign_id: str | None, quarter: int | None, claims: int) -> None:
        """Add so many claims in a quarter of an hour; a negative number takes them away."""
        if campaign_id and quarter is not None:
            self._changes[campaign_id, "", "", quarter] += claims

    def remove(self, claims: Sequence[Claim]) -> None:
        """Take these claims away, as their rows are."""
        for claim in claims:
            self.in_state(claim.campaign_id, claim.campaign_reward_id, claim.state, -1)
            self.in_quarter(claim.campaign_id, claim.counted_quarter, -1)

    def write(self) -> None:
        """Store the changes: one statement, none where nothing changes.

        By a statement of our own: this goes along with every batch of deliveries.
        """
        rows = [(*key, claims) for key, claims in self._changes.items() if claims]
        self._changes.clear()
        for start in range(0, len(rows), _ROWS_PER_STATEMENT):
            part = rows[start : start + _ROWS_PER_STATEMENT]
            with connection.cursor() as cursor:
                cursor.execute(
                    f"INSERT INTO {ClaimCountChange._meta.db_table} "  # noqa: S608 - own names only
                    "(campaign_id, campaign_reward, state, quarter, claims) VALUES "
                    f"{', '.join(['(%s, %s, %s, %s, %s)'] * len(part))}",
                    [value for values in part for value in values],
                )


def counts_of(campaign_id: str) -> dict[tuple[str, str], int]:
    """Return how many claims a campaign has, by its reward (empty: none of its own) and state. One query."""
    folded = ClaimCount.objects.filter(campaign=campaign_id).values_list("campaign_reward", "state", "claims")
    waiting = ClaimCountChange.objects.filter(campaign=campaign_id, quarter=None)
    counts: Counter[tuple[str, str]] = Counter()
    for campaign_reward, state, claims in folded.union(
        waiting.values_list("campaign_reward", "state", "claims"), all=True
    ):
        counts[campaign_reward, state] += claims
    return {key: claims for key, claims in counts.items() if claims}


def claims_by_quarter(campaign_id: str) -> dict[int, int]:
    """Return how many of a campaign's claims were granted in each quarter of an hour, in order of time. One query."""
    folded = ClaimQuarter.objects.filter(campaign=campaign_id).values_list("quarter", "claims")
    waiting = ClaimCountChange.objects.filter(campaign=campaign_id, quarter__isnull=False)
    counts: Counter[int] = Counter()
    for quarter, claims in folded.union(waiting.values_list("quarter", "claims"), all=True):
        counts[quarter] += claims
    return {quarter: claims for quarter, claims in sorted(counts.items()) if claims}


def fold_changes(*, limit: int = FOLDED_AT_ONCE) -> int:
    """Sum up at most ``limit`` changes into the counts and return how many there were.

    Several processes may do it at once: each takes rows that no other has, and writes the counts in key order.
    """
    if not ClaimCountChange.objects.exists():  # asked outside a transaction: idle polling writes nothing
        return 0
    with transaction.atomic():
        taken = _take(limit)
        states: Counter[tuple[Any, ...]] = Counter()
        quarters: Counter[tuple[Any, ...]] = Counter()
        for campaign, campaign_reward, state, quarter, claims in taken:
            if quarter is None:
                states[campaign, campaign_reward, state] += claims
            else:
                quarters[campaign, quarter] += claims
        _add(ClaimCount._meta.db_table, ("campaign_id", "campaign_reward", "state"), states)
        _add(ClaimQuarter._meta.db_table, ("campaign_id", "quarter"), quarters)
    return len(taken)


def _take(limit: int) -> list[tuple[Any, ...]]:
    table = ClaimCountChange._meta.db_table
    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE id IN "  # noqa: S608 - own names only
            f"(SELECT id FROM {table} ORDER BY id LIMIT %s {lock}) "
            "RETURNING campaign_id, campaign_reward, state, quarter, claims",
            [limit],
        )
        return list(cursor.fetchall())


def _add(table: str, key: tuple[str, ...], sums: Mapping[tuple[Any, ...], int]) -> None:
    rows = [(*values, claims) for values, claims in sorted(sums.items()) if claims]
    row = f"({', '.join(['%s'] * (len(key) + 1))})"
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        part = rows[start : start + _ROWS_PER_STATEMENT]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(key)}, claims) VALUES {', '.join([row] * len(part))} "  # noqa: S608
                f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET claims = {table}.claims + excluded.claims",
                [value for values in part for value in values],
            )


@dataclass(frozen=True, slots=True)
class Difference:
    """So many ``claims`` more there are than the counts say, or fewer, in a state of a reward or in a quarter."""

    campaign_id: str
    campaign_reward_id: str
    state: str
    quarter: int | None
    claims: int


def differences() -> list[Difference]:
    """Recount all claims and return where the counts say something else: nothing, unless rows were written by hand.

    Reads every claim that belongs to a campaign. Each of its two statements sees one moment, so it may run at any time.
    """
    return [*_state_differences(), *_quarter_differences()]


def mend_counts() -> int:
    """Make the counts what the claims are, by changes that make up for the differences; return how many there were."""
    with transaction.atomic():
        fill_quarters()
        found = differences()
        changes = Changes()
        for one in found:
            if one.quarter is None:
                changes.in_state(one.campaign_id, one.campaign_reward_id, one.state, one.claims)
            else:
                changes.in_quarter(one.campaign_id, one.quarter, one.claims)
        changes.write()
    return len(found)


def fill_quarters() -> int:
    """Say of claims that have a campaign, but not under which quarter of an hour they are counted, which it is."""
    moment = "COALESCE(granted_at, received_at)"
    # On SQLite without its fraction, which would be rounded: a claim of the last moment belongs to the quarter that ends.
    epoch = (
        f"FLOOR(EXTRACT(EPOCH FROM {moment}))"
        if connection.vendor == "postgresql"
        else f"strftime('%%s', SUBSTR({moment}, 1, 19))"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Claim._meta.db_table} SET counted_quarter = "  # noqa: S608 - own names only
            f"CAST({epoch} AS bigint) / {QUARTER_SECONDS} WHERE campaign_id IS NOT NULL AND counted_quarter IS NULL",
            [],
        )
        return int(cursor.rowcount)


def _state_differences() -> Iterator[Difference]:
    claims, counts, changes = (model._meta.db_table for model in (Claim, ClaimCount, ClaimCountChange))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT campaign_id, campaign_reward, state, SUM(claims) FROM ("  # noqa: S608 - own names only
            "SELECT campaign_id, COALESCE(campaign_reward_id, '') AS campaign_reward, state, COUNT(*) AS claims "
            f"FROM {claims} WHERE campaign_id IS NOT NULL GROUP BY campaign_id, campaign_reward_id, state "
            f"UNION ALL SELECT campaign_id, campaign_reward, state, -claims FROM {counts} "
            f"UNION ALL SELECT campaign_id, campaign_reward, state, -claims FROM {changes} WHERE quarter IS NULL"
            ") AS told GROUP BY campaign_id, campaign_reward, state HAVING SUM(claims) <> 0 ORDER BY 1, 2, 3"
        )
        for campaign, campaign_reward, state, claims_more in cursor.fetchall():
            yield Difference(campaign, campaign_reward, state, None, int(claims_more))


def _quarter_differences() -> Iterator[Difference]:
    claims, counts, changes = (model._meta.db_table for model in (Claim, ClaimQuarter, ClaimCountChange))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT campaign_id, quarter, SUM(claims) FROM ("  # noqa: S608 - own names only
            f"SELECT campaign_id, counted_quarter AS quarter, COUNT(*) AS claims FROM {claims} "
            "WHERE campaign_id IS NOT NULL AND counted_quarter IS NOT NULL GROUP BY campaign_id, counted_quarter "
            f"UNION ALL SELECT campaign_id, quarter, -claims FROM {counts} "
            f"UNION ALL SELECT campaign_id, quarter, -claims FROM {changes} WHERE quarter IS NOT NULL"
            ") AS told GROUP BY campaign_id, quarter HAVING SUM(claims) <> 0 ORDER BY 1, 2"
        )
        for campaign, quarter, claims_more in cursor.fetchall():
            yield Difference(campaign, "", "", int(quarter), int(claims_more))
