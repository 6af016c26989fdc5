"""The claims APIs: a studio's app says which claims it has delivered, in each platform's own shape."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.sandbox.models import Claim, Platform
from portal.sandbox.views import kick, twitch

MOST = 100
STATUSES = ("CLAIMED", "FULFILLED")


@csrf_exempt
@require_http_methods(["PATCH"])
def update_entitlements(request: HttpRequest) -> JsonResponse:
    """``PATCH /helix/entitlements/drops`` with an app token: what became of each id, grouped by result."""
    caller = twitch.helix_token(request)
    if isinstance(caller, JsonResponse):
        return caller
    body = _body(request)
    ids, status = body.get("entitlement_ids"), body.get("fulfillment_status")
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST or status not in STATUSES:
        return twitch.helix_error(400, "Between 1 and 100 entitlement_ids and a valid fulfillment_status are required")
    known = _set(Platform.TWITCH, ids, status)
    groups = {"SUCCESS": [one for one in ids if one in known], "NOT_FOUND": [one for one in ids if one not in known]}
    return JsonResponse({"data": [{"status": result, "ids": some} for result, some in groups.items() if some]})


@csrf_exempt
@require_http_methods(["PATCH"])
def update_claims(request: HttpRequest) -> HttpResponse:
    """``PATCH /public/v1/drops/claims`` with an app token: 204, and not a word about any one claim."""
    caller = kick.bearer(request)
    if caller is None or caller.user is not None:
        return kick.api(None, status=401, message="Unauthorized")
    claims = _body(request).get("claims")
    if not isinstance(claims, list) or not 1 <= len(claims) <= MOST:
        return kick.api(None, status=400, message="Between 1 and 100 claims are required")
    for claim in claims:
        if not isinstance(claim, dict) or set(claim) != {"claim_id", "external_status"}:
            return kick.api(None, status=400, message="Each claim has a claim_id and an external_status")
        _set(Platform.KICK, [claim["claim_id"]], str(claim["external_status"])[:100])
    return HttpResponse(status=204)


def _set(platform: str, claim_ids: list[Any], status: str) -> set[str]:
    """Note the status of those of these claims that there are; return their ids."""
    claims = Claim.objects.filter(platform=platform, claim_id__in=[str(one) for one in claim_ids])
    known = set(claims.values_list("claim_id", flat=True))
    claims.update(status=status, status_at=timezone.now())
    return known


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
