"""The kernel as a Django app, and the admin site it provides."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """Users, organizations, credentials, audit trail."""

    name = "portal"
    default = True
    verbose_name = _("Portal")

    def ready(self) -> None:
        """Register the system checks (S2), the checks of credentials, how long data is kept (F8), and the reminder of old secrets."""
        from django.contrib.auth.signals import user_logged_in

        from portal import checks, retention  # noqa: F401 - they register on import
        from portal.credential_checks import calls, entered  # noqa: F401 - they register on import
        from portal.dashboard import CardPage, cards
        from portal.secret_ages import secrets_card
        from portal.staff import note_sign_in

        user_logged_in.connect(note_sign_in, dispatch_uid="portal.staff.note_sign_in")

        cards.append(CardPage("secrets", _("Secrets to renew"), 90, secrets_card))


class PortalAdminConfig(AdminConfig):
    """Django's admin with the portal's own site."""

    default_site = "portal.admin_site.PortalAdminSite"
