"""Headings of the menu under which what belongs together stands: what comes in, what goes out, and what warns."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

OWN_SYSTEMS = _("To your own systems")
ALERTS = _("Alerts")
FROM_PLATFORMS = _("From the platforms")
