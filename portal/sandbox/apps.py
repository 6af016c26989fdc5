"""The sandbox's one Django app."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Holds the stand-ins' data in a database file of its own."""

    name = "portal.sandbox"
    label = "sandbox"
    default_auto_field = "django.db.models.BigAutoField"
