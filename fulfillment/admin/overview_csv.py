"""The tables of a campaign's overview as CSV, with the zone of their times in the heads. Numbers are plain, unknown is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.http import require_safe

from campaigns.models import Campaign
from campaigns.rules import zones
from campaigns.watch.figures import channels_of, moment_of
from fulfillment.admin.overview_charts import label_of, name_of, reward_cells, reward_heads, rule_of
from fulfillment.admin.overview_zone import UTC, chosen_zone
from fulfillment.overview import Overview, counted_by_of, overview_of
from portal import platforms
from portal.csv_files import csv_response

Rows = Iterator[Sequence[Any]]


@require_safe
def time_csv(request: HttpRequest, campaign: Campaign) -> StreamingHttpResponse:
    """Send claims, minutes and viewers over time."""
    zone_name, now = chosen_zone(request, campaign), timezone.now()
    return _sent(_time(overview_of(campaign, zone_name=zone_name, now=now), zone_name), campaign, "time", now)


@require_safe
def rewards_csv(request: HttpRequest, campaign: Campaign) -> StreamingHttpResponse:
    """Send what was earned, claimed and delivered of each reward."""
    now = timezone.now()
    return _sent(_rewards(overview_of(campaign, zone_name=UTC, now=now)), campaign, "rewards", now)


@require_safe
def channels_csv(request: HttpRequest, campaign: Campaign) -> StreamingHttpResponse:
    """Send the figures of all channels, not only of a page of them."""
    return _sent(_channels(campaign, chosen_zone(request, campaign)), campaign, "channels", timezone.now())


def _sent(rows: Rows, campaign: Campaign, table: str, now: datetime) -> StreamingHttpResponse:
    return csv_response(rows, name=f"{campaign.pk}-{table}-{now:%Y%m%dT%H%MZ}")


def _time(overview: Overview, zone_name: str) -> Rows:
    yield [
        _t("from (%(zone)s)") % {"zone": zone_name},
        _t("from (UTC)"),
        _t("to (UTC)"),
        _t("claims"),
        _t("watched minutes"),
        _t("most viewers in a minute"),
        _t("average viewers of the minutes with viewers"),
    ]
    shown = overview.over_time
    if shown is None:
        return
    for place, span in enumerate(shown.spans):
        minutes = shown.minutes
        figures = [minutes.watched[place], minutes.most[place], minutes.average[place]] if minutes else [None] * 3
        unknown = _t("nobody reported") if minutes else _t("not known")
        yield [
            label_of(span, shown.unit),
            _time_of(span.start),
            _time_of(span.end),
            shown.claims[place],
            *(unknown if figure is None else figure for figure in figures),
        ]


def _rewards(overview: Overview) -> Rows:
    yield [_t("Reward"), _t("Reward id"), _t("External id"), _t("Rule"), *reward_heads()]
    for line in overview.rewards:
        row = line.reward
        yield [
            name_of(line),
            row.pk if row else "",
            row.reward.external_id if row else "",
            rule_of(line),
            *(_t("not known") if figure is None else figure for figure in reward_cells(line)),
        ]


def _channels(campaign: Campaign, zone_name: str) -> Rows:
    yield [
        _t("Platform"),
        _t("Channel"),
        _t("Channel id"),
        _t("Reported minutes"),
        _t("Most viewers"),
        _t("Heartbeats"),
        _t("Last seen (%(zone)s)") % {"zone": zone_name},
        _t("Last seen (UTC)"),
        _t("Viewers then"),
    ]
    if not counted_by_of(campaign).portal:
        return
    for row in channels_of(campaign.pk).iterator(chunk_size=1000):
        channel, seen = row.channel, moment_of(row.last_minute)
        platform = platforms.registry.get(channel.platform)
        yield [
            platform.name if platform else channel.platform,
            channel.name or channel.login,
            channel.platform_channel_id,
            row.reported_minutes,
            row.peak_viewers,
            row.heartbeats,
            f"{zones.from_utc(seen, zone_name):%Y-%m-%d %H:%M}",
            _time_of(seen),
            row.last_viewers,
        ]


def _time_of(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
