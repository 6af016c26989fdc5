"""G4: a recording is played as it was streamed live, and it makes no difference by how many connections it came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.rules.game_state.events import Condition, EventRule, Happened, Match, Watch
from campaigns.rules.game_state.replay import Found, Line, play, replay
from campaigns.rules.game_state.state import MergedState

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
DEAD = EventRule(
    id="dead", name="Boss down", path="$.boss", condition=Condition.CHANGES_TO, value="dead", cool_down_seconds=60
)


def line(number: int, kind: str, data: dict[str, Any]) -> Line:
    return Line(number, kind, NOW + timedelta(seconds=20 * number), json.dumps(data))


MATCH = [
    line(1, "connect", {"boss": "alive", "score": None}),
    line(2, "delta", {"boss": "dead"}),
    line(3, "refresh", {"boss": "alive", "score": {"red": 1}}),
    line(4, "delta", {"boss": "dead", "score": {"red": None}}),
    line(5, "delta", {"boss": None}),
    line(6, "delta", {"boss": "dead"}),
]


def test_g4_a_trial_tells_by_which_message_an_event_happens_and_which_are_held_back() -> None:
    other = EventRule(id="other", name="Never", path="$.score.red", condition=Condition.EQUALS, value=2)
    assert replay(MATCH, [DEAD, other]) == {
        "dead": [
            Found(2, NOW + timedelta(seconds=40), 2, '"dead"', ""),
            Found(4, NOW + timedelta(seconds=80), 4, '"dead"', "cool_down"),
            Found(6, NOW + timedelta(seconds=120), 6, '"dead"', ""),
        ],
        "other": [],
    }


def test_g3_a_line_that_cannot_be_read_changes_nothing_and_the_rest_is_played() -> None:
    broken = [
        replace(MATCH[1], data=data) for data in ("{broken", "[1]", '"dead"', "", '{"a":' * 500 + "1" + "}" * 500)
    ]
    assert [step.state.revision for step in play([MATCH[0], *broken, *MATCH[1:2]], [DEAD])] == [1, 1, 1, 1, 1, 1, 2]
    assert [one.number for one in replay([MATCH[0], *broken, MATCH[1]], [DEAD])["dead"]] == [2]


def test_g3_a_recording_is_played_with_the_state_after_each_message() -> None:
    states = [(step.line.number, step.state.revision, json.loads(step.state.as_json())) for step in play(MATCH)]
    assert states == [
        (1, 1, {"boss": "alive"}),
        (2, 2, {"boss": "dead"}),
        (3, 3, {"boss": "alive", "score": {"red": 1}}),
        (4, 4, {"boss": "dead", "score": {}}),
        (5, 5, {"score": {}}),
        (6, 6, {"score": {}, "boss": "dead"}),
    ]


def test_g3_a_message_that_would_be_refused_today_changes_nothing() -> None:
    lines = [MATCH[0], line(2, "delta", {"boss": "dead", "pad": "x" * 102_400}), line(3, "delta", {"boss": "dead"})]
    assert [(found.number, found.revision) for found in replay(lines, [DEAD])["dead"]] == [(3, 2)]


VALUES = st.sampled_from([0, 1, 2, True, None])
PLACES = st.dictionaries(st.sampled_from("xy"), VALUES, max_size=2) | st.lists(VALUES, max_size=2)
CHANGES = st.dictionaries(st.sampled_from("ab"), VALUES | PLACES, min_size=1, max_size=2)
MESSAGES = st.lists(st.tuples(st.sampled_from(["delta", "delta", "refresh"]), CHANGES), min_size=4, max_size=12)
RULES = st.lists(
    st.builds(
        EventRule,
        id=st.sampled_from("12345"),
        name=st.just("event"),
        path=st.sampled_from(["$.a", "$.b", "$.a.x", "$.a[-1]", "$.b[1]", "$.b.*", "$.a[?@ >= 1]"]),
        condition=st.sampled_from(Condition),
        value=st.sampled_from([0, 1, True]),
        cool_down_seconds=st.sampled_from([0, 30, 60]),
        per_session=st.sampled_from([None, 1, 3]),
    ),
    min_size=2,
    max_size=4,
    unique_by=lambda one: one.id,
)


class Server:
    """A session as a gateway serves it: connections come and go, what is stored stays."""

    def __init__(self, rules: Sequence[EventRule]) -> None:
        self.rules = rules
        self.stored: str | None = None
        self.happened: dict[str, Happened] = {}
        self.found: list[tuple[int, Match]] = []
        self.state = MergedState()
        self.watch = Watch(rules)

    def connect(self, number: int, data: dict[str, Any]) -> None:
        self.state = MergedState(revision=self.state.revision)
        self.watch = Watch(self.rules, happened=self.happened)
        if self.stored is not None:
            self.watch.begin(json.loads(self.stored))
        self._full(number, data)

    def take(self, number: int, kind: str, data: dict[str, Any]) -> None:
        if kind == "refresh":
            self._full(number, data)
        else:
            self.state.merge(data)
            self._note(number, self.watch.look(self.state.data, now=moment(number), changed=data))

    def _full(self, number: int, data: dict[str, Any]) -> None:
        self.state.replace(data)
        self._note(number, self.watch.look(self.state.data, now=moment(number)))

    def _note(self, number: int, matches: list[Match]) -> None:
        self.found += [(number, match) for match in matches]
        for match in matches:
            if not match.held_back:
                self.happened[match.rule_id] = Happened(match.number, moment(number))

    def lose_connection(self) -> None:
        """What was written is all that is left; the copy is the server's own full state."""
        self.stored = self.state.as_json()


def moment(number: int) -> datetime:
    return NOW + timedelta(seconds=20 * number)


@settings(max_examples=150)
@given(CHANGES, MESSAGES, RULES, st.sets(st.integers(1, 12), min_size=3))
def test_g4_a_session_in_several_connections_has_the_events_of_one(
    first: dict[str, Any], messages: list[tuple[str, dict[str, Any]]], rules: list[EventRule], breaks: set[int]
) -> None:
    once, often = Server(rules), Server(rules)
    for server in (once, often):
        server.connect(0, first)
    for number, (kind, data) in enumerate(messages, start=1):
        once.take(number, kind, data)
        if number in breaks:
            often.lose_connection()
            often.connect(number, json.loads(once.state.as_json()))
        else:
            often.take(number, kind, data)
        assert often.state.data == once.state.data
    assert often.found == once.found
    assert often.happened == once.happened


@given(CHANGES, MESSAGES, RULES)
def test_g4_a_trial_on_a_recording_finds_what_was_found_live(
    first: dict[str, Any], messages: list[tuple[str, dict[str, Any]]], rules: list[EventRule]
) -> None:
    live = Server(rules)
    live.connect(0, first)
    lines = [Line(0, "connect", moment(0), json.dumps(first))]
    for number, (kind, data) in enumerate(messages, start=1):
        live.take(number, kind, data)
        lines.append(Line(number, kind, moment(number), json.dumps(data)))
    found = [
        (one.number, rule_id, one.value, one.held_back)
        for rule_id, ones in replay(lines, rules).items()
        for one in ones
    ]
    assert sorted(found) == sorted((number, one.rule_id, one.value, one.held_back) for number, one in live.found)
