"""What campaigns show on the admin's start page."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Campaign
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
        order=10,
        lines=lines,
        url=reverse("admin:campaigns_campaign_add") if adds else "",
        url_label=_("New campaign") if adds else "",
    )
