"""Twitch's token endpoints and the Helix calls that a portal needs, in Twitch's own shapes."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from portal.sandbox import oauth
from portal.sandbox.faulting import faults_of
from portal.sandbox.messages import rfc3339
from portal.sandbox.models import Platform, PlatformUser, Token
from portal.sandbox.oauth import Refused
from portal.sandbox.ratelimit import Buckets

Json = dict[str, Any]
BUCKETS = Buckets()


def _id_error(status: int, message: str) -> JsonResponse:
    """An error of id.twitch.tv: status and message only."""
    return JsonResponse({"status": status, "message": message}, status=status)


def helix_error(status: int, message: str) -> JsonResponse:
    """An error of the Helix API, which also carries the status's name."""
    return JsonResponse({"error": HTTPStatus(status).phrase, "status": status, "message": message}, status=status)


def _seconds_left(token: Token) -> int:
    return max(0, round((token.expires_at - timezone.now()).total_seconds()))


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> JsonResponse:
    """``POST /oauth2/token``; Twitch takes the parameters from the form and from the query alike."""
    params = request.GET.dict() | request.POST.dict()
    for name in ("client_id", "client_secret", "grant_type"):
        if not params.get(name):
            return _id_error(400, f"missing {name.replace('_', ' ')}")
    try:
        app = oauth.check_client(
            platform=Platform.TWITCH,
            client_id=params["client_id"],
            client_secret=params["client_secret"],
        )
    except Refused as refusal:
        return _id_error(403 if "secret" in refusal.sentence else 400, refusal.sentence)
    now = timezone.now()
    try:
        if params["grant_type"] == "client_credentials":
            issued = oauth.issue_app_token(app=app, now=now)
        elif params["grant_type"] == "authorization_code":
            issued = oauth.redeem_code(
                app=app,
                code=params.get("code", ""),
                redirect_uri=params.get("redirect_uri", ""),
                verifier=params.get("code_verifier", ""),
                now=now,
            )
        elif params["grant_type"] == "refresh_token":
            issued = oauth.refresh(app=app, refresh_token=params.get("refresh_token", ""), now=now)
        else:
            return _id_error(400, "Invalid grant type")
    except Refused as refusal:
        # Twitch, "Refreshing Access Tokens": 401 where the user disconnected, 400 for any other token.
        return _id_error(401 if refusal.code == "disconnected" else 400, refusal.sentence)
    return JsonResponse(_token_answer(issued))


def _token_answer(issued: Token) -> Json:
    answer: Json = {
        "access_token": issued.access_token,
        "expires_in": _seconds_left(issued),
    }
    if issued.refresh_token:
        answer |= {"refresh_token": issued.refresh_token, "scope": issued.scope_list()}
    return answer | {"token_type": "bearer"}


@require_GET
def validate(request: HttpRequest) -> JsonResponse:
    """``GET /oauth2/validate``: whose token it is and for how long."""
    header = request.headers.get("Authorization", "")
    found = oauth.find_token(
        platform=Platform.TWITCH,
        header=header,
        schemes=("oauth", "bearer"),
        now=timezone.now(),
    )
    if found is None:
        return _id_error(401, "invalid access token")
    answer: Json = {"client_id": found.client_id}
    if found.user is not None:
        answer |= {"login": found.user.login, "user_id": found.user.user_id}
    return JsonResponse(answer | {"scopes": found.scope_list(), "expires_in": _seconds_left(found)})


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """``POST /oauth2/revoke`` with client_id and token."""
    params = request.GET.dict() | request.POST.dict()
    try:
        oauth.check_client(
            platform=Platform.TWITCH,
            client_id=params.get("client_id", ""),
            client_secret=None,
        )
    except Refused:
        return _id_error(404, "client does not exist")
    if not oauth.revoke(platform=Platform.TWITCH, token=params.get("token", ""), now=timezone.now()):
        return _id_error(400, "Invalid token")
    return HttpResponse()


def helix_token(request: HttpRequest) -> Token | JsonResponse:
    """The caller's token; its client must be the one of the ``Client-Id`` header. The call costs a point of its owner's."""
    header = request.headers.get("Authorization", "")
    if not header:
        return helix_error(401, "OAuth token is missing")
    found = oauth.find_token(platform=Platform.TWITCH, header=header, schemes=("bearer",), now=timezone.now())
    if found is None:
        return helix_error(401, "Invalid OAuth token")
    if request.headers.get("Client-Id", "") != found.client_id:
        return helix_error(401, "Client ID and OAuth token do not match")
    owner = f"{found.client_id} {found.user.user_id if found.user else 'app'}"
    points = BUCKETS.take(owner, limit=faults_of(Platform.TWITCH).rate_limit, now_seconds=time.time())
    # For the middleware, which puts them on whatever is answered.
    request.rate_limit_headers = points.headers()  # type: ignore[attr-defined]
    return helix_error(429, "Too Many Requests") if points.remaining < 0 else found


def helix_app_token(request: HttpRequest) -> Token | JsonResponse:
    """The caller's token, which must be an app's own."""
    caller = helix_token(request)
    if isinstance(caller, Token) and caller.user is not None:
        return helix_error(401, "An app access token is required")
    return caller


def _user(user: PlatformUser) -> Json:
    return {
        "id": user.user_id,
        "login": user.login,
        "display_name": user.display_name,
        "type": "",
        "broadcaster_type": "",
        "description": "",
        "profile_image_url": "",
        "offline_image_url": "",
        "created_at": rfc3339(timezone.now().replace(month=1, day=1)),
    }


@require_GET
def users(request: HttpRequest) -> JsonResponse:
    """``GET /helix/users``: the token's own user, or those asked for by id and login (at most 100)."""
    caller = helix_token(request)
    if isinstance(caller, JsonResponse):
        return caller
    ids, logins = request.GET.getlist("id"), request.GET.getlist("login")
    if len(ids) + len(logins) > 100:
        return helix_error(400, "The sum of id and login must not exceed 100")
    if not ids and not logins:
        if caller.user is None:
            return helix_error(400, "id or login is required when an app access token is used")
        return JsonResponse({"data": [_user(caller.user)]})
    found = PlatformUser.objects.filter(platform=Platform.TWITCH)
    found = found.filter(Q(user_id__in=ids) | Q(login__in=logins)).order_by("pk")
    return JsonResponse({"data": [_user(user) for user in found]})


@require_GET
def authorizations(request: HttpRequest) -> JsonResponse:
    """``GET /helix/authorization/users``: which of up to 10 users have this app connected, with scopes.

    Users without the app are left out; the reference does not say what Twitch does with them.
    """
    caller = helix_app_token(request)
    if isinstance(caller, JsonResponse):
        return caller
    ids = request.GET.getlist("user_id")
    if not 1 <= len(ids) <= 10:
        return helix_error(400, "Between 1 and 10 user_id parameters are required")
    found = PlatformUser.objects.filter(platform=Platform.TWITCH, user_id__in=ids, authorized_at__isnull=False)
    data = [
        {
            "user_id": user.user_id,
            "user_name": user.display_name,
            "user_login": user.login,
            "scopes": user.scopes.split(),
        }
        for user in found.order_by("pk")
    ]
    return JsonResponse({"data": data})
