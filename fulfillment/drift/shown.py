"""What of drift is shown elsewhere in the admin: on the start page and at the top of a campaign's page."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignPlatform
from fulfillment.drift.groups import PLACES_READ, count_groups
from portal.dashboard import Line
from portal.models import Organization
from portal.organizations import may
from portal.roles import Permission


def drift_line(request: HttpRequest, organization: Organization) -> Line:
    """Return the start page's line: how many things claims wait for."""
    waiting = count_groups(organization.pk)
    return Line(
        _("Rewards and campaigns to map"),
        f"{waiting}+" if waiting >= PLACES_READ else str(waiting),
        reverse("admin:drift") if may(request, Permission.SEE_CAMPAIGNS) else "",
        waiting > 0,
    )


def drift_figure(campaign: Campaign) -> list[tuple[str, str, str]]:
    """Return for the top of a campaign's page that claims on its platforms wait to be mapped; nothing where none does."""
    on = {row.platform for row in campaign.platforms.all() if row.counted_by == CampaignPlatform.CountedBy.PLATFORM}
    waiting = count_groups(campaign.organization_id, on) if on else 0
    return [(_("To map on its platforms"), str(waiting), reverse("admin:drift"))] if waiting else []
