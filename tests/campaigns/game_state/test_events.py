"""G4: when a game event happens, how often, and what a session's rules remember."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.rules.game_state.events import Condition, EventRule, Happened, Match, Watch, read_value

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MISSING = object()


def rule(condition: str, value: Any, path: str = "$.x", **more: Any) -> EventRule:
    fields = {"id": "rule", "name": "Boss down", **more}
    return EventRule(path=path, condition=Condition(condition), value=value, **fields)


def happens(one: EventRule, *values: object) -> list[int]:
    """Return by which of the states, each with this value at ``x``, the event happens."""
    watch = Watch([one])
    found = []
    for number, value in enumerate(values):
        matches = watch.look({} if value is MISSING else {"x": value}, now=NOW)
        assert len(matches) <= 1
        found += [number] * len(matches)
    return found


@pytest.mark.parametrize(
    ("one", "values", "wanted"),
    [
        # equals: comes to hold it, the first state too
        (rule("equals", "dead"), ["dead", "dead", "alive", "dead"], [0, 3]),
        (rule("equals", "dead"), [MISSING, "dead", MISSING, "dead"], [1, 3]),
        (rule("equals", 1), [1.0, 1, 2, 1], [0, 3]),
        (rule("equals", 1), [True, "1", [1], {"x": 1}, 1], [4]),
        (rule("equals", True), [1, True, 1.0, True], [1, 3]),
        (rule("equals", False), [MISSING, 0, False, ""], [2]),
        (rule("equals", ""), [MISSING, [], ""], [2]),
        # changes to: the same, but not the first state
        (rule("changes_to", "dead"), ["dead", "dead", "alive", "dead"], [3]),
        (rule("changes_to", "dead"), [MISSING, "dead", "dead"], [1]),
        (rule("changes_to", "dead"), [{"a": 1}, "dead"], [1]),
        (rule("changes_to", 0), [False, 0], [1]),
        # rises above
        (rule("rises_above", 9), [8, 9, 9.5, 12, 9, 10], [2, 5]),
        (rule("rises_above", 9), [10, 11, 9, 10], [3]),
        (rule("rises_above", 9), [MISSING, 10, MISSING, 10], [1, 3]),
        (rule("rises_above", 0), [0, True, "5", [5], 5], [4]),
        (rule("rises_above", -1.5), [-2, -1.5, -1], [2]),
        (rule("rises_above", 9), ["9", 10], [1]),
        # appears in
        (rule("appears_in", "red"), [[], ["blue"], ["blue", "red"], ["red", "red"], ["blue"], ["red"]], [2, 5]),
        (rule("appears_in", "red"), [["red"], ["red", "blue"]], []),
        (rule("appears_in", "red"), [MISSING, ["red"]], [1]),
        (rule("appears_in", "red"), ["red", "red", {"red": 1}], []),
        (rule("appears_in", 1), [[], [True], ["1"], [[1]], [True, 1.0]], [4]),
        (rule("appears_in", True), [[], [1], [1, True]], [2]),
    ],
)
def test_g4_an_event_is_the_change_that_the_condition_names(
    one: EventRule, values: list[Any], wanted: list[int]
) -> None:
    assert happens(one, *values) == wanted


def test_g4_each_place_is_looked_at_and_one_message_makes_one_event() -> None:
    one = rule("rises_above", 9, "$.x[*].kills")
    low, high = {"kills": 1}, {"kills": 10}
    assert happens(one, [low, low], [high, high], [high, high], [high, low], [high, high]) == [1, 4]
    assert happens(one, [low], [low, high], [high, high]) == [1, 2]
    lists = rule("appears_in", "crown", "$.x[*].items")
    assert happens(lists, {"a": {"items": []}}, {"a": {"items": ["crown"]}}, {"b": {"items": ["crown"]}}) == [1, 2]


def test_g4_a_match_tells_by_which_value() -> None:
    watch = Watch(
        [
            rule("rises_above", 9, "$.x.*", id="kills"),
            rule("appears_in", "red", "$.winners", id="red"),
            rule("equals", "\0" + "ü" * 300, "$.text", id="long"),
        ]
    )
    watch.look({}, now=NOW)
    state = {"x": {"a": 1, "b": 12.5}, "winners": ["blue", "red"], "text": "\0" + "ü" * 300}
    kills, red, long = watch.look(state, now=NOW)
    assert kills == Match("kills", 1, "12.5")
    assert red == Match("red", 1, '"red"')
    assert len(long.value) == 200
    assert "\0" not in long.value  # which no database would take


def test_g4_what_a_delta_did_not_touch_is_not_looked_at() -> None:
    watch = Watch([rule("changes_to", "dead", "$.boss.state")])
    watch.look({"boss": {"state": "alive"}}, now=NOW)
    dead = {"boss": {"state": "dead"}}
    assert watch.look(dead, now=NOW, changed={"score": 1}) == []
    assert len(watch.look(dead, now=NOW, changed={"score": 1, "boss": {}}.keys())) == 1


def test_g4_a_first_state_is_looked_at_whole() -> None:
    assert len(Watch([rule("equals", 1)]).look({"x": 1}, now=NOW, changed=())) == 1


def test_g4_within_the_cool_down_an_event_is_held_back_and_at_its_end_it_may_happen_again() -> None:
    watch = Watch([rule("changes_to", 1, cool_down_seconds=60)])
    watch.look({"x": 0}, now=NOW)

    def again(after: timedelta) -> Match:
        watch.look({"x": 0}, now=NOW + after)
        (match,) = watch.look({"x": 1}, now=NOW + after)
        return match

    minute = timedelta(seconds=60)
    assert again(timedelta(0)) == Match("rule", 1, "1")
    assert again(minute - TICK) == Match("rule", 0, "1", "cool_down")
    assert again(minute) == Match("rule", 2, "1")
    assert again(minute) == Match("rule", 0, "1", "cool_down")
    assert watch.happened == {"rule": Happened(2, NOW + minute)}


def test_g4_what_the_cool_down_held_back_does_not_happen_when_it_ends() -> None:
    watch = Watch([rule("changes_to", 1, cool_down_seconds=60)])
    for value in (0, 1, 0, 1):
        watch.look({"x": value}, now=NOW)
    assert watch.look({"x": 1}, now=NOW + timedelta(hours=1)) == []


def test_g4_what_changes_before_the_campaign_begins_or_once_it_has_ended_is_only_what_was() -> None:
    end = NOW + timedelta(hours=1)
    watch = Watch([rule("rises_above", 0, starts_at=NOW, ends_at=end)])
    found = []
    for number, now in enumerate([NOW - 2 * TICK, NOW - TICK, NOW, end - TICK, end], start=1):
        watch.look({"x": 0}, now=now)
        found += [number for _match in watch.look({"x": 1}, now=now)]
    assert found == [3, 4]
    assert watch.happened["rule"].count == 2


def test_g4_an_event_happens_as_often_in_a_session_as_is_allowed_and_not_once_more() -> None:
    watch = Watch([rule("changes_to", 1, per_session=2, cool_down_seconds=5)])
    watch.look({"x": 0}, now=NOW)
    matches = []
    for number in range(4):
        watch.look({"x": 0}, now=NOW)
        matches += watch.look({"x": 1}, now=NOW + timedelta(seconds=5 * number))
    assert [(match.number, match.held_back) for match in matches] == [
        (1, ""),
        (2, ""),
        (0, "per_session"),
        (0, "per_session"),
    ]


def test_g4_a_session_taken_up_again_goes_on_from_what_was_stored() -> None:
    stored = {"rule": Happened(3, NOW)}
    one = rule("equals", "dead", cool_down_seconds=60, per_session=4)
    watch = Watch([one], happened=stored)
    watch.begin({"x": "dead"})
    assert watch.look({"x": "dead"}, now=NOW) == []
    watch.look({"x": "alive"}, now=NOW)
    assert [match.held_back for match in watch.look({"x": "dead"}, now=NOW)] == ["cool_down"]
    watch.look({"x": "alive"}, now=NOW)
    later = NOW + timedelta(seconds=60)
    assert watch.look({"x": "dead"}, now=later) == [Match("rule", 4, '"dead"')]
    assert stored == {"rule": Happened(3, NOW)}


def test_g4_what_changed_while_the_server_was_away_happens_when_it_comes_back() -> None:
    watch = Watch([rule("changes_to", "dead")])
    watch.begin({"x": "alive"})
    assert len(watch.look({"x": "dead"}, now=NOW)) == 1


def test_g4_a_rule_that_comes_into_force_takes_the_state_of_that_moment_as_what_was() -> None:
    old, new = rule("equals", 1, id="old"), rule("equals", 2, id="new")
    watch = Watch([old])
    watch.look({"x": 2}, now=NOW)
    watch.use([old, new], {"x": 2}, {"new": Happened(7, None)})
    assert watch.look({"x": 2}, now=NOW) == []
    watch.look({"x": 1}, now=NOW)
    assert [match.number for match in watch.look({"x": 2}, now=NOW)] == [8]


def test_g4_a_rule_that_stays_keeps_what_it_saw_and_how_often_it_happened() -> None:
    watch = Watch([rule("changes_to", 1, cool_down_seconds=60)])
    watch.look({"x": 0}, now=NOW)
    # With another cool-down it is the same rule: what came at the same moment is still news to it.
    watch.use([rule("changes_to", 1)], {"x": 1}, {})
    assert [match.number for match in watch.look({"x": 1}, now=NOW)] == [1]
    watch.use([], {"x": 1}, {})
    assert watch.look({"x": 0}, now=NOW) == []
    watch.use([rule("changes_to", 1)], {"x": 0}, {"rule": Happened(0, None)})
    assert [match.number for match in watch.look({"x": 1}, now=NOW)] == [2]


@pytest.mark.parametrize("other", [rule("changes_to", True), rule("changes_to", 1, "$.y"), rule("rises_above", 0)])
def test_g4_a_rule_that_looks_for_something_else_is_a_new_one(other: EventRule) -> None:
    watch = Watch([rule("changes_to", 1)])
    watch.look({"x": 0, "y": 0}, now=NOW)
    watch.use([other], {"x": True, "y": 1}, {})
    assert watch.look({"x": True, "y": 1}, now=NOW) == []


def test_g4_rules_given_before_the_first_state_find_it_the_first() -> None:
    watch = Watch([])
    watch.use([rule("equals", 1)], {}, {})
    assert len(watch.look({"x": 1}, now=NOW)) == 1


def test_g4_a_rule_whose_path_cannot_be_used_is_left_out() -> None:
    watch = Watch([rule("equals", 1, "$..x", id="bad"), rule("equals", 1, id="good")])
    assert [match.rule_id for match in watch.look({"x": 1}, now=NOW)] == ["good"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"dead"', "dead"),
        ('"10"', "10"),
        ('""', ""),
        ("10", 10),
        ("-1.5e3", -1500.0),
        ("9007199254740991", 9007199254740991),
        ("true", True),
        ("false", False),
    ],
)
def test_g4_a_value_is_a_text_a_number_true_or_false(text: str, value: Any) -> None:
    read = read_value(text, Condition.EQUALS)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "defeated",
        "True",
        "NULL",
        "NaN",
        "Infinity",
        "-Infinity",
        "[]",
        "{}",
        "1,5",
        "007",
        "10 kills",
        '"dead',
        "'dead'",
    ],
)
def test_g4_a_value_that_may_be_meant_otherwise_is_asked_for_again(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_value(text, Condition.CHANGES_TO)
    assert "Write a text, a number, true or false" in str(refused.value.args[0])


def test_g4_a_number_that_is_not_the_same_everywhere_cannot_be_compared() -> None:
    for text in ("9007199254740992", "1e999"):
        with pytest.raises(ValueError) as refused:
            read_value(text, Condition.EQUALS)
        assert "too large" in str(refused.value.args[0])


def test_g4_only_above_a_number_something_can_rise() -> None:
    assert read_value("9.5", Condition.RISES_ABOVE) == 9.5
    for text in ("true", '"9"'):
        with pytest.raises(ValueError) as refused:
            read_value(text, Condition.RISES_ABOVE)
        assert "must be a number" in str(refused.value.args[0])
