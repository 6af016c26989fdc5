"""Calls about tokens in the form of Twitch (protocols, Twitch OAuth): id.twitch.tv/oauth2."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from fulfillment.api.views import json_response
from fulfillment.models import ApiClient
from fulfillment.oauth import faults
from fulfillment.oauth.faults import Refused
from fulfillment.oauth.parameters import TOKEN_PARAMETERS, read_parameters
from fulfillment.oauth.persons import shown_as
from fulfillment.oauth.tokens import revoke
from fulfillment.oauth.views import OAuthView, TokenView, caller_in


class TwitchOAuthView(OAuthView):
    """A call that refuses as Twitch does: status and message."""

    def refusal(self, refused: Refused) -> HttpResponse:
        """Return ``{"status":400,"message":"invalid client"}`` or the like."""
        status = refused.fault.twitch_status
        return json_response({"status": status, "message": refused.message}, status=status)


class TwitchToken(TwitchOAuthView, TokenView):
    """``POST /oauth2/token``."""

    def shaped(self, granted: dict[str, Any]) -> dict[str, Any]:
        """Return a token whose scopes are a list; one of a client itself has none unless it was asked for fewer."""
        names = ("access_token", "expires_in", "refresh_token")
        shaped: dict[str, Any] = {name: granted[name] for name in names if name in granted}
        scopes = granted["scope"].split()
        if scopes or "refresh_token" in granted:
            shaped["scope"] = scopes
        return {**shaped, "token_type": "bearer"}


class Validate(TwitchOAuthView):
    """``GET /oauth2/validate`` (Twitch, Validating Tokens): whose token it is and how long it lives."""

    def get(self, request: Request) -> HttpResponse:
        """Return the client, the scopes, the seconds left and, of a player's token, the player."""
        if not request.headers.get("Authorization"):
            return self._refuse("missing authorization token")
        caller = caller_in(request, "oauth", "bearer")
        if caller is None:
            return self._refuse("invalid access token")
        left = int((caller.expires_at - timezone.now()).total_seconds()) if caller.expires_at else 0
        body: dict[str, Any] = {"client_id": caller.client_id, "scopes": sorted(caller.scopes), "expires_in": left}
        if caller.user is not None:
            body["user_id"], body["login"] = shown_as(caller)
        return json_response(body)

    def _refuse(self, message: str) -> HttpResponse:
        response = json_response({"status": 401, "message": message}, status=HTTPStatus.UNAUTHORIZED)
        response["WWW-Authenticate"] = "OAuth"
        return response


class TwitchRevoke(TwitchOAuthView):
    """``POST /oauth2/revoke`` (Twitch, Revoking Access Tokens)."""

    def post(self, request: Request) -> HttpResponse:
        """End a token; the answer is empty. 404 for a client that there is not, 400 for a token that it does not have."""
        given = read_parameters(request._request, TOKEN_PARAMETERS)
        if "client_id" not in given:
            raise Refused(faults.NO_CLIENT_ID)
        if "token" not in given:
            raise Refused(faults.MISSING, "missing oauth token")
        if not ApiClient.objects.filter(oauth=given["client_id"]).exists():
            raise Refused(faults.NO_SUCH_CLIENT)
        if not revoke(given["token"], client_id=given["client_id"]):
            raise Refused(faults.UNKNOWN_TOKEN)
        return HttpResponse(status=HTTPStatus.OK)
