"""What webhooks brought: how calls ended hour by hour, and the messages that could not be read (P1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.menu import FROM_PLATFORMS
from fulfillment.admin.words import utc
from fulfillment.models import KeptMessage, WebhookTally
from portal import platforms
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import PlatformFilter, RangeDateTimeFilter
from portal.models import PlatformCredential
from portal.organizations import active_organization, may
from portal.roles import Permission
from portal.webhook_addresses import webhook_address

HOURS = 48
_BAR, _GAP, _HEIGHT = 12, 3, 80

OUTCOMES = {
    "accepted": _("accepted"),
    "challenge": _("answered the platform's challenge"),
    "handed_on": _("taken in (no claim)"),
    "ignored": _("not needed here"),
    "revoked": _("subscription revoked by the platform"),
    "stale": _("too old"),
    "bad_signature": _("wrong signature"),
    "unreadable": _("could not be read, kept"),
    "too_large": _("too large"),
    "disabled": _("credential switched off"),
}
"""How calls end, in words; one that is not known here is shown by its name."""


class CredentialPlatformFilter(PlatformFilter):
    """The platform that sent it."""

    lookup = "credential__platform"


@admin.register(KeptMessage)
class KeptMessageAdmin(ReadOnlyAdmin):
    """Messages with a valid signature that could not be read; they may hold personal data."""

    menu_icon = "unknown_document"
    menu_order = 70
    menu_group = FROM_PLATFORMS
    view_permission = Permission.SEE_PEOPLE
    list_display = ("received", "platform_name", "message_id", "problem")
    list_filter = (CredentialPlatformFilter, ("received_at", RangeDateTimeFilter))
    list_select_related = ("credential",)
    ordering = ("-received_at", "-pk")
    sortable_by = ()
    fields = ("received_at", "platform_name", "message_id", "problem", "shown_body")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name every field, and the body as text."""
        return [*super().get_readonly_fields(request, obj), "platform_name", "shown_body"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the messages; their bodies only on their own page."""
        rows = super().get_queryset(request)
        return rows if request.resolver_match and request.resolver_match.kwargs.get("object_id") else rows.defer("body")

    @display(description=_("received at"))
    def received(self, message: KeptMessage) -> SafeString | str:
        """When it came."""
        return utc(message.received_at)

    @display(description=_("platform"))
    def platform_name(self, message: KeptMessage) -> str:
        """The platform by its name."""
        return platforms.get(message.credential.platform).name

    @display(description=_("message"))
    def shown_body(self, message: KeptMessage) -> SafeString:
        """The message as text, with marks where bytes are none."""
        return format_html('<pre class="drops-pre">{}</pre>', bytes(message.body).decode("utf-8", "replace"))


@admin.register(WebhookTally)
class WebhookTallyAdmin(ReadOnlyAdmin):
    """How webhook calls ended in the last two days."""

    beyond_games = True
    menu_icon = "monitoring"
    menu_order = 60
    menu_group = FROM_PLATFORMS
    view_permission = Permission.SEE_CAMPAIGNS

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show each webhook's calls hour by hour, drawn and as a table."""
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        now = timezone.now()
        credentials = PlatformCredential.objects.filter(organization=active_organization(request)).order_by("platform")
        used = {credential.platform for credential in credentials}
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Webhooks"),
            "subtitle": None,
            "opts": self.opts,
            "hours": HOURS,
            "webhooks": [_webhook(request, credential, now) for credential in credentials],
            "hints": [
                (one.name, one.check_hints.get("webhook", ""))
                for one in platforms.registry.values()
                if one.sends_claims and one.key in used
            ],
            "may_manage": may(request, Permission.MANAGE),
        }
        return TemplateResponse(request, "admin/fulfillment/webhooks.html", context)


def _webhook(request: HttpRequest, credential: PlatformCredential, now: datetime) -> dict[str, Any]:
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    first = this_hour - timedelta(hours=HOURS - 1)
    rows = (
        WebhookTally.objects.filter(credential=credential, hour__gte=first)
        .values_list("hour", "outcome")
        .annotate(calls=Sum("count"))
        .order_by("-hour", "outcome")
    )
    hours: dict[datetime, dict[str, int]] = {}
    for hour, outcome, calls in rows:
        hours.setdefault(hour, {})[str(OUTCOMES.get(outcome, outcome.replace("_", " ")))] = calls
    totals: dict[str, int] = {}
    for calls_of in hours.values():
        for outcome, calls in calls_of.items():
            totals[outcome] = totals.get(outcome, 0) + calls
    most = max((sum(calls_of.values()) for calls_of in hours.values()), default=0)
    return {
        "platform": platforms.get(credential.platform).name,
        "enabled": credential.enabled,
        "address": webhook_address(credential) if may(request, Permission.MANAGE) else "",
        "totals": sorted(totals.items(), key=lambda pair: -pair[1]),
        "hours": [(hour, sum(calls_of.values()), sorted(calls_of.items())) for hour, calls_of in hours.items()],
        "bars": [_bar(hours, first, position, most) for position in range(HOURS)],
        "most": most,
        "width": HOURS * (_BAR + _GAP),
        "height": _HEIGHT,
    }


def _bar(hours: dict[datetime, dict[str, int]], first: datetime, position: int, most: int) -> dict[str, Any]:
    hour = first + timedelta(hours=position)
    calls = sum(hours.get(hour, {}).values())
    height = max(round(_HEIGHT * calls / most), 2) if calls else 0
    return {
        "x": position * (_BAR + _GAP),
        "y": _HEIGHT - height,
        "width": _BAR,
        "height": height,
        "hour": hour,
        "calls": calls,
    }
