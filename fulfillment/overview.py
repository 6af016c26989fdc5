"""What a campaign came to so far (Campaign overview): minutes, viewers, claims and rewards, right to the minute.

Every figure is read from counts that are kept as things happen, so that the overview of a campaign costs the same after
ten viewer-hours and after ten million. What a platform counts itself it tells nobody: that is None here, never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from campaigns.models import Campaign, CampaignPlatform, CampaignReward
from campaigns.rules.timeline import QUARTER, Span, Unit, spans, unit_for
from campaigns.watch.figures import (
    InSpans,
    LiveNow,
    MinutesOverTime,
    Totals,
    earned_of,
    figures_of,
    live_now,
    live_within,
    minutes_over_time,
    moment_of,
)
from fulfillment.claim_counts import claims_by_quarter, counts_of, quarter_of
from fulfillment.models.counts import QUARTER_SECONDS
from fulfillment.rules.states import State
from portal import platforms

_AHEAD = timedelta(minutes=5)
_INSTANT = timedelta(microseconds=1)

DELIVERED = (State.DELIVERED, State.CONFIRMED)
ON_THEIR_WAY = (State.RECEIVED, State.READY, State.DELIVERING)
WAITING = (State.WAITING,)
STUCK = (State.HELD, State.QUARANTINED, State.FAILED)
CLOSED = (State.DUPLICATE, State.ABANDONED)


@dataclass(frozen=True, slots=True)
class CountedBy:
    """The names of the platforms on which the portal counts, and of those that count themselves."""

    portal: Sequence[str] = ()
    platform: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ClaimFigures:
    """Claims by state; each claim is in one."""

    by_state: Mapping[str, int]

    def of(self, states: Sequence[State]) -> int:
        """Return how many are in one of these states."""
        return sum(self.by_state.get(state.value, 0) for state in states)

    @property
    def total(self) -> int:
        """Return how many there are."""
        return sum(self.by_state.values())


@dataclass(frozen=True, slots=True)
class RewardLine:
    """One reward of the campaign; ``reward`` None stands for claims whose reward the campaign does not have.

    ``earned`` None: a platform counts who earns it.
    """

    reward: CampaignReward | None
    earned: int | None
    claims: ClaimFigures


@dataclass(frozen=True, slots=True)
class OverTime:
    """Figures per span. ``minutes`` None: a platform counts them. ``claims_outside`` were granted in none of the spans."""

    unit: Unit
    spans: Sequence[Span]
    claims: Sequence[int]
    claims_outside: int
    minutes: InSpans | None
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page shows but the channels. ``totals`` and ``live`` None: not known; ``over_time`` None: not begun."""

    campaign: Campaign
    counted_by: CountedBy
    totals: Totals | None
    live: LiveNow | None
    peak: tuple[int, datetime] | None
    claims: ClaimFigures
    rewards: Sequence[RewardLine]
    over_time: OverTime | None


def overview_of(campaign: Campaign, *, zone_name: str, now: datetime) -> Overview:
    """Return the overview of a campaign, its spans as clocks in a zone show them.

    The number of queries is the same for every campaign. ``campaign`` comes with its organization.

    Raises:
        UnknownZone: there is no such zone.
    """
    counted_by = counted_by_of(campaign)
    counts = counts_of(campaign.pk)
    quarters = claims_by_quarter(campaign.pk)
    known = bool(counted_by.portal)
    minutes = minutes_over_time(campaign.pk) if known else MinutesOverTime()
    return Overview(
        campaign=campaign,
        counted_by=counted_by,
        totals=figures_of(campaign.pk) if known else None,
        live=live_now(campaign.pk, within=within_of(campaign), now=now) if known else None,
        peak=minutes.peak(),
        claims=claim_figures_of(counts),
        rewards=_rewards(campaign, counts, earned_of(campaign.pk) if known else None),
        over_time=_over_time(campaign, quarters, minutes if known else None, zone_name=zone_name, now=now),
    )


def within_of(campaign: Campaign) -> timedelta:
    """Return how old a minute may be to be now, by the rule of the campaign's organization (W8)."""
    return live_within(one_stream_at_a_time=campaign.organization.one_stream_at_a_time)


def counted_by_of(campaign: Campaign) -> CountedBy:
    """Return who counts on the platforms of a campaign. One query."""
    who = dict(CampaignPlatform.objects.filter(campaign=campaign).values_list("platform", "counted_by"))
    names = {key: platform.name for key, platform in platforms.registry.items()}
    portal, themselves = (
        [name for key, name in names.items() if who.get(key) == counter]
        for counter in (CampaignPlatform.CountedBy.PORTAL, CampaignPlatform.CountedBy.PLATFORM)
    )
    return CountedBy(portal, themselves)


def claim_figures_of(counts: Mapping[tuple[str, str], int]) -> ClaimFigures:
    """Return the claims of a campaign by state, of all its rewards together."""
    by_state: Counter[str] = Counter()
    for (_campaign_reward, state), claims in counts.items():
        by_state[state] += claims
    return ClaimFigures(by_state)


def _rewards(
    campaign: Campaign, counts: Mapping[tuple[str, str], int], earned: Mapping[str, int] | None
) -> list[RewardLine]:
    by_reward: dict[str, Counter[str]] = {}
    for (campaign_reward, state), claims in counts.items():
        by_reward.setdefault(campaign_reward, Counter())[state] += claims
    rows = campaign.rewards.select_related("reward").order_by("position", "pk")
    lines = [
        RewardLine(
            row, earned.get(row.pk, 0) if earned is not None else None, ClaimFigures(by_reward.pop(row.pk, Counter()))
        )
        for row in rows
    ]
    rest: Counter[str] = sum(by_reward.values(), Counter())
    return [*lines, RewardLine(None, None, ClaimFigures(rest))] if rest else lines


def _over_time(
    campaign: Campaign,
    quarters: Mapping[int, int],
    minutes: MinutesOverTime | None,
    *,
    zone_name: str,
    now: datetime,
) -> OverTime | None:
    start, ends_at = campaign.starts_at, _ends_at(campaign)
    if start is None or ends_at is None or campaign.published_at is None or now <= start:
        return None
    last = moment_of(max(quarters) * QUARTER_SECONDS // 60) if quarters else start
    # This moment itself is shown, and what a platform granted by a clock that is a little ahead of ours.
    until = min(max(now, min(last, now + _AHEAD)) + _INSTANT, ends_at)
    if now > ends_at:  # what was claimed in the days after the end is shown too, but not the empty time after that
        until = min(now, max(ends_at, min(last + QUARTER, campaign.closes_at or ends_at)))
    unit = unit_for(start, until)
    shown = spans(start, until, zone_name, unit)
    if not shown:
        return None
    edges = [span.start for span in shown] + [shown[-1].end]
    claims = _in_spans(quarters, edges)
    return OverTime(
        unit=unit,
        spans=shown,
        claims=claims,
        claims_outside=sum(quarters.values()) - sum(claims),
        minutes=minutes.within(edges) if minutes is not None else None,
        goes_on=shown[-1].end > now,
    )


def _ends_at(campaign: Campaign) -> datetime | None:
    ends = [moment for moment in (campaign.ends_at, campaign.cancelled_at) if moment is not None]
    return min(ends, default=None)


def _in_spans(quarters: Mapping[int, int], edges: Sequence[datetime]) -> list[int]:
    count = len(edges) - 1
    if not quarters:
        return [0] * count
    at = np.fromiter(quarters.keys(), dtype=np.int64, count=len(quarters))
    claims = np.fromiter(quarters.values(), dtype=np.int64, count=len(quarters))
    places = np.searchsorted([quarter_of(edge) for edge in edges], at, side="right") - 1
    inside = (places >= 0) & (places < count)
    found = np.bincount(places[inside], weights=claims[inside], minlength=count)
    return [int(value) for value in found]
