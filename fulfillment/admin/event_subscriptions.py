"""The pages of subscriptions to outgoing events: address, events and secret, the breaker, a test event (D2, D5, S1, S2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import OuterRef
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from fulfillment.admin.event_counts import Counted
from fulfillment.admin.event_words import days_kept, event_choices, events_told, subscription_state
from fulfillment.admin.menu import OWN_SYSTEMS
from fulfillment.admin.receiver_pages import Deed, ReceiverAdmin, ReceiverForm, Text
from fulfillment.events.subscriptions import (
    forget_previous_secret,
    probe_now,
    resume_subscription,
    rotate_secret,
    send_sample_event,
)
from fulfillment.health.facts import CAP
from fulfillment.health.words import counted
from fulfillment.models import EventDelivery, EventSubscription, Progress
from fulfillment.rules.events import EVENT_NAMES, EVENT_TYPES
from fulfillment.rules.retries import Outcome
from portal.admin_base import display
from portal.roles import Permission

_OUTCOMES = {
    Outcome.DELIVERED: (_("The address accepted the test event."), "ok"),
    Outcome.REJECTED: (
        _("The address answered and refused the test event. A real event refused like this would not be tried again."),
        "attention",
    ),
    Outcome.ENDPOINT_FAULT: (
        _("The address or the secret is not right: a real event with this answer would pause the subscription."),
        "error",
    ),
}

_DEEDS = {
    "probe": Deed(
        title=_("Probe now"),
        text=_("One waiting event is tried at once. If it is accepted, all others follow within seconds."),
        button=_("Probe now"),
        call=lambda subscription, **who: probe_now(subscription=subscription, **who),
        done=_("It is tried in a moment."),
        not_done=_("It is not paused any more."),
    ),
    "resume": Deed(
        title=_("Resume the subscription"),
        text=_("Everything that waits is sent again, without a probe first. If calls fail again, it is paused again."),
        button=_("Resume"),
        call=lambda subscription, **who: resume_subscription(subscription=subscription, **who),
        done=_("The subscription is at work again."),
        not_done=_("It was not paused."),
    ),
    "rotate": Deed(
        title=_("New signing secret"),
        text=_(
            "Events are then signed with the new secret and with the one before, so that whoever receives them "
            "can change over at leisure. Forget the old one afterwards."
        ),
        button=_("Make a new secret"),
        call=lambda subscription, **who: rotate_secret(subscription=subscription, **who),
    ),
    "forget": Deed(
        title=_("Forget the previous secret"),
        text=_("A receiver that still verifies with the previous secret refuses events from now on."),
        button=_("Forget it"),
        call=lambda subscription, **who: forget_previous_secret(subscription=subscription, **who),
        done=_("Events are signed with the present secret alone."),
    ),
}


class SubscriptionForm(ReceiverForm):
    """The form of a subscription: its events are check boxes, each with a sentence."""

    types = forms.MultipleChoiceField(
        label=_("Events"), error_messages={"required": _("Choose at least one event: without any, nothing is sent.")}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["types"]
        field.widget = widget = UnfoldAdminCheckboxSelectMultipleWidget()
        # Instances, not a class of their own: the theme lays the field out by the name of its widget's class.
        widget.template_name = "admin/fulfillment/event_choices.html"
        widget.option_template_name = "admin/fulfillment/event_choice.html"
        field.choices = event_choices()  # type: ignore[attr-defined]
        self.fields["url"].help_text = _("Where events are sent, by POST. It begins with https://.")
        self.fields["concurrency"].help_text = _(
            "How many events may be under way at one time. With 1 they arrive one after the other."
        )

    def clean_types(self) -> list[str]:
        """Keep the events in the order in which all lists have them."""
        return [key for key in EVENT_TYPES if key in self.cleaned_data["types"]]


class SampleForm(forms.Form):
    """Which event is made up for a test."""

    type = forms.ChoiceField(label=_("Event"), choices=EVENT_NAMES, widget=UnfoldAdminSelectWidget)


@admin.register(EventSubscription)
class EventSubscriptionAdmin(ReceiverAdmin):
    """Which addresses are told of what; owners only."""

    menu_icon = "notifications"
    menu_order = 52
    menu_group = OWN_SYSTEMS
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    form = SubscriptionForm
    deeds = _DEEDS
    back_label = _("Back to the subscription")
    secret_text = _(
        "Whoever receives the events verifies them with it. Who has it can forge events, so keep it where you keep passwords."
    )
    test_label = _("Send a test event …")
    list_display = ("name_and_address", "told", "state_now", "last_success", "waiting", "failed")
    list_before_template = "admin/fulfillment/event_subscriptions_header.html"
    ordering = ("name", "pk")
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("name", "url", "types", "enabled", "concurrency")}),
        (_("Signature"), {"fields": ("secret", "former_secret")}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's subscriptions with how much waits and has failed, in the same query."""
        rows = EventDelivery.objects.filter(subscription=OuterRef("pk")).order_by().values("pk")
        return (
            super()
            .get_queryset(request)
            .annotate(
                waits=Counted(rows.filter(progress=Progress.WAITING)[:CAP]),
                failures_kept=Counted(rows.filter(progress=Progress.FAILED)[:CAP]),
            )
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only what nothing was ever sent to: the log of the others is kept, and they are switched off (F8)."""
        return super().has_delete_permission(request, obj) and (obj is None or not obj.deliveries.exists())

    def state_of(self, receiver: EventSubscription) -> tuple[SafeString, str]:
        """Return the state as a chip and in a sentence."""
        return subscription_state(receiver, now=timezone.now())

    def offered(self, receiver: EventSubscription) -> list[tuple[str, Text, bool]]:
        """Add the log, and sending events again."""
        again = f"{reverse('admin:fulfillment_eventdelivery_since')}?{urlencode({'subscription': receiver.pk})}"
        return [
            *super().offered(receiver),
            (again, _("Send events again …"), False),
            (log_address(receiver), _("What it was told"), False),
        ]

    def save_model(self, request: HttpRequest, obj: EventSubscription, form: Any, change: bool) -> None:
        """Store, with the time at which it was made."""
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what waits, what has failed, and why it cannot be deleted."""
        subscription: Any = context.get("original")
        if subscription is not None:
            context["state_facts"] = [
                (_t("Waiting"), _count(subscription, Progress.WAITING, subscription.waits)),
                (_t("Failed"), _count(subscription, Progress.FAILED, subscription.failures_kept)),
            ]
            if not self.has_delete_permission(request, subscription):
                context["state_hint"] = _t(
                    "To end it, switch it off below. It can be deleted once its log is over, %(days)s days after the last event."
                ) % {"days": days_kept()}
        return super().render_change_form(request, context, *args, **kwargs)

    # Columns.

    @display(description=_("subscription"))
    def name_and_address(self, subscription: EventSubscription) -> SafeString:
        """Its name, and the address below."""
        return format_html(
            '<span class="drops-address">{}<br><span class="drops-name-plain">{}</span></span>',
            subscription.name,
            subscription.url,
        )

    @display(description=_("events"))
    def told(self, subscription: EventSubscription) -> SafeString:
        """What it is told of, in words."""
        return format_html('<span class="drops-wide">{}</span>', events_told(subscription.types))

    @display(description=_("waiting"))
    def waiting(self, subscription: Any) -> SafeString | str:
        """How many events wait for it, with a link to them."""
        return _count(subscription, Progress.WAITING, subscription.waits)

    @display(description=_("failed"))
    def failed(self, subscription: Any) -> SafeString | str:
        """How many events were given up, with a link to them."""
        return _count(subscription, Progress.FAILED, subscription.failures_kept)

    # The test.

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask which event, then send it made up and show what came of it."""
        subscription = self.mine(request, object_id)
        form = SampleForm(request.POST if request.method == "POST" else None)
        form.initial.setdefault("type", (subscription.types or EVENT_TYPES)[0])
        context: dict[str, Any] = {
            "title": _t("Send a test event"),
            "text": _t(
                "A signed event of made-up things goes to this address, with the field test set to true. "
                "It does not appear in the log; the answer is shown here."
            ),
            "button": _t("Send it"),
            "form": form,
        }
        if request.method != "POST" or not form.is_valid():
            return self.ask(request, subscription, **context)
        result = send_sample_event(
            subscription=subscription,
            type=form.cleaned_data["type"],
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        text, kind = _OUTCOMES.get(
            result.outcome,
            (_t("The address could not take it now. A real event would be tried again."), "attention"),
        )
        context |= {"result": result, "result_text": text, "result_kind": kind, "button": _t("Send another")}
        return self.ask(request, subscription, **context)


def log_address(subscription: EventSubscription, **filters: str) -> str:
    """Return the address of the log of one subscription."""
    query = urlencode({"subscription__id__exact": subscription.pk, **filters})
    return f"{reverse('admin:fulfillment_eventdelivery_changelist')}?{query}"


def _count(subscription: EventSubscription, progress: str, count: int) -> SafeString | str:
    if not count:
        return "0"
    url = log_address(subscription, progress=progress)
    return format_html('<a class="drops-link" href="{}">{}</a>', url, counted(count))
