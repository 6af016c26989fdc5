"""The page on which a campaign is made, checked, published and followed (C1 to C10)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import BaseModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.admin.campaign_deeds import CampaignDeeds
from campaigns.admin.campaign_forms import CampaignForm
from campaigns.admin.campaign_header import PHASE_NAMES, campaign_context, phase_chip, when
from campaigns.admin.campaign_inlines import (
    OPENED,
    ChannelInline,
    FurtherGameInline,
    PlatformInline,
    RewardInline,
    TesterInline,
    shown_locked,
)
from campaigns.admin.campaign_lists import read_for_page
from campaigns.admin.campaign_pages import page_urls
from campaigns.admin.guide.views import guide_urls
from campaigns.channels import ListLocked, change_listing
from campaigns.editing import EditRefused, save_campaign
from campaigns.models import Campaign, CampaignChannel
from campaigns.preflight import platform_rows, read_for_checks
from campaigns.rules.edits import LockedChange
from campaigns.rules.phases import Phase
from portal import platforms
from portal.admin_base import display
from portal.admin_deletion import PlainDeletion
from portal.admin_filters import DropdownFilter, PlatformFilter, ScopedRelatedFilter
from portal.organizations import active_organization

WHOLE = "whole"
"""Asks, in the address of a new campaign, for all of it on one page."""


class PhaseFilter(DropdownFilter):
    """The phase at this moment (C3)."""

    title = _("phase")
    parameter_name = "phase"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all phases."""
        return [(phase.value, str(name)) for phase, name in PHASE_NAMES.items()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the campaigns in the chosen phase."""
        value = self.value()
        if value not in {phase.value for phase in Phase}:
            return queryset
        return queryset.in_phase(Phase(value), now=timezone.now())  # type: ignore[attr-defined]


class OnPlatformFilter(PlatformFilter):
    """A platform that the campaign runs on."""

    lookup = "platforms__platform"


@admin.register(Campaign)
class CampaignAdmin(CampaignDeeds, PlainDeletion):
    """Campaigns of the active organization."""

    menu_icon = "campaign"
    menu_order = 10
    form = CampaignForm
    inlines = (RewardInline, PlatformInline, ChannelInline, FurtherGameInline, TesterInline)
    list_display = ("name", "phase_now", "game", "runs_on", "starts", "ends")
    list_filter = (PhaseFilter, ("game", ScopedRelatedFilter), OnPlatformFilter)
    search_fields = ("name", "platforms__platform_campaign_id", "=id")
    ordering = ("-starts_at", "-id")
    list_before_template = "admin/campaigns/list_before.html"
    change_form_outer_before_template = "admin/campaigns/campaign_header.html"
    change_form_before_template = "admin/campaigns/opened_as.html"
    fieldsets = (
        (None, {"fields": ("game", "name", "description", "info_url", "connection_url")}),
        (_("Dates"), {"fields": ("time_zone", "starts_at", "ends_at", "announcement_days", "grace_days")}),
        (_("Who takes part"), {"fields": ("scope", "per_player_limit", "test_mode")}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return campaigns with what the list shows of them."""
        rows = super().get_queryset(request).select_related("game", "organization")
        return rows.prefetch_related(models.Prefetch("platforms", platform_rows()))

    # The list.

    @display(description=_("phase"))
    def phase_now(self, campaign: Campaign) -> SafeString:
        """The phase, and what else must not be overlooked."""
        chips = [phase_chip(campaign.phase(timezone.now()))]
        if campaign.test_mode:
            chips.append(("drops-chip-attention", _t("test")))
        if campaign.deliveries_paused:
            chips.append(("drops-chip-attention", _t("deliveries paused")))
        return format_html_join(" ", '<span class="drops-chip {}">{}</span>', chips)

    @display(description=_("platforms"))
    def runs_on(self, campaign: Campaign) -> str:
        """The platforms by their names."""
        known = {row.platform for row in campaign.platforms.all()}
        return ", ".join(platform.name for key, platform in platforms.registry.items() if key in known) or "–"

    @display(description=_("start"), ordering="starts_at")
    def starts(self, campaign: Campaign) -> SafeString | str:
        """The start in the campaign's zone and in UTC (C2)."""
        return when(campaign.starts_at, campaign.time_zone)

    @display(description=_("end"), ordering="ends_at")
    def ends(self, campaign: Campaign) -> SafeString | str:
        """The end in the campaign's zone and in UTC (C2)."""
        return when(campaign.ends_at, campaign.time_zone)

    # The page.

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose the person's own time zone."""
        return {"time_zone": getattr(request.user, "time_zone", "UTC"), **super().get_changeform_initial_data(request)}

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """Read the lists once where the page is only shown: for its form, and for what stands above it."""
        if obj is not None and request.method in ("GET", "HEAD"):
            read_for_page(request, obj)
        return super().get_formsets_with_inlines(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form class, told what was refused beneath it a moment ago."""
        form = super().get_form(request, obj, change, **kwargs)
        form.refused = getattr(request, "_refused_changes", [])
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show fixed times in zone and UTC instead of as inputs."""
        fixed = self._fixed(request, obj)
        shown = {"starts_at": "starts", "ends_at": "ends"}
        return [
            (title, {**options, "fields": [shown.get(f, f) if f in fixed else f for f in options["fields"]]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name the fields that C6 fixes."""
        return ["starts", "ends", *self._fixed(request, obj)]

    def _fixed(self, request: HttpRequest, obj: Campaign | None) -> list[str]:
        names = [name for _title, options in self.fieldsets for name in options["fields"]]
        if obj is not None and not self.has_change_permission(request, obj):
            return names
        return [name for name in names if shown_locked(request, obj, name)]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the guide, with what was asked for; who asks for the whole page, or sends it, has it."""
        if request.method in ("GET", "HEAD") and WHOLE not in request.GET:
            query = f"?{request.GET.urlencode()}" if request.GET else ""
            return HttpResponseRedirect(reverse("admin:campaigns_campaign_begin") + query)
        response: HttpResponse = super().add_view(request, form_url, extra_context)
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show and save; what is refused beneath is shown in the form, with everything that was entered."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except EditRefused as refused:
            request._refused_changes = refused.changes  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add phase, times, preflight and what can be done."""
        obj: Campaign | None = context.get("original")
        context["opened_as"] = "fixed" if shown_locked(request, obj, "rewards") else "open"
        context["opened_field"] = OPENED
        if obj is not None:
            context["show_delete"] = obj.status == Campaign.Status.DRAFT
            stored = read_for_checks(obj.pk) if request.method == "POST" else obj  # a refused form has changed it
            context.update(campaign_context(request, stored, now=timezone.now()))
        return super().render_change_form(request, context, *args, **kwargs)

    # Saving: everything at once, beneath one lock, in save_related.

    def save_model(self, request: HttpRequest, obj: Campaign, form: BaseModelForm[Any], change: bool) -> None:
        """Put the organization in; the rest is done with the lists."""
        if not change:
            obj.organization = active_organization(request)  # type: ignore[assignment]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the campaign with its lists, or nothing of it (C6)."""
        save_campaign(
            campaign=form.instance,
            changed=form.written(),
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            write_lists=lambda: self._write_lists(request, formsets),
        )

    def _write_lists(self, request: HttpRequest, formsets: Any) -> None:
        for formset in formsets:
            if formset.model is not CampaignChannel:
                formset.save()
                continue
            added = [row.channel for row in formset.save(commit=False) if row._state.adding]
            removed = [row.channel for row in formset.deleted_objects]
            stored = Campaign.objects.select_related("organization").get(pk=formset.instance.pk)
            try:
                change_listing(
                    campaign=stored,
                    add=added,
                    remove=removed,
                    actor=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except ListLocked as error:
                raise EditRefused([LockedChange("channels", error.sentence)]) from error

    # Deleting, and pages of their own.

    def refuses_deletion(self, obj: Campaign) -> str | None:
        """Only a draft that nobody claimed from may go (F8)."""
        if obj.status != Campaign.Status.DRAFT:
            return _t("“%(name)s” was published, so it is kept. Cancel it instead.") % {"name": obj}
        return super().refuses_deletion(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By role. The button is shown for drafts; the page behind it says why others stay."""
        return super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        """Add publishing, pausing, cancelling, and the pages below a campaign's own."""
        return [
            *guide_urls(self),
            *self.deed_urls(),
            *page_urls(self),
            *super().get_urls(),
        ]
