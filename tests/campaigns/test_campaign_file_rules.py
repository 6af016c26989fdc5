"""Reading and writing a campaign's document (C9): the same both ways, and words for whatever is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.rules.campaign_file import (
    AT_LIMIT,
    CONDITIONS,
    COUNTED_BY,
    SCOPES,
    BadDocument,
    CampaignDocument,
    Entry,
    EventWanted,
    GameNamed,
    Item,
    ListedChannel,
    RunsOn,
    read,
)
from campaigns.rules.campaign_written import written
from campaigns.rules.document_text import LARGEST_FILE, Unreadable, as_json, as_yaml, read_text

MINIMAL: dict[str, Any] = {
    "format": "drops-portal/campaign",
    "version": 1,
    "campaign": {"name": "Winter", "time_zone": "Europe/Berlin", "game": {"name": "Starfall"}},
}


def with_campaign(**fields: Any) -> dict[str, Any]:
    return {**MINIMAL, "campaign": {**MINIMAL["campaign"], **fields}}


def problems(value: Any) -> list[str]:
    with pytest.raises(BadDocument) as refused:
        read(value)
    return [str(problem) for problem in refused.value.problems]


def texts(most: int, *, least: int = 0, lines: bool = False) -> st.SearchStrategy[str]:
    marks = "\n\r\t" if lines else ""
    kept = st.characters(exclude_categories=("Cc", "Cs", "Cn"), include_characters=marks)
    found = st.text(kept, min_size=least, max_size=min(most, 12))
    return found.filter(lambda text: len(text.strip()) >= least)


MOMENTS = st.integers(0, 100 * 365 * 86_400 * 1000).map(
    lambda milliseconds: datetime(2000, 1, 2, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
GAMES = st.builds(GameNamed, name=texts(120, least=1), slug=texts(60))
ITEMS = st.builds(
    Item,
    name=texts(120, least=1),
    description=texts(1000, lines=True),
    external_id=st.uuids().map(str),
    alt_text=texts(200),
    image=st.none() | st.binary(max_size=40).filter(bool),
    platform_ids=st.dictionaries(texts(32, least=1), texts(200, least=1), max_size=2).map(
        lambda ids: tuple(ids.items())
    ),
)
EVENTS = st.builds(EventWanted, name=texts(100, least=1), cool_down_seconds=st.integers(0, 86_400)) | st.builds(
    EventWanted,
    name=texts(100, least=1),
    path=texts(200, least=1),
    condition=st.sampled_from(CONDITIONS),
    value=texts(200, least=1),
    per_session=st.none() | st.integers(1, 1000),
)
LIMITS = {
    "limit_total": st.none() | st.integers(1, 2_000_000_000),
    "limit_per_day": st.none() | st.integers(1, 2_000_000_000),
    "at_limit": st.sampled_from(AT_LIMIT),
}
ENTRIES = st.builds(
    Entry, item=ITEMS, rule=st.sampled_from(["watch", "broadcast"]), minutes=st.integers(1, 525_600), **LIMITS
) | st.builds(Entry, item=ITEMS, rule=st.just("game_event"), event=EVENTS, **LIMITS)
CHANNELS = st.builds(ListedChannel, platform=texts(32, least=1), id=st.uuids().map(str), login=texts(200))
DOCUMENTS = st.builds(
    CampaignDocument,
    name=texts(120, least=1),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    game=GAMES,
    description=texts(2000, lines=True),
    info_url=texts(500),
    starts_at=st.none() | MOMENTS,
    ends_at=st.none() | MOMENTS,
    announcement_days=st.integers(0, 365),
    grace_days=st.integers(0, 365),
    scope=st.sampled_from(SCOPES),
    per_player_limit=st.integers(1, 100),
    test_mode=st.booleans(),
    further_games=st.lists(GAMES, max_size=2).map(tuple),
    platforms=st.lists(
        st.builds(RunsOn, platform=texts(32, least=1), counted_by=st.sampled_from(COUNTED_BY)),
        max_size=2,
        unique_by=lambda one: one.platform,
    ).map(tuple),
    rewards=st.lists(ENTRIES, max_size=3).map(tuple),
    channels=st.lists(CHANNELS, max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS)
def test_c9_a_document_written_and_read_is_the_same_as_json_and_as_yaml(document: CampaignDocument) -> None:
    for write in (as_json, as_yaml):
        value, lines = read_text(write(written(document)).encode())
        assert read(value, lines) == document


def test_c9_what_a_file_leaves_out_is_as_in_a_new_campaign() -> None:
    document = read(MINIMAL)
    assert (document.grace_days, document.scope, document.per_player_limit) == (14, "global", 1)
    assert document.rewards == ()


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
WHERE = (
    "name",
    "time_zone",
    "game",
    "starts_at",
    "grace_days",
    "test_mode",
    "platforms",
    "rewards",
    "channels",
    "scope",
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(WHERE), VALUES)
def test_c9_whatever_stands_anywhere_is_read_or_refused_in_words(where: str, value: Any) -> None:
    for document in (value, with_campaign(**{where: value}), with_campaign(rewards=[{"item": value, where: value}])):
        try:
            read(document)
        except BadDocument as refused:
            assert all(str(problem) for problem in refused.problems)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_c9_whatever_bytes_come_are_read_or_refused_in_words(data: bytes) -> None:
    try:
        read_text(data)
    except Unreadable as refused:
        assert str(refused)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b" " * (LARGEST_FILE + 1), "larger than 8 MiB"),
        (b'{"format": 1,\n  "version": }', "Line 2, column 14: this is no JSON"),
        (b'{"a": ' * 100_000, "nested more than"),
        (b'{"a": ' + b"[" * 100_000, "nested more than"),
        (b'{"a": 1, "a": 2}', "“a” stands twice"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "far too long"),
        (b"a: 1\nb: [1,\n", "this is no YAML"),
        (b"[" * 100_000, "nest"),
        (b"a: &x [1, 2]\nb: [*x, *x]", "Line 1: anchors and aliases"),
        (b"a: 1\nb: !!python/object/apply:os.system [ls]", "Line 2: tags"),
        (b"a: 1\na: 2", "Line 2: this name stands twice"),
        (b"a: 1\n---\nb: 2", "second document"),
        (b"- a\n" * 400_001, "more than 400,000 values"),
        (b"a: \x01", "must be escaped"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_c9_a_file_that_cannot_be_read_is_told_where_and_why(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_text(data)
    assert said in str(refused.value)


REWARD = {"item": {"name": "Crown"}, "rule": "watch", "minutes": 60}
EVENT = {"item": {"name": "Orb"}, "rule": "game_event", "event": {"name": "boss"}}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "This must be a mapping with names, and is a list."),
        ({**MINIMAL, "version": 2}, "version: This must be 1: the file is of another kind or version."),
        ({**MINIMAL, "version": True}, "version: This must be 1"),
        ({**MINIMAL, "format": "other"}, "format: This must be drops-portal/campaign"),
        ({**MINIMAL, "id": "X"}, "id: This name is not known here"),
        (with_campaign(statuss="x"), "campaign.statuss: This name is not known here"),
        (with_campaign(time_zone="Europe/Atlantis"), "campaign.time_zone: There is no time zone “Europe/Atlantis”"),
        (with_campaign(time_zone="../../etc/passwd"), "campaign.time_zone: There is no time zone"),
        (with_campaign(starts_at="tomorrow"), "campaign.starts_at: This must be a time such as"),
        (with_campaign(starts_at="0001-01-01T00:00:00Z"), "campaign.starts_at: This time is too far away."),
        (with_campaign(starts_at="2027-03-28T02:30:00"), "does not exist in Europe/Berlin"),
        (with_campaign(starts_at="2026-10-25T02:30:00"), "happens twice in Europe/Berlin"),
        (with_campaign(starts_at="2026-12-01T18:00:00+02:00"), "clocks in Europe/Berlin are at UTC+1 and not at UTC+2"),
        (with_campaign(grace_days=True), "campaign.grace_days: This must be a whole number, and is true or false."),
        (with_campaign(grace_days=366), "campaign.grace_days: This must be a number from 0 to 365."),
        (with_campaign(grace_days=1.5), "campaign.grace_days: This must be a whole number, and is a number."),
        (with_campaign(name="  "), "campaign.name: This must not be empty."),
        (with_campaign(name="a\x00b"), "campaign.name: This has characters that cannot be kept"),
        (with_campaign(name="\ud800"), "campaign.name: This has characters that cannot be kept"),
        (with_campaign(rewards=[REWARD] * 13), "campaign.rewards: This list has 13 entries; at most 12 are taken."),
        (with_campaign(rewards=[REWARD, REWARD]), "campaign.rewards[2]: This is the same reward as number 1"),
        (with_campaign(rewards=[{**REWARD, "minutes": None}]), "campaign.rewards[1]: This rule needs “minutes”."),
        (with_campaign(rewards=[{**REWARD, "requires": 2}]), "There is no reward 2: the list has 1."),
        (with_campaign(rewards=[{**REWARD, "requires": 1}]), "These rewards wait for each other"),
        (with_campaign(rewards=[{**EVENT, "minutes": 5}]), "A game event has no minutes."),
        (with_campaign(rewards=[{**EVENT, "event": None}]), "A game event needs “event”."),
        (with_campaign(rewards=[{**EVENT, "event": {"name": "b", "path": "$.x"}}]), "path, condition and value"),
        (
            with_campaign(rewards=[{**REWARD, "item": {"name": "C", "image": "!!"}}]),
            "item.image: This must be a picture in base64",
        ),
        (with_campaign(rewards=[{**REWARD, "item": {"name": "C", "image": "A" * 400_000}}]), "at most 349532"),
        (
            with_campaign(platforms=[{"platform": "kick"}] * 2),
            "campaign.platforms[2].platform: This platform is listed",
        ),
        (
            with_campaign(channels=[{"platform": "kick", "id": 7}]),
            "channels[1].id: This must be a text, and is a number.",
        ),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_c9_what_no_campaign_can_have_is_refused_at_its_place(value: Any, said: str) -> None:
    found = problems(value)
    assert any(said in problem for problem in found), found


def test_c9_yaml_is_refused_with_its_line() -> None:
    text = as_yaml(with_campaign(grace_days=14)).replace("grace_days: 14", "grace_days: yes")
    value, lines = read_text(text.encode())
    with pytest.raises(BadDocument) as refused:
        read(value, lines)
    (problem,) = refused.value.problems
    assert str(problem).startswith("Line 8, campaign.grace_days: This must be a whole number, and is a text.")


def test_c9_a_file_full_of_faults_is_told_fifty_of_them() -> None:
    value = with_campaign(channels=[{"platform": "kick"} for _number in range(1000)])
    assert len(problems(value)) == 50


def test_c2_times_are_written_as_clocks_in_the_zone_show_them_and_read_without_an_offset_too() -> None:
    document = read(with_campaign(starts_at="2026-12-01T18:00:00", ends_at="2026-12-01T18:00:00Z"))
    assert document.starts_at == datetime(2026, 12, 1, 17, tzinfo=UTC)
    assert document.ends_at == datetime(2026, 12, 1, 18, tzinfo=UTC)
    assert json.loads(as_json(written(document)))["campaign"]["ends_at"] == "2026-12-01T19:00:00+01:00"


def test_the_example_of_the_guide_is_read() -> None:
    guide = Path(__file__).parents[2] / "docs" / "campaign-files.md"
    example = guide.read_text().split("```yaml\n")[1].split("```")[0]
    document = read(*read_text(example.encode()))
    assert [entry.requires for entry in document.rewards] == [None, 1]
