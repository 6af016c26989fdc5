"""The charts of a campaign's overview: which figures are drawn, and what the page says where there are none yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.game_state.rule_words import rule_for_staff
from campaigns.models import Campaign
from campaigns.rules import zones
from campaigns.rules.timeline import Span, Unit
from campaigns.watch.figures import LiveNow
from fulfillment.overview import CLOSED, DELIVERED, ON_THEIR_WAY, STUCK, WAITING, OverTime, Overview, RewardLine
from fulfillment.rules.states import State
from portal.charts import BarChart, BarRow, Drawn, Every, Series, TimeChart

_EVERY = {Unit.HOUR: Every.HOUR, Unit.DAY: Every.DAY, Unit.WEEK: Every.DAY}
_AXES = {
    Unit.HOUR: _("Hour from, in %(zone)s"),
    Unit.DAY: _("Day, in %(zone)s"),
    Unit.WEEK: _("Week from, in %(zone)s"),
}
_STATES = (
    (_("Delivered"), DELIVERED),
    (_("On their way"), ON_THEIR_WAY),
    (_("Waiting for a link"), WAITING),
    (_("Held"), (State.HELD,)),
    (_("Quarantined"), (State.QUARANTINED,)),
    (_("Failed"), (State.FAILED,)),
    (_("Duplicates"), (State.DUPLICATE,)),
    (_("Closed without delivery"), (State.ABANDONED,)),
)


def charts_over_time(overview: Overview, *, zone_name: str, now: datetime) -> list[TimeChart]:
    """Return claims over time and, where the portal counts, minutes and viewers."""
    shown = overview.over_time
    axis = _axis(shown, zone_name)
    return [
        *(_minutes_charts(shown, overview, axis, now=now) if overview.totals is not None else []),
        _chart(
            axis,
            key="claims",
            title=_t("Claims"),
            series=[Series(_t("claims"), shown.claims if shown else ())],
            empty=_not_begun(overview.campaign, now) if shown is None else _t("Nothing was claimed yet."),
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Axis:
    """What the charts over time share."""

    name: str
    every: Every
    starts: Sequence[datetime]
    labels: Sequence[str]
    so_far: bool


def _axis(shown: OverTime | None, zone_name: str) -> _Axis:
    unit = shown.unit if shown else Unit.HOUR
    spans = shown.spans if shown else ()
    return _Axis(
        name=str(_AXES[unit]) % {"zone": zone_name},
        every=_EVERY[unit],
        starts=[span.local for span in spans],
        labels=[label_of(span, unit) for span in spans],
        so_far=shown.goes_on if shown else False,
    )


def _minutes_charts(shown: OverTime | None, overview: Overview, axis: _Axis, *, now: datetime) -> list[TimeChart]:
    minutes = shown.minutes if shown else None
    nothing = _not_begun(overview.campaign, now) if shown is None else _t("No minute was counted yet.")
    return [
        _chart(
            axis,
            key="minutes",
            title=_t("Watched minutes"),
            series=[Series(_t("watched minutes"), minutes.watched if minutes else ())],
            empty=nothing,
        ),
        _chart(
            axis,
            key="viewers",
            title=_t("Viewers at a time"),
            series=[
                Series(_t("most in a minute"), minutes.most if minutes else ()),
                Series(_t("average of the minutes with viewers"), minutes.average if minutes else ()),
            ],
            empty=nothing,
            drawn=Drawn.LINES,
        ),
    ]


def _chart(
    axis: _Axis, *, key: str, title: str, series: Sequence[Series], empty: str, drawn: Drawn = Drawn.BARS
) -> TimeChart:
    return TimeChart(
        key=key,
        title=title,
        axis=axis.name,
        every=axis.every,
        starts=axis.starts,
        labels=axis.labels,
        series=series,
        drawn=drawn,
        missing=_t("nobody reported"),
        empty=empty,
        so_far=axis.so_far,
    )


def label_of(span: Span, unit: Unit) -> str:
    """Return how a span is called in tables: when it begins, in the zone that the table names."""
    if unit is not Unit.HOUR:
        return f"{span.local:%Y-%m-%d}"
    told = f"{span.local:%Y-%m-%d %H:%M}"
    return _t("%(hour)s (second)") % {"hour": told} if span.occurs_again else told


def _not_begun(campaign: Campaign, now: datetime) -> str:
    if campaign.starts_at is None:
        return _t("Nothing yet: the campaign has no start.")
    start = zones.describe(campaign.starts_at, campaign.time_zone)
    if campaign.published_at is None:
        return _t("Nothing yet: the campaign is not published.")
    return _t("Nothing yet: the campaign starts at %(start)s.") % {"start": start}


def chart_of_last_hour(live: LiveNow, *, zone_name: str) -> TimeChart:
    """Return the viewers of each of the last 60 complete minutes. A minute that nobody reported is a gap."""
    starts = [
        zones.from_utc(live.first + timedelta(minutes=number), zone_name) for number in range(len(live.per_minute))
    ]
    return TimeChart(
        key="last-hour",
        title=_t("Viewers in the last hour"),
        axis=_t("Minute, in %(zone)s") % {"zone": zone_name},
        every=Every.MINUTE,
        starts=starts,
        labels=[f"{start:%H:%M}" for start in starts],
        series=[Series(_t("viewers"), [viewers or None for viewers in live.per_minute])],
        drawn=Drawn.LINES,
        missing=_t("nobody reported"),
        empty=_t("Nobody was reported to watch in the last hour."),
    )


def chart_of_states(overview: Overview) -> BarChart:
    """Return the claims by state, each with the list behind it."""
    listing = reverse("admin:fulfillment_claim_changelist")
    rows = []
    for name, states in _STATES:
        address = f"{listing}?campaign__id__exact={overview.campaign.pk}"
        if len(states) == 1:
            address += f"&state={states[0].value}"
        rows.append(BarRow(name=str(name), values=[overview.claims.of(states)], url=address))
    return BarChart(
        key="states",
        title=_t("Claims by state"),
        head=_t("State"),
        names=[_t("claims")],
        rows=rows,
        empty=_t("Nothing was claimed yet."),
    )


def chart_of_rewards(overview: Overview) -> BarChart:
    """Return what was earned, claimed and delivered of each reward; earned only where the portal counts."""
    known = overview.totals is not None
    earned = [_t("earned")] if known else []
    return BarChart(
        key="rewards",
        title=_t("Rewards compared"),
        head=_t("Reward"),
        names=[*earned, _t("claimed"), _t("delivered")],
        rows=[
            BarRow(
                name=name_of(line),
                values=[
                    *([line.earned] if known else []),
                    line.claims.total,
                    line.claims.of(DELIVERED),
                ],
            )
            for line in overview.rewards
        ],
        missing=_t("not known"),
        table=False,
        empty=_t("Nothing was earned or claimed yet.") if known else _t("Nothing was claimed yet."),
    )


def name_of(line: RewardLine) -> str:
    """Return a reward's name, or what stands for claims without one of the campaign's rewards."""
    return line.reward.reward.name if line.reward else _t("not a reward of this campaign")


def rule_of(line: RewardLine) -> str:
    """Return a reward's rule in a few words."""
    row = line.reward
    if row is None:
        return "–"
    return rule_for_staff(row)


def reward_cells(line: RewardLine) -> list[int | None]:
    """Return the figures of a reward's row: earned, claimed, delivered, on their way, waiting, for staff, closed."""
    states = (DELIVERED, ON_THEIR_WAY, WAITING, STUCK, CLOSED)
    return [line.earned, line.claims.total, *(line.claims.of(one) for one in states)]


def reward_heads() -> list[str]:
    """Return what stands above :func:`reward_cells`."""
    return [
        _t("Earned"),
        _t("Claimed"),
        _t("Delivered"),
        _t("On their way"),
        _t("Waiting for a link"),
        _t("Held, quarantined or failed"),
        _t("Duplicate or closed"),
    ]
