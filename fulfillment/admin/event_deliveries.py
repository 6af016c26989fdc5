"""The log of outgoing events: what was told to whom, each attempt with its answer, and sending again (D4, D5, S1)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from fulfillment.admin.bulk_pages import ACTION_NAMES, BulkPages
from fulfillment.admin.event_list import (
    FOUND_AT_MOST,
    LOOKED_THROUGH,
    EventChangeList,
    EventPaginator,
    ProgressFilter,
    TypeFilter,
    find_events,
    oldest_looked_at,
)
from fulfillment.admin.event_page import event_page
from fulfillment.admin.event_words import event_name, progress_chip, subject_link, when_next
from fulfillment.admin.menu import OWN_SYSTEMS
from fulfillment.admin.words import utc_in_two
from fulfillment.bulk import choose_event_deliveries
from fulfillment.events.replay import replayable, retry_event_delivery
from fulfillment.models import BulkOperation, EventDelivery, EventSubscription, Progress
from portal.admin_base import CappedPaginator, ReadOnlyAdmin, display
from portal.admin_filters import ScopedRelatedFilter
from portal.models import Organization
from portal.organizations import active_organization, may
from portal.roles import Permission

_SECRETS = ("subscription__secret", "subscription__previous_secret")
_ID_LENGTH = 18
"""The longest key that the database takes has 19 digits; what is longer is nobody's."""


class SinceForm(forms.Form):
    """Which events of a subscription are sent again."""

    WHICH = (
        ("failed", _("What has not arrived")),
        ("all", _("Everything")),
    )

    subscription = forms.ModelChoiceField(
        EventSubscription.objects.none(), label=_("Subscription"), widget=UnfoldAdminSelectWidget
    )
    since = forms.DateTimeField(
        label=_("Since (UTC)"),
        help_text=_("Of what happened at this time and later."),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        error_messages={"invalid": _("This is not a time. Write it as 2026-11-20T18:30.")},
    )
    which = forms.ChoiceField(
        label=_("Which"),
        choices=WHICH,
        help_text=_("Not arrived has what was given up, and what waits for another attempt."),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = EventSubscription.objects.filter(organization=organization).defer("secret", "previous_secret")
        self.fields["subscription"].queryset = mine.order_by("name", "pk")  # type: ignore[attr-defined]
        if not self.initial.get("subscription"):
            only = list(mine.order_by().values_list("pk", flat=True)[:2])
            self.initial["subscription"] = only[0] if len(only) == 1 else None

    def clean_since(self) -> Any:
        """Refuse a time that has not come."""
        since = self.cleaned_data["since"]
        if since > timezone.now():
            raise forms.ValidationError(_("This time has not come yet. Choose an earlier one."), code="future")
        return since

    def clean(self) -> dict[str, Any]:
        """Say so where there is nothing to send again."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self.chosen().exists():
            raise forms.ValidationError(
                _("There is nothing to send again: nothing of that kind is in the log since then."), code="nothing"
            )
        return cleaned

    def chosen(self) -> models.QuerySet[EventDelivery]:
        """Return the events that are meant."""
        values = self.cleaned_data
        return replayable(
            subscription=values["subscription"], since=values["since"], only_failed=values["which"] == "failed"
        )


@admin.register(EventDelivery)
class EventDeliveryAdmin(BulkPages, ReadOnlyAdmin):
    """What was told to whom. Messages name people, so analysts do not see them; addresses are the owners'."""

    menu_icon = "outgoing_mail"
    menu_order = 54
    menu_group = OWN_SYSTEMS
    view_permission = Permission.SEE_PEOPLE
    list_display = ("happened", "what", "about", "told", "state_now", "next", "tried")
    list_display_links = ("happened", "what")
    list_filter = (ProgressFilter, TypeFilter, ("subscription", ScopedRelatedFilter))
    list_before_template = "admin/fulfillment/event_log_header.html"
    search_fields = ("pk",)  # the box is shown; what it finds is fulfillment.admin.event_list's
    search_help_text = _("Any id: event, claim, link, channel; user or login of a claim")
    ordering = ("-id",)
    sortable_by = ()
    actions: Any = ("replay_chosen",)
    bulk_actions = frozenset({BulkOperation.Action.REPLAY})
    back_to_list = _("Back to the log")
    bulk_confirm_template = "admin/fulfillment/event_replay_confirm.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of sending again."""
        wrap = self.admin_site.admin_view
        return [
            *self.bulk_urls(),
            path("since/", wrap(self.since_view), name="fulfillment_eventdelivery_since"),
            path("<str:object_id>/again/", wrap(self.again_view), name="fulfillment_eventdelivery_again"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return what the organization's subscriptions were told, without messages and secrets."""
        rows = EventDelivery.objects.filter(subscription__in=list(self._subscriptions(request)))
        return rows.select_related("event", "subscription").defer("event__body", *_SECRETS)

    def _subscriptions(self, request: HttpRequest) -> models.QuerySet[Any]:
        mine = EventSubscription.objects.filter(organization=active_organization(request)).order_by()
        return mine.values_list("pk", flat=True)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row with this key; None also for what cannot be one."""
        if not (object_id.isascii() and object_id.isdigit() and len(object_id) <= _ID_LENGTH):
            return None
        return super().get_object(request, object_id, from_field)

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> Paginator[Any]:
        """Page through each subscription's index; what a search or a kind has narrowed, as it is."""
        if any(request.GET.get(name) for name in ("q", TypeFilter.parameter_name)):
            return CappedPaginator(queryset, per_page, *args, **kwargs)
        paginator = EventPaginator(queryset, per_page, *args, **kwargs)
        chosen = request.GET.get("subscription__id__exact")
        mine = EventSubscription.objects.filter(organization=active_organization(request)).order_by()
        paginator.subscriptions = mine.filter(pk=chosen) if chosen else mine
        progress = request.GET.get(ProgressFilter.parameter_name, "")
        paginator.progress = progress if progress in Progress.values else ""
        return paginator

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[EventChangeList]:
        """Return the class of the list."""
        return EventChangeList

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by ids through indexes."""
        organization = active_organization(request)
        if not search_term.strip() or organization is None:
            return queryset, False
        found = find_events(organization, search_term)
        if len(found) == FOUND_AT_MOST:
            text = _t("Very many events fit. The newest %(count)s are shown.")
            messages.info(request, text % {"count": f"{FOUND_AT_MOST:,}"})
        return queryset.filter(event__in=found), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list; its columns need to know who looks."""
        shown = {"may_replay": may(request, Permission.BULK), "may_manage": may(request, Permission.MANAGE)}
        response = super().changelist_view(request, {**shown, **(extra_context or {})})
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changelist is None:
            return response
        if request.GET.get(TypeFilter.parameter_name) and oldest_looked_at(request):
            text = _t("Only the newest %(count)s events were looked through.")
            messages.info(request, text % {"count": f"{LOOKED_THROUGH:,}"})
        for row in changelist.result_list:
            row.subject_url = subject_link(request, row.event)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one event's way to one subscription: the message, the attempts, and what happens next."""
        return event_page(self, request, self._mine(request, object_id))

    def _mine(self, request: HttpRequest, object_id: str) -> EventDelivery:
        delivery: EventDelivery | None = self.get_object(request, object_id)
        if delivery is None:
            raise Http404
        if not self.has_view_permission(request, delivery):
            raise PermissionDenied
        return delivery

    # Columns.

    @display(description=_("happened"))
    def happened(self, delivery: EventDelivery) -> SafeString | str:
        """When what it tells of happened."""
        return utc_in_two(delivery.event.at)

    @display(description=_("event"))
    def what(self, delivery: EventDelivery) -> SafeString:
        """Which event it is."""
        kind = delivery.event.type
        return format_html('{}<br><span class="drops-name-plain">{}</span>', event_name(kind), kind)

    @display(description=_("about"))
    def about(self, delivery: EventDelivery) -> SafeString | str:
        """The claim, link or channel, with a link to its page."""
        url = getattr(delivery, "subject_url", "")
        subject = delivery.event.subject
        return format_html('<a class="drops-link" href="{}">{}</a>', url, subject) if url else subject

    @display(description=_("told to"))
    def told(self, delivery: EventDelivery) -> str:
        """The subscription's name."""
        return delivery.subscription.name

    @display(description=_("state"))
    def state_now(self, delivery: EventDelivery) -> SafeString:
        """How far it is, as icon and word."""
        return progress_chip(delivery)

    @display(description=_("next attempt"))
    def next(self, delivery: EventDelivery) -> str:
        """When it is sent next."""
        return when_next(delivery, now=timezone.now())

    @display(description=_("attempts"))
    def tried(self, delivery: EventDelivery) -> int:
        """How many attempts were made."""
        return delivery.attempt

    # Sending again.

    def has_bulk_permission(self, request: HttpRequest) -> bool:
        """Say whether this person may send many events again (S1)."""
        return may(request, Permission.BULK)

    @admin.action(description=ACTION_NAMES[BulkOperation.Action.REPLAY], permissions=["bulk"])
    def replay_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Send the chosen ones again."""
        return self.chosen(request, partial(choose_event_deliveries, deliveries=queryset.defer(None)))

    def again_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send one event again. Only by pressing the button on its page."""
        delivery = self._mine(request, object_id)
        if not may(request, Permission.MEND):
            raise PermissionDenied
        if request.method == "POST":
            actor: Any = request.user
            if retry_event_delivery(delivery=delivery, actor=actor, now=timezone.now()):
                messages.success(request, _t("It is sent again, with all attempts anew."))
            else:
                messages.error(request, _t("It cannot be sent again: it is being sent at this moment, or was erased."))
        return HttpResponseRedirect(reverse("admin:fulfillment_eventdelivery_change", args=[delivery.pk]))

    def since_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a subscription and a time; what happened since is counted on the next page, before anything is sent."""
        organization = active_organization(request)
        if organization is None or not may(request, Permission.BULK):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else None
        asked = {
            "subscription": request.GET.get("subscription", ""),
            "since": f"{timezone.now() - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        }
        form = SinceForm(given, organization=organization, initial=asked)
        if request.method == "POST" and form.is_valid():
            since = form.cleaned_data["since"]
            answer = self.chosen(request, partial(choose_event_deliveries, deliveries=form.chosen(), since=since))
            if answer is not None:
                return answer
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Send events again"),
            "form": form,
            "back": reverse("admin:fulfillment_eventdelivery_changelist"),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/fulfillment/event_since.html", context)
