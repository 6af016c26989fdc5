"""The list of alerts and the page of each: what is wrong, since when, what to do, who was told; and muting it (S1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.alert_words import (
    MUTES,
    alert_chip,
    message_state,
    muted_text,
    page_for,
    problem_text,
    told_text,
)
from fulfillment.admin.menu import ALERTS
from fulfillment.admin.words import ago, utc, utc_in_two
from fulfillment.alerts.muting import UNTIL_OVER, mute_alert
from fulfillment.alerts.watched import is_watched, judged_at
from fulfillment.alerts.wording import happened, title_of
from fulfillment.models import Alert, AlertChannel, AlertMessage
from fulfillment.rules.alerts import RULES
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import DropdownFilter
from portal.models import Organization
from portal.organizations import active_organization, may
from portal.roles import Permission

_MESSAGES_SHOWN = 50


class StateFilter(DropdownFilter):
    """Whether it is still wrong."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states."""
        return [("open", _("open")), ("over", _("over"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep those in the chosen state."""
        return queryset.filter(closed_at__isnull=self.value() == "open") if self.value() else queryset


class RuleFilter(DropdownFilter):
    """Which alert it is."""

    title = _("alert")
    parameter_name = "alert"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the rules by their titles."""
        return [(key, rule.title) for key, rule in RULES.items()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep those of the chosen rule."""
        return queryset.filter(rule=self.value()) if self.value() else queryset


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What is wrong now, and what was."""

    beyond_games = True
    menu_icon = "notification_important"
    menu_order = 56
    menu_group = ALERTS
    view_permission = Permission.SEE_CAMPAIGNS
    list_display = ("what", "state_now", "since", "told", "quiet")
    list_display_links = ("what",)
    list_filter = (StateFilter, RuleFilter)
    list_before_template = "admin/fulfillment/alerts_header.html"
    ordering = (F("closed_at").desc(nulls_first=True), "-opened_at", "-pk")
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the address that mutes."""
        view = self.admin_site.admin_view(self.mute_view)
        return [path("<str:object_id>/mute/", view, name="fulfillment_alert_mute"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's alerts with what was told of them."""
        return super().get_queryset(request).prefetch_related(Prefetch("messages", queryset=_told()))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list, and above it whether anybody is told and when it was last looked."""
        organization = active_organization(request)
        shown = header_of(request, organization, now=timezone.now()) if organization else {}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one alert."""
        return _page(self, request, self._mine(request, object_id))

    def mute_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Mute or unmute. Only by pressing a button on the alert's page."""
        alert = self._mine(request, object_id)
        if not may(request, Permission.MEND):
            raise PermissionDenied
        if request.method == "POST":
            now = timezone.now()
            until = mute_end(request, now=now)
            actor: Any = request.user
            if not mute_alert(alert=alert, until=until, actor=actor, now=now):
                messages.info(request, _t("It is over: there is nothing to mute."))
            elif until is None:
                messages.success(request, _t("It is not muted any more. Who was not told yet is told within a minute."))
            else:
                messages.success(request, _t("It is muted. It is still watched, and shown here."))
        return HttpResponseRedirect(reverse("admin:fulfillment_alert_change", args=[alert.pk]))

    def _mine(self, request: HttpRequest, object_id: str) -> Alert:
        alert: Alert | None = self.get_object(request, object_id)
        if alert is None:
            raise Http404
        if not self.has_view_permission(request, alert):
            raise PermissionDenied
        return alert

    # Columns.

    @display(description=_("state"))
    def state_now(self, alert: Alert) -> SafeString:
        """Whether it is still wrong, as icon and word."""
        return alert_chip(alert, now=timezone.now())

    @display(description=_("what"))
    def what(self, alert: Alert) -> SafeString:
        """What it is called, and what happened."""
        text = '<span class="drops-said">{}<br><span class="drops-name-plain">{}</span></span>'
        return format_html(text, title_of(alert.rule), happened(alert.facts))

    @display(description=_("since"))
    def since(self, alert: Alert) -> SafeString | str:
        """Since when, and until when where it is over."""
        if alert.closed_at is None:
            return utc_in_two(alert.opened_at)
        text = '<span class="drops-wide">{}<br>{} {}</span>'
        return format_html(text, utc(alert.opened_at), _t("until"), utc(alert.closed_at))

    @display(description=_("told to"))
    def told(self, alert: Alert) -> SafeString:
        """Whom it was told to, and when."""
        return format_html('<span class="drops-wide">{}</span>', told_text(alert.messages.all()))

    @display(description=_("muted"))
    def quiet(self, alert: Alert) -> SafeString | str:
        """Until when it is muted, with the way to mute it."""
        if alert.closed_at is not None:
            return "–"
        now = timezone.now()
        url = reverse("admin:fulfillment_alert_change", args=[alert.pk])
        label = muted_text(alert.muted_until, now=now) or _t("Mute …")
        return format_html('<a class="drops-link" href="{}#mute">{}</a>', url, label)


def mute_end(request: HttpRequest, *, now: datetime) -> datetime | None:
    """Return until when the pressed button mutes; None: it unmutes.

    Raises:
        Http404: there is no such button.
    """
    chosen = request.POST.get("for", "")
    if chosen == "":
        return None
    if chosen not in MUTES:
        raise Http404
    _label, span = MUTES[chosen]
    return now + span if span else UNTIL_OVER


def header_of(request: HttpRequest, organization: Organization, *, now: datetime) -> dict[str, Any]:
    """Return what stands above the list of alerts."""
    last = judged_at(organization)
    return {
        "judged": ago(last, now=now),
        "not_watched": last is not None and not is_watched(organization, now=now),
        "never_watched": last is None,
        "nobody_told": not AlertChannel.objects.filter(organization=organization, enabled=True).exists(),
        "may_manage": may(request, Permission.MANAGE),
    }


def _told() -> models.QuerySet[AlertMessage]:
    return AlertMessage.objects.select_related("channel").defer("channel__address").order_by("pk")


def _page(page_admin: AlertAdmin, request: HttpRequest, alert: Alert) -> HttpResponse:
    now = timezone.now()
    rule = RULES.get(alert.rule)
    address, name = page_for(request, alert)
    context: dict[str, Any] = {
        **page_admin.admin_site.each_context(request),
        "title": title_of(alert.rule),
        "subtitle": None,
        "opts": page_admin.opts,
        "alert": alert,
        "rule": rule,
        "chip": alert_chip(alert, now=now),
        "happened": happened(alert.facts),
        "opened": utc(alert.opened_at),
        "seen": ago(alert.seen_at, now=now),
        "closed": utc(alert.closed_at),
        "muted": muted_text(alert.muted_until, now=now),
        "mutes": [(key, label) for key, (label, _span) in MUTES.items()],
        "may_mend": may(request, Permission.MEND) and alert.closed_at is None,
        "may_manage": may(request, Permission.MANAGE),
        "page_address": address,
        "page_name": name,
        "back": reverse("admin:fulfillment_alert_changelist"),
        "told": [
            {
                "channel": message.channel.name,
                "about": capfirst(message.get_about_display()),
                "when": utc(message.sent_at or message.created_at),
                "state": message_state(message, now=now),
                "problem": problem_text(message.problem),
            }
            for message in _told().filter(alert=alert).order_by("-pk")[:_MESSAGES_SHOWN]
        ],
    }
    return TemplateResponse(request, "admin/fulfillment/alert.html", context)
