"""Addresses of Kick's shape of the partner API."""

from __future__ import annotations

from django.urls import path

from fulfillment.api.kick.claims import Claims
from fulfillment.api.kick.keys import PublicKey

urlpatterns = [
    path("drops/claims", Claims.as_view(), name="kick_claims"),
    path("public-key", PublicKey.as_view(), name="kick_public_key"),
]
