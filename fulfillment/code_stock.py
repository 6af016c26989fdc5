"""How much is left in pools of codes, and how long it lasts (D8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Count, OuterRef, QuerySet, Subquery

from fulfillment.health.among import count_among
from fulfillment.health.facts import CAP
from fulfillment.models import CodePool, RewardCode
from fulfillment.rules.stock import Forecast, Rate, forecast

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
_SHORTEST = timedelta(hours=1)
"""A pace is never told of less: of a few minutes it would be chance."""


@dataclass(frozen=True, slots=True)
class PoolStanding:
    """A pool with what it has left, counted to ``CAP``, and for how long."""

    pool: CodePool
    free: int
    forecast: Forecast

    @property
    def is_low(self) -> bool:
        """Whether it is at its threshold or below."""
        return self.free <= self.pool.low_stock


def counted_pools(pools: QuerySet[CodePool], *, now: datetime) -> QuerySet[CodePool]:
    """Have pools read with ``free_codes``, ``last_day``, ``last_week`` (capped) and ``first_assigned_at``: in one query."""
    codes = RewardCode.objects.filter(pool=OuterRef("pk"))
    free = codes.filter(state=RewardCode.State.FREE.value).order_by("pk").values("pk")
    given = codes.filter(assigned_at__isnull=False).order_by("assigned_at")
    return pools.annotate(
        free_codes=count_among(free[:CAP]),
        last_day=count_among(given.filter(assigned_at__gt=now - DAY).values("pk")[:CAP]),
        last_week=count_among(given.filter(assigned_at__gt=now - WEEK).values("pk")[:CAP]),
        first_assigned_at=Subquery(given.values("assigned_at")[:1]),
    )


def standing_of(pool: CodePool, *, now: datetime) -> PoolStanding:
    """Return how a pool of :func:`counted_pools` stands."""
    counted = cast(Any, pool)
    age = max(now - counted.first_assigned_at, _SHORTEST) if counted.first_assigned_at else WEEK
    rates = (Rate(counted.last_day, min(DAY, age)), Rate(counted.last_week, min(WEEK, age)))
    return PoolStanding(pool, counted.free_codes, forecast(free=counted.free_codes, rates=rates, now=now))


def stock_of(pool: CodePool) -> Counter[str]:
    """Return how many codes of a pool are in which state: read from one index, of a million at most."""
    rows = RewardCode.objects.filter(pool=pool).order_by().values_list("state").annotate(count=Count("pk"))
    return Counter(dict(rows))


def last_given(pool: CodePool) -> datetime | None:
    """Return when the last code of a pool was given to a claim."""
    given = RewardCode.objects.filter(pool=pool, assigned_at__isnull=False).order_by("-assigned_at")
    return given.values_list("assigned_at", flat=True).first()


def stock_rows(pools: Iterable[CodePool]) -> Iterable[tuple[Any, ...]]:
    """Yield a line for each pool with how many codes are in which state, for a file: no code stands in it."""
    for pool in pools:
        stock = stock_of(pool)
        yield (
            *(pool.name, pool.label, pool.reward.name, pool.reward.game.name, pool.low_stock),
            *(stock[state.value] for state in RewardCode.State),
        )


STOCK_COLUMNS = (
    *("pool", "label", "reward", "game", "low_stock_threshold"),
    *(state.value for state in RewardCode.State),
)
