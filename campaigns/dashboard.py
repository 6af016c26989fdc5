"""The cards of campaigns behind the admin's start page."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from campaigns.heartbeats.standing import calls_since, silent_sources, sources_with_unknown_names
from campaigns.models import Campaign, HeartbeatSource
from campaigns.rules.phases import Phase
from portal.dashboard import Card, Line
from portal.models import Organization
from portal.organizations import may
from portal.roles import Permission

_NAMED_AT_MOST = 3


def campaigns_card(request: HttpRequest, organization: Organization) -> Card | None:
    """Return what is live, in grace, to come and in draft, with the names of the few that are live."""
    now = timezone.now()
    campaigns = Campaign.objects.filter(organization=organization)
    listing = reverse("admin:campaigns_campaign_changelist")
    shown = (
        (Phase.LIVE, _("Live")),
        (Phase.GRACE, _("Over, still claimable")),
        (Phase.ANNOUNCED, _("Announced")),
        (Phase.SCHEDULED, _("Scheduled")),
        (Phase.DRAFT, _("Drafts")),
    )
    lines = [
        Line(label, f"{campaigns.in_phase(phase, now=now).count():,}", f"{listing}?phase={phase.value}")
        for phase, label in shown
    ]
    live = campaigns.in_phase(Phase.LIVE, now=now).order_by("ends_at", "pk")[:_NAMED_AT_MOST]
    lines += [
        Line(
            _("“%(name)s” ends") % {"name": campaign.name},
            f"{campaign.ends_at:%Y-%m-%d %H:%M} UTC",
            reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        )
        for campaign in live
    ]
    paused = campaigns.filter(deliveries_paused=True).count()
    if paused:
        lines.append(Line(_("Deliveries paused"), str(paused), listing, attention=True))
    adds = may(request, Permission.EDIT_CAMPAIGNS)
    return Card(
        title=_("Campaigns"),
        lines=lines,
        url=reverse("admin:campaigns_campaign_add") if adds else "",
        url_label=_("New campaign") if adds else "",
    )


def heartbeats_card(request: HttpRequest, organization: Organization) -> Card | None:
    """Return how the heartbeat sources are doing, and which a live campaign waits for; None without any source."""
    sources = dict(HeartbeatSource.objects.filter(game__organization=organization).values_list("pk", "enabled"))
    if not sources:
        return None
    now = timezone.now()
    listing = reverse("admin:campaigns_heartbeatsource_changelist")
    calls = calls_since(sources, since=now.replace(hour=0, minute=0, second=0, microsecond=0))
    lines = [
        Line(_("Sources switched on"), f"{sum(sources.values())} / {len(sources)}", listing),
        Line(_("Taken today (UTC)"), f"{calls['accepted']:,}", reverse("admin:campaigns_heartbeat_changelist")),
    ]
    if calls["refused"]:
        lines.append(Line(_("Refused today (UTC)"), f"{calls['refused']:,}", listing, attention=True))
    silent = silent_sources(organization.pk, now=now)
    for source, last in silent[:_NAMED_AT_MOST]:
        silence = _("for %(span)s") % {"span": timesince(last, now, depth=1)} if last else _("never sent anything")
        page = reverse("admin:campaigns_heartbeatsource_change", args=[source.pk])
        lines.append(Line(_("“%(name)s” is silent") % {"name": source.name}, silence, page, attention=True))
    unknown = sources_with_unknown_names(organization.pk)
    if unknown:
        lines.append(Line(_("Sources with a game name not known"), str(unknown), listing, attention=True))
    return Card(
        title=_("Heartbeats"),
        lines=lines,
        text=_("A live campaign waits for heartbeats, and a source of it sends none. Does anybody stream?")
        if silent
        else "",
    )
