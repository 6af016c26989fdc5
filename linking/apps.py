"""The linking app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LinkingConfig(AppConfig):
    """Linking: see the package's modules."""

    name = "linking"
    verbose_name = _("Linking")
