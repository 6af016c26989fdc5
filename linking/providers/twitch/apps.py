"""The Twitch sign-in as a Django app, so that allauth finds its provider."""

from django.apps import AppConfig


class TwitchSignInConfig(AppConfig):
    """The app; it has no tables."""

    name = "linking.providers.twitch"
    label = "linking_twitch"
