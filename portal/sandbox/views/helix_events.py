"""Twitch's ``/helix/eventsub/subscriptions`` (Twitch API: Create, Delete and Get EventSub Subscriptions), for webhooks."""

from __future__ import annotations

import json
import threading
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.sandbox import eventsub
from portal.sandbox.eventsub import CONDITIONS, MOST_COST, AlreadyThere
from portal.sandbox.messages import DROP_TYPE, rfc3339
from portal.sandbox.models import Application, EventSubscription, Platform, SubscriptionStatus, Token
from portal.sandbox.playing import AddressRefused, check_address
from portal.sandbox.views.paging import BadRequest, offset_of, to_cursor
from portal.sandbox.views.twitch import helix_error, helix_token

Json = dict[str, Any]
PAGE = 100
FILTERS = ("status", "type", "user_id", "subscription_id")


@csrf_exempt
@require_http_methods(["GET", "POST", "DELETE"])
def subscriptions(request: HttpRequest) -> HttpResponse:
    """Webhooks are an app's: a user's token does not fit them."""
    caller = helix_token(request)
    if isinstance(caller, JsonResponse):
        return caller
    if caller.user is not None:
        return helix_error(400, "invalid transport and auth combination")
    mine = EventSubscription.objects.filter(platform=Platform.TWITCH, client_id=caller.client_id).order_by("pk")
    try:
        if request.method == "POST":
            return _create(request, caller)
        if request.method == "DELETE":
            ended, _ = mine.filter(subscription_id=_required(request.GET.get("id"), "id")).delete()
            return HttpResponse(status=204) if ended else helix_error(404, "subscription not found")
        return _list(request, list(mine))
    except BadRequest as fault:
        return helix_error(400, str(fault))


def _required(text: Any, name: str) -> str:
    if not isinstance(text, str) or not text:
        raise BadRequest(f"missing required parameter: {name}")
    return text


def _create(request: HttpRequest, caller: Token) -> HttpResponse:
    """202: it is accepted, and the challenge is on its way."""
    body = _body(request)
    kind = _required(body.get("type"), "type")
    if kind not in CONDITIONS or body.get("version") != "1":
        raise BadRequest("invalid subscription type and version")
    condition = _condition(kind, body.get("condition"))
    callback, secret = _transport(body.get("transport"))
    if kind == DROP_TYPE and body.get("is_batching_enabled") is not True:
        # The text: nicklaw5/twitch-api-php, pull request 150.
        raise BadRequest(f"is_batching_enabled must be true for {DROP_TYPE} subscriptions")
    app = Application.objects.get(pk=Platform.TWITCH)
    owned = {"organization_id": app.organization_id, "client_id": caller.client_id}
    if any(name in condition and condition[name] != mine for name, mine in owned.items()):
        return helix_error(403, "subscription missing proper authorization")
    existing = list(EventSubscription.objects.filter(platform=Platform.TWITCH, client_id=caller.client_id))
    if eventsub.total_cost(existing) >= MOST_COST:
        return helix_error(429, "the subscriptions would cost more than max_total_cost")
    try:
        made = eventsub.subscribe(
            platform=Platform.TWITCH,
            client_id=caller.client_id,
            kind=kind,
            condition=condition,
            callback=callback,
            secret=secret,
            now=timezone.now(),
        )
    except AlreadyThere:
        return helix_error(409, "subscription already exists")
    threading.Thread(target=eventsub.verify, args=(made.pk,), daemon=True).start()
    answer = {"data": [_subscription(made)], **_totals([*existing, made])}
    return JsonResponse(answer, status=202)


def _condition(kind: str, given: Any) -> Json:
    """The fields of the type's condition; those that Twitch does not know are left out."""
    given = given if isinstance(given, dict) else {}
    condition = {name: given[name] for name in CONDITIONS[kind] if given.get(name)}
    missing = [name for name, required in CONDITIONS[kind].items() if required and name not in condition]
    if missing or not all(isinstance(value, str) for value in condition.values()):
        raise BadRequest(f"invalid condition: {', '.join(missing) or 'its fields are texts'}")
    return condition


def _transport(given: Any) -> tuple[str, str]:
    """Callback and secret. Twitch takes https on port 443 only; here this machine is allowed too."""
    given = given if isinstance(given, dict) else {}
    if given.get("method") != "webhook":
        raise BadRequest("unsupported transport method")
    callback, secret = _required(given.get("callback"), "callback"), _required(given.get("secret"), "secret")
    try:
        check_address(callback)
    except AddressRefused as fault:
        raise BadRequest("invalid callback: must be https on port 443") from fault
    if not (10 <= len(secret) <= 100 and secret.isascii()):
        raise BadRequest("invalid secret: must be between 10 and 100 ASCII characters")
    return callback, secret


def _list(request: HttpRequest, mine: list[EventSubscription]) -> JsonResponse:
    """The app's subscriptions, those that have ended too; at most one filter."""
    given = {name: request.GET[name] for name in FILTERS if name in request.GET}
    if len(given) > 1:
        raise BadRequest("status, type, user_id and subscription_id are mutually exclusive")
    if given.get("status", SubscriptionStatus.ENABLED) not in SubscriptionStatus.values:
        raise BadRequest("invalid status")
    found = [one for one in mine if all(_fits(one, name, wanted) for name, wanted in given.items())]
    start = offset_of(request.GET.get("after", ""))
    page, following = found[start : start + PAGE], start + PAGE
    pagination = {"cursor": to_cursor(str(following))} if following < len(found) else {}
    return JsonResponse({"data": [_subscription(one) for one in page], **_totals(mine), "pagination": pagination})


def _fits(subscription: EventSubscription, name: str, wanted: str) -> bool:
    if name == "user_id":
        return wanted in subscription.condition.values()
    return bool(getattr(subscription, name) == wanted)


def _totals(mine: list[EventSubscription]) -> Json:
    return {"total": len(mine), "total_cost": eventsub.total_cost(mine), "max_total_cost": MOST_COST}


def _subscription(subscription: EventSubscription) -> Json:
    return {
        "id": subscription.subscription_id,
        "status": subscription.status,
        "type": subscription.type,
        "version": subscription.version,
        "condition": subscription.condition,
        "created_at": rfc3339(subscription.created_at, digits=9),
        "transport": {"method": "webhook", "callback": subscription.callback},
        "cost": subscription.cost,
    }


def _body(request: HttpRequest) -> Json:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise BadRequest("the body is not valid JSON") from None
    return body if isinstance(body, dict) else {}
