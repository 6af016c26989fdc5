"""Addresses of Twitch's shape of the partner API."""

from __future__ import annotations

from django.urls import path

from fulfillment.api.twitch.analytics import GameAnalytics
from fulfillment.api.twitch.entitlements import Entitlements, UpdateEntitlements
from fulfillment.api.twitch.report_files import ReportFile

urlpatterns = [
    path("entitlements/drops", Entitlements.as_view(), name="helix-entitlements"),
    path("entitlements/drops/update", UpdateEntitlements.as_view(), name="helix-entitlements-update"),
    path("analytics/games", GameAnalytics.as_view(), name="helix-analytics-games"),
    # Twitch has no such address. A public client asks here all the same: twitchAPI for Python, 4.5.
    path("analytics/game", GameAnalytics.as_view(), name="helix-analytics-game"),
    path("analytics/files/<str:signed>", ReportFile.as_view(), name="helix-analytics-file"),
]
