"""Calls about tokens in the form of Kick (protocols, OAuth 2.1; Kick, Generating Tokens): id.kick.com/oauth."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from fulfillment.api.views import json_response
from fulfillment.oauth import faults
from fulfillment.oauth.faults import Refused
from fulfillment.oauth.parameters import TOKEN_PARAMETERS, read_parameters
from fulfillment.oauth.tokens import revoke
from fulfillment.oauth.views import OAuthView, TokenView, caller_in


class KickOAuthView(OAuthView):
    """A call that refuses as Kick does: the error's name and a sentence."""

    def refusal(self, refused: Refused) -> HttpResponse:
        """Return ``{"error":"invalid_client","error_description":"…"}`` or the like."""
        body = {"error": refused.fault.error, "error_description": refused.message}
        response = json_response(body, status=refused.fault.status)
        if refused.fault.status == HTTPStatus.UNAUTHORIZED:
            response["WWW-Authenticate"] = 'Basic realm="oauth"'
        return response


class KickToken(KickOAuthView, TokenView):
    """``POST /oauth/token``."""

    def shaped(self, granted: dict[str, Any]) -> dict[str, Any]:
        """Return a token whose scopes are one text; one of a client itself has none unless it was asked for fewer."""
        names = ("access_token", "token_type", "refresh_token", "expires_in")
        shaped: dict[str, Any] = {name: granted[name] for name in names if name in granted}
        if granted["scope"] or "refresh_token" in granted:
            shaped["scope"] = granted["scope"]
        return shaped


class KickRevoke(KickOAuthView):
    """``POST /oauth/revoke``: the token is in the query. What kind it is (``token_hint_type``) is looked up instead."""

    def post(self, request: Request) -> HttpResponse:
        """End a token. One that is none any more is as good as ended (RFC 7009, section 2.2)."""
        given = read_parameters(request._request, TOKEN_PARAMETERS)
        if "token" not in given:
            raise Refused(faults.MISSING, "missing token")
        revoke(given["token"], client_id=given.get("client_id"))
        return HttpResponse("OK", content_type="text/plain; charset=utf-8")


class Introspect(KickOAuthView):
    """``POST /oauth/token/introspect``: about the very token that the call shows."""

    def post(self, request: Request) -> HttpResponse:
        """Return what the token is good for, in the envelope of Kick's API."""
        caller = caller_in(request, "bearer")
        if caller is None:
            response = json_response({"data": None, "message": "Unauthorized"}, status=HTTPStatus.UNAUTHORIZED)
            response["WWW-Authenticate"] = "Bearer"
            return response
        data: dict[str, Any] = {
            "active": True,
            "client_id": caller.client_id,
            "token_type": "user" if caller.user else "app",
            "scope": " ".join(sorted(caller.scopes)),
        }
        if caller.expires_at:
            data["exp"] = int(caller.expires_at.timestamp())
        return json_response({"data": data, "message": "OK"})
