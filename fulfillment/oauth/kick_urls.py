"""Addresses of the tokens in the form of Kick."""

from __future__ import annotations

from django.urls import path

from fulfillment.oauth.consent import authorize
from fulfillment.oauth.kick import Introspect, KickRevoke, KickToken

urlpatterns = [
    path("authorize", authorize, {"demands_state": True}, name="kick_authorize"),
    path("token", KickToken.as_view(), name="kick_token"),
    path("token/introspect", Introspect.as_view(), name="kick_introspect"),
    path("revoke", KickRevoke.as_view(), name="kick_revoke"),
]
