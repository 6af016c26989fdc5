"""The charts of the start page: claims over time, what part is linked and delivered, how long it took, why attempts failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.start.asked import HOUR, MINUTE, QUARTER, Span
from fulfillment.admin.words import REASON_NAMES
from fulfillment.overview import ClaimFigures
from fulfillment.pace import Pace
from fulfillment.rules.codes import Code
from fulfillment.rules.pace import percentile
from fulfillment.rules.shares import delivered_percent, linked_percent
from portal.charts import BarChart, BarRow, Drawn, Every, Series, TimeChart

COMPARED = 6
"""So many campaigns are compared, those with most claims."""

_MEDIAN, _NEARLY_ALL = 50, 95
_UNITS: Sequence[tuple[int, str | Promise]] = (
    (86_400, _("days")),
    (3600, _("hours")),
    (60, _("minutes")),
    (1, _("seconds")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Within how many seconds half, and 95 in 100, were delivered after they were claimed; None where nothing was."""

    median: int | None
    nearly_all: int | None


def places_of(span: Span, now: datetime) -> list[datetime]:
    """Return when each place of a chart begins, the one that this moment is in last."""
    seconds = int(span.place.total_seconds())
    last = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    count = span.length // span.place
    return [last - span.place * back for back in reversed(range(count))]


def claims_chart(span: Span, counts: Mapping[int, int], *, now: datetime) -> TimeChart:
    """Return claims over time. ``counts`` are by minute of arrival for the last hour, else by quarter of an hour of the grant."""
    places = places_of(span, now)
    unit = MINUTE if span.place == MINUTE else QUARTER
    values = [_within(counts, start, span.place, unit) for start in places]
    if span.place == MINUTE:
        title = _t("Claims per minute, as they came in")
    elif span.place == QUARTER:
        title = _t("Claims per quarter of an hour, by when they were granted")
    else:
        title = _t("Claims per hour, by when they were granted")
    return TimeChart(
        key="start-claims",
        title=title,
        axis=str(span.axis),
        every=span.every,
        starts=places,
        labels=[_label(start, span) for start in places],
        series=[Series(_t("claims"), values)],
        empty=_t("No claim in %(span)s.") % {"span": span.title},
        so_far=True,
    )


def _within(counts: Mapping[int, int], start: datetime, length: timedelta, unit: timedelta) -> int:
    first = int(start.timestamp() // unit.total_seconds())
    return sum(counts.get(first + further, 0) for further in range(length // unit))


def _label(start: datetime, span: Span) -> str:
    return f"{start:%H:%M}" if span.place == MINUTE else f"{start:%Y-%m-%d %H:%M}"


def took(hours: Mapping[datetime, Pace]) -> Took:
    """Return how long deliveries of all these hours took."""
    return _took(sum((pace.within for pace in hours.values()), Counter()))


def _took(within: Counter[int]) -> Took:
    return Took(median=percentile(within, _MEDIAN), nearly_all=percentile(within, _NEARLY_ALL))


def pace_chart(span: Span, hours: Mapping[datetime, Pace], *, now: datetime) -> TimeChart:
    """Return the median and the 95th percentile of the time from claim to delivery, by the hour of the delivery."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    starts = [this_hour - HOUR * back for back in reversed(range(span.pace_hours))]
    each = [_took(hours[start].within) if start in hours else Took(median=None, nearly_all=None) for start in starts]
    size, unit = _unit([value for one in each for value in (one.median, one.nearly_all) if value is not None])
    return TimeChart(
        key="start-pace",
        title=_t("From claim to delivery, in %(unit)s") % {"unit": unit},
        axis=_t("Hour of the delivery from, in UTC"),
        every=Every.HOUR,
        starts=starts,
        labels=[f"{start:%Y-%m-%d %H:%M}" for start in starts],
        series=[
            Series(_t("median"), [_in_unit(one.median, size) for one in each]),
            Series(_t("95th percentile"), [_in_unit(one.nearly_all, size) for one in each]),
        ],
        drawn=Drawn.LINES,
        missing=_t("none delivered"),
        empty=_t("Nothing was delivered in this time."),
        so_far=True,
    )


def _unit(values: Sequence[int]) -> tuple[int, str]:
    """Return the largest unit in which the largest value is at least 2, and its name."""
    largest = max(values, default=0)
    size, name = next(((size, name) for size, name in _UNITS if largest >= 2 * size), _UNITS[-1])
    return size, str(name)


def _in_unit(seconds: int | None, size: int) -> float | int | None:
    if seconds is None:
        return None
    return _plain(round(seconds / size, 1))


def _shares(claims: ClaimFigures) -> list[float | int | None]:
    return [_plain(linked_percent(claims.by_state)), _plain(delivered_percent(claims.by_state))]


def _plain(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def failures_chart(hours: Mapping[datetime, Pace], *, since: datetime, listing: str) -> BarChart:
    """Return why attempts to deliver failed, the most frequent reason first; ``listing`` has the attempts."""
    failures: Counter[str] = Counter()
    for hour, pace in hours.items():
        if hour >= since:
            failures.update(pace.failures)
    return BarChart(
        key="start-failures",
        title=_t("Failed attempts to deliver, by reason"),
        head=_t("Reason"),
        names=[_t("attempts")],
        rows=[BarRow(name=_reason(reason), values=[count], url=listing) for reason, count in failures.most_common()],
        empty=_t("No attempt has failed since %(time)s UTC.") % {"time": f"{since:%Y-%m-%d %H:%M}"},
    )


def _reason(reason: str) -> str:
    try:
        return str(REASON_NAMES[Code(reason)])
    except ValueError:
        return reason


def shares_chart(rows: Sequence[tuple[str, str, ClaimFigures]]) -> BarChart:
    """Return what part of the claims is linked, and what part delivered; ``rows`` are names, addresses and claims."""
    most = sorted(rows, key=lambda row: -row[2].total)[:COMPARED]
    return BarChart(
        key="start-shares",
        title=_t("Linked and delivered, in percent of the claims"),
        head=_t("Of"),
        names=[_t("linked"), _t("delivered")],
        rows=[BarRow(name=name, values=_shares(claims), url=url) for name, url, claims in most if claims.total],
        missing=_t("none to tell of"),
        empty=_t("Nothing was claimed yet."),
        whole=100,
    )
