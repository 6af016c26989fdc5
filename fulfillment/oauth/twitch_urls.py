"""Addresses of the tokens in the form of Twitch."""

from __future__ import annotations

from django.urls import path

from fulfillment.oauth.consent import authorize
from fulfillment.oauth.twitch import TwitchRevoke, TwitchToken, Validate

urlpatterns = [
    path("authorize", authorize, name="twitch_authorize"),
    path("token", TwitchToken.as_view(), name="twitch_token"),
    path("validate", Validate.as_view(), name="twitch_validate"),
    path("revoke", TwitchRevoke.as_view(), name="twitch_revoke"),
]
