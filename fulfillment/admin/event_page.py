"""The page of one event's way to one subscription: what was told, every attempt, and what happens next (D4, S1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t

from fulfillment.admin.claim_page import Fact
from fulfillment.admin.event_words import (
    MEANINGS,
    event_name,
    pretty,
    progress_chip,
    stamp,
    subject_link,
    subscription_state,
    what_happens_next,
)
from fulfillment.models import Event, EventAttempt, EventDelivery
from portal.organizations import may
from portal.roles import Permission

if TYPE_CHECKING:
    from fulfillment.admin.event_deliveries import EventDeliveryAdmin

_ATTEMPTS_SHOWN = 50


def event_page(admin: EventDeliveryAdmin, request: HttpRequest, delivery: EventDelivery) -> HttpResponse:
    """Return the page of a delivery that the person may see."""
    now = timezone.now()
    event, subscription = delivery.event, delivery.subscription
    body = Event.objects.values_list("body", flat=True).get(pk=event.pk)
    context: dict[str, Any] = {
        **admin.admin_site.each_context(request),
        "title": event_name(event.type).capitalize(),
        "subtitle": None,
        "opts": admin.opts,
        "delivery": delivery,
        "chip": progress_chip(delivery),
        "meaning": MEANINGS.get(event.type, ""),
        "next": what_happens_next(delivery, erased=not body, now=now),
        "facts": _facts(request, delivery),
        "subscription_chip": subscription_state(subscription, now=now)[0],
        "attempts": list(EventAttempt.objects.filter(delivery=delivery).order_by("-number")[:_ATTEMPTS_SHOWN]),
        "body": pretty(body),
        "again_url": reverse("admin:fulfillment_eventdelivery_again", args=[delivery.pk])
        if body and not delivery.leased and may(request, Permission.MEND)
        else "",
        "back": reverse("admin:fulfillment_eventdelivery_changelist"),
    }
    return TemplateResponse(request, "admin/fulfillment/event_delivery.html", context)


def _facts(request: HttpRequest, delivery: EventDelivery) -> list[Fact]:
    event, subscription = delivery.event, delivery.subscription
    manages = may(request, Permission.MANAGE)
    page = reverse("admin:fulfillment_eventsubscription_change", args=[subscription.pk]) if manages else ""
    facts = [
        Fact(_t("Event"), event.type),
        Fact(_t("Event id"), event.pk),
        Fact(_t("Happened"), stamp(event.at)),
        Fact(_t("About"), event.subject, subject_link(request, event)),
        Fact(_t("Told to"), subscription.name, page),
    ]
    if manages:
        facts.append(Fact(_t("Address"), subscription.url))
    return facts
