"""How the limits of campaigns' rewards stand: for viewers, for the pages of staff, for alerts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from campaigns.models import CampaignReward
from fulfillment.rules.codes import Code
from fulfillment.rules.stock import Standing, day_in
from fulfillment.stock import given_of


@dataclass(frozen=True, slots=True)
class LimitOf:
    """How one reward of a campaign stands: in all, and today in the campaign's zone."""

    row: CampaignReward
    in_all: Standing
    today: Standing

    @property
    def used_up(self) -> Code | None:
        """Which limit leaves nothing; None if there is room."""
        if self.in_all.reached:
            return Code.LIMIT_REACHED
        return Code.DAILY_LIMIT_REACHED if self.today.reached else None

    @property
    def percent(self) -> int:
        """Which share of the tighter limit was given, in full percent."""
        return max(self.in_all.percent, self.today.percent)


def limits_of(rows: Iterable[CampaignReward], *, now: datetime) -> list[LimitOf]:
    """Return how those of these rewards that have a limit stand; they come with their campaign. One query, or none."""
    limited = [row for row in rows if row.limit_total is not None or row.limit_per_day is not None]
    if not limited:
        return []
    given = given_of([row.pk for row in limited], {row.pk: day_in(row.campaign.time_zone, now) for row in limited})
    return [
        LimitOf(row, Standing(given[row.pk][0], row.limit_total), Standing(given[row.pk][1], row.limit_per_day))
        for row in limited
    ]


def refused_now(rows: Iterable[CampaignReward], *, now: datetime) -> dict[str, Code]:
    """Return which of these rewards can no longer be claimed on the portal, and by which limit, by their ids.

    Those that hold claims over their limit are not among them: they can be claimed, and the claim waits. What is claimed at
    the same moment by more people than there is room for is held too: nothing is given over (see :mod:`fulfillment.stock`).
    """
    stopping = (row for row in rows if row.at_limit == CampaignReward.AtLimit.STOP)
    return {one.row.pk: one.used_up for one in limits_of(stopping, now=now) if one.used_up is not None}
