"""Deliveries and their attempts, to be read (D1, D4)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.models import Game
from fulfillment.admin.words import ago, endpoint_state, state_chip, utc_in_two
from fulfillment.models import Delivery, DeliveryAttempt, Endpoint
from portal.admin_base import display, in_reach
from portal.admin_filters import DropdownFilter, RangeDateTimeFilter, ScopedRelatedFilter, asked_range
from portal.newest import NewestAdmin, NewestPaginator
from portal.roles import Permission


class DueFilter(DropdownFilter):
    """What is still to be sent, as the list shows it at first, or all."""

    title = _("what")
    parameter_name = "show"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("waiting", _t("to be sent")), ("all", _t("all"))]

    def value(self) -> str:
        """Return the choice; by default what waits."""
        return "all" if super().value() == "all" else "waiting"

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep what is to be sent."""
        return queryset if self.value() == "all" else queryset.filter(due_at__isnull=False)


class StatusFilter(DropdownFilter):
    """How an attempt ended."""

    title = _("answer")
    parameter_name = "ended"
    _RANGES = {"2xx": (200, 299), "3xx": (300, 399), "4xx": (400, 499), "5xx": (500, 599)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("none", _t("no answer")), *((name, name) for name in self._RANGES)]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the attempts that ended so."""
        value = self.value()
        if value == "none":
            return queryset.filter(status=None)
        return queryset.filter(status__range=self._RANGES[value]) if value in self._RANGES else queryset


def games_of(request: HttpRequest) -> list[str]:
    """Return the ids of the games within reach: by them an index finds deliveries, by the organization none does."""
    return list(in_reach(Game.objects.all(), request).values_list("pk", flat=True))


@admin.register(Delivery)
class DeliveryAdmin(NewestAdmin):
    """What is to be sent to game backends, and what was."""

    menu_icon = "local_shipping"
    menu_order = 30
    view_permission = Permission.SEE_PEOPLE_MASKED
    how_to_narrow = _("Older ones are on the pages of their claims.")
    list_display = ("claim_link", "claim_state", "game", "due", "attempt", "attempts_left", "endpoint_now")
    list_display_links = None
    list_filter = (DueFilter, ("game", ScopedRelatedFilter))
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the deliveries of the organization's games."""
        rows = Delivery.objects.filter(game__in=games_of(request)).defer("body")
        return rows.select_related("game__endpoint", "claim__reward").defer("body", "claim__raw")

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> Any:
        """Find what is due by the index of that. All are looked through from the newest on: no index knows whose they are."""
        if request.GET.get("show") != "all":
            return super().get_paginator(request, queryset, per_page, *args, **kwargs)
        paginator = NewestPaginator(queryset, per_page, *args, **kwargs)
        paginator.shown = self.get_queryset(request)
        paginator.whole = Delivery.objects.all()
        return paginator

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Put what is due first at the top; of all, the newest."""
        return ("-claim_id",) if request.GET.get("show") == "all" else ("due_at", "claim_id")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the claim's page, which shows its delivery."""
        return HttpResponseRedirect(reverse("admin:fulfillment_claim_change", args=[object_id]))

    @display(description=_("claim"))
    def claim_link(self, delivery: Delivery) -> SafeString:
        """The claim, with a link to its page."""
        url = reverse("admin:fulfillment_claim_change", args=[delivery.pk])
        return format_html(
            '<a class="drops-link drops-wide" href="{}">{}</a>', url, delivery.claim.reward or delivery.pk
        )

    @display(description=_("state"))
    def claim_state(self, delivery: Delivery) -> SafeString:
        """The claim's state."""
        return state_chip(delivery.claim.state)

    @display(description=_("due"))
    def due(self, delivery: Delivery) -> SafeString | str:
        """When it is sent next."""
        if delivery.leased:
            return _t("being sent")
        return ago(delivery.due_at) if delivery.due_at else "–"

    @display(description=_("endpoint"))
    def endpoint_now(self, delivery: Delivery) -> SafeString:
        """The state of the game's endpoint."""
        endpoint: Endpoint | None = getattr(delivery.game, "endpoint", None)
        return endpoint_state(endpoint, now=timezone.now())[0]


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(NewestAdmin):
    """Every send with its answer. Answers may name players, so analysts do not see them."""

    menu_icon = "receipt_long"
    menu_order = 40
    view_permission = Permission.SEE_PEOPLE
    how_to_narrow = _("Choose a time to see older ones; the page of a claim has all of its own.")
    list_display = ("started", "claim_link", "number", "duration_ms", "status", "said")
    list_display_links = None
    list_filter = (StatusFilter, ("started_at", RangeDateTimeFilter), ("delivery__game", ScopedRelatedFilter))
    ordering = ("-started_at", "-pk")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the attempts of the organization's games."""
        # The game as a value of each attempt: as a join, the database would begin with all deliveries of these games.
        game = Delivery.objects.filter(pk=OuterRef("delivery")).values("game")
        rows = DeliveryAttempt.objects.alias(of_game=Subquery(game)).filter(of_game__in=games_of(request))
        return rows.select_related("delivery__claim__reward").defer("delivery__body", "delivery__claim__raw")

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> Any:
        """Look through them from the newest of the chosen time on: no index knows whose they are."""
        paginator = NewestPaginator(queryset, per_page, *args, **kwargs)
        paginator.by = "started_at"
        paginator.shown = self.get_queryset(request)
        paginator.whole = DeliveryAttempt.objects.filter(**asked_range(request, "started_at"))
        return paginator

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the claim's page, which shows all its attempts."""
        attempt = self.get_object(request, object_id)
        if attempt is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(reverse("admin:fulfillment_claim_change", args=[attempt.delivery_id]))

    @display(description=_("time"))
    def started(self, attempt: DeliveryAttempt) -> SafeString | str:
        """When it was sent."""
        return utc_in_two(attempt.started_at)

    @display(description=_("claim"))
    def claim_link(self, attempt: DeliveryAttempt) -> SafeString:
        """The claim, with a link to its page."""
        url = reverse("admin:fulfillment_claim_change", args=[attempt.delivery_id])
        return format_html(
            '<a class="drops-link drops-wide" href="{}">{}</a>',
            url,
            attempt.delivery.claim.reward or attempt.delivery_id,
        )

    @display(description=_("what it said"))
    def said(self, attempt: DeliveryAttempt) -> SafeString:
        """The problem, or the beginning of the answer."""
        return format_html('<span class="drops-said">{}</span>', attempt.error or attempt.answer[:120] or "–")
