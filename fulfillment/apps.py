"""The fulfillment app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FulfillmentConfig(AppConfig):
    """Fulfillment: see the package's modules."""

    name = "fulfillment"
    verbose_name = _("Fulfillment")

    def ready(self) -> None:
        """Hang into the lower apps' registries."""
        from fulfillment import preflight  # noqa: F401 - registers on import
