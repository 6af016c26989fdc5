"""Kick's ``/public/v1/events/subscriptions``.

The reference is a file that is not public; the shapes are those of client libraries (Scorfly/gokick, ``events.go``) and
of Kick's own list of events.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.sandbox import eventsub
from portal.sandbox.eventsub import AlreadyThere
from portal.sandbox.messages import rfc3339
from portal.sandbox.models import EventSubscription, Platform, Token
from portal.sandbox.views.kick import api, bearer

Json = dict[str, Any]
SCOPE = "events:subscribe"
#: Kick, Webhook Payloads, Events. Only livestream.status.updated ever happens here.
EVENTS = (
    "chat.message.sent",
    "channel.followed",
    "channel.subscription.renewal",
    "channel.subscription.gifts",
    "channel.subscription.new",
    eventsub.LIVESTREAM,
    "livestream.metadata.updated",
    "moderation.banned",
    "kicks.gifted",
)


@csrf_exempt
@require_http_methods(["GET", "POST", "DELETE"])
def subscriptions(request: HttpRequest) -> HttpResponse:
    """With an app token, or a user's that may subscribe to the user's own channel."""
    caller = bearer(request)
    if caller is None or (caller.user is not None and SCOPE not in caller.scope_list()):
        return api(None, status=401, message="Unauthorized")
    if request.method == "POST":
        return _create(request, caller)
    mine = EventSubscription.objects.filter(platform=Platform.KICK, client_id=caller.client_id).order_by("pk")
    if request.method == "DELETE":
        ids = request.GET.getlist("id")
        if not ids:
            return api(None, status=400, message="Invalid request")
        mine.filter(subscription_id__in=ids).delete()
        return HttpResponse(status=204)
    user_id = request.GET.get("broadcaster_user_id")
    found = [one for one in mine if user_id in (None, one.condition["broadcaster_user_id"])]
    return api([_subscription(one) for one in found])


def _create(request: HttpRequest, caller: Token) -> JsonResponse:
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    events, user_id = body.get("events"), body.get("broadcaster_user_id")
    if caller.user is not None:
        user_id = int(caller.user.user_id)
    valid = isinstance(user_id, int) and not isinstance(user_id, bool) and user_id > 0
    if not valid or body.get("method") != "webhook" or not isinstance(events, list) or not events:
        return api(None, status=400, message="Invalid request")
    return api([_subscribe(caller.client_id, str(user_id), event) for event in events])


def _subscribe(client_id: str, user_id: str, event: Any) -> Json:
    """Subscribe to one event and return what became of it; again, it is the subscription that there is."""
    name, version = (event.get("name"), event.get("version")) if isinstance(event, dict) else (None, None)
    if name not in EVENTS or version != 1:
        return {"error": "invalid event", "name": str(name), "subscription_id": "", "version": version}
    condition = {"broadcaster_user_id": user_id}
    try:
        made = eventsub.subscribe(
            platform=Platform.KICK, client_id=client_id, kind=name, condition=condition, now=timezone.now()
        )
    except AlreadyThere:
        made = EventSubscription.objects.get(
            platform=Platform.KICK,
            client_id=client_id,
            type=name,
            condition_text=eventsub.condition_text(condition),
        )
    return {"error": "", "name": name, "subscription_id": made.subscription_id, "version": version}


def _subscription(subscription: EventSubscription) -> Json:
    created_at = rfc3339(subscription.created_at)
    return {
        "app_id": subscription.client_id,
        "broadcaster_user_id": int(subscription.condition["broadcaster_user_id"]),
        "created_at": created_at,
        "event": subscription.type,
        "id": subscription.subscription_id,
        "method": "webhook",
        "updated_at": created_at,
        "version": int(subscription.version),
    }
