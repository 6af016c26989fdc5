"""The pure rules of counting as tables: which heartbeat counts where, when it is counted, and how one is read (W1, W3, W4, W8)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from campaigns.rules.counting import (
    CampaignRules,
    Interval,
    Report,
    Why,
    channel_order,
    due_at,
    minute_of,
    runs_at,
    settled_at,
    why_not,
)
from campaigns.rules.heartbeats import HeartbeatInvalid, parse_heartbeat

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
START, END, CLOSE = NOW, NOW + timedelta(days=7), NOW + timedelta(days=21)

CAMPAIGN = CampaignRules(
    games=frozenset({"game"}),
    platforms=frozenset({"kick"}),
    allow_list=False,
    starts_at=START,
    ends_at=END,
    closes_at=CLOSE,
    published_at=START - timedelta(days=1),
)


def asked(
    at: datetime = NOW, received_at: datetime | None = None, *, listed: Any = (), opted_out: Any = (), **fields: Any
) -> Why | None:
    report = Report(
        game=fields.pop("game", "game"),
        platform=fields.pop("platform", "kick"),
        sent_at=at,
        received_at=received_at or at,
    )
    return why_not(replace(CAMPAIGN, **fields), report, listed=listed, opted_out=opted_out)


# --- W3, W4: whether it counts ----------------------------------------------------------------------------------------


def test_w3_a_heartbeat_of_the_game_and_platform_in_time_counts() -> None:
    assert asked() is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"game": "other"}, Why.OTHER_GAME),
        ({"game": ""}, Why.OTHER_GAME),
        ({"games": frozenset({"game", "other"}), "game": "other"}, None),
        ({"games": frozenset()}, Why.OTHER_GAME),
        ({"platform": "twitch"}, Why.NOT_COUNTED_HERE),
        ({"platforms": frozenset()}, Why.NOT_COUNTED_HERE),
        ({"platforms": frozenset({"kick", "portal"}), "platform": "portal"}, None),
    ],
)
def test_w3_game_and_platform_must_be_the_campaigns(fields: dict[str, Any], why: Why | None) -> None:
    assert asked(**fields) == why


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (START - TICK, Why.BEFORE_START),
        (START, None),
        (START + TICK, None),
        (END - TICK, None),
        (END, Why.AFTER_END),
        (END + TICK, Why.AFTER_END),
        (datetime(1, 1, 1, tzinfo=UTC), Why.BEFORE_START),
    ],
)
def test_w3_start_is_inside_and_end_is_outside(at: datetime, why: Why | None) -> None:
    assert asked(at) == why


@pytest.mark.parametrize("name", ["published_at", "starts_at", "ends_at"])
def test_w3_a_campaign_without_dates_or_publication_counts_nothing(name: str) -> None:
    assert asked(**{name: None}) == Why.NOT_PUBLISHED


PUBLISHED = START + timedelta(days=2)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (START, Why.BEFORE_PUBLICATION),
        (PUBLISHED - TICK, Why.BEFORE_PUBLICATION),
        (PUBLISHED, None),
        (START - TICK, Why.BEFORE_START),
        (END, Why.AFTER_END),
    ],
)
def test_c6_counting_runs_from_the_later_of_start_and_publication(at: datetime, why: Why | None) -> None:
    assert asked(at, published_at=PUBLISHED) == why


CANCELLED = START + timedelta(days=3)


@pytest.mark.parametrize(
    ("at", "why"),
    [(CANCELLED - TICK, None), (CANCELLED, Why.AFTER_CANCELLATION), (CANCELLED + TICK, Why.AFTER_CANCELLATION)],
)
def test_w3_a_cancelled_campaign_counts_to_its_cancellation(at: datetime, why: Why | None) -> None:
    assert asked(at, cancelled_at=CANCELLED) == why
    assert asked(at, received_at=CANCELLED + timedelta(days=5), cancelled_at=CANCELLED) == why


@pytest.mark.parametrize(
    ("received_at", "closes_at", "why"),
    [
        (CLOSE - TICK, CLOSE, None),
        (CLOSE, CLOSE, Why.CAME_AFTER_CLOSING),
        (CLOSE + TICK, CLOSE, Why.CAME_AFTER_CLOSING),
        (END - TICK, None, None),
        (END, None, Why.CAME_AFTER_CLOSING),
        (END, END, Why.CAME_AFTER_CLOSING),
        (START - timedelta(minutes=2), CLOSE, None),
    ],
)
def test_w4_late_ones_count_until_the_campaign_is_closed(
    received_at: datetime, closes_at: datetime | None, why: Why | None
) -> None:
    assert asked(START + timedelta(days=1), received_at, closes_at=closes_at) == why


MIDDLE = START + timedelta(days=1)


@pytest.mark.parametrize(
    ("intervals", "inside"),
    [
        ([], False),
        ([(MIDDLE, None)], True),
        ([(MIDDLE + TICK, None)], False),
        ([(START, MIDDLE)], False),
        ([(START, MIDDLE + TICK)], True),
        ([(MIDDLE, MIDDLE)], False),
        ([(START, START + TICK), (END, None)], False),
        ([(START, START + TICK), (MIDDLE, END)], True),
        ([(START, MIDDLE), (MIDDLE, END)], True),
    ],
)
def test_c7_lists_and_opt_outs_hold_for_what_was_true_at_the_minute(
    intervals: list[tuple[datetime, datetime | None]], inside: bool
) -> None:
    times = [Interval(*ends) for ends in intervals]
    assert asked(MIDDLE, allow_list=True, listed=times) == (None if inside else Why.NOT_LISTED)
    assert asked(MIDDLE, opted_out=times) == (Why.OPTED_OUT if inside else None)


def test_c7_a_listed_channel_counts_though_it_opted_out_and_a_list_is_nothing_to_a_global_campaign() -> None:
    always = [Interval(START)]
    assert asked(MIDDLE, allow_list=True, listed=always, opted_out=always) is None
    assert asked(MIDDLE, allow_list=True, opted_out=[]) == Why.NOT_LISTED
    assert asked(MIDDLE, listed=always, opted_out=always) == Why.OPTED_OUT


@pytest.mark.parametrize(
    ("fields", "runs"),
    [
        ({}, True),
        ({"platforms": frozenset()}, False),
        ({"starts_at": MIDDLE + TICK}, False),
        ({"starts_at": MIDDLE}, True),
        ({"ends_at": MIDDLE}, False),
        ({"ends_at": MIDDLE + TICK, "closes_at": None}, True),
        ({"published_at": None}, False),
        ({"published_at": MIDDLE}, True),
        ({"published_at": MIDDLE + TICK}, False),
        ({"cancelled_at": MIDDLE}, False),
        ({"allow_list": True}, True),
        ({"games": frozenset()}, True),
    ],
)
def test_w8_a_campaign_runs_whoever_reports(fields: dict[str, Any], runs: bool) -> None:
    assert runs_at(replace(CAMPAIGN, **fields), MIDDLE) is runs


# --- W8: when, and in which order -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent_at", "came_after", "waits"),
    [
        (NOW, timedelta(0), timedelta(minutes=4)),
        (NOW + timedelta(seconds=59, microseconds=999_999), timedelta(0), timedelta(minutes=3) + TICK),
        (NOW, timedelta(minutes=4) - TICK, TICK),
        (NOW, timedelta(minutes=4), timedelta(0)),
        (NOW, timedelta(hours=5), timedelta(0)),
        (NOW, -timedelta(minutes=2), timedelta(minutes=6)),
        (NOW.replace(minute=59), timedelta(0), timedelta(minutes=4)),
        (datetime(1, 1, 1, tzinfo=UTC), timedelta(days=1), timedelta(0)),
        (datetime(2024, 2, 29, 23, 59, tzinfo=UTC), timedelta(0), timedelta(minutes=4)),
    ],
)
def test_w8_a_minute_is_settled_three_minutes_after_its_end(
    sent_at: datetime, came_after: timedelta, waits: timedelta
) -> None:
    now = sent_at + came_after
    assert due_at(sent_at, now=now, one_stream_at_a_time=True) == now + waits
    assert due_at(sent_at, now=now, one_stream_at_a_time=False) == now
    assert settled_at(sent_at) - sent_at.replace(second=0, microsecond=0) == timedelta(minutes=4)


@pytest.mark.parametrize(
    ("moment", "minute"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 0, 0, 59, 999_999, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 0, 1, tzinfo=UTC), 1),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (datetime(1969, 12, 31, 23, 59, tzinfo=UTC), -1),
        (datetime(1969, 12, 31, 23, 58, 59, tzinfo=UTC), -2),
        (datetime(2026, 11, 20, 12, 59, 59, 999_999, tzinfo=UTC), 20_777 * 1440 + 12 * 60 + 59),
        (datetime(1970, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=1))), 0),
        (datetime(1970, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))), 0),
    ],
)
def test_w2_a_clock_minute_is_that_of_utc(moment: datetime, minute: int) -> None:
    assert minute_of(moment) == minute


def test_w2_every_microsecond_before_a_minute_belongs_to_the_minute_before() -> None:
    for year in (1971, 2026, 2100, 2200):
        edge = datetime(year, 3, 1, 1, 0, tzinfo=UTC)
        assert minute_of(edge - TICK) == minute_of(edge) - 1
        assert minute_of(edge) % 60 == 0


@pytest.mark.parametrize(
    "ordered",
    [
        ["1", "2", "10", "99", "100"],
        ["9", "10", "18446744073709551615"],
        ["", "a", "b", "ab"],
        ["broadcaster-1", "broadcaster-2", "broadcaster-10"],
    ],
)
def test_w8_channels_are_ordered_by_their_number(ordered: list[str]) -> None:
    shuffled = ordered[1::2] + ordered[::2]
    assert sorted(shuffled, key=channel_order) == ordered


# --- W1: reading one --------------------------------------------------------------------------------------------------

SENT: dict[str, Any] = {
    "broadcaster": "broadcaster-id-0000",
    "viewers": 6,
    "viewer_list": ["viewer-id-0000", "viewer-id-0001"],
    "game": "GameName",
    "version": 1,
    "id": "f0bacda2-0e39-47ca-8bf0-44e3ab32be08",
    "time": "2026-11-20T12:00:00Z",
    "retries": 0,
}


def read(**fields: Any) -> Any:
    return parse_heartbeat(json.dumps({**SENT, **fields}).encode(), now=NOW)


def test_w1_the_guides_sample_is_read_with_a_time_that_is_one() -> None:
    message = read()
    assert (message.id, message.broadcaster, message.game) == (SENT["id"], "broadcaster-id-0000", "GameName")
    assert (message.viewers, message.viewer_ids, message.retries) == (6, ("viewer-id-0000", "viewer-id-0001"), 0)
    assert (message.sent_at, message.extra, len(message.digest)) == (NOW, "", 16)


def test_w1_a_digest_is_of_what_counts_and_of_nothing_else() -> None:
    digest = read().digest
    for same in (
        {"retries": 9},
        {"further": 1},
        {"broadcast_id": "7"},
        {"viewer_list": [*SENT["viewer_list"], "viewer-id-0000"]},
    ):
        assert read(**same).digest == digest, same
    changes: list[dict[str, Any]] = [{name: SENT[name] + "x"} for name in ("broadcaster", "game")]
    changes += [
        {"viewers": 7},
        {"time": "2026-11-20T11:59:59Z"},
        {"viewer_list": []},
        {"viewer_list": ["viewer-id-0000"]},
    ]
    changes += [{"broadcaster": "a", "game": "b"}, {"broadcaster": "ab", "game": "c"}]
    found = {read(**change).digest for change in changes}
    assert len(found) == len(changes)
    assert digest not in found


@pytest.mark.parametrize(
    ("listed", "read_as"),
    [
        ([], ()),
        (["b", "a", "b"], ("b", "a")),
        (["", "a"], ("a",)),
        (["x" * 200, "x" * 201], ("x" * 200,)),
        (["a\0", "a"], ("a",)),
        ([" ", "a ", "a"], (" ", "a ", "a")),
        (["👀" * 200, "👀" * 201], ("👀" * 200,)),
        (["1", "01", "1.0"], ("1", "01", "1.0")),
    ],
)
def test_w1_each_possible_id_is_read_once(listed: list[str], read_as: tuple[str, ...]) -> None:
    message = read(viewer_list=listed)
    assert message.viewer_ids == read_as


def test_w1_viewers_that_are_not_told_are_as_many_as_listed() -> None:
    body = {key: value for key, value in SENT.items() if key not in ("viewers", "version", "retries")}
    message = parse_heartbeat(json.dumps({**body, "viewer_list": ["a", "a", "b"]}).encode(), now=NOW)
    assert (message.viewers, message.retries) == (3, 0)


@pytest.mark.parametrize("size", [4096 - 14, 4096 - 13])
def test_w1_further_fields_are_kept_up_to_4096_characters(size: int) -> None:
    extra = read(further="x" * size).extra
    assert (len(extra) == 4096) == (size == 4096 - 14)
    assert (extra == '"not kept: too long"') == (size != 4096 - 14)


@pytest.mark.parametrize(
    ("ahead", "refused"),
    [(timedelta(minutes=2), False), (timedelta(minutes=2) + TICK, True), (-timedelta(days=365_0), False)],
)
def test_w4_two_minutes_ahead_are_possible_and_a_tick_more_is_refused(ahead: timedelta, refused: bool) -> None:
    text = (NOW + ahead).isoformat()
    if refused:
        with pytest.raises(HeartbeatInvalid, match="2 minutes in the future"):
            read(time=text)
    else:
        assert read(time=text).sent_at == NOW + ahead


def test_w1_largest_numbers_are_those_that_a_database_holds() -> None:
    assert read(viewers=2**63 - 1, retries=-(2**63) + 1).viewers == 2**63 - 1
    for number in (2**63, -(2**63)):
        with pytest.raises(HeartbeatInvalid, match="viewers is not a whole number"):
            read(viewers=number)
