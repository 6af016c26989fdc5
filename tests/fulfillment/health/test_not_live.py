"""Which campaigns should be live and are not: the rule as a table (C4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fulfillment.health.facts import NotLive
from fulfillment.rules.not_live import Planned, not_live
from tests.factories import NOW

HOUR = timedelta(hours=1)


def planned(**fields: Any) -> Planned:
    values: dict[str, Any] = {
        "id": "1",
        "name": "Launch",
        "published": True,
        "starts_at": NOW - HOUR,
        "ends_at": NOW + HOUR,
        "paused": False,
        "organization_enabled": True,
        "has_endpoint": True,
        "counted_there": ["kick"],
        "switched_on": frozenset({"kick"}),
    }
    return Planned(**{**values, **fields})


def found(campaign: Planned) -> list[tuple[str, str]]:
    return [(one.why, one.platform) for one in not_live(campaign, now=NOW)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"published": False}, [("draft", "")]),
        ({"organization_enabled": False}, [("organization", "")]),
        ({"switched_on": frozenset()}, [("credential", "kick")]),
        ({"counted_there": [], "switched_on": frozenset()}, []),
        (
            {"counted_there": ["kick", "twitch"], "switched_on": frozenset({"portal"})},
            [("credential", "kick"), ("credential", "twitch")],
        ),
        ({"has_endpoint": False}, [("endpoint", "")]),
        ({"paused": True}, [("paused", "")]),
        ({"paused": True, "has_endpoint": False}, [("endpoint", ""), ("paused", "")]),
        ({"published": False, "paused": True, "has_endpoint": False}, [("draft", "")]),
    ],
)
def test_c4_a_campaign_whose_time_is_now_says_why_it_is_not_live(
    fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert found(planned(**fields)) == expected


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "is_now"),
    [
        (NOW, NOW + HOUR, True),
        (NOW + timedelta(seconds=1), NOW + HOUR, False),
        (NOW - HOUR, NOW, False),
        (NOW - HOUR, NOW + timedelta(seconds=1), True),
        (None, NOW + HOUR, False),
        (NOW - HOUR, None, False),
    ],
)
def test_c4_the_time_of_a_campaign_is_from_its_start_until_before_its_end(
    starts_at: Any, ends_at: Any, is_now: bool
) -> None:
    assert bool(found(planned(published=False, starts_at=starts_at, ends_at=ends_at))) is is_now


def test_a_draft_tells_since_when_it_should_be_live() -> None:
    [one] = not_live(planned(published=False), now=NOW)
    assert one == NotLive(id="1", name="Launch", why="draft", since=NOW - HOUR)
