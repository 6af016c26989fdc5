"""The claims APIs: a studio's app reads its claims, and says which it has delivered, in each platform's own shape."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.sandbox.faulting import faults_of, not_updated, page_comes_again, spoils
from portal.sandbox.messages import rfc3339
from portal.sandbox.models import Application, Category, Claim, Platform, Token
from portal.sandbox.views import kick, twitch
from portal.sandbox.views.paging import BadRequest, from_cursor, number, to_cursor

Json = dict[str, Any]
MOST = 100
MOST_LISTED = 1000
STATUSES = ("CLAIMED", "FULFILLED")
FIRST_STATUS = {Platform.TWITCH.value: "CLAIMED", Platform.KICK.value: "initiated"}
#: Begins a cursor to a page that comes again, so that it does so only once.
_AGAIN = "again "


@csrf_exempt
@require_http_methods(["GET", "PATCH"])
def entitlements(request: HttpRequest) -> JsonResponse:
    """``/helix/entitlements/drops``, with an app token or a user's."""
    caller = twitch.helix_token(request)
    if isinstance(caller, JsonResponse):
        return caller
    app = Application.objects.get(pk=Platform.TWITCH)
    if not app.organization_id:
        return twitch.helix_error(400, "The client is not associated with a known organization")
    if request.method == "PATCH":
        return _update_entitlements(request, caller)
    try:
        return _list_entitlements(request, caller)
    except BadRequest as fault:
        return twitch.helix_error(400, str(fault))


def _list_entitlements(request: HttpRequest, caller: Token) -> JsonResponse:
    """Twitch API, Get Drops Entitlements. Sorted by nothing that means anything: by the random ids."""
    params = request.GET
    size = number(params, "first", default=20, most=MOST_LISTED)
    ids, game_id, status = params.getlist("id"), params.get("game_id"), params.get("fulfillment_status")
    user_id = params.get("user_id")
    if len(ids) > MOST:
        raise BadRequest(f"At most {MOST} id parameters are allowed")
    if status is not None and status not in STATUSES:
        raise BadRequest("fulfillment_status must be CLAIMED or FULFILLED")
    if caller.user is not None:
        if user_id not in (None, caller.user.user_id):
            raise BadRequest("The user_id must match the user ID in the user access token")
        user_id = caller.user.user_id
    if game_id is not None and not Category.objects.filter(platform=Platform.TWITCH, category_id=game_id).exists():
        return twitch.helix_error(403, "The organization does not own the game")
    found = _claims(Platform.TWITCH)
    found = found.filter(claim_id__in=ids) if ids else found
    found = found.filter(user__user_id=user_id) if user_id is not None else found
    found = found.filter(entry__campaign__category__category_id=game_id) if game_id is not None else found
    found = _with_status(found, Platform.TWITCH, status) if status is not None else found
    cursor = from_cursor(params.get("after", ""))
    begins_after = cursor.removeprefix(_AGAIN)
    page = list(found.filter(claim_id__gt=begins_after).order_by("claim_id")[: size + 1])
    faults = faults_of(Platform.TWITCH)
    items, more = page[:size], len(page) > size
    if spoils(faults, items):
        return twitch.helix_error(500, "")
    pagination = {"cursor": to_cursor(items[-1].claim_id)} if more else {}
    if items and not cursor.startswith(_AGAIN) and page_comes_again(faults):
        pagination = {"cursor": to_cursor(_AGAIN + begins_after)}
    return JsonResponse({"data": [_entitlement(claim) for claim in items], "pagination": pagination})


def _entitlement(claim: Claim) -> Json:
    return {
        "id": claim.claim_id,
        "benefit_id": claim.entry.reward.reward_id,
        "timestamp": rfc3339(claim.claimed_at, digits=3),
        "user_id": claim.user.user_id,
        "game_id": claim.entry.campaign.category.category_id,
        "fulfillment_status": claim.shown_status(),
        "last_updated": rfc3339(claim.status_at or claim.claimed_at, digits=3),
    }


def _update_entitlements(request: HttpRequest, caller: Token) -> JsonResponse:
    """Twitch API, Update Drops Entitlements: what became of each id, grouped by result."""
    body = _body(request)
    ids, status = body.get("entitlement_ids"), body.get("fulfillment_status")
    if isinstance(ids, list) and not all(isinstance(one, str) for one in ids):
        ids = None
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST or status not in STATUSES:
        return twitch.helix_error(400, "Between 1 and 100 entitlement_ids and a valid fulfillment_status are required")
    owners = dict(_claims(Platform.TWITCH).filter(claim_id__in=ids).values_list("claim_id", "user__user_id"))
    mine = [one for one in ids if one in owners and (caller.user is None or caller.user.user_id == owners[one])]
    failed = not_updated(Platform.TWITCH, mine)
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    for one in ids:
        if one not in owners:
            groups["NOT_FOUND"].append(one)
        elif one not in mine:
            groups["UNAUTHORIZED"].append(one)
        else:
            groups["UPDATE_FAILED" if one in failed else "SUCCESS"].append(one)
    _set(Platform.TWITCH, groups.get("SUCCESS", []), status)
    return JsonResponse({"data": [{"status": result, "ids": some} for result, some in groups.items()]})


@csrf_exempt
@require_http_methods(["GET", "PATCH"])
def drops_claims(request: HttpRequest) -> HttpResponse:
    """``/public/v1/drops/claims``, with an app token only."""
    caller = kick.bearer(request)
    if caller is None or caller.user is not None:
        return kick.api(None, status=401, message="Unauthorized")
    if request.method == "PATCH":
        return _update_claims(request)
    try:
        return _list_claims(request)
    except BadRequest as fault:
        return kick.api(None, status=400, message=str(fault))


def _list_claims(request: HttpRequest) -> JsonResponse:
    """Kick, Drops Public API, Retrieve Claims: by claim id, from the one after ``cursor`` on.

    How Kick marks the end is not documented: here a page that is not full has an empty cursor, and after a last page
    that is full an empty one comes.
    """
    params = request.GET
    size = number(params, "limit", default=10, most=MOST_LISTED)
    fields = {
        "campaign_id": "entry__campaign__campaign_id",
        "claim_id": "claim_id",
        "user_id": "user__user_id",
    }
    found = _claims(Platform.KICK).filter(**{field: params[name] for name, field in fields.items() if name in params})
    if "external_status" in params:
        found = _with_status(found, Platform.KICK, params["external_status"])
    items = list(found.filter(claim_id__gt=params.get("cursor", "")).order_by("claim_id")[:size])
    faults = faults_of(Platform.KICK)
    if spoils(faults, items):
        return kick.api(None, status=500, message="Internal server error")
    cursor = items[-1].claim_id if len(items) == size else ""
    if len(items) > 1 and page_comes_again(faults):
        # The cursor is a claim's id, so the next page can begin with this page's second claim at the earliest.
        cursor = items[0].claim_id
    return kick.api({"claims": [_drops_claim(claim) for claim in items], "cursor": cursor})


def _drops_claim(claim: Claim) -> Json:
    return {
        "claim_id": claim.claim_id,
        "user_id": int(claim.user.user_id),
        "campaign_id": claim.entry.campaign.campaign_id,
        "reward_id": claim.entry.reward.reward_id,
        "external_id": claim.entry.reward.external_id,
        "external_status": claim.shown_status(),
        "created_at": rfc3339(claim.claimed_at, digits=3),
        "updated_at": rfc3339(claim.status_at or claim.claimed_at, digits=3),
    }


def _update_claims(request: HttpRequest) -> HttpResponse:
    """Kick, Drops Public API, Update Claims: 204, and not a word about any one claim."""
    claims = _body(request).get("claims")
    if not isinstance(claims, list) or not 1 <= len(claims) <= MOST:
        return kick.api(None, status=400, message="Between 1 and 100 claims are required")
    by_status: defaultdict[str, list[str]] = defaultdict(list)
    for claim in claims:
        if not isinstance(claim, dict) or set(claim) != {"claim_id", "external_status"}:
            return kick.api(None, status=400, message="Each claim has a claim_id and an external_status")
        by_status[str(claim["external_status"])[:100]].append(str(claim["claim_id"]))
    failed = not_updated(Platform.KICK, [one for some in by_status.values() for one in some])
    for status, some in by_status.items():
        _set(Platform.KICK, [one for one in some if one not in failed], status)
    return HttpResponse(status=204)


def _claims(platform: str) -> QuerySet[Claim]:
    rows = Claim.objects.filter(platform=platform)
    return rows.select_related("user", "entry__reward", "entry__campaign__category")


def _with_status(claims: QuerySet[Claim], platform: str, status: str) -> QuerySet[Claim]:
    """Those that are shown with ``status``: what the platform begins with is not stored."""
    shown = Q(status=status)
    return claims.filter(shown | Q(status="") if status == FIRST_STATUS[platform] else shown)


def _set(platform: str, claim_ids: Collection[str], status: str) -> None:
    """Note the status of those of these claims that there are."""
    claims = Claim.objects.filter(platform=platform, claim_id__in=claim_ids)
    claims.update(status=status, status_at=timezone.now())


def _body(request: HttpRequest) -> Json:
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
