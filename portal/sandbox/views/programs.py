"""What tests and measurements ask of the sandbox: faults, many claims, streams and subscriptions, as JSON.

They take JSON only, which no page of another site can send without being allowed to: so they need no CSRF token.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.sandbox import announcing, bulk, streaming
from portal.sandbox.fault_forms import set_faults, values_of
from portal.sandbox.faulting import faults_of
from portal.sandbox.models import REVOKED, Category, Claim, EventSubscription, Platform, PlatformUser, Stream
from portal.sandbox.webhooks import MOST_SENDERS, Told

Json = dict[str, Any]
View = Callable[[HttpRequest, str, Json], Json]


def _for_programs(method: str) -> Callable[[View], Callable[[HttpRequest, str], HttpResponse]]:
    """Reads the JSON object of a ``method`` request and answers with the view's; a ValueError is 400 with its text."""

    def decorate(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
        @csrf_exempt
        @require_http_methods(["GET", method])
        @wraps(view)
        def answer(request: HttpRequest, platform: str) -> HttpResponse:
            if platform not in Platform.values:
                raise Http404
            try:
                return JsonResponse(view(request, platform, {} if request.method == "GET" else _body(request)))
            except ValueError as fault:
                return JsonResponse({"error": str(fault)}, status=400)

        return answer

    return decorate


def _body(request: HttpRequest) -> Json:
    if request.content_type != "application/json":
        raise ValueError("Send JSON, and say so: Content-Type: application/json")
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ValueError("The body must be a JSON object.")
    return body


@_for_programs("PUT")
def faults(request: HttpRequest, platform: str, body: Json) -> Json:
    """GET tells the faults. PUT sets exactly those that it names; what it leaves out is off, so ``{}`` ends them all."""
    found = faults_of(platform) if request.method == "GET" else set_faults(platform, body)
    return values_of(found) | {"on": found.in_words()}


@_for_programs("POST")
def claims(request: HttpRequest, platform: str, body: Json) -> Json:
    """GET counts the claims by status. POST makes many; see ``portal.sandbox.bulk.make_claims`` for its fields."""
    if request.method == "POST":
        return asdict(bulk.make_claims(platform=platform, now=timezone.now(), **_claims_asked(body)))
    found = Claim.objects.filter(platform=platform)
    by_status = Counter(claim.shown_status() for claim in found.only("platform", "status"))
    return {"total": sum(by_status.values()), "by_status": by_status}


_NUMBERS = {"count": bulk.MOST_CLAIMS, "users": bulk.MOST_CLAIMS, "first_user": 900_000_000, "batch": 100}


def _claims_asked(body: Json) -> Json:
    most = _NUMBERS | {"senders": MOST_SENDERS}
    if unknown := sorted(set(body) - {*most, "campaign_id", "webhooks"}):
        raise ValueError(f"There is no field called {', '.join(unknown)}.")
    for name, highest in most.items():
        value = body.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= highest:
            raise ValueError(f"{name} must be a number from 1 to {highest}.")
    if "count" not in body:
        raise ValueError("Say with count how many claims to make.")
    return body


@_for_programs("PUT")
def streams(request: HttpRequest, platform: str, body: Json) -> Json:
    """GET lists who is live. PUT has the channel ``user_id`` go live in ``category_id`` with ``title``, or offline (``live``)."""
    told: list[Told] = []
    if request.method == "PUT":
        told = _switch(platform, body)
    live = streaming.live_streams(platform, now=timezone.now())
    listed = [
        {"user_id": one.channel.user_id, "category_id": one.category.category_id, "title": one.title} for one in live
    ]
    return {"live": listed, "webhooks": [one.in_plain_words() for one in told]}


def _switch(platform: str, body: Json) -> list[Told]:
    now = timezone.now()
    channel = PlatformUser.objects.filter(platform=platform, user_id=str(body.get("user_id"))).first()
    if channel is None:
        raise ValueError("user_id is not a user of this platform.")
    if body.get("live", True):
        category = Category.objects.filter(platform=platform, category_id=str(body.get("category_id"))).first()
        if category is None:
            raise ValueError("category_id is not a category of this platform.")
        title = str(body.get("title", "Live"))[:140]
        stream = streaming.go_live(channel=channel, category=category, title=title, now=now)
        return announcing.announce_stream(stream=stream, now=now)
    on_air = Stream.objects.filter(channel=channel, ended_at=None).first()
    if on_air is None or not streaming.go_offline(stream=on_air, now=now):
        raise ValueError("The channel is not live.")
    return announcing.announce_stream(stream=on_air, now=now)


@_for_programs("POST")
def subscriptions(request: HttpRequest, platform: str, body: Json) -> Json:
    """GET lists the subscriptions. POST ends the one with the id ``id``, on Twitch with ``status``, as the platform would."""
    outcome = ""
    if request.method == "POST":
        status = body.get("status", REVOKED[0])
        if status not in REVOKED:
            raise ValueError(f"status must be one of {', '.join(REVOKED)}.")
        subscription = get_object_or_404(EventSubscription, platform=platform, subscription_id=str(body.get("id")))
        told = announcing.revoke(subscription=subscription, status=status, now=timezone.now())
        outcome = told.in_plain_words() if told else ""
    found = EventSubscription.objects.filter(platform=platform).order_by("pk")
    listed = [
        {
            "id": one.subscription_id,
            "type": one.type,
            "condition": one.condition,
            "callback": one.callback,
            "status": one.status,
            "last_outcome": one.last_outcome,
        }
        for one in found
    ]
    return {"subscriptions": listed, "webhook": outcome}
