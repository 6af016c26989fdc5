"""The preview of a campaign's page in the admin: every state in a frame, as wide as a desk's or a phone's, and links to send."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csp.constants import NONE, SELF
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.hooks import CampaignPage
from campaigns.models import Campaign
from fulfillment.models import CampaignPreview
from fulfillment.previews.links import DAYS, USUAL_DAYS, make_link, revoke_link
from fulfillment.previews.made_up import as_published
from fulfillment.previews.page import choices, find, preview_response
from fulfillment.rules.previewing import USUAL, View
from portal import shown_once
from portal.next_page import carried, next_page
from portal.organizations import may
from portal.roles import Permission

MOST_LINKS = 20
PHONE = "phone"
_KEPT = "preview_link_{}"

_KEEP_PLACE = "#states-title"
"""Where the Tab key goes on from after a choice: at the choices, not at the menu."""


class LinkForm(forms.Form):
    """How long a link is to last."""

    days = forms.TypedChoiceField(
        label=_("It works for"),
        coerce=int,
        choices=[(days, ngettext_lazy("%d day", "%d days", days) % days) for days in DAYS],
        initial=USUAL_DAYS,
        widget=forms.Select(attrs={"class": "drops-input drops-select"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def preview_view(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Show the states and the links; a POST makes a link, which the page that comes then shows this once."""
    now = timezone.now()
    form = LinkForm(request.POST or None)
    may_send = may(request, Permission.EDIT_CAMPAIGNS)
    if request.method == "POST":
        if not may_send:
            raise PermissionDenied
        if form.is_valid():
            days = form.cleaned_data["days"]
            _link, token = make_link(campaign, days=days, actor=request.user, now=now)  # type: ignore[arg-type]
            shown_once.keep(request, _KEPT.format(campaign.pk), token, now=now)
            return HttpResponseRedirect(request.get_full_path())
    made = shown_once.take(request, _KEPT.format(campaign.pk), now=now) if request.method == "GET" else None
    view = _chosen(request.GET.get("state"))
    width = PHONE if request.GET.get("width") == PHONE else "desk"
    shown = find(campaign.pk)
    made_up = as_published(shown, now=now)
    here = reverse("admin:campaigns_campaign_preview", args=[campaign.pk])
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Preview: %(name)s") % {"name": campaign.name},
        "campaign": campaign,
        "choices": choices(
            shown, view, address=lambda one: carried(request, f"{here}?state={one.value}&width={width}") + _KEEP_PLACE
        ),
        "widths": [
            (name, carried(request, f"{here}?state={view.value}&width={key}") + _KEEP_PLACE, key == width)
            for key, name in (("desk", _t("As wide as there is room")), (PHONE, _t("A phone: 390 pixels")))
        ],
        "is_phone": width == PHONE,
        "made_up_dates": made_up,
        "page": reverse("admin:campaigns_campaign_preview_page", args=[campaign.pk, view.value]),
        "form": form if may_send else None,
        "made": request.build_absolute_uri(reverse("preview", args=[made])) if made else "",
        "links": _links(campaign, now),
        "came_from": next_page(request),
        "back": next_page(request) or reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
    }
    response = TemplateResponse(request, "admin/fulfillment/preview.html", context)
    response._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]
    return response


@require_safe
def page_view(request: HttpRequest, campaign: Campaign, state: str) -> HttpResponse:
    """Show the viewer's page in a state, for the frame."""
    if state not in set(View):
        raise Http404
    response = preview_response(
        request, find(campaign.pk), View(state), address=lambda _view: "", framed=True, now=timezone.now()
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    response._csp_replace = {"form-action": [NONE], "frame-ancestors": [SELF]}  # type: ignore[attr-defined]
    return response


@require_POST
def revoke_view(request: HttpRequest, campaign: Campaign, link_id: str) -> HttpResponse:
    """Take a link back."""
    if revoke_link(link_id, campaign=campaign, actor=request.user, now=timezone.now()):  # type: ignore[arg-type]
        messages.success(request, _t("The link is taken back: it shows nothing any more."))
    else:
        messages.warning(request, _t("That link was no longer good."))
    return HttpResponseRedirect(reverse("admin:campaigns_campaign_preview", args=[campaign.pk]) + "#links")


def _chosen(asked: str | None) -> View:
    return View(asked) if asked in set(View) else USUAL


def _links(campaign: Campaign, now: datetime) -> list[dict[str, Any]]:
    rows = CampaignPreview.objects.filter(campaign=campaign).select_related("made_by").order_by("-pk")[:MOST_LINKS]
    return [
        {
            "pk": row.pk,
            "made_by": str(row.made_by) if row.made_by else _t("somebody who left"),
            "made_at": row.made_at,
            "expires_at": row.expires_at,
            "state": _state(row, now),
            "is_good": row.revoked_at is None and row.expires_at > now,
        }
        for row in rows
    ]


def _state(row: CampaignPreview, now: datetime) -> str:
    if row.revoked_at is not None:
        return _t("taken back")
    return _t("works") if row.expires_at > now else _t("expired")


PAGES = (
    CampaignPage("preview/", "preview", preview_view, _("Preview")),
    CampaignPage("preview/page/<slug:state>/", "preview_page", page_view),
    CampaignPage(
        "preview/links/<slug:link_id>/take-back/",
        "preview_take_back",
        revoke_view,
        permission=Permission.EDIT_CAMPAIGNS,
    ),
)
