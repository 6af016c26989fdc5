"""The page on which a campaign is cloned, once or as a series: the new dates are shown before anything is made (C2, C9)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.admin.campaign_header import when
from campaigns.cloning import (
    MOST_COPIES,
    MOST_DAYS,
    CannotClone,
    ClonedAlready,
    PlannedCopy,
    clone_campaign,
    name_for_copy,
    planned_copies,
)
from campaigns.hooks import CampaignPage
from campaigns.models import Campaign, ClonedSeries
from campaigns.rules.cloning import LONGEST_NAME
from campaigns.rules.told_times import clock_notices
from campaigns.rules.zones import Occurrence
from portal.ids import ULID_LENGTH, new_ulid
from portal.next_page import next_page
from portal.roles import Permission

_DAYS_IN = {"days": 1, "weeks": 7}


class CloneForm(forms.Form):
    """How the copies are called, how far apart they are, and how many there are. ``key`` lets it be carried out once."""

    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        help_text=_("Of several copies the others count on: Week 2, Week 3, Week 4."),
        widget=UnfoldAdminTextInputWidget,
    )
    shift = forms.IntegerField(
        label=_("Later by"),
        min_value=0,
        max_value=MOST_DAYS,
        help_text=_("Each copy is so much later than the one before. The hours stay as clocks in the zone show them."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    unit = forms.ChoiceField(
        label=_("Days or weeks"),
        choices=[("days", _("days")), ("weeks", _("weeks"))],
        widget=UnfoldAdminSelectWidget,
    )
    copies = forms.IntegerField(
        label=_("How many copies"),
        min_value=1,
        max_value=MOST_COPIES,
        help_text=_("1 to 12. All of them are made, or none."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    occurrence = forms.ChoiceField(
        label=_("Where an hour happens twice"),
        required=False,
        choices=[
            ("", _("Choose first or second")),
            (Occurrence.FIRST.value, _("take the first")),
            (Occurrence.SECOND.value, _("take the second")),
        ],
        help_text=_("The clocks go back on one of these days, so that an hour happens twice."),
        widget=UnfoldAdminSelectWidget,
    )
    key = forms.RegexField(rf"^[0-9A-Z]{{{ULID_LENGTH}}}$", widget=forms.HiddenInput)

    def chosen(self) -> dict[str, Any]:
        """Return what was entered as the operation takes it."""
        given = self.cleaned_data if self.is_bound else self.initial
        return {
            "name": given["name"],
            "days": given["shift"] * _DAYS_IN[given["unit"]],
            "copies": given["copies"],
            "occurrence": given.get("occurrence") or None,
        }


@dataclass(frozen=True, slots=True)
class ShownCopy:
    """One copy as the page shows it: label and time of each of its dates, and what is to be said about them."""

    name: str
    times: list[tuple[str, Any]]
    notes: list[str]


@require_http_methods(["GET", "HEAD", "POST"])
def clone_view(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Show what the copies would be, and make them when that was seen and is confirmed."""
    now = timezone.now()
    form = CloneForm(request.POST) if request.method == "POST" else CloneForm(initial=_initial(campaign))
    planned: list[PlannedCopy] = []
    if not form.is_bound or form.is_valid():
        try:
            planned = planned_copies(campaign, **form.chosen())
        except CannotClone as error:
            form.add_error(None, str(error))
    changed = False
    if planned and "confirmed" in request.POST:
        if request.POST.get("shown") == _digest(planned) and not _undecided(planned):
            return _made(request, campaign, form, now)
        changed = True
    if not any(copy.twice for copy in planned):
        del form.fields["occurrence"]
    context = {
        **admin.site.each_context(request),
        "title": _t("Clone: %(name)s") % {"name": campaign.name},
        "campaign": campaign,
        "original": campaign,
        "form": form,
        "copies": [_shown(copy, now) for copy in planned],
        "shown": _digest(planned),
        "undecided": _undecided(planned),
        "changed": changed,
        "zone": campaign.time_zone,
        "listed": campaign.channels.filter(removed_at=None).count(),
        "opts": Campaign._meta,
        "back": next_page(request) or reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
    }
    return TemplateResponse(request, "admin/campaigns/clone.html", context)


def _initial(campaign: Campaign) -> dict[str, Any]:
    return {"name": name_for_copy(campaign), "shift": 1, "unit": "weeks", "copies": 1, "key": new_ulid()}


def _undecided(planned: Sequence[PlannedCopy]) -> bool:
    return any(copy.undecided for copy in planned)


def _digest(planned: Sequence[PlannedCopy]) -> str:
    """Return what is the same as long as names and dates are those that the page showed."""
    told = [(copy.campaign.name, copy.campaign.starts_at, copy.campaign.ends_at) for copy in planned]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def _shown(copy: PlannedCopy, now: datetime) -> ShownCopy:
    campaign = copy.campaign
    zone = campaign.time_zone
    times = [
        (_t("Announced from"), campaign.announces_at),
        (_t("Start"), campaign.starts_at),
        (_t("End"), campaign.ends_at),
        (_t("Claiming closes"), campaign.closes_at),
    ]
    notes = [str(note) for note in copy.notes]
    if campaign.starts_at and campaign.ends_at:
        told = clock_notices(
            starts_at=campaign.starts_at,
            ends_at=campaign.ends_at,
            closes_at=campaign.closes_at,
            zone_name=zone,
            own_zone=zone,
        )
        notes += [str(notice) for notice in told]
    if campaign.starts_at and campaign.starts_at <= now:
        notes.append(_t("This start has passed already."))
    return ShownCopy(campaign.name, [(label, when(moment, zone)) for label, moment in times], notes)


def _made(request: HttpRequest, campaign: Campaign, form: CloneForm, now: datetime) -> HttpResponse:
    try:
        made = clone_campaign(
            campaign_id=campaign.pk,
            key=form.cleaned_data["key"],
            actor=request.user,  # type: ignore[arg-type]
            now=now,
            **form.chosen(),
        )
    except ClonedAlready as error:
        messages.info(request, _t("These copies were made already. Nothing more was made."))
        return _after(error.series)
    except CannotClone as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(request.path)
    said = ngettext("%(count)d draft was made: %(names)s.", "%(count)d drafts were made: %(names)s.", len(made))
    messages.success(request, said % {"count": len(made), "names": ", ".join(copy.name for copy in made)})
    return _after(ClonedSeries(first=made[0], copies=len(made)))


def _after(series: ClonedSeries) -> HttpResponse:
    """Lead to the copy; of several, or where it was deleted since, to the list."""
    if series.copies == 1 and series.first_id:
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[series.first_id]))
    return HttpResponseRedirect(reverse("admin:campaigns_campaign_changelist"))


PAGES = (CampaignPage("clone/", "clone", clone_view, _("Clone …"), Permission.EDIT_CAMPAIGNS),)
