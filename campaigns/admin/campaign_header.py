"""What stands at the top of a campaign's page: phase, times, figures, preflight, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.admin.utils import quote
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.admin.campaign_pages import page_links
from campaigns.hooks import campaign_figures
from campaigns.models import Campaign
from campaigns.preflight import Finding, Level, look_through, read_lists
from campaigns.rules import zones
from campaigns.rules.phases import Phase
from portal.organizations import may
from portal.roles import Permission

PHASE_NAMES = {
    Phase.DRAFT: _("draft"),
    Phase.SCHEDULED: _("scheduled"),
    Phase.ANNOUNCED: _("announced"),
    Phase.LIVE: _("live"),
    Phase.GRACE: _("grace time"),
    Phase.CLOSED: _("closed"),
    Phase.CANCELLED: _("cancelled"),
}

PHASE_TEXTS = {
    Phase.DRAFT: _("Nobody sees it yet. It can be saved incomplete; the preflight says what is missing."),
    Phase.SCHEDULED: _(
        "Published. Viewers see it from the first time below on, and it starts, ends and closes by itself. Until the start "
        "everything can still be changed."
    ),
    Phase.ANNOUNCED: _("Published and shown to viewers. It starts by itself; everything can still be changed."),
    Phase.LIVE: _(
        "Running: start, games, rewards, rules, platforms, scope and test mode are fixed. The end can be put later, "
        "grace days increased, limits, channels, testers, texts and ids on platforms changed."
    ),
    Phase.GRACE: _("Over, but rewards that were earned can still be claimed. Grace days can be increased."),
    Phase.CLOSED: _("Claiming has ended: only the texts can still be changed."),
    Phase.CANCELLED: _("Cancelled. Rewards granted before that are still delivered."),
}

PHASE_TEXTS_IN_TEST = {
    Phase.SCHEDULED: _(
        "Published for its testers alone, who see it from the first time below on. It starts, ends and closes by itself. Until "
        "the start everything can still be changed."
    ),
    Phase.ANNOUNCED: _("Published and shown to its testers. It starts by itself; everything can still be changed."),
}

_CHIPS = {Phase.LIVE: "drops-chip-ok", Phase.CANCELLED: "drops-chip-error", Phase.GRACE: "drops-chip-attention"}
_LISTS = ("rewards", "platforms", "channels", "further_games", "testers")


@dataclass(frozen=True)
class ShownFinding:
    """A finding with the place where it is mended: an address, and on the page itself the tab to open."""

    finding: Finding
    url: str
    tab: str
    target: str

    @property
    def is_error(self) -> bool:
        """Whether it blocks."""
        return self.finding.level is Level.ERROR


def phase_chip(phase: Phase) -> tuple[str, str]:
    """Return the style and the name of a phase; the name alone tells it."""
    return _CHIPS.get(phase, ""), str(PHASE_NAMES[phase])


def when(moment: datetime | None, zone_name: str) -> SafeString | str:
    """Return a moment in its zone and in UTC, one below the other (C2)."""
    if moment is None:
        return _t("not set")
    told = str(zones.describe(moment, zone_name))
    local, _dot, utc = told.partition(" · ")
    if not utc:
        return local
    return format_html('<span class="drops-when">{}<br><span class="drops-name-plain">{}</span></span>', local, utc)


def campaign_context(request: HttpRequest, campaign: Campaign, *, now: datetime) -> dict[str, Any]:
    """Return what the header's template shows of a campaign, which is as it was read: no form has changed it.

    Lists that were read with it are not read again.
    """
    read_lists(campaign)
    phase = campaign.phase(now)
    found = [shown_finding(finding) for finding in look_through(campaign, now=now)] if phase in _BEFORE_START else []
    style, name = phase_chip(phase)
    return {
        "campaign": campaign,
        "phase_style": style,
        "phase_name": name,
        "phase_text": (campaign.test_mode and PHASE_TEXTS_IN_TEST.get(phase)) or PHASE_TEXTS[phase],
        "times": _times(campaign),
        "figures": _figures(campaign),
        "checked": phase in _BEFORE_START,
        "findings": found,
        "standing": [shown for shown in found if shown.is_error],
        "deeds": _deeds(request, campaign, phase),
        "pages": page_links(request, campaign),
        "may_publish": may(request, Permission.PUBLISH),
        "may_try_events": may(request, Permission.SEE_PEOPLE),
    }


_BEFORE_START = (Phase.DRAFT, Phase.SCHEDULED, Phase.ANNOUNCED)


def _times(campaign: Campaign) -> list[tuple[str, Any]]:
    zone = campaign.time_zone
    times = [(_t("Start"), when(campaign.starts_at, zone)), (_t("End"), when(campaign.ends_at, zone))]
    if campaign.announces_at:
        seen = _t("Testers see it from") if campaign.test_mode else _t("Viewers see it from")
        times.insert(0, (seen, when(campaign.announces_at, zone)))
    if campaign.closes_at:
        times.append((_t("Claiming closes"), when(campaign.closes_at, zone)))
    if campaign.status != Campaign.Status.DRAFT:
        address = settings.BASE_URL + reverse("campaign", args=[campaign.pk])  # the viewers' page, of a higher app
        found = _t("Testers find it at") if campaign.test_mode else _t("Viewers find it at")
        times.append((found, format_html('<a href="{}">{}</a>', address, address)))
    return times


def _figures(campaign: Campaign) -> list[tuple[str, str, str]]:
    figures = [(_t("Rewards"), str(len(campaign.rewards.all())), "")]
    if campaign.scope == Campaign.Scope.ALLOW_LIST:
        channels = reverse("admin:campaigns_campaign_channels", args=[campaign.pk])
        figures.append((_t("Listed channels"), f"{campaign.listed_count:,}", channels))
    else:
        figures.append((_t("Channels"), _t("all"), ""))
    for tell in campaign_figures:
        figures += tell(campaign)
    return figures


def _deeds(request: HttpRequest, campaign: Campaign, phase: Phase) -> list[tuple[str, str, str]]:
    """Return address, label and style of each deed that is possible now."""
    deeds: list[tuple[str, str, str]] = []
    if campaign.test_mode and phase not in (Phase.CLOSED, Phase.CANCELLED) and may(request, Permission.EDIT_CAMPAIGNS):
        deeds.append(("testers", _t("Add members as testers …"), ""))
    if phase in _BEFORE_START and may(request, Permission.EDIT_CAMPAIGNS):
        deeds.append(("steps", _t("Step by step"), ""))
    if not may(request, Permission.PUBLISH):
        return _addressed(deeds, campaign)
    if phase is Phase.DRAFT:
        deeds.append(("publish", _t("Publish …"), "drops-button-primary"))
    else:
        if campaign.deliveries_paused:
            deeds.append(("resume", _t("Resume deliveries …"), "drops-button-primary"))
        else:
            deeds.append(("pause", _t("Pause deliveries …"), ""))
        if phase not in (Phase.CLOSED, Phase.CANCELLED):
            deeds.append(("cancel", _t("Cancel campaign …"), "drops-button-danger"))
    return _addressed(deeds, campaign)


def _addressed(deeds: list[tuple[str, str, str]], campaign: Campaign) -> list[tuple[str, str, str]]:
    named = "admin:campaigns_campaign_"
    return [(reverse(f"{named}{deed}", args=[campaign.pk]), label, style) for deed, label, style in deeds]


def shown_finding(finding: Finding) -> ShownFinding:
    """Return a finding with the address of the page that mends it."""
    if finding.missing is not None:
        return ShownFinding(finding, _page(finding.missing, "add"), "", "")
    if finding.obj is not None:
        meta = finding.obj._meta
        page = _page(type(finding.obj), "change", quote(finding.obj.pk))
        if not page:
            return ShownFinding(finding, "", "", "")
        is_list = finding.field not in {field.name for field in meta.fields}
        return ShownFinding(
            finding, f"{page}#{finding.field}-group" if is_list else f"{page}#id_{finding.field}", "", ""
        )
    if finding.field in _LISTS:
        return ShownFinding(finding, f"#{finding.field}", finding.field, f"{finding.field}-group")
    if not finding.field:
        return ShownFinding(finding, "", "", "")
    parts = {"starts_at": "_0", "ends_at": "_0"}  # the date, first of the inputs
    target = f"id_{finding.field}{parts.get(finding.field, '')}"
    return ShownFinding(finding, f"#{target}", "general", target)


def _page(model: type[models.Model], name: str, *arguments: str) -> str:
    """Return the address of a model's page; empty where the admin has none."""
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=arguments)
    except NoReverseMatch:
        return ""
