"""The overview of a campaign in the admin: what it came to so far, right to the minute, and while it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from campaigns.admin.campaign_header import phase_chip
from campaigns.hooks import CampaignPage
from campaigns.models import Campaign
from campaigns.rules import zones
from campaigns.rules.phases import Phase
from campaigns.watch.health import nobody_counts
from fulfillment.admin.overview_channels import channel_table
from fulfillment.admin.overview_charts import (
    chart_of_last_hour,
    chart_of_rewards,
    chart_of_states,
    charts_over_time,
    name_of,
    reward_cells,
    reward_heads,
    rule_of,
)
from fulfillment.admin.overview_csv import channels_csv, rewards_csv, time_csv
from fulfillment.admin.overview_zone import ASKED_UTC, FIELD, chosen_zone, zone_links
from fulfillment.code_card import limit_figures
from fulfillment.overview import DELIVERED, CountedBy, Overview, overview_of
from portal.charts import number
from portal.live import live_address, live_part, wants_live_part
from portal.next_page import next_page

TEMPLATE = "admin/fulfillment/overview.html"
CHANGING = "admin/fulfillment/overview_figures.html"
_ASK_NOT = "still"
"""A page asked for with this does not update itself: whoever wants to read in peace can (WCAG 2.2.2)."""

_FEW_MINUTES = 600


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the big figures: its value, or words where it is not known, and what is to be said about it."""

    label: str
    value: str
    note: str = ""
    url: str = ""
    known: bool = True


@require_safe
def overview_view(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Show the overview, or only the part of it that changes."""
    now = timezone.now()
    zone_name = chosen_zone(request, campaign)
    context = _changing(request, overview_of(campaign, zone_name=zone_name, now=now), zone_name=zone_name, now=now)
    if wants_live_part(request):
        return live_part(request, CHANGING, context)
    changes = _goes_on(campaign, now)
    context |= {
        **admin.site.each_context(request),
        "title": _t("Overview: %(campaign)s") % {"campaign": campaign.name},
        "opts": Campaign._meta,
        "original": campaign,
        "back": next_page(request) or reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        "changes": changes,
        "live_from": live_address(request) if changes and _ASK_NOT not in request.GET else "",
        "still_address": _address(request, **{_ASK_NOT: "1"}),
        "moving_address": _address(request, **{_ASK_NOT: ""}),
    }
    return TemplateResponse(request, TEMPLATE, context)


def _changing(request: HttpRequest, overview: Overview, *, zone_name: str, now: datetime) -> dict[str, Any]:
    campaign, live = overview.campaign, overview.live
    phase = campaign.phase(now)
    return {
        "campaign": campaign,
        "phase": phase_chip(phase),
        "overview": overview,
        "figures": [*_figures(overview, zone_name), *_limits(campaign)],
        "unknown": _unknown(overview.counted_by),
        "nothing_heard": live is not None and live.heard_at is None and phase is Phase.LIVE,
        "backlog": live is not None and nobody_counts(now=now),
        "charts": charts_over_time(overview, zone_name=zone_name, now=now),
        "outside": overview.over_time.claims_outside if overview.over_time else 0,
        "last_hour": chart_of_last_hour(live, zone_name=zone_name) if live and phase is Phase.LIVE else None,
        "states": chart_of_states(overview),
        "rewards": chart_of_rewards(overview),
        "reward_heads": reward_heads(),
        "reward_rows": [
            (name_of(line), rule_of(line), [number(cell, _t("not known")) for cell in reward_cells(line)])
            for line in overview.rewards
        ],
        "channels": channel_table(request, campaign, zone_name=zone_name, now=now) if live else None,
        "shown_zone": zone_name,
        "zones": zone_links(request, campaign),
        "downloads": _downloads(request, campaign),
    }


def _figures(overview: Overview, zone_name: str) -> list[Figure]:
    claims, totals, live = overview.claims, overview.totals, overview.live
    listing = f"{reverse('admin:fulfillment_claim_changelist')}?campaign__id__exact={overview.campaign.pk}"
    delivered = _t("%(count)s delivered") % {"count": number(claims.of(DELIVERED))}
    figures = [Figure(_t("Claimed rewards"), number(claims.total), delivered, listing)]
    if totals is None or live is None:
        labels = (_t("Watched minutes"), _t("Unique viewers"), _t("Live viewers now"))
        not_known = [Figure(label, _t("not known"), known=False) for label in labels]
        return [not_known[0], *figures, *not_known[1:]]
    part = _part(overview.counted_by)
    hours = _t("%(count)s hours") % {"count": _hours(totals.watched_minutes)}
    figures = [
        Figure(_t("Watched minutes"), number(totals.watched_minutes), _joined(hours, part)),
        *figures,
        Figure(_t("Unique viewers"), number(totals.viewers), part),
        Figure(_t("Live viewers now"), number(live.viewers), _joined(_live_note(overview, zone_name), part)),
    ]
    if overview.peak:
        most, at = overview.peak
        when = f"{zones.from_utc(at, zone_name):%Y-%m-%d %H:%M}"
        figures.append(
            Figure(
                _t("Most viewers in a minute"),
                number(most),
                _t("%(time)s, %(zone)s") % {"time": when, "zone": zone_name},
            )
        )
    if totals.broadcast_minutes:
        by = ngettext("by %(count)s broadcaster", "by %(count)s broadcasters", totals.broadcasters)
        note = by % {"count": number(totals.broadcasters)}
        figures.append(Figure(_t("Broadcast minutes"), number(totals.broadcast_minutes), _joined(note, part)))
    return figures


def _limits(campaign: Campaign) -> list[Figure]:
    return [Figure(label, value, url=url) for label, value, url in limit_figures(campaign)]


def _hours(minutes: int) -> str:
    """Return minutes in hours: to the tenth where there are few."""
    return f"{minutes / 60:,.1f}" if minutes < _FEW_MINUTES else f"{minutes // 60:,}"


def _live_note(overview: Overview, zone_name: str) -> str:
    live = overview.live
    if live is None or live.heard_at is None:
        return _t("no heartbeat yet")
    if live.minute is None:
        heard = f"{zones.from_utc(live.heard_at, zone_name):%Y-%m-%d %H:%M}"
        return _t("last heartbeat at %(time)s, %(zone)s") % {"time": heard, "zone": zone_name}
    minute = f"{zones.from_utc(live.minute, zone_name):%H:%M}"
    told = ngettext("at %(time)s, on %(count)s channel", "at %(time)s, on %(count)s channels", live.channels)
    return told % {"time": minute, "count": number(live.channels)}


def _joined(*notes: str) -> str:
    return ". ".join(note for note in notes if note)


def _part(counted_by: CountedBy) -> str:
    """Return which part of a figure is known, where a campaign runs on platforms of both kinds."""
    if not counted_by.platform:
        return ""
    return _t("On %(known)s; not known: %(unknown)s") % {
        "known": _names(counted_by.portal),
        "unknown": _names(counted_by.platform),
    }


def _unknown(counted_by: CountedBy) -> str:
    """Return in words what cannot be known here, and why; nothing where all is."""
    if not counted_by.platform:
        return (
            ""
            if counted_by.portal
            else _t("No platform is chosen for this campaign yet, so nobody counts minutes in it.")
        )
    names = {"names": _names(counted_by.platform), "known": _names(counted_by.portal)}
    if counted_by.portal:
        return (
            _t(
                "The portal counts minutes and viewers on %(known)s. %(names)s counts itself and does not tell: "
                "its part is not known here, only its claims are. Its own console has those figures."
            )
            % names
        )
    return (
        _t(
            "%(names)s counts the minutes and viewers of this campaign itself and does not tell: they are not known here. "
            "Its own console has those figures. The claims are known."
        )
        % names
    )


def _names(names: Sequence[str]) -> str:
    return get_text_list(list(names), _t("and"))


def _goes_on(campaign: Campaign, now: datetime) -> bool:
    """Whether figures may still change by themselves."""
    return campaign.phase(now) in (Phase.LIVE, Phase.GRACE)


def _address(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{request.path}?{query.urlencode()}"


def _downloads(request: HttpRequest, campaign: Campaign) -> dict[str, str]:
    zone = f"?{FIELD}={ASKED_UTC}" if request.GET.get(FIELD) == ASKED_UTC else ""
    return {
        table: reverse(f"admin:campaigns_campaign_overview_{table}", args=[campaign.pk]) + zone for table in _TABLES
    }


_TABLES = {"time": time_csv, "rewards": rewards_csv, "channels": channels_csv}


PAGES = (
    CampaignPage("overview/", "overview", overview_view, _("Overview")),
    *(CampaignPage(f"overview/{table}.csv", f"overview_{table}", view) for table, view in _TABLES.items()),
)
