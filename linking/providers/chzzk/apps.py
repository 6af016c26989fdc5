"""The CHZZK sign-in as a Django app, so that allauth finds its provider."""

from django.apps import AppConfig


class ChzzkSignInConfig(AppConfig):
    """The app; it has no tables."""

    name = "linking.providers.chzzk"
    label = "linking_chzzk"
