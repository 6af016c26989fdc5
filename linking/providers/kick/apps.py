"""The Kick sign-in as a Django app, so that allauth finds its provider."""

from django.apps import AppConfig


class KickSignInConfig(AppConfig):
    """The app; it has no tables."""

    name = "linking.providers.kick"
    label = "linking_kick"
