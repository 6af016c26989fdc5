"""A studio whose reports are read from a stand-in for Twitch, for the tests of reports."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from fulfillment.models import ReportDay, ReportGrant
from fulfillment.reports.fetching import Run, fetch_due
from fulfillment.reports.keeping import keep_due
from portal.models import Organization, PlatformCredential
from tests import factories as make
from tests.doubles.reports_server import SCOPE, ReportsServer

NOW = make.NOW
TODAY = date(2026, 11, 20)
YESTERDAY = date(2026, 11, 19)


def make_app(server: ReportsServer, organization: Organization | None = None, **fields: Any) -> PlatformCredential:
    """Make a studio's app at the stand-in."""
    values = {
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "id_url": server.url,
        "api_url": server.url,
        **fields,
    }
    return make.make_credential(organization or make.make_organization(), "twitch", **values)


def let(server: ReportsServer, credential: PlatformCredential, *, now: datetime = NOW, **fields: Any) -> ReportGrant:
    """Have somebody have let the portal read reports, as after the way to the platform and back."""
    tokens = server.grant("9001", scopes=[SCOPE])
    values = {
        "granted_at": now,
        "platform_user_id": "9001",
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_at": now + timedelta(days=60),
        "validated_at": now,
        "validate_at": now + timedelta(minutes=55),
        "fetch_at": now,
        **fields,
    }
    return ReportGrant.objects.create(credential=credential, **values)


def fetch(now: datetime = NOW, *, seconds: float = 60) -> Run:
    return fetch_due(clock=lambda: now, seconds=seconds)


def keep(now: datetime = NOW, *, seconds: float = 60) -> Counter[str]:
    return keep_due(clock=lambda: now, seconds=seconds)


def days_of(credential: PlatformCredential, game_id: str) -> dict[date, dict[str, str]]:
    rows = ReportDay.objects.filter(credential=credential, platform_game_id=game_id)
    return {row.day: row.values for row in rows.order_by("day")}
