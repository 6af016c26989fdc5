"""Publishing, pausing, resuming and cancelling: a page that asks, and a POST that does it (C3, C5, S1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.admin.campaign_header import campaign_context
from campaigns.models import Campaign
from campaigns.preflight import read_for_checks
from campaigns.publishing import (
    NothingToDo,
    NotPossible,
    cancel_campaign,
    pause_deliveries,
    publish_campaign,
    resume_deliveries,
)
from campaigns.testing import add_members_as_testers
from portal.admin_base import OrganizationAdmin
from portal.organizations import may
from portal.roles import Permission


class ReasonForm(forms.Form):
    """Why something is done; kept in the history."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("Kept in the campaign's history, for your colleagues."),
        widget=UnfoldAdminTextInputWidget,
    )


@dataclass(frozen=True)
class Deed:
    """One switch: what the page says, and the operation behind it."""

    title: str | Promise
    text: str | Promise
    button: str | Promise
    done: str | Promise
    operation: Callable[..., Campaign]
    style: str = "drops-button-primary"
    asks_reason: bool = True
    permission: Permission = Permission.PUBLISH


DEEDS = {
    "publish": Deed(
        _("Publish"),
        _(
            "Viewers then see the campaign from its announcement on, or from its start where no days of announcement are "
            "set; it starts, ends and closes by itself. Until the start everything can still be changed; from then on, "
            "rewards, rules, games, platforms and scope are fixed."
        ),
        _("Publish now"),
        _("“%(name)s” is published."),
        publish_campaign,
        asks_reason=False,
    ),
    "pause": Deed(
        _("Pause deliveries"),
        _("Claims are still taken, but nothing more is sent to the game until you resume. Nothing is lost."),
        _("Pause deliveries"),
        _("Deliveries of “%(name)s” are paused."),
        pause_deliveries,
    ),
    "resume": Deed(
        _("Resume deliveries"),
        _("Everything that was held by the pause goes out within seconds."),
        _("Resume deliveries"),
        _("Deliveries of “%(name)s” go out again."),
        resume_deliveries,
    ),
    "testers": Deed(
        _("Add members as testers"),
        _(
            "Adds the Twitch and Kick accounts that members of your organization have linked to their own game "
            "accounts. Claims of testers are delivered while the campaign is a test; those of others are held."
        ),
        _("Add them"),
        _("The members' accounts are testers of “%(name)s”."),
        add_members_as_testers,
        asks_reason=False,
        permission=Permission.EDIT_CAMPAIGNS,
    ),
    "cancel": Deed(
        _("Cancel campaign"),
        _(
            "The campaign ends at once and cannot be published again. Rewards granted before now are still delivered; "
            "later claims are held. End it in the platforms' consoles too."
        ),
        _("Cancel this campaign"),
        _("“%(name)s” is cancelled."),
        cancel_campaign,
        style="drops-button-danger",
    ),
}


class CampaignDeeds(OrganizationAdmin):
    """The pages of the switches."""

    def deed_urls(self) -> list[URLPattern]:
        """Return their addresses."""
        return [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(partial(self.deed_view, name)),
                name=f"campaigns_campaign_{name}",
            )
            for name in DEEDS
        ]

    def deed_view(self, name: str, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask on GET, do it on POST; refused to who may not publish, unknown to strangers."""
        campaign = self.get_object(request, object_id)
        if campaign is None:
            raise Http404
        deed = DEEDS[name]
        if not may(request, deed.permission):
            raise PermissionDenied
        form = ReasonForm(request.POST or None) if deed.asks_reason else None
        if request.method == "POST" and (form is None or form.is_valid()):
            refusal = self._do(deed, campaign, request, form)
            if refusal is None:
                return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))
            messages.error(request, refusal)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            **campaign_context(request, self._as_stored(request, campaign), now=timezone.now()),
            "title": f"{deed.title}: {campaign.name}",
            "deed": deed,
            "blocked": name == "publish" and campaign.status == Campaign.Status.DRAFT,
            "form": form,
            "opts": self.opts,
            "back": reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        }
        context["blocked"] = context["blocked"] and bool(context["standing"])
        return TemplateResponse(request, "admin/campaigns/deed.html", context)

    def _as_stored(self, request: HttpRequest, campaign: Campaign) -> Campaign:
        """Return the campaign as it was read; after a refused deed as it is now, which may be why."""
        return campaign if request.method != "POST" else read_for_checks(campaign.pk)

    def _do(self, deed: Deed, campaign: Campaign, request: HttpRequest, form: ReasonForm | None) -> str | None:
        reason = {"reason": form.cleaned_data["reason"]} if form else {}
        try:
            deed.operation(campaign_id=campaign.pk, actor=request.user, now=timezone.now(), **reason)
        except NothingToDo as error:
            messages.info(request, str(error))
            return None
        except NotPossible as error:
            return str(error)
        messages.success(request, str(deed.done) % {"name": campaign.name})
        return None
