"""The timeline: what the organization has planned, as bars over time and as a list that says the same (C3, C5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
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

from campaigns.admin.campaign_header import PHASE_NAMES, phase_chip, when
from campaigns.admin.timeline_drawing import Band, Bar, Drawing
from campaigns.models import Campaign, Game
from campaigns.planned import MOST_LISTED, MOST_SHOWN, Plan, plan_between
from campaigns.rules import zones
from campaigns.rules.overlaps import Overlap, merged
from campaigns.rules.phases import Phase
from campaigns.rules.ranges import Range, days_of, earlier, midnight, mondays
from portal import platforms
from portal.admin_base import in_reach
from portal.admin_pages import AdminPage
from portal.roles import Permission

UTC = "UTC"
TOLD_OVERLAPS = 4
"""So many are told at each campaign; the rest is counted."""

_RANGES = {Range.WEEKS: _("6 weeks"), Range.MONTH: _("month"), Range.QUARTER: _("quarter")}
_PHASES = [phase for phase in Phase if phase is not Phase.CANCELLED]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. ``zone_of``: own, campaign or utc. Empty filters take everything."""

    kind: Range
    day: date
    zone_of: str
    game: str = ""
    platform: str = ""
    phase: str = ""


@dataclass(frozen=True, slots=True)
class ShownCampaign:
    """A campaign as the list tells it."""

    name: str
    url: str
    chip: tuple[str, str]
    is_test: bool
    where: list[str]
    times: list[tuple[str, Any]]
    overlaps: list[str] = field(default_factory=list)
    more: int = 0


@require_safe
def timeline_view(request: HttpRequest) -> HttpResponse:
    """Show a stretch of time."""
    now = timezone.now()
    own_zone = _own_zone(request)
    asked = _asked(request, now, own_zone)
    first, after = days_of(asked.kind, asked.day)
    axis = UTC if asked.zone_of == "utc" else own_zone
    start, end = midnight(first, axis), midnight(after, axis)
    plan = plan_between(in_reach(Campaign.objects.all(), request), start=start, end=end)
    shown = [campaign for campaign in plan.campaigns if _is_asked(campaign, asked, now)]
    if asked.zone_of == "campaign":
        # The axis has one zone: the campaigns' own where it is the same one, else the person's.
        common = {campaign.time_zone for campaign in shown}
        axis = common.pop() if len(common) == 1 else own_zone
    context = {
        **admin.site.each_context(request),
        "title": _t("Timeline"),
        "first": first,
        "last": date.fromordinal(after.toordinal() - 1),
        "axis": axis,
        "drawing": _drawing(plan, shown, start=start, end=end, now=now, axis=axis, marks=mondays(first, after)),
        "campaigns": [_shown(plan, campaign, asked, axis, now) for campaign in shown],
        "undated": [(campaign.name, _page(campaign)) for campaign in plan.undated if _is_asked(campaign, asked, now)],
        "hidden": len(plan.campaigns) - len(shown),
        "cut": MOST_SHOWN if plan.cut else 0,
        "uncompared": MOST_LISTED if plan.uncompared else 0,
        "overlapping": any(plan.shared[campaign.pk] for campaign in shown),
        "asked": asked,
        "kept": request.GET.get("zone", ""),
        "ranges": [(_address(request, range=kind.value), name, kind is asked.kind) for kind, name in _RANGES.items()],
        "earlier": _address(request, day=earlier(asked.kind, first).isoformat()),
        "later": _address(request, day=after.isoformat()),
        "today": _address(request, day=""),
        "zones": _zone_links(request, asked, own_zone),
        "games": list(in_reach(Game.objects.all(), request).order_by("name").values_list("pk", "name")[:500]),
        "platforms": platforms.choices(),
        "phases": [(phase.value, PHASE_NAMES[phase]) for phase in _PHASES],
    }
    return TemplateResponse(request, "admin/campaigns/timeline.html", context)


def _own_zone(request: HttpRequest) -> str:
    name = str(getattr(request.user, "time_zone", "") or UTC)
    try:
        zones.zone(name)
    except zones.UnknownZone:
        return UTC
    return name


def _asked(request: HttpRequest, now: datetime, own_zone: str) -> Asked:
    """Return what is asked for; what cannot be understood is as if it were not asked."""
    given = request.GET
    try:
        day = date.fromisoformat(given.get("day", ""))
    except ValueError:
        day = zones.from_utc(now, own_zone).date()
    kind, zone_of = given.get("range", ""), given.get("zone", "")
    return Asked(
        kind=Range(kind) if kind in set(Range) else Range.WEEKS,
        day=day,
        zone_of=zone_of if zone_of in ("campaign", "utc") else "own",
        game=given.get("game", ""),
        platform=given.get("platform", ""),
        phase=given.get("phase", ""),
    )


def _is_asked(campaign: Campaign, asked: Asked, now: datetime) -> bool:
    games = {campaign.game_id, *(row.game_id for row in campaign.further_games.all())}
    return (
        (not asked.game or asked.game in games)
        and (not asked.platform or any(row.platform == asked.platform for row in campaign.platforms.all()))
        and (not asked.phase or campaign.phase(now).value == asked.phase)
    )


def _address(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{request.path}?{query.urlencode()}"


def _zone_links(request: HttpRequest, asked: Asked, own_zone: str) -> list[tuple[str, str, bool]]:
    links = [("", own_zone), ("campaign", _t("each campaign's own"))]
    if own_zone != UTC:
        links.append(("utc", UTC))
    return [(_address(request, zone=key), name, asked.zone_of == (key or "own")) for key, name in links]


def _page(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_change", args=[campaign.pk])


# The drawing.


def _drawing(
    plan: Plan,
    shown: Sequence[Campaign],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    axis: str,
    marks: Sequence[date],
) -> Drawing:
    ticks = [(midnight(day, axis), f"{day:%m-%d}") for day in marks]
    bars = [_bar(plan, campaign, axis) for campaign in shown]
    return Drawing(start, end, now, [tick for tick in ticks if start <= tick[0] < end], [bar for bar in bars if bar])


def _bar(plan: Plan, campaign: Campaign, axis: str) -> Bar | None:
    if not campaign.starts_at or not campaign.ends_at:
        return None
    start, end = campaign.starts_at, campaign.ends_at
    announced, closes = campaign.announces_at or start, campaign.closes_at or end
    told = _t(
        "%(name)s: announced %(announced)s, live from %(start)s to %(end)s, claims until %(closes)s (%(zone)s)"
    ) % {
        "name": campaign.name,
        "announced": _short(announced, axis),
        "start": _short(start, axis),
        "end": _short(end, axis),
        "closes": _short(closes, axis),
        "zone": axis,
    }
    bands = [
        Band("announced", _t("announced"), announced, start),
        Band("live", _t("live"), start, end),
        Band("grace", _t("grace"), end, closes),
    ]
    is_draft = campaign.status == Campaign.Status.DRAFT
    return Bar(campaign.name, _page(campaign), told, is_draft, bands, merged(plan.shared[campaign.pk]))


def _short(moment: datetime, zone_name: str) -> str:
    return f"{zones.from_utc(moment, zone_name):%Y-%m-%d %H:%M}"


# The list.


def _shown(plan: Plan, campaign: Campaign, asked: Asked, axis: str, now: datetime) -> ShownCampaign:
    zone = campaign.time_zone if asked.zone_of == "campaign" else axis
    times = [(_t("Start"), campaign.starts_at), (_t("End"), campaign.ends_at), (_t("Claims until"), campaign.closes_at)]
    if campaign.announces_at != campaign.starts_at:
        times.insert(0, (_t("Announced from"), campaign.announces_at))
    shared = plan.shared[campaign.pk]
    return ShownCampaign(
        name=campaign.name,
        url=_page(campaign),
        chip=phase_chip(campaign.phase(now)),
        is_test=campaign.test_mode,
        where=_where(campaign),
        times=[(label, when(moment, zone)) for label, moment in times],
        overlaps=[_told(overlap, campaign, plan.by_id[overlap.other], zone) for overlap in shared[:TOLD_OVERLAPS]],
        more=max(len(shared) - TOLD_OVERLAPS, 0),
    )


def _where(campaign: Campaign) -> list[str]:
    games = [campaign.game.name, *(row.game.name for row in campaign.further_games.all())]
    return [
        ", ".join(games),
        _names(row.platform for row in campaign.platforms.all()) or _t("no platform yet"),
        campaign.get_scope_display(),
    ]


def _names(keys: Any) -> str:
    known = set(keys)
    return ", ".join(platform.name for key, platform in platforms.registry.items() if key in known)


def _told(overlap: Overlap, campaign: Campaign, other: Campaign, zone: str) -> str:
    """Return in words what two campaigns share, where and when."""
    games = {campaign.game_id: campaign.game.name} | {
        row.game_id: row.game.name for row in campaign.further_games.all()
    }
    rewards = {row.reward_id: row.reward.name for row in campaign.rewards.all()}
    parts = []
    if overlap.channels:
        counted = ngettext("%(count)s channel on both lists", "%(count)s channels on both lists", overlap.channels)
        parts.append(counted % {"count": f"{overlap.channels:,}"})
    if overlap.games:
        parts.append(_t("the same game (%(names)s)") % {"names": ", ".join(games[key] for key in overlap.games)})
    if overlap.rewards:
        parts.append(_t("the same reward (%(names)s)") % {"names": ", ".join(rewards[key] for key in overlap.rewards)})
    return _t("“%(other)s”, %(start)s to %(end)s, on %(platforms)s: %(what)s.") % {
        "other": other.name,
        "start": _short(overlap.starts_at, zone),
        "end": _short(overlap.ends_at, zone),
        "platforms": _names(overlap.platforms),
        "what": get_text_list(parts, _t("and")),
    }


PAGES = (
    AdminPage(
        "timeline/",
        "timeline",
        timeline_view,
        Permission.SEE_CAMPAIGNS,
        _("Timeline"),
        "view_timeline",
        keeps_to_games=True,
    ),
)
