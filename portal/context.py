"""What every page's template may read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site's name, where help is, and whether e-mail leaves the portal or is only written to its log."""
    return {
        "site_name": settings.PORTAL_SITE_NAME,
        "support_url": settings.PORTAL_SUPPORT_URL,
        "sends_mail": settings.PORTAL_SENDS_MAIL,
    }
