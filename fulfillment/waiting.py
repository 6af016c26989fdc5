"""Having claims go on that wait for a code or for room in a limit, the first to come first (D8).

Only as many are looked at again as there is something for: a hundred thousand that wait cost nothing meanwhile.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models import CampaignReward
from fulfillment.marks import mark_for_resolve
from fulfillment.models import Claim, RewardCode
from fulfillment.rules.codes import WAITING_FOR_STOCK, Code
from fulfillment.rules.states import State
from fulfillment.rules.stock import Standing, day_in
from fulfillment.stock import given_of

MOST_AT_ONCE = 5000
"""So many of one reward and reason are looked at again in one run; the next goes on."""


def let_waiting_go_on(*, now: datetime, reward_id: str | None = None, most: int = MOST_AT_ONCE) -> int:
    """Have as many waiting claims worked out again as there are codes and room for; return how many.

    With ``reward_id`` only those of one reward. What is not needed after all waits on; the next run tries the next.
    """
    places = CampaignReward.objects.filter(Exists(_waiting().filter(campaign_reward=OuterRef("pk"))))
    if reward_id is not None:
        places = places.filter(reward=reward_id)
    rows = list(places.values_list("pk", "reward_id", "limit_total", "limit_per_day", "campaign__time_zone"))
    given = given_of([row[0] for row in rows], {row[0]: day_in(row[4], now) for row in rows})
    chosen: list[str] = []
    for place, reward, limit_total, limit_per_day, _zone in rows:
        in_all, today = given[place]
        total = Standing(in_all, limit_total).left
        daily = Standing(today, limit_per_day).left
        room = {
            Code.LIMIT_REACHED: most if total is None else total,
            Code.DAILY_LIMIT_REACHED: min(most if left is None else left for left in (total, daily)),
            Code.POOL_EMPTY: RewardCode.objects.filter(pool__reward=reward, state="free")[:most].count(),
        }
        for reason, count in room.items():
            waiting = _waiting().filter(campaign_reward=place, reason=reason).order_by("pk")
            chosen += waiting.values_list("pk", flat=True)[: min(count, most)]
    for start in range(0, len(chosen), most):
        mark_for_resolve(Q(pk__in=chosen[start : start + most]), now=now)
    return len(chosen)


def _waiting() -> QuerySet[Claim]:
    reasons = sorted(reason.value for reason in WAITING_FOR_STOCK)
    return Claim.objects.filter(
        state=State.HELD.value, reason__in=reasons, campaign_reward__isnull=False, resolve_at=None
    )
