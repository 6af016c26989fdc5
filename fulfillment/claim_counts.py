"""Counting claims without counting them: by campaign, reward and state, by the quarter of an hour of their grant, by day.

Whoever binds claims to a campaign, moves or removes them says so in the same transaction, through :class:`Changes`: a few
inserted rows for a whole batch, which wait for nobody. ``fold_changes`` sums them up from time to time; readers add what
is not folded yet. So the counts are those of the claims themselves at every moment, which ``differences`` checks.
Arriving claims are bound to nothing yet: a webhook touches no count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet, Sum

from campaigns.models import Campaign
from campaigns.rules.days import SECONDS as DAY_SECONDS
from campaigns.rules.days import day_number
from fulfillment.models import Claim, ClaimCount, ClaimCountChange, ClaimDay, ClaimEvent, ClaimQuarter
from fulfillment.models.counts import QUARTER_SECONDS
from fulfillment.rules.states import State

FOLDED_AT_ONCE = 5000
_ROWS_PER_STATEMENT = 500
_QUARTERS_OF_A_DAY = DAY_SECONDS // QUARTER_SECONDS
_HAPPENS = {State.DELIVERED: ClaimDay.What.DELIVERED, State.FAILED: ClaimDay.What.FAILED}
_HAPPENED = ", ".join(f"'{state.value}'" for state in _HAPPENS)

Binding = tuple[str | None, str | None]
"""Campaign and its reward, as a claim is bound to them."""

_Key = tuple[str, str, str, int | None, int | None]
"""Campaign, its reward or nothing, and a state; or campaign, nothing, nothing and a quarter; or campaign, its reward or
nothing, what happened, nothing and a day."""


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
            self._changes[campaign_id, campaign_reward_id or "", str(state), None, None] += claims

    def in_quarter(self, campaign_id: str | None, quarter: int | None, claims: int) -> None:
        """Add so many claims in a quarter of an hour; a negative number takes them away."""
        if campaign_id and quarter is not None:
            self._changes[campaign_id, "", "", quarter, None] += claims

    def granted(
        self, campaign_id: str | None, campaign_reward_id: str | None, quarter: int | None, claims: int
    ) -> None:
        """Add so many claims that were granted in a quarter of an hour, to it and to its day."""
        self.in_quarter(campaign_id, quarter, claims)
        if quarter is not None:
            day = quarter // _QUARTERS_OF_A_DAY
            self.on_day(campaign_id, campaign_reward_id, ClaimDay.What.GRANTED, day, claims)

    def moved(
        self, campaign_id: str | None, campaign_reward_id: str | None, *, to: State, claims: int, now: datetime
    ) -> None:
        """Add that so many claims came into a state, if it is one whose entering is counted by day."""
        if to in _HAPPENS:
            self.on_day(campaign_id, campaign_reward_id, _HAPPENS[to], day_number(now), claims)

    def on_day(self, campaign_id: str | None, campaign_reward_id: str | None, what: str, day: int, claims: int) -> None:
        """Add so many claims to which something happened in a day; a negative number takes them away."""
        if campaign_id:
            self._changes[campaign_id, campaign_reward_id or "", str(what), None, day] += claims

    def history(self, bound: Mapping[str, tuple[Binding, Binding]]) -> None:
        """Have what happened to claims counted where each is bound to now, no longer where it was. One query."""
        if not bound:
            return
        entered = ClaimEvent.objects.filter(claim__in=list(bound), to_state__in=list(_HAPPENS))
        for pk, state, at in entered.exclude(from_state=F("to_state")).values_list("claim", "to_state", "at"):
            before, after = bound[pk]
            self.moved(*before, to=State(state), claims=-1, now=at)
            self.moved(*after, to=State(state), claims=1, now=at)

    def remove(self, claims: Sequence[Claim]) -> None:
        """Take these claims away, as their rows are, and their history, which is still there. One query."""
        for claim in claims:
            self.in_state(claim.campaign_id, claim.campaign_reward_id, claim.state, -1)
            self.granted(claim.campaign_id, claim.campaign_reward_id, claim.counted_quarter, -1)
        self.history({claim.pk: ((claim.campaign_id, claim.campaign_reward_id), (None, None)) for claim in claims})

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
                    "(campaign_id, campaign_reward, state, quarter, day, claims) VALUES "
                    f"{', '.join(['(%s, %s, %s, %s, %s, %s)'] * len(part))}",
                    [value for values in part for value in values],
                )


def counts_of(campaign_id: str) -> dict[tuple[str, str], int]:
    """Return how many claims a campaign has, by its reward (empty: none of its own) and state. One query."""
    folded = ClaimCount.objects.filter(campaign=campaign_id).values_list("campaign_reward", "state", "claims")
    waiting = ClaimCountChange.objects.filter(campaign=campaign_id, quarter=None, day=None)
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


def counts_of_all(campaigns: QuerySet[Campaign]) -> dict[tuple[str, str], int]:
    """Return how many claims these campaigns have, by campaign and state. One query."""
    columns = ("campaign", "state")
    folded = ClaimCount.objects.filter(campaign__in=campaigns).order_by().values_list(*columns)
    waiting = ClaimCountChange.objects.filter(campaign__in=campaigns, quarter=None, day=None).order_by()
    counts: Counter[tuple[str, str]] = Counter()
    for campaign, state, claims in folded.annotate(total=Sum("claims")).union(
        waiting.values_list(*columns).annotate(total=Sum("claims")), all=True
    ):
        counts[campaign, state] += claims
    return {key: claims for key, claims in counts.items() if claims}


def quarters_of_all(campaigns: QuerySet[Campaign], *, first: int, last: int) -> dict[int, int]:
    """Return how many claims of these campaigns were granted in each quarter of an hour from ``first`` to ``last``. One query."""
    wanted = {"campaign__in": campaigns, "quarter__gte": first, "quarter__lte": last}
    folded = ClaimQuarter.objects.filter(**wanted).order_by().values_list("quarter").annotate(total=Sum("claims"))
    waiting = ClaimCountChange.objects.filter(**wanted).order_by().values_list("quarter").annotate(total=Sum("claims"))
    counts: Counter[int] = Counter()
    for quarter, claims in folded.union(waiting, all=True):
        counts[quarter] += claims
    return {quarter: claims for quarter, claims in sorted(counts.items()) if claims}


def claims_by_day(campaigns: QuerySet[Campaign], *, first: int, last: int) -> dict[tuple[int, str, str], Counter[str]]:
    """Return what happened to the claims of some campaigns, by day, campaign and its reward (empty: none of its own).

    Of the days from ``first`` to ``last``; days, campaigns and rewards to which nothing happened are missing. One query.
    """
    columns = ("day", "campaign", "campaign_reward")
    wanted = {"campaign__in": campaigns, "day__gte": first, "day__lte": last}
    folded = ClaimDay.objects.filter(**wanted).values_list(*columns, "what", "claims")
    waiting = ClaimCountChange.objects.filter(**wanted).values_list(*columns, "state", "claims")
    counts: dict[tuple[int, str, str], Counter[str]] = defaultdict(Counter)
    for day, campaign, campaign_reward, what, claims in folded.union(waiting, all=True):
        counts[day, campaign, campaign_reward][what] += claims
    return {key: happened for key, happened in sorted(counts.items()) if any(happened.values())}


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
        days: Counter[tuple[Any, ...]] = Counter()
        for campaign, campaign_reward, state, quarter, day, claims in taken:
            if quarter is not None:
                quarters[campaign, quarter] += claims
            elif day is not None:
                days[campaign, day, campaign_reward, state] += claims
            else:
                states[campaign, campaign_reward, state] += claims
        _add(ClaimCount._meta.db_table, ("campaign_id", "campaign_reward", "state"), states)
        _add(ClaimQuarter._meta.db_table, ("campaign_id", "quarter"), quarters)
        _add(ClaimDay._meta.db_table, ("campaign_id", "day", "campaign_reward", "what"), days)
    return len(taken)


def _take(limit: int) -> list[tuple[Any, ...]]:
    table = ClaimCountChange._meta.db_table
    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    with connection.cursor() as cursor:
        cursor.execute(
            # Chosen once and beforehand: within the condition PostgreSQL may choose anew for each row, past those it has taken.
            f"WITH taken AS MATERIALIZED (SELECT id FROM {table} ORDER BY id LIMIT %s {lock}) "  # noqa: S608 - own names only
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM taken) "
            "RETURNING campaign_id, campaign_reward, state, quarter, day, claims",
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
    """So many ``claims`` more there are than the counts say, or fewer, in a state of a reward, in a quarter or on a day.

    Of a day ``state`` is what happened to them.
    """

    campaign_id: str
    campaign_reward_id: str
    state: str
    claims: int
    quarter: int | None = None
    day: int | None = None


def differences() -> list[Difference]:
    """Recount all claims and return where the counts say something else: nothing, unless rows were written by hand.

    Reads every claim that belongs to a campaign, and the history. Each of its three statements sees one moment, so it may
    run at any time.
    """
    return [*_state_differences(), *_quarter_differences(), *_day_differences()]


def mend_counts() -> int:
    """Make the counts what the claims are, by changes that make up for the differences; return how many there were."""
    with transaction.atomic():
        fill_quarters()
        found = differences()
        changes = Changes()
        for one in found:
            if one.day is not None:
                changes.on_day(one.campaign_id, one.campaign_reward_id, one.state, one.day, one.claims)
            elif one.quarter is not None:
                changes.in_quarter(one.campaign_id, one.quarter, one.claims)
            else:
                changes.in_state(one.campaign_id, one.campaign_reward_id, one.state, one.claims)
        changes.write()
    return len(found)


def fill_quarters() -> int:
    """Say of claims that have a campaign, but not under which quarter of an hour they are counted, which it is."""
    quarter = f"{_seconds('COALESCE(granted_at, received_at)')} / {QUARTER_SECONDS}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Claim._meta.db_table} SET counted_quarter = {quarter} "  # noqa: S608 - own names only
            "WHERE campaign_id IS NOT NULL AND counted_quarter IS NULL",
            [],
        )
        return int(cursor.rowcount)


def _seconds(moment: str) -> str:
    """Return SQL for the full seconds since 1970 of a time."""
    # On SQLite without its fraction, which would be rounded: a claim of the last moment belongs to the quarter that ends.
    epoch = (
        f"FLOOR(EXTRACT(EPOCH FROM {moment}))"
        if connection.vendor == "postgresql"
        else f"strftime('%%s', SUBSTR({moment}, 1, 19))"
    )
    return f"CAST({epoch} AS bigint)"


def _state_differences() -> Iterator[Difference]:
    claims, counts, changes = (model._meta.db_table for model in (Claim, ClaimCount, ClaimCountChange))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT campaign_id, campaign_reward, state, SUM(claims) FROM ("  # noqa: S608 - own names only
            "SELECT campaign_id, COALESCE(campaign_reward_id, '') AS campaign_reward, state, COUNT(*) AS claims "
            f"FROM {claims} WHERE campaign_id IS NOT NULL GROUP BY campaign_id, campaign_reward_id, state "
            f"UNION ALL SELECT campaign_id, campaign_reward, state, -claims FROM {counts} "
            f"UNION ALL SELECT campaign_id, campaign_reward, state, -claims FROM {changes} "
            "WHERE quarter IS NULL AND day IS NULL) AS told GROUP BY campaign_id, campaign_reward, state HAVING SUM(claims) <> 0 ORDER BY 1, 2, 3"
        )
        for campaign, campaign_reward, state, claims_more in cursor.fetchall():
            yield Difference(campaign, campaign_reward, state, int(claims_more))


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
            yield Difference(campaign, "", "", int(claims_more), quarter=int(quarter))


def _day_differences() -> Iterator[Difference]:
    claims, events, counts, changes = (m._meta.db_table for m in (Claim, ClaimEvent, ClaimDay, ClaimCountChange))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT campaign_id, campaign_reward, what, day, SUM(claims) FROM ("  # noqa: S608 - own names only
            "SELECT campaign_id, COALESCE(campaign_reward_id, '') AS campaign_reward, 'granted' AS what, "
            f"counted_quarter / {_QUARTERS_OF_A_DAY} AS day, 1 AS claims FROM {claims} "
            "WHERE campaign_id IS NOT NULL AND counted_quarter IS NOT NULL UNION ALL "
            "SELECT c.campaign_id, COALESCE(c.campaign_reward_id, ''), e.to_state, "
            f"{_seconds('e.at')} / {DAY_SECONDS}, 1 FROM {events} e JOIN {claims} c ON c.id = e.claim_id "
            f"WHERE c.campaign_id IS NOT NULL AND e.to_state IN ({_HAPPENED}) AND e.from_state <> e.to_state "
            f"UNION ALL SELECT campaign_id, campaign_reward, what, day, -claims FROM {counts} UNION ALL "
            f"SELECT campaign_id, campaign_reward, state, day, -claims FROM {changes} WHERE day IS NOT NULL"
            ") AS told GROUP BY campaign_id, campaign_reward, what, day HAVING SUM(claims) <> 0 ORDER BY 1, 2, 3, 4",
            [],
        )
        for campaign, campaign_reward, what, day, claims_more in cursor.fetchall():
            yield Difference(campaign, campaign_reward, what, int(claims_more), day=int(day))
