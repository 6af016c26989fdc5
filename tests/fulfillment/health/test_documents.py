"""The facts for programs: JSON for members and for whoever has the token, and metrics (O3)."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from fulfillment.health.document import document
from fulfillment.health.facts import LiveCampaign, NotLive, PlatformFacts, Unmapped
from fulfillment.health.metrics import collect
from fulfillment.health.reading import read_facts
from fulfillment.models import Alert, ArrivalCount
from portal.models import Organization
from portal.roles import Role
from tests import factories as make
from tests.admin_pages import sign_in
from tests.factories import NOW
from tests.fulfillment.health.rows import THIS_HOUR, everything, in_step, organization_in_step

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock", "_metrics_token")]

TOKEN = {"Authorization": "Bearer metrics-token"}


@pytest.fixture
def _metrics_token(settings: Any) -> None:
    settings.PORTAL_METRICS_TOKEN = "metrics-token"


def shown(facts_of: Organization) -> dict[str, Any]:
    """Return the document as a program that reads JSON gets it."""
    return json.loads(json.dumps(document(read_facts(facts_of, now=NOW))))  # type: ignore[no-any-return]


def test_members_get_the_facts_of_their_own_organization_as_json() -> None:
    organization, other = make.make_organization(), make.make_organization()
    everything(organization)
    everything(other)
    answer = sign_in(make.make_staff(organization, Role.ANALYST)).get(reverse("admin:health_json"))
    assert answer.json() == shown(organization)
    assert answer.headers["Cache-Control"].startswith("max-age=0")


def test_the_document_has_every_fact_with_times_in_utc() -> None:
    organization = organization_in_step("twitch")
    [platform] = shown(organization)["platforms"]
    assert {field.name for field in fields(PlatformFacts)} < set(platform)
    assert platform["sweep_at"] == "2026-11-20T11:55:00Z"
    assert platform["hours"][-1] == {"hour": "2026-11-20T12:00:00Z", "by_webhook": 40, "by_sweep": 0}
    assert (platform["level"], platform["conditions"][0]["what"]) == ("good", "in_step")
    assert platform["conditions"][0]["sentence"] == "Twitch: all in step."
    assert datetime.fromisoformat(platform["webhook_at"]) == datetime(2026, 11, 20, 11, 59, tzinfo=UTC)


def test_the_document_is_as_bad_as_the_worst_in_it() -> None:
    organization = organization_in_step("twitch")
    found = shown(organization)
    assert (found["level"], found["deliveries"]["level"]) == ("bad", "bad")
    assert found["deliveries"]["conditions"][0]["what"] == "no_worker"


def test_the_document_names_nobody() -> None:
    organization = make.make_organization()
    everything(organization)
    claim = organization.claims.order_by("pk").first()
    assert claim is not None
    text = json.dumps(shown(organization))
    assert claim.platform_user_id not in [word.strip('",') for word in text.split()]
    assert claim.pk not in text


def test_who_has_the_token_gets_all_organizations(client: Client) -> None:
    first, second = organization_in_step("kick"), organization_in_step("twitch")
    answer = client.get("/health.json", headers=TOKEN)
    by_name = sorted((first, second), key=lambda organization: organization.name)
    assert answer.json() == {"organizations": [shown(organization) for organization in by_name]}


@pytest.mark.parametrize(("token", "given", "status"), [("", TOKEN, 404), ("x", TOKEN, 401), ("x", {}, 401)])
def test_without_the_token_nobody_gets_anything(
    client: Client, settings: Any, token: str, given: dict[str, str], status: int
) -> None:
    settings.PORTAL_METRICS_TOKEN = token
    assert client.get("/health.json", headers=given).status_code == status


def test_metrics_tell_organizations_and_platforms_apart(client: Client) -> None:
    organization = make.make_organization(slug="nova")
    everything(organization)
    in_step(organization, "kick")
    ArrivalCount.objects.create(organization=organization, platform="kick", source="sweep", hour=THIS_HOUR, claims=5)
    Alert.objects.create(organization=organization, rule="silence", opened_at=NOW, seen_at=NOW)
    text = client.get("/metrics", headers=TOKEN).content.decode()
    twitch, kick = '{organization="nova",platform="twitch"}', '{organization="nova",platform="kick"}'
    for line in (
        f"drops_platform_level{twitch} 1.0",
        f"drops_platform_level{kick} 1.0",
        f"drops_platform_webhook_age_seconds{kick} 60.0",
        f"drops_platform_sweep_age_seconds{kick} 300.0",
        f"drops_platform_unreadable_lists{twitch} 1.0",
        f"drops_platform_token_seconds{kick} 86400.0",
        f"drops_platform_call_failures{kick} 0.0",
        f"drops_platform_write_backs_due{twitch} 1.0",
        f"drops_platform_write_back_oldest_seconds{twitch} 3600.0",
        f"drops_platform_write_backs_refused{twitch} 1.0",
        f"drops_platform_authorizations_lapsed{twitch} 1.0",
        'drops_platform_subscriptions{organization="nova",platform="twitch",state="ended"} 1.0',
        'drops_platform_arrivals_total{organization="nova",platform="kick",source="sweep"} 5.0',
        'drops_platform_arrivals_total{organization="nova",platform="kick",source="webhook"} 40.0',
        'drops_platform_calls_total{organization="nova",outcome="failed",platform="twitch"} 1.0',
        'drops_platform_calls_total{organization="nova",outcome="ok",platform="kick"} 12.0',
        'drops_unmapped_claims{organization="nova"} 1.0',
        'drops_campaigns_not_live{organization="nova"} 1.0',
        'drops_alerts_open{organization="nova"} 1.0',
    ):
        assert line in text, line


def test_a_figure_that_is_not_known_is_left_out(client: Client) -> None:
    make.make_credential(make.make_organization(slug="nova"), "kick")
    text = client.get("/metrics", headers=TOKEN).content.decode()
    assert 'drops_platform_level{organization="nova",platform="kick"} 1.0' in text
    assert "drops_platform_webhook_age_seconds{" not in text
    assert "drops_platform_token_seconds{" not in text


def test_every_field_and_every_metric_is_documented(client: Client) -> None:
    guide = (Path(settings.BASE_DIR) / "docs" / "operating.md").read_text()
    guide = guide[guide.index("## Health") :]
    names = {field.name for facts in (PlatformFacts, Unmapped, NotLive, LiveCampaign) for field in fields(facts)}
    names |= {metric.name for metric in collect()}
    assert [name for name in sorted(names) if f"`{name}" not in guide] == []
