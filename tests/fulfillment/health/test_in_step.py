"""How it stands with a platform all in all: the judgement as a table (F6, F7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fulfillment.health.facts import LiveCampaign, OrganizationFacts, PlatformFacts
from fulfillment.health.words import _TEXTS, deliveries_told, platform_told
from fulfillment.rules.in_step import Condition, Level, What, of_deliveries, of_platform, worst
from tests.factories import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIVE = (LiveCampaign(id="1", name="Launch", starts_at=NOW - DAY, ends_at=NOW + DAY),)


def platform(**fields: Any) -> PlatformFacts:
    """Make the facts of a platform with which all is well."""
    values: dict[str, Any] = {
        "credential_id": "1",
        "platform": "twitch",
        "name": "Twitch",
        "enabled": True,
        "sends_claims": True,
        "webhook_at": NOW - MINUTE,
        "claims_webhook_at": NOW - MINUTE,
        "sweep_at": NOW - 5 * MINUTE,
        "succeeded_at": NOW - MINUTE,
        "by_webhook_hour": 40,
        "calls": 40,
        "subscriptions": {"enabled": 3},
    }
    return PlatformFacts(**{**values, **fields})


def organization(**fields: Any) -> OrganizationFacts:
    return OrganizationFacts(
        **{"organization_id": "1", "now": NOW, "platforms": (), "worker_at": NOW - timedelta(seconds=5), **fields}
    )


NEVER = {"webhook_at": None, "claims_webhook_at": None, "sweep_at": None, "succeeded_at": None}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, What.IN_STEP),
        ({"enabled": False, "failures": 9, "problem": "status:401"}, What.OFF),
        (NEVER, What.NEW),
        ({"failures": 1, "problem": "status:401", "failed_at": NOW}, What.REFUSED),
        ({"failures": 1, "problem": "status:403", "failed_at": NOW}, What.REFUSED),
        ({"failures": 1, "problem": "status:500", "failed_at": NOW}, What.IN_STEP),
        ({"failures": 9, "problem": "status:500", "failed_at": NOW}, What.IN_STEP),
        ({"failures": 2, "problem": "status:500", "failed_at": NOW, "succeeded_at": NOW - 5 * MINUTE}, What.OUTAGE),
        ({"failures": 2, "problem": "dns", "failed_at": NOW, "succeeded_at": None}, What.OUTAGE),
        ({"calls": 40, "calls_failed": 4}, What.FAILING),
        ({"calls": 40, "calls_failed": 3}, What.IN_STEP),
        ({"calls": 19, "calls_failed": 19}, What.IN_STEP),
        ({"paused_until": NOW + MINUTE}, What.PAUSED),
        ({"paused_until": NOW}, What.IN_STEP),
        ({"by_webhook_hour": 0, "by_sweep_hour": 3}, What.SILENT),
        ({"by_webhook_hour": 0, "by_sweep_hour": 2}, What.IN_STEP),
        ({"by_webhook_hour": 0, "by_sweep_hour": 3, "sends_claims": False}, What.IN_STEP),
        ({"by_webhook_hour": 45, "by_sweep_hour": 5}, What.GAPS),
        ({"by_webhook_hour": 46, "by_sweep_hour": 5}, What.IN_STEP),
        ({"by_webhook_hour": 1, "by_sweep_hour": 4}, What.IN_STEP),
        ({"by_webhook_hour": 0, "live": LIVE}, What.IN_STEP),
        (
            {"by_webhook_hour": 0, "live": LIVE, "claims_webhook_at": NOW - HOUR, "sweep_at": NOW - 31 * MINUTE},
            What.QUIET,
        ),
        (
            {"by_webhook_hour": 0, "live": LIVE, "claims_webhook_at": NOW - HOUR, "sweep_at": NOW - 30 * MINUTE},
            What.IN_STEP,
        ),
        ({"by_webhook_hour": 0, "claims_webhook_at": NOW - HOUR, "sweep_at": NOW - 31 * MINUTE}, What.IN_STEP),
        ({"subscription_ended_at": NOW - 5 * MINUTE, "subscriptions": {"enabled": 2, "ended": 1}}, What.ENDED),
        ({"subscription_ended_at": NOW - 4 * MINUTE, "subscriptions": {"enabled": 2, "ended": 1}}, What.IN_STEP),
        ({"sweep_at": NOW - HOUR}, What.SWEEP_LATE),
        ({"sweep_at": None, "sweep_began_at": NOW - HOUR}, What.SWEEP_LATE),
        ({"sweep_at": None, "sweep_began_at": NOW - MINUTE}, What.IN_STEP),
        ({"unreadable": 1}, What.UNREADABLE),
        ({"write_back_oldest": NOW - 30 * MINUTE, "write_backs": 1}, What.TOLD_LATE),
        ({"write_back_oldest": NOW - 29 * MINUTE, "write_backs": 1}, What.IN_STEP),
        ({"doubted_since": NOW}, What.DOUBTED),
    ],
)
def test_f7_the_headline_of_a_platform(fields: dict[str, Any], expected: What) -> None:
    assert of_platform(platform(**fields), now=NOW)[0].what is expected


def test_the_worst_comes_first_and_everything_is_said() -> None:
    one = platform(
        unreadable=2,
        failures=3,
        problem="timed_out",
        failed_at=NOW,
        succeeded_at=NOW - HOUR,
        subscriptions={"enabled": 1, "ended": 1},
        subscription_ended_at=NOW - HOUR,
    )
    found = of_platform(one, now=NOW)
    assert [(each.what, each.level) for each in found] == [
        (What.OUTAGE, Level.BAD),
        (What.ENDED, Level.ATTENTION),
        (What.UNREADABLE, Level.ATTENTION),
    ]
    assert worst(found) is Level.BAD


def test_no_subscription_at_work_is_worse_than_some() -> None:
    [condition] = of_platform(platform(subscriptions={"ended": 2}, subscription_ended_at=NOW - HOUR), now=NOW)
    assert condition == Condition(what=What.ENDED, level=Level.BAD, since=NOW - HOUR, count=2, total=2)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, What.DELIVERING),
        ({"worker_at": None}, What.NO_WORKER),
        ({"worker_at": NOW - MINUTE}, What.NO_WORKER),
        ({"due": 3, "due_oldest": NOW - 2 * MINUTE}, What.DELIVERED_LATE),
        ({"due": 3, "due_oldest": NOW - MINUTE}, What.DELIVERING),
        ({"delivered": 18, "failed": 2}, What.DELIVERIES_FAIL),
        ({"delivered": 19, "failed": 2}, What.DELIVERING),
        ({"delivered": 0, "failed": 19}, What.DELIVERING),
    ],
)
def test_the_headline_of_deliveries(fields: dict[str, Any], expected: What) -> None:
    assert of_deliveries(organization(**fields))[0].what is expected


def test_everything_that_can_be_the_matter_has_its_words() -> None:
    assert set(_TEXTS) == set(What)


def test_a_silent_platform_is_told_with_since_when_and_what_happens_meanwhile() -> None:
    one = platform(by_webhook_hour=0, by_sweep_hour=7, claims_webhook_at=NOW - HOUR)
    [told] = platform_told(one, now=NOW)
    assert told.sentence == (
        "Twitch: webhooks are silent. The last that brought claims: 2026-11-20 11:00 UTC. "
        "The sweep brings them, up to 15 minutes late."
    )
    assert "sweeps found 7 claims" in told.means


def test_an_outage_is_told_with_its_cause_in_words() -> None:
    one = platform(failures=1200, problem="timed_out", failed_at=NOW, succeeded_at=None)
    [told] = platform_told(one, now=NOW)
    assert told.sentence == (
        "Twitch does not answer. The last call that succeeded: never. Failed since in a row: 1,200."
    )
    assert told.means.startswith("The other side did not answer") or "time" in told.means


def test_deliveries_that_wait_are_counted_to_the_cap() -> None:
    [told] = deliveries_told(organization(due=10_000, due_oldest=NOW - HOUR))
    assert told.sentence == "Deliveries wait: 10,000+, the oldest since 2026-11-20 11:00 UTC."
