"""Twitch's user connection to the Viewer Heartbeat Service: ``/kraken/user/vhs`` of API version 5, in its own shapes.

The calls and their statuses: Twitch's sample for account linking with VHS, and client libraries that quote the reference
(Create: scope ``viewing_activity_read``, 409 and 422; Check: scope ``user_read``, 404; Delete). What Twitch answers to a
success of Create and Delete is not told anywhere: 204 here.
"""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.sandbox import oauth, vhs
from portal.sandbox.models import Application, Platform, PlatformUser, Token

SCOPES = {"PUT": "viewing_activity_read", "GET": "user_read", "DELETE": "viewing_activity_read"}
ACCEPT = "application/vnd.twitchtv.v5+json"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    410: "Gone",
    422: "Unprocessable Entity",
}


def _error(status: int, message: str) -> JsonResponse:
    return JsonResponse({"error": TITLES[status], "status": status, "message": message}, status=status)


@csrf_exempt
@require_http_methods(["GET", "PUT", "DELETE"])
def user_connection(request: HttpRequest) -> HttpResponse:
    """Create, check or delete the connection of the token's user."""
    if ACCEPT not in request.headers.get("Accept", ""):
        return _error(410, f"This call is of version 5: send Accept: {ACCEPT}")
    if not request.headers.get("Client-ID"):
        return _error(400, "No client id specified")
    token = oauth.find_token(
        platform=Platform.TWITCH,
        header=request.headers.get("Authorization", ""),
        schemes=("oauth",),
        now=timezone.now(),
    )
    if token is None or token.user is None or token.client_id != request.headers["Client-ID"]:
        return _error(401, "invalid oauth token")
    if SCOPES[request.method or "GET"] not in token.scope_list():
        return _error(403, f"missing scope {SCOPES[request.method or 'GET']}")
    if request.method == "PUT":
        return _create(request, token, token.user)
    if request.method == "DELETE":
        known = vhs.disconnect(user=token.user, client_id=token.client_id)
        return HttpResponse(status=204) if known else _error(404, "The user is not connected")
    identifier = vhs.identifier_of(user=token.user, client_id=token.client_id)
    return JsonResponse({"identifier": identifier}) if identifier else _error(404, "The user is not connected")


def _create(request: HttpRequest, token: Token, user: PlatformUser) -> HttpResponse:
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    configured = Application.objects.filter(platform=Platform.TWITCH).exclude(heartbeat_url="").exists()
    try:
        vhs.connect(
            user=user,
            client_id=token.client_id,
            identifier=body.get("identifier") if isinstance(body, dict) else None,
            configured=configured,
            now=timezone.now(),
        )
    except vhs.ConnectionRefused as refusal:
        return _error(refusal.status, refusal.sentence)
    return HttpResponse(status=204)
