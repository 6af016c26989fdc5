"""The address that heartbeats are posted to, included beneath ``webhooks/``."""

from __future__ import annotations

from django.urls import path

from campaigns.heartbeats.views import HeartbeatView

urlpatterns = [path("heartbeats/<str:token>", HeartbeatView.as_view(), name="webhook-heartbeats")]
