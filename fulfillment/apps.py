"""The fulfillment app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FulfillmentConfig(AppConfig):
    """Fulfillment: see the package's modules."""

    name = "fulfillment"
    verbose_name = _("Fulfillment")

    def ready(self) -> None:
        """Hang into the lower apps' registries."""
        from campaigns.hooks import claims_may_resolve
        from fulfillment import preflight, workers  # noqa: F401 - preflight registers on import
        from fulfillment.marks import on_claims_may_resolve, on_link_changed
        from linking.hooks import link_changed
        from portal.health import readiness

        claims_may_resolve.append(on_claims_may_resolve)
        link_changed.append(on_link_changed)
        readiness["worker"] = workers.readiness
