"""What there is to give: room in the limits of campaigns' rewards, and codes of pools (D8). Part of resolving claims.

Read for all claims of a batch at once, given to one after the other in memory, and written in the same transaction. Only one
process resolves at a time, and only it writes :class:`RewardGiven`: no more is ever given than there is. What goes the other
way, a place or a code that is given up, is seen in the next batch.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Value

from campaigns.models import CampaignReward
from fulfillment.ledger import ClaimChanged
from fulfillment.models import Claim, CodePool, RewardCode, RewardFreed, RewardGiven
from fulfillment.rules.codes import Code
from fulfillment.rules.decision import EndpointKind
from fulfillment.rules.stock import Standing, day_in
from fulfillment.slots import Contender

TOTAL = 0
"""The day of a count that is of all days."""


@dataclass(slots=True)
class _Room:
    """What the limits of one campaign's reward leave. ``taken``: how many places were given in this batch."""

    limit_total: int | None
    limit_per_day: int | None
    today: int
    given: int = 0
    given_today: int = 0
    taken: int = 0

    def lacking(self, waived: Collection[str]) -> Code | None:
        """Return which limit is in the way; None if there is a place."""
        total = Standing(self.given + self.taken, self.limit_total)
        if total.reached and Code.LIMIT_REACHED not in waived:
            return Code.LIMIT_REACHED
        today = Standing(self.given_today + self.taken, self.limit_per_day)
        return Code.DAILY_LIMIT_REACHED if today.reached and Code.DAILY_LIMIT_REACHED not in waived else None


@dataclass(slots=True)
class Stock:
    """What there is for the claims of one batch. ``refused`` says what a claim lacked, ``codes`` which code it got."""

    rooms: dict[str, _Room] = field(default_factory=dict)
    free: dict[str, list[int]] = field(default_factory=dict)
    refused: dict[str, Code] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)

    def admit(self, contender: Contender) -> bool:
        """Give a claim, which has its slot, its place and its code, or neither; say whether it has all it needs.

        What holds its slot since before places were counted is counted, whatever the limit is by now.
        """
        claim, known = contender.claim, contender.known
        place = known.columns.campaign_reward_id
        if not contender.needs_one or place is None:
            return True
        room = None if keeps_place(claim, place) else self.rooms[place]
        if room is not None and not (known.facts.frozen and claim.player_slot is not None):
            lacking = room.lacking(claim.waived)
            if lacking is not None:
                self.refused[claim.pk] = lacking
                return False
        if _needs_code(contender):
            free = self.free.get(known.columns.reward_id or "")
            if not free:
                self.refused[claim.pk] = Code.POOL_EMPTY
                return False
            self.codes[claim.pk] = free.pop()
        if room is not None:
            room.taken += 1
        return True

    def day_of(self, claim: Claim, place: str | None) -> int | None:
        """Return the day under which an admitted claim has its place."""
        if place is None or keeps_place(claim, place):
            return claim.given_day
        return self.rooms[place].today if place in self.rooms else None

    def book(self) -> None:
        """Write the places that were given: two statements, none where none was."""
        rows = [row for place, room in sorted(self.rooms.items()) if room.taken for row in _rows(place, room)]
        if rows:
            _add(rows)

    def hand_out(self, *, now: datetime) -> None:
        """Write whose code each code is: one statement, none where none was given."""
        if not self.codes:
            return
        rows = sorted((code, claim) for claim, code in self.codes.items())
        table = RewardCode._meta.db_table
        values = ", ".join(["(CAST(%s AS bigint), %s)"] * len(rows))
        moment = connection.ops.adapt_datetimefield_value(now)
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH given (code, claim) AS (VALUES {values}) UPDATE {table} "  # noqa: S608 - names of our own only
                "SET state = 'reserved', claim_id = given.claim, assigned_at = %s FROM given "
                f"WHERE {table}.id = given.code AND {table}.state = 'free' RETURNING {table}.id",
                [*(value for row in rows for value in row), moment],
            )
            if len(cursor.fetchall()) != len(rows):
                raise ClaimChanged("A code that was free is no longer.")


def keeps_place(claim: Claim, place: str) -> bool:
    """Whether a claim has its place in the limits of this campaign's reward already."""
    return claim.given_day is not None and claim.campaign_reward_id == place


def read_stock(contenders: Sequence[Contender], *, now: datetime) -> Stock:
    """Return what there is for these claims. The number of queries depends on how many pools they draw from, not on them."""
    stock = Stock()
    seeking = {
        place
        for one in contenders
        if one.needs_one
        and (place := one.known.columns.campaign_reward_id) is not None
        and not keeps_place(one.claim, place)
    }
    if seeking:
        stock.rooms = _read_rooms(seeking, now)
    wanted = Counter(one.known.columns.reward_id or "" for one in contenders if _needs_code(one))
    if wanted:
        stock.free = _lock_codes(wanted)
    return stock


def given_of(places: Iterable[str], days: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Return how many places were given in all and on the day named for each, by campaign's reward. One query."""
    wanted = list(places)
    given: Counter[tuple[str, int]] = Counter()
    counted = RewardGiven.objects.filter(campaign_reward__in=wanted, day__in={TOTAL, *days.values()})
    freed = RewardFreed.objects.filter(campaign_reward__in=wanted).order_by()
    rows = counted.order_by().values_list("campaign_reward_id", "day", "given", Value(0))
    for place, day, count, less in rows.union(
        freed.values_list("campaign_reward_id", "day", Value(0), "claims"), all=True
    ):
        given[place, day] += count - less
        given[place, TOTAL] -= less
    return {place: (given[place, TOTAL], given[place, days[place]]) for place in wanted}


def _needs_code(contender: Contender) -> bool:
    known = contender.known
    return contender.needs_one and known.facts.endpoint is EndpointKind.CODE and not known.has_code


def _read_rooms(places: Collection[str], now: datetime) -> dict[str, _Room]:
    _fold(places)
    rows = CampaignReward.objects.filter(pk__in=places).values_list(
        "pk", "limit_total", "limit_per_day", "campaign__time_zone"
    )
    rooms = {pk: _Room(total, per_day, day_in(zone, now)) for pk, total, per_day, zone in rows}
    days = {room.today for room in rooms.values()}
    for place, day, given in RewardGiven.objects.filter(campaign_reward__in=places, day__in={TOTAL, *days}).values_list(
        "campaign_reward_id", "day", "given"
    ):
        if day == TOTAL:
            rooms[place].given = given
        elif day == rooms[place].today:
            rooms[place].given_today = given
    return rooms


def _fold(places: Collection[str]) -> None:
    """Sum up what was given up of these rewards' places since the last time."""
    freed: Counter[tuple[str, int]] = Counter()
    table, marks = RewardFreed._meta.db_table, ", ".join(["%s"] * len(places))
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE campaign_reward_id IN ({marks}) "  # noqa: S608 - names of our own only
            "RETURNING campaign_reward_id, day, claims",
            sorted(places),
        )
        for place, day, claims in cursor.fetchall():
            freed[place, TOTAL] -= claims
            freed[place, day] -= claims
    if freed:
        _add([(place, day, change, None) for (place, day), change in sorted(freed.items())], keep_allowed=True)


def _rows(place: str, room: _Room) -> list[tuple[str, int, int, int | None]]:
    total = None if room.limit_total is None else max(room.limit_total, room.given + room.taken)
    today = None if room.limit_per_day is None else max(room.limit_per_day, room.given_today + room.taken)
    return [(place, TOTAL, room.taken, total), (place, room.today, room.taken, today)]


def _add(rows: Sequence[tuple[str, int, int, int | None]], *, keep_allowed: bool = False) -> None:
    """Add to counts: campaign's reward, day, change, what is allowed. In two steps: an insert may not stand below zero."""
    table = RewardGiven._meta.db_table
    allowed = f"{table}.allowed" if keep_allowed else "CAST(change.allowed AS bigint)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (campaign_reward_id, day, given) "  # noqa: S608 - names of our own only
            f"VALUES {', '.join(['(%s, %s, 0)'] * len(rows))} ON CONFLICT (campaign_reward_id, day) DO NOTHING",
            [value for place, day, _change, _allowed in rows for value in (place, day)],
        )
        cursor.execute(
            f"WITH change (place, day, given, allowed) AS (VALUES {', '.join(['(%s, %s, %s, %s)'] * len(rows))}) "  # noqa: S608
            f"UPDATE {table} SET given = {table}.given + CAST(change.given AS bigint), allowed = {allowed} "
            f"FROM change WHERE {table}.campaign_reward_id = change.place AND {table}.day = CAST(change.day AS bigint)",
            [value for row in rows for value in row],
        )


def _lock_codes(wanted: Mapping[str, int]) -> dict[str, list[int]]:
    """Return so many free codes of each reward's pool as are wanted and there, locked; the last is given first."""
    pools = dict(CodePool.objects.filter(reward__in=wanted).values_list("reward_id", "pk"))
    free: dict[str, list[int]] = defaultdict(list)
    for reward, pool in sorted(pools.items()):
        codes = RewardCode.objects.select_for_update(skip_locked=True, of=("self",)).filter(pool=pool, state="free")
        free[reward] = list(codes.order_by("pk").values_list("pk", flat=True)[: wanted[reward]])[::-1]
    return free


def assigned(claims: Sequence[Any]) -> None:
    """Note that codes which were reserved for these claims are theirs to see."""
    reserved = RewardCode.objects.filter(claim__in=[claim.pk for claim in claims], state=RewardCode.State.RESERVED)
    reserved.update(state=RewardCode.State.ASSIGNED)
