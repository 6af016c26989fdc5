"""Addresses of the calls about game state."""

from __future__ import annotations

from django.urls import path

from fulfillment.api.game_state.broadcasters import Broadcasters
from fulfillment.api.game_state.sessions import OneSession, Sessions

urlpatterns = [
    path("broadcasters", Broadcasters.as_view(), name="game_state_broadcasters"),
    path("sessions", Sessions.as_view(), name="game_state_sessions"),
    path("sessions/<str:session>", OneSession.as_view(), name="game_state_session"),
]
