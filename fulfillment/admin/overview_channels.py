"""The channels of a campaign in its overview: by reported minutes, a page at a time, all of them or those live now (W9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _t

from campaigns.models import Campaign, ChannelFigures
from campaigns.rules import zones
from campaigns.watch.figures import channels_of, live_channels, minute_number, moment_of
from fulfillment.overview import within_of
from portal import platforms
from portal.admin_base import CappedPaginator

PER_PAGE = 50
_PAGE, _SHOW, _LIVE = "page", "channels", "live"


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One channel as the table shows it. ``viewers_now`` None: it is not live."""

    rank: int
    name: str
    platform: str
    url: str
    reported_minutes: int
    most_viewers: int
    viewers_now: int | None
    seen: str


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """A page of channels with the ways to the others. ``capped``: there are more pages than are offered."""

    rows: Sequence[ChannelRow]
    total: str
    capped: bool
    number: int
    pages: int
    previous_url: str
    next_url: str
    only_live: bool
    all_url: str
    live_url: str


def channel_table(request: HttpRequest, campaign: Campaign, *, zone_name: str, now: datetime) -> ChannelTable:
    """Return the asked-for page. Two queries, however many channels there are."""
    only_live = request.GET.get(_SHOW) == _LIVE
    within = within_of(campaign)
    found = channels_of(campaign.pk)
    if only_live:
        found = live_channels(found, within=within, now=now)
    paginator = CappedPaginator(found, PER_PAGE)
    page: Page[ChannelFigures] = paginator.get_page(request.GET.get(_PAGE))
    first = page.start_index()
    oldest = minute_number(now - within)
    capped = paginator.count >= CappedPaginator.cap
    return ChannelTable(
        rows=[_row(row, first + place, oldest, zone_name) for place, row in enumerate(page.object_list)],
        total=f"{paginator.count:,}{'+' if capped else ''}",
        capped=capped,
        number=page.number,
        pages=paginator.num_pages,
        previous_url=_address(request, str(page.number - 1)) if page.has_previous() else "",
        next_url=_address(request, str(page.number + 1)) if page.has_next() else "",
        only_live=only_live,
        all_url=_address(request, "", show=""),
        live_url=_address(request, "", show=_LIVE),
    )


def _row(row: ChannelFigures, rank: int, oldest: int, zone_name: str) -> ChannelRow:
    channel = row.channel
    platform = platforms.registry.get(channel.platform)
    return ChannelRow(
        rank=rank,
        name=channel.name or channel.login or channel.platform_channel_id,
        platform=platform.name if platform else channel.platform,
        url=reverse("admin:campaigns_channel_change", args=[channel.pk]),
        reported_minutes=row.reported_minutes,
        most_viewers=row.peak_viewers,
        viewers_now=row.last_viewers if row.last_minute >= oldest else None,
        seen=_t("%(time)s") % {"time": f"{zones.from_utc(moment_of(row.last_minute), zone_name):%Y-%m-%d %H:%M}"},
    )


def _address(request: HttpRequest, page: str, *, show: str | None = None) -> str:
    query = request.GET.copy()
    for name in (_PAGE, "live"):
        query.pop(name, None)
    if show is not None:
        query.pop(_SHOW, None)
        if show:
            query[_SHOW] = show
    if page:
        query[_PAGE] = page
    return f"{request.path}?{query.urlencode()}#channels"
