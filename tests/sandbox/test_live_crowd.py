"""The demo's crowd tells every minute once it is over, catches up what was missed, and says the same at every start."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from portal.sandbox.live import MOST_MINUTES_BACK, LiveCrowd, live_crowd
from portal.sandbox.messages import Message
from portal.sandbox.playing import AddressRefused
from portal.sandbox.sending import Outcome

MINUTE = 29_400_000
WANTED: dict[str, Any] = {
    "heartbeat_url": "http://localhost:8000/webhooks/heartbeats/token",
    "game": "Starfall",
    "channels": ["stage-1", "stage-2"],
    "viewers": [f"guest-{number}" for number in range(20)],
    "catch_up_minutes": 20,
}


@dataclass
class Portal:
    """Takes heartbeats while it is up; from the ``full_after``-th on it is down."""

    up: bool = True
    full_after: int = 10**6
    taken: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, message: Message) -> Outcome:
        if not self.up or len(self.taken) >= self.full_after:
            return Outcome(None, "", "The connection failed: refused", 1)
        self.taken.append(json.loads(message.body))
        return Outcome(204, "", "", 1)

    @property
    def ids(self) -> list[str]:
        return [content["id"] for content in self.taken]


def crowd(portal: Portal, **changed: Any) -> LiveCrowd:
    playing = live_crowd(WANTED | changed, minute=MINUTE)
    playing.send = portal
    return playing


def minutes(playing: LiveCrowd, first: int, last: int) -> list[str]:
    return [beat.id for minute in range(first, last + 1) for beat in playing.crowd.beats(minute)]


def test_the_first_time_it_tells_the_minutes_before_and_then_each_that_is_over() -> None:
    portal = Portal()
    playing = crowd(portal)
    accepted, fault = playing.tell(minute=MINUTE)
    assert (accepted, fault) == (len(portal.taken), "")
    assert portal.ids == minutes(playing, MINUTE - 20, MINUTE - 1)
    portal.taken.clear()
    assert playing.tell(minute=MINUTE) == (0, "")
    playing.tell(minute=MINUTE + 2)
    assert portal.ids == minutes(playing, MINUTE, MINUTE + 1)


def test_started_again_it_sends_the_same_ids() -> None:
    first, second = Portal(), Portal()
    crowd(first).tell(minute=MINUTE)
    crowd(second).tell(minute=MINUTE)
    assert first.taken == second.taken


def test_while_the_portal_is_down_it_stops_at_the_first_try_and_catches_up_later() -> None:
    portal = Portal(up=False)
    playing = crowd(portal)
    accepted, fault = playing.tell(minute=MINUTE)
    assert accepted == 0
    assert "refused" in fault
    portal.up = True
    playing.tell(minute=MINUTE + 3)
    assert portal.ids == minutes(playing, MINUTE - 20, MINUTE + 2)


def test_a_minute_that_was_told_in_part_is_told_again_under_its_ids() -> None:
    portal = Portal(full_after=3)
    playing = crowd(portal)
    playing.tell(minute=MINUTE)
    portal.full_after = 10**6
    playing.tell(minute=MINUTE)
    assert set(portal.ids) == set(minutes(playing, MINUTE - 20, MINUTE - 1))


def test_of_a_long_time_without_the_portal_only_the_last_hour_is_told() -> None:
    portal = Portal()
    playing = crowd(portal, catch_up_minutes=0)
    playing.tell(minute=MINUTE + 500)
    assert portal.ids == minutes(playing, MINUTE + 500 - MOST_MINUTES_BACK, MINUTE + 499)


def test_a_crowd_that_cannot_be_played_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="lacks the field 'game'"):
        live_crowd({name: value for name, value in WANTED.items() if name != "game"}, minute=MINUTE)
    with pytest.raises(AddressRefused):
        live_crowd(WANTED | {"heartbeat_url": "http://drops.example.org/"}, minute=MINUTE)
