"""What is sent next: deltas, or a full state where a delta would be too long; and what is never taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from campaigns.rules.game_state.messages import Delta, Refresh, read_message
from campaigns.rules.game_state.state import MergedState
from portal.game_state_client import StateRefused
from portal.game_state_client.checks import DELTA_BYTES, FULL_BYTES, size_of
from portal.game_state_client.outbox import Outbox


def connected(data: dict[str, Any]) -> Outbox:
    outbox = Outbox(data)
    outbox.connect_text({})
    return outbox


def taken(outbox: Outbox, *, live: bool = True) -> Any:
    text = outbox.take(live=live)
    return text and json.loads(text)


def test_g1_only_what_changed_is_sent_and_once() -> None:
    outbox = connected({"boss": {"state": "asleep", "health": 100}, "map": "Harbour"})
    assert not outbox.due(live=True)
    outbox.set("boss.health", 64)
    outbox.update({"boss": {"state": "awake"}, "map": None})
    assert outbox.due(live=True)
    assert taken(outbox) == {"type": "delta", "data": {"boss": {"state": "awake", "health": 64}, "map": None}}
    assert not outbox.due(live=True)
    assert taken(outbox) is None


def test_g1_what_was_changed_back_is_not_sent() -> None:
    outbox = connected({"score": 1})
    outbox.set("score", 2)
    outbox.set("score", 1)
    assert not outbox.due(live=True)


def test_set_puts_a_value_in_the_place_of_what_was_and_update_merges() -> None:
    outbox = connected({"boss": {"state": "asleep", "health": 100}})
    outbox.set("boss", {"state": "awake"})
    assert outbox.data == {"boss": {"state": "awake"}}
    outbox.update({"boss": {"health": 9}})
    assert outbox.data == {"boss": {"state": "awake", "health": 9}}


def test_a_path_makes_objects_on_its_way_and_a_list_of_names_may_have_dots() -> None:
    outbox = connected({})
    outbox.set("players.mira.score", 3)
    outbox.set(["players", "old.bear", "score"], 4)
    assert outbox.data == {"players": {"mira": {"score": 3}, "old.bear": {"score": 4}}}
    outbox.set("players.mira", None)
    outbox.set("players.nobody.score", None)
    assert outbox.data == {"players": {"old.bear": {"score": 4}}}


@pytest.mark.parametrize(
    ("path", "words"), [("", "no path"), ("a..b", "no path"), ([], "no path"), ("list.0", "“list” is no object")]
)
def test_a_path_that_leads_nowhere_is_refused(path: Any, words: str) -> None:
    outbox = connected({"list": [1]})
    with pytest.raises(StateRefused, match=words):
        outbox.set(path, 1)
    assert outbox.data == {"list": [1]}


def test_what_was_given_may_be_changed_afterwards_without_effect() -> None:
    feed = [{"by": "mira"}]
    outbox = connected({"feed": feed})
    feed[0]["by"] = "nobody"
    feed.append({"by": "somebody"})
    assert outbox.data == {"feed": [{"by": "mira"}]}


def test_g1_a_delta_of_the_longest_length_is_sent_as_one_and_one_byte_more_as_a_refresh() -> None:
    outbox = connected({"text": "", "more": "x" * 1000})
    around = size_of('{"type":"delta","data":{"text":""}}')
    outbox.set("text", "ä" * ((DELTA_BYTES - around) // 2) + "a" * ((DELTA_BYTES - around) % 2))
    text = outbox.take(live=True)
    assert text is not None
    assert size_of(text) == DELTA_BYTES
    assert isinstance(read_message(text), Delta)
    outbox.set("text", "b" * (DELTA_BYTES - around + 1))
    text = outbox.take(live=True)
    assert text is not None
    message = read_message(text)
    assert isinstance(message, Refresh)
    assert message.data["more"] == "x" * 1000


def test_g1_a_state_of_the_largest_size_is_taken_and_one_byte_more_is_refused() -> None:
    outbox = Outbox({}, room=FULL_BYTES)
    outbox.set("text", "x" * (FULL_BYTES - size_of('{"text":""}')))
    kept = outbox.data
    MergedState().replace(kept)
    with pytest.raises(StateRefused, match="102401 bytes; 102400 are allowed"):
        outbox.set("text", kept["text"] + "x")
    assert outbox.data is kept


def test_a_depth_is_counted_from_the_message_on_wherever_a_value_is_put() -> None:
    outbox = connected({})
    outbox.set(["a"] * 31, 1)
    with pytest.raises(StateRefused, match="nested too deeply"):
        outbox.set(["a"] * 31, {})
    with pytest.raises(StateRefused, match="nested too deeply"):
        outbox.set(["b"] * 32, 1)


def test_while_nobody_is_live_changes_wait_and_the_shortest_message_keeps_the_line_open() -> None:
    outbox = connected({"score": 0})
    outbox.set("score", 1)
    assert not outbox.due(live=False)
    outbox.keep_alive()
    assert taken(outbox, live=False) == {"type": "delta", "data": {}}
    assert taken(outbox, live=False) is None
    assert taken(outbox, live=True) == {"type": "delta", "data": {"score": 1}}


def test_while_somebody_is_live_a_silent_line_is_kept_open_by_the_full_state() -> None:
    outbox = connected({"score": 0})
    outbox.keep_alive()
    assert taken(outbox) == {"type": "refresh", "data": {"score": 0}}


def test_after_a_refusal_the_next_change_brings_the_full_state_and_nothing_before_it() -> None:
    outbox = connected({"score": 0, "map": "Harbour"})
    outbox.send_whole()
    assert not outbox.due(live=True)
    outbox.set("score", 1)
    assert taken(outbox) == {"type": "refresh", "data": {"score": 1, "map": "Harbour"}}
    outbox.set("score", 2)
    assert taken(outbox) == {"type": "delta", "data": {"score": 2}}


def test_the_end_brings_the_last_changes_before_it() -> None:
    outbox = connected({"score": 0})
    outbox.set("score", 1)
    outbox.ending = True
    assert [taken(outbox, live=False) for _turn in range(2)] == [
        {"type": "delta", "data": {"score": 1}},
        {"type": "disconnect"},
    ]
