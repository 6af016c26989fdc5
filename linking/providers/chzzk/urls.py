"""Where CHZZK sends a viewer back to. There is no login address: a sign-in starts on a game's page only."""

from django.urls import path

from linking.providers.chzzk.views import oauth2_callback

urlpatterns = [path("chzzk/login/callback/", oauth2_callback, name="chzzk_callback")]
