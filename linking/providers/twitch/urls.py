"""Where Twitch sends a viewer back to. There is no login address: a sign-in starts on a game's page only."""

from django.urls import path

from linking.providers.twitch.views import oauth2_callback

urlpatterns = [path("twitch/login/callback/", oauth2_callback, name="twitch_callback")]
