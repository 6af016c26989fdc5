"""Which of an organization's credentials are of a platform that gives reports."""

from __future__ import annotations

from django.db.models import QuerySet

from portal import platforms
from portal.models import Organization, PlatformCredential
from portal.platforms import Platform
from portal.platforms.reports import Reports


def platforms_with_reports() -> list[Platform]:
    """Return the platforms that give reports, in the order in which pages list them."""
    return [platform for platform in platforms.registry.values() if platform.reports is not None]


def credentials_with_reports(organization: Organization | None) -> QuerySet[PlatformCredential]:
    """Return an organization's apps at platforms that give reports, also those that are switched off."""
    keys = [platform.key for platform in platforms_with_reports()]
    return PlatformCredential.objects.filter(organization=organization, platform__in=keys).order_by("platform")


def reports_of(credential: PlatformCredential) -> Reports | None:
    """Return how reports are read with a credential, None where its platform gives none (any more)."""
    return platforms.get(credential.platform).reports if platforms.is_known(credential.platform) else None
