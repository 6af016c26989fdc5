"""The linking app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LinkingConfig(AppConfig):
    """Linking: see the package's modules."""

    name = "linking"
    verbose_name = _("Linking")

    def ready(self) -> None:
        """Hang into the lower apps' registries: how long data is kept (F8), whose accounts members have (C8), consent (L9)."""
        from campaigns.hooks import consent_gone, member_accounts
        from campaigns.models import Viewer
        from campaigns.registering.wanting import scopes_to_register
        from linking import checks_of_credentials, retention  # noqa: F401 - they register on import
        from linking.authorizing.watching import ask_soon
        from linking.links import accounts_of_members
        from linking.reach import viewers_with_links
        from linking.scopes import scope_sources
        from portal import reach

        reach.narrow(Viewer, viewers_with_links)
        scope_sources.append(scopes_to_register)
        member_accounts.append(accounts_of_members)
        consent_gone.append(ask_soon)
