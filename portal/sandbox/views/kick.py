"""Kick's token endpoints and the public API calls that a portal needs, in Kick's own shapes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from portal.sandbox import oauth
from portal.sandbox.claiming import private_key
from portal.sandbox.models import Platform, PlatformUser, Token
from portal.sandbox.oauth import Refused
from portal.sandbox.signing import public_pem

Json = dict[str, Any]
#: Kick, "OAuth 2 flow": every one of these must be in the form, PKCE *and* secret.
REQUIRED = {
    "authorization_code": (
        "client_id",
        "client_secret",
        "code",
        "redirect_uri",
        "code_verifier",
    ),
    "refresh_token": ("client_id", "client_secret", "refresh_token"),
    "client_credentials": ("client_id", "client_secret"),
}


def _id_error(status: int, code: str, description: str) -> JsonResponse:
    """An error of id.kick.com."""
    return JsonResponse({"error": code, "error_description": description}, status=status)


def api(data: Any, *, status: int = 200, message: str = "OK") -> JsonResponse:
    """The envelope of every answer of the public API."""
    return JsonResponse({"data": data, "message": message}, status=status)


def bearer(request: HttpRequest) -> Token | None:
    """The caller's token."""
    header = request.headers.get("Authorization", "")
    return oauth.find_token(platform=Platform.KICK, header=header, schemes=("bearer",), now=timezone.now())


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> JsonResponse:
    """``POST /oauth/token``, parameters in the form only."""
    params = request.POST.dict()
    grant_type = params.get("grant_type", "")
    if grant_type not in REQUIRED:
        return _id_error(400, "unsupported_grant_type", "grant_type is missing or not supported")
    missing = [name for name in REQUIRED[grant_type] if not params.get(name)]
    if missing:
        return _id_error(400, "invalid_request", f"missing: {', '.join(missing)}")
    now = timezone.now()
    try:
        app = oauth.check_client(
            platform=Platform.KICK,
            client_id=params["client_id"],
            client_secret=params["client_secret"],
        )
        if grant_type == "client_credentials":
            issued = oauth.issue_app_token(app=app, now=now)
        elif grant_type == "refresh_token":
            issued = oauth.refresh(app=app, refresh_token=params["refresh_token"], now=now)
        else:
            issued = oauth.redeem_code(
                app=app,
                code=params["code"],
                redirect_uri=params["redirect_uri"],
                verifier=params["code_verifier"],
                now=now,
            )
    except Refused as refusal:
        if refusal.code == "invalid_client":
            return _id_error(401, "invalid_client", refusal.sentence)
        return _id_error(400, "invalid_grant", refusal.sentence)
    return JsonResponse(_token_answer(issued))


def _token_answer(issued: Token) -> Json:
    left = max(0, round((issued.expires_at - timezone.now()).total_seconds()))
    answer: Json = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": left,
    }
    if issued.refresh_token:
        answer |= {"refresh_token": issued.refresh_token, "scope": issued.scopes}
    return answer


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """``POST /oauth/revoke?token=…``: the parameters are in the query; the answer is ``OK``."""
    if not request.GET.get("token"):
        return _id_error(400, "invalid_request", "token is missing in the query")
    oauth.revoke(platform=Platform.KICK, token=request.GET["token"], now=timezone.now())
    return HttpResponse("OK", content_type="text/plain")


@csrf_exempt
@require_POST
def introspect(request: HttpRequest) -> JsonResponse:
    """``POST /oauth/token/introspect``: about the bearer token itself; it does not name the user."""
    found = bearer(request)
    if found is None:
        return api({"active": False})
    answer = {
        "active": True,
        "client_id": found.client_id,
        "token_type": "user" if found.user else "app",
        "scope": found.scopes,
        "exp": round(found.expires_at.timestamp()),
    }
    return api(answer)


@require_GET
def users(request: HttpRequest) -> JsonResponse:
    """``GET /public/v1/users``: those of ``id``; with a user's token and ``user:read`` the user itself, without any."""
    found = bearer(request)
    ids = request.GET.getlist("id")
    if found is None or (not ids if found.user is None else "user:read" not in found.scope_list()):
        return api(None, status=401, message="Unauthorized")
    people = [found.user] if found.user is not None else []
    if ids:
        people = list(PlatformUser.objects.filter(platform=Platform.KICK, user_id__in=ids).order_by("pk"))
    data = [
        {
            "user_id": int(user.user_id),
            "name": user.display_name,
            "email": "",
            "profile_picture": "",
        }
        for user in people
    ]
    return api(data)


@require_GET
def public_key(_request: HttpRequest) -> JsonResponse:
    """``GET /public/v1/public-key``: no token needed."""
    return api({"public_key": public_pem(private_key(Platform.KICK))})
