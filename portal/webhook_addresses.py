"""Where platforms call the portal (P1)."""

from __future__ import annotations

from django.conf import settings

from portal.models import PlatformCredential


def webhook_address(credential: PlatformCredential) -> str:
    """Return the address that the platform is given to call. It holds the credential's secret token."""
    return f"{settings.BASE_URL}/webhooks/{credential.platform}/{credential.url_token}"
