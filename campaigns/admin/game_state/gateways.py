"""The gateways that hold connections of game servers, as a member of one organization sees them (O3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from campaigns.admin.game_state import MENU_GROUP
from campaigns.game_state.standing import SILENCE, missing_gateway
from campaigns.game_state.words import close_name, refusal_name
from campaigns.models import GameSession, GatewayProcess, GatewayTally
from portal.admin_base import ReadOnlyAdmin
from portal.admin_words import ago, chip
from portal.organizations import active_organization
from portal.roles import Permission

COUNTED_OVER = timedelta(hours=24)
_SHOWN_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class ShownGateway:
    """One gateway. ``name`` and ``connections``, which are of everybody's game servers, only for the administrator."""

    number: int
    name: str
    chip: SafeString
    started: SafeString | str
    heard: SafeString | str
    sessions: int
    connections: int


@admin.register(GatewayProcess)
class GatewayProcessAdmin(ReadOnlyAdmin):
    """One page: gateways are nobody's and everybody's. Machines and totals are for the portal's administrator."""

    beyond_games = True
    menu_icon = "router"
    menu_order = 53
    menu_group = MENU_GROUP
    view_permission = Permission.SEE_CAMPAIGNS

    def get_urls(self) -> list[URLPattern]:
        """Return the list alone: a gateway has no page of its own."""
        return [path("", self.admin_site.admin_view(self.changelist_view), name="campaigns_gatewayprocess_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show who was heard of, and with how many of the organization's sessions."""
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Gateways"),
            "subtitle": None,
            "opts": self.opts,
            "gateways": _gateways(request, now=now),
            "missing": missing_gateway(now=now),
            "administers": _administers(request),
            "counts": _counts(now=now) if _administers(request) else [],
        }
        return TemplateResponse(request, "admin/campaigns/game_state/gateways.html", context)


def _administers(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _gateways(request: HttpRequest, *, now: datetime) -> list[ShownGateway]:
    held = GameSession.objects.filter(organization=active_organization(request), ended_at=None).exclude(gateway="")
    counts = dict(held.order_by().values_list("gateway").annotate(number=Count("pk")))
    rows = GatewayProcess.objects.order_by("-beat_at", "pk")[:_SHOWN_AT_MOST]
    return [
        ShownGateway(
            number=number,
            name=str(row) if _administers(request) else "",
            chip=_chip(row, now=now),
            started=ago(row.started_at, now=now),
            heard=ago(row.beat_at, now=now),
            sessions=counts.get(row.pk, 0),
            connections=row.connections,
        )
        for number, row in enumerate(rows, start=1)
    ]


def _chip(row: GatewayProcess, *, now: datetime) -> SafeString:
    if row.beat_at >= now - SILENCE:
        if row.stopping_at is not None:
            return chip(_t("stopping"), "hourglass_empty")
        return chip(_t("at work"), "check", "drops-chip-ok")
    if row.stopping_at is not None:
        return chip(_t("stopped"), "stop_circle")
    return chip(_t("dead: not heard from"), "error", "drops-chip-error")


def _counts(*, now: datetime) -> list[tuple[str, list[tuple[str, str, int]]]]:
    """Return what was refused and how connections ended in the last hours, of everybody: heading, then words, code, count."""
    rows = GatewayTally.objects.filter(hour__gt=now - COUNTED_OVER).order_by().values_list("kind")
    found = sorted(rows.annotate(total=Sum("count")), key=lambda row: (-row[1], row[0]))
    by_kind: dict[str, list[tuple[str, int]]] = {}
    for kind, total in found:
        first, _colon, code = kind.partition(":")
        by_kind.setdefault(first, []).append((code, total))
    return [
        (_t("Refused"), [(refusal_name(code), code, total) for code, total in by_kind.get("refused", ())]),
        (_t("Connections closed"), [(close_name(code), code, total) for code, total in by_kind.get("closed", ())]),
    ]
