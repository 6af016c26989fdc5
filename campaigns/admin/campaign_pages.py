"""The pages below a campaign's own that higher apps hang in (:data:`campaigns.hooks.campaign_pages`)."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

from campaigns.hooks import CampaignPage, campaign_pages
from campaigns.models import Campaign
from portal.admin_base import OrganizationAdmin
from portal.organizations import may


def page_urls(model_admin: OrganizationAdmin) -> list[URLPattern]:
    """Return the addresses of all these pages."""
    return [
        path(
            f"<path:object_id>/{page.route}",
            model_admin.admin_site.admin_view(partial(_view, model_admin, page)),
            name=f"campaigns_campaign_{page.name}",
        )
        for page in campaign_pages
    ]


def page_links(request: HttpRequest, campaign: Campaign) -> list[tuple[str, Any]]:
    """Return address and label of the pages that this person may open."""
    return [
        (reverse(f"admin:campaigns_campaign_{page.name}", args=[campaign.pk]), page.label)
        for page in campaign_pages
        if page.label and may(request, page.permission)
    ]


def _view(
    model_admin: OrganizationAdmin, page: CampaignPage, request: HttpRequest, object_id: str, **route: Any
) -> HttpResponseBase:
    """Find the campaign in the active organization: another's is unknown (S1)."""
    campaign = model_admin.get_object(request, object_id)
    if campaign is None:
        raise Http404
    if not may(request, page.permission):
        raise PermissionDenied
    return page.view(request, campaign, **route)
