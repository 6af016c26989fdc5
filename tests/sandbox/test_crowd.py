"""The made-up crowd: the same seed tells the same story, every disorder that was asked for is there, the totals are right."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from portal.sandbox.crowd import Beat, all_beats, crowd_of, expected, minute_of, moment_of, plan

FIRST = minute_of(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
MINUTES = 30


def beats_of(seed: int = 7, *, overlap: float = 0.1, channels: int = 8, viewers: int = 12) -> list[Beat]:
    crowd = crowd_of(channels=channels, viewers_each=viewers, game="Starfall", seed=seed, overlap=overlap)
    return list(all_beats(crowd, first_minute=FIRST, minutes=MINUTES))


def test_the_same_seed_makes_the_same_heartbeats_and_another_seed_others() -> None:
    first, again, other = beats_of(7), beats_of(7), beats_of(8)
    assert [beat.body() for beat in first] == [beat.body() for beat in again]
    assert not {beat.id for beat in first} & {beat.id for beat in other}
    assert not {viewer for beat in first for viewer in beat.viewers} & {v for beat in other for v in beat.viewers}


def test_a_minute_is_the_same_whenever_it_is_told() -> None:
    crowd = crowd_of(channels=3, viewers_each=5, game="Starfall", seed=1)
    crowd.beats(FIRST + 400)
    told_alone = crowd.beats(FIRST + 3)
    within = [beat for beat in all_beats(crowd, first_minute=FIRST, minutes=10) if beat.minute == FIRST + 3]
    assert told_alone == within


def test_w1_a_heartbeat_has_the_documented_fields_and_lies_in_its_minute() -> None:
    for beat in beats_of():
        content = json.loads(beat.body(retries=2))
        assert set(content) == {
            *("broadcaster", "broadcast_id", "viewers", "viewer_list", "game", "version", "id", "time", "retries")
        }
        assert content["viewers"] == len(content["viewer_list"])
        assert content["retries"] == 2
        assert minute_of(datetime.fromisoformat(content["time"])) == beat.minute


def test_times_are_written_in_several_zones() -> None:
    zones = {json.loads(beat.body())["time"][19:] for beat in beats_of(channels=10)}
    assert zones == {"Z", "-07:00", "+02:00"}


def test_an_id_belongs_to_one_body() -> None:
    bodies = Counter((beat.id, beat.body()) for beat in beats_of())
    assert len({identifier for identifier, _ in bodies}) == len(bodies) == bodies.total()


def test_viewers_come_go_switch_and_watch_two_channels_at_once() -> None:
    beats = beats_of()
    places: dict[str, dict[int, set[str]]] = {}
    for beat in beats:
        for viewer in beat.viewers:
            places.setdefault(viewer, {}).setdefault(beat.minute, set()).add(beat.channel)
    assert any(len(channels) > 1 for minutes in places.values() for channels in minutes.values())
    assert any(len(minutes) < MINUTES for minutes in places.values())
    alone = {v: {next(iter(c)) for c in minutes.values() if len(c) == 1} for v, minutes in places.items()}
    assert any(len(channels) > 1 for channels in alone.values()), "somebody has switched"
    told = Counter((beat.channel, beat.minute) for beat in beats)
    assert set(told.values()) == {1, 2}, "some minutes of a channel are told in two heartbeats"
    assert len(told) == 8 * MINUTES, "every channel is told of in every minute"


def test_without_overlap_every_viewer_is_named_once_a_minute() -> None:
    named = Counter((viewer, beat.minute) for beat in beats_of(overlap=0) for viewer in beat.viewers)
    assert set(named.values()) == {1}


def test_w2_expected_totals_count_a_minute_of_a_viewer_once_whatever_names_it() -> None:
    beats = beats_of()
    model: dict[str, set[int]] = {}
    for beat in beats:
        for viewer in beat.viewers:
            model.setdefault(viewer, set()).add(beat.minute)
    shuffled = sorted(beats * 2, key=lambda beat: beat.id)
    found = expected(beat.body(retries=number % 3) for number, beat in enumerate(shuffled))
    assert found.viewers == {viewer: len(minutes) for viewer, minutes in model.items()}
    assert found.viewer_minutes == sum(found.viewers.values()) < sum(len(beat.viewers) for beat in beats)
    assert found.broadcasters == dict.fromkeys(sorted({beat.channel for beat in beats}), MINUTES)


def test_the_plan_sends_everything_and_nothing_before_its_minute_is_over() -> None:
    beats = beats_of()
    sendings = plan(beats, first_minute=FIRST, late=0.2, repeated=0.2, shuffled=True, seed=7)
    assert {sending.beat for sending in sendings} == set(range(len(beats)))
    assert sendings == sorted(sendings, key=lambda sending: sending.at)
    assert all(sending.at >= beats[sending.beat].minute - FIRST + 1 for sending in sendings)


@pytest.mark.parametrize(
    ("disorder", "least", "most"),
    [
        ({}, 0.0, 0.0),
        ({"late": 1.0}, 2.0, 15.0),
        ({"shuffled": True}, 0.0, 5.0),
        ({"late": 1.0, "shuffled": True}, 2.0, 20.0),
    ],
)
def test_w4_how_late_a_heartbeat_comes_is_what_was_asked_for(
    disorder: dict[str, float], least: float, most: float
) -> None:
    beats = beats_of()
    sendings = plan(
        beats, first_minute=FIRST, **{"late": 0.0, "repeated": 0.0, "shuffled": False, "seed": 1, **disorder}
    )
    late = [sending.at - (beats[sending.beat].minute - FIRST + 1) for sending in sendings]
    assert least <= min(late) <= max(late) <= most
    if disorder:
        assert [sending.beat for sending in sendings] != list(range(len(beats))), "the order is another"


def test_w1_repeated_heartbeats_follow_the_first_with_retries_raised() -> None:
    beats = beats_of()
    sendings = plan(beats, first_minute=FIRST, late=0, repeated=0.25, shuffled=False, seed=1)
    again = [sending for sending in sendings if sending.retries]
    assert 0.15 < len(again) / len(beats) < 0.35
    first = {sending.beat: sending.at for sending in sendings if not sending.retries}
    assert all(sending.at > first[sending.beat] for sending in again)


def test_minutes_and_moments_are_each_others_reverse() -> None:
    assert moment_of(FIRST) == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
