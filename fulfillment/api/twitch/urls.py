"""Addresses of Twitch's shape of the partner API."""

from __future__ import annotations

from django.urls import path

from fulfillment.api.twitch.entitlements import Entitlements, UpdateEntitlements

urlpatterns = [
    path("entitlements/drops", Entitlements.as_view(), name="helix-entitlements"),
    path("entitlements/drops/update", UpdateEntitlements.as_view(), name="helix-entitlements-update"),
]
