"""What every page's template may read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site's name and where help is."""
    return {"site_name": settings.PORTAL_SITE_NAME, "support_url": settings.PORTAL_SUPPORT_URL}
