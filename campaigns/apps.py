"""The campaigns app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    """Campaigns: see the package's modules."""

    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        """Enter the app's own preflight checks (C5) and its card on the admin's start page."""
        from campaigns import checks_of_campaigns  # noqa: F401 - registers on import
        from campaigns.dashboard import campaigns_card
        from portal.dashboard import cards

        cards.append(campaigns_card)
