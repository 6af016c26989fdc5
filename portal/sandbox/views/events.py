"""Streams that go live and offline, and the subscriptions by which the portal hears of it and of claims."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from portal.sandbox import announcing, streaming
from portal.sandbox.forms import StreamForm
from portal.sandbox.models import REVOKED, EventSubscription, Stream, SubscriptionStatus
from portal.sandbox.streaming import StreamRefused
from portal.sandbox.views.pages import console_context, platform_or_404
from portal.sandbox.webhooks import Told

LISTED = 200


@require_http_methods(["GET", "POST"])
def events(request: HttpRequest, platform: str) -> HttpResponse:
    """Who is live, a form to go live, and the subscriptions."""
    context = console_context(platform)
    asked = request.method == "POST"
    form = StreamForm(request.POST if asked else None, platform=platform, auto_id="stream-%s")
    if asked and form.is_valid():
        _go_live(request, form.cleaned_data)
        return redirect("events", platform=platform)
    found = EventSubscription.objects.filter(platform=platform).order_by("-pk")
    context |= {
        "form": form,
        "live": streaming.live_streams(platform, now=timezone.now()),
        "subscriptions": [_row(one) for one in found[:LISTED]],
        "total": found.count(),
        "reasons": [(status, SubscriptionStatus(status).label) for status in REVOKED],
    }
    return render(request, "events.html", context, status=400 if asked else 200)


def _row(subscription: EventSubscription) -> dict[str, Any]:
    return {
        "subscription": subscription,
        "enabled": subscription.status == SubscriptionStatus.ENABLED,
        "pending": subscription.status == SubscriptionStatus.PENDING,
        "about": ", ".join(f"{name} {value}" for name, value in subscription.condition.items()),
    }


def _go_live(request: HttpRequest, values: dict[str, Any]) -> None:
    now = timezone.now()
    try:
        stream = streaming.go_live(
            channel=values["channel"], category=values["category"], title=values["title"], now=now
        )
    except StreamRefused as reason:
        messages.error(request, f"Nothing was changed. {reason}")
        return
    messages.success(request, f"{stream.channel.display_name} is live in {stream.category.name}.")
    _say(request, announcing.announce_stream(stream=stream, now=now))


def _say(request: HttpRequest, told: list[Told]) -> None:
    """What became of the webhooks."""
    if not told:
        messages.info(request, "Nobody was told: no enabled subscription asks for it.")
    for one in told:
        level = messages.SUCCESS if one.accepted() else messages.ERROR
        messages.add_message(request, level, f"The webhook: {one.in_plain_words()}")


@require_POST
def end_stream(request: HttpRequest, platform: str, stream_pk: int) -> HttpResponse:
    """Go offline, and tell whoever asked for it."""
    stream = get_object_or_404(
        Stream.objects.select_related("channel", "category"),
        pk=stream_pk,
        channel__platform=platform_or_404(platform),
    )
    now = timezone.now()
    if streaming.go_offline(stream=stream, now=now):
        messages.success(request, f"{stream.channel.display_name} is offline.")
        _say(request, announcing.announce_stream(stream=stream, now=now))
    else:
        messages.info(request, f"{stream.channel.display_name} was offline already.")
    return redirect("events", platform=platform)


@require_POST
def revoke(request: HttpRequest, platform: str, subscription_pk: int) -> HttpResponse:
    """End a subscription as the platform would: Twitch says so in a signed message, on Kick it is just gone."""
    subscription = get_object_or_404(EventSubscription, pk=subscription_pk, platform=platform_or_404(platform))
    status = request.POST.get("status", "")
    status = status if status in REVOKED else REVOKED[0]
    told = announcing.revoke(subscription=subscription, status=status, now=timezone.now())
    messages.success(request, f"The subscription to {subscription.type} has ended.")
    if told is None:
        messages.info(request, "The portal is not told.")
    else:
        level = messages.SUCCESS if told.accepted() else messages.ERROR
        messages.add_message(request, level, f"The revocation: {told.in_plain_words()}")
    return redirect("events", platform=platform)
