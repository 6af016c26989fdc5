"""The channels of a campaign in its overview: by reported minutes, a page at a time, all of them or those live now (W9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _t

from campaigns.models import Campaign, ChannelFigures
from campaigns.rules import zones
from campaigns.watch.figures import channels_of, live_channels, minute_number, moment_of
from fulfillment.overview import within_of
from portal import platforms
from portal.admin_base import CappedPaginator

PER_PAGE = 50
_PAGE, _SHOW, _LIVE = "page", "channels", "live"
_PLACE = "CHANNEL"


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """A page of channels with the ways to the others. ``capped``: there are more pages than are offered."""

    rows: SafeString
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
    capped = paginator.count >= CappedPaginator.cap
    return ChannelTable(
        rows=_rows(page.object_list, page.start_index(), minute_number(now - within), zone_name),
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


def _rows(rows: Iterable[ChannelFigures], first: int, oldest: int, zone_name: str) -> SafeString:
    """Return the rows of the table. Put together here: as a template they would take most of the page's time."""
    address = reverse("admin:campaigns_channel_change", args=[_PLACE])
    names = {key: escape(platform.name) for key, platform in platforms.registry.items()}
    live, not_live = escape(_t("live")), escape(_t("not live"))
    drawn = []
    for rank, row in enumerate(rows, start=first):
        channel = row.channel
        name = escape(channel.name or channel.login or channel.platform_channel_id)
        platform = names.get(channel.platform, escape(channel.platform))
        now = f'<span class="drops-chip drops-chip-ok">{live}</span> {row.last_viewers:,}'
        seen = zones.from_utc(moment_of(row.last_minute), zone_name)
        drawn.append(
            f'<tr><th scope="row"><span class="drops-name-plain">{rank}.</span> '
            f'<a href="{address.replace(_PLACE, channel.pk)}">{name}</a> '
            f'<span class="drops-name-plain">{platform}</span></th>'
            f"<td>{row.reported_minutes:,}</td><td>{row.peak_viewers:,}</td>"
            f"<td>{now if row.last_minute >= oldest else not_live}</td><td>{seen:%Y-%m-%d %H:%M}</td></tr>"
        )
    return mark_safe("".join(drawn))  # noqa: S308 - every text is escaped above


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
