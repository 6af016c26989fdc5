"""Addresses of the link pages."""

from __future__ import annotations

from django.urls import path

from linking.views import channels, confirming, connections, games, signing_in

GAME = "connect/<slug:organization>/<slug:game>/"

urlpatterns = [
    path("connections/", connections.connections, name="connections"),
    path("connections/<str:link_id>/unlink/", connections.unlink, name="unlink"),
    path("channel/", channels.my_channels, name="my_channels"),
    path("channel/<str:viewer_id>/<str:game_id>/", channels.channel_drops, name="channel_drops"),
    path("connect/sign-in/<str:game_id>/callback/", signing_in.game_sign_in_callback, name="game_sign_in_callback"),
    path("connect/<slug:organization>/", games.connect_organization, name="connect_organization"),
    path(GAME, games.connect_game, name="connect_game"),
    path(f"{GAME}start/<str:platform>/", signing_in.start_platform, name="start_platform"),
    path(f"{GAME}confirm/<str:platform>/", confirming.confirm_link, name="confirm_link"),
    path(f"{GAME}confirm/<str:platform>/cancel/", confirming.cancel_link, name="cancel_link"),
    path(f"{GAME}token/", signing_in.link_token, name="link_token"),
    path(f"{GAME}sign-in/", signing_in.game_sign_in, name="game_sign_in"),
    path(f"{GAME}switch/", games.switch_player, name="switch_player"),
    path(f"{GAME}player/", games.choose_player, name="choose_player"),
    path(f"{GAME}theme.css", games.game_theme, name="game_theme"),
]
