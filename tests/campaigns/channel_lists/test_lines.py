"""What is read from a pasted list, and what becomes of each line: rules without a database (C7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules.channel_lines import ChannelShape, Line, read_lines
from campaigns.rules.channel_outcomes import (
    Deed,
    Index,
    Outcome,
    Who,
    content,
    difference,
    judge,
    keys_of,
    second_keys,
)

SHAPES = {
    "twitch": ChannelShape("Twitch", "twitch.tv", r"\d{1,20}", ("popout", "u")),
    "kick": ChannelShape("Kick", "kick.com", r"\d{1,20}", ("popout",)),
    "chzzk": ChannelShape("CHZZK", "chzzk.naver.com", "[0-9a-f]{32}", ("live",)),
    "portal": ChannelShape("Portal"),
}
CHZZK_ID = "0123456789abcdef0123456789abcdef"


def read(text: str, platform: str = "twitch") -> list[Line]:
    return read_lines(text, platform=platform, shapes=SHAPES)


@pytest.mark.parametrize(
    ("platform", "written", "channel_id", "login"),
    [
        ("twitch", "Nova_Live", "", "Nova_Live"),
        ("twitch", "@nova", "", "nova"),
        ("twitch", "12345", "12345", ""),
        ("twitch", "12345,nova", "12345", "nova"),
        ("twitch", "nova;12345", "12345", "nova"),
        ("twitch", "https://www.twitch.tv/nova", "", "nova"),
        ("twitch", "twitch.tv/nova/", "", "nova"),
        ("twitch", "http://m.twitch.tv/nova?referrer=raid&x=1", "", "nova"),
        ("twitch", "HTTPS://WWW.TWITCH.TV/nova/videos#top", "", "nova"),
        ("twitch", "https://www.twitch.tv/popout/nova/chat", "", "nova"),
        ("twitch", "https://dashboard.twitch.tv/u/nova/home", "", "nova"),
        ("twitch", "https://player.twitch.tv/?channel=nova&parent=x", "", "nova"),
        ("twitch", "//twitch.tv/nova", "", "nova"),
        ("twitch", "https://twitch.tv/12345", "", "12345"),
        ("kick", "https://kick.com/nova-live?a=b", "", "nova-live"),
        ("chzzk", CHZZK_ID, CHZZK_ID, ""),
        ("chzzk", f"https://chzzk.naver.com/live/{CHZZK_ID}", CHZZK_ID, ""),
        ("chzzk", "nova", "", "nova"),
        ("portal", "player one", "player one", ""),
    ],
)
def test_c7_a_channel_is_read_from_a_login_an_id_or_an_address(
    platform: str, written: str, channel_id: str, login: str
) -> None:
    (line,) = read(written, platform)
    assert (line.channel_id, line.login, line.problem) == (channel_id, login, "")


@pytest.mark.parametrize(
    ("written", "problem", "about"),
    [
        ("https://kick.com/nova", "other_platform", "Kick"),
        ("www.kick.com/nova", "other_platform", "Kick"),
        ("https://example.org/nova", "other_site", "example.org"),
        ("https://nottwitch.tv/nova", "other_site", "nottwitch.tv"),
        ("https://www.twitch.tv/", "no_channel", ""),
        ("https://[::1/nova", "no_channel", ""),
        ("abc,oops", "not_an_id", ""),
        ("x" * 201, "too_long", ""),
        (",,a name alone", "no_channel", ""),
        ("twitch.tv?channel=%00", "no_channel", ""),
        ("55,nova\x00", "no_channel", ""),
        ('"' + "x" * 200_000, "too_long", ""),
    ],
)
def test_c7_what_is_no_channel_of_the_platform_is_said_with_its_line(written: str, problem: str, about: str) -> None:
    lines = read(f"nova\n\n{written}")
    assert [(one.number, one.problem, one.about) for one in lines] == [(1, "", ""), (3, problem, about)]
    assert "\x00" not in lines[1].written


def test_c7_the_columns_of_a_heading_are_found_in_any_order() -> None:
    text = "\ufeffline,name,login,id,why\n7,Nova,nova,,not found\n8,'=Star,https://twitch.tv/star,55,\n"
    assert [(one.number, one.channel_id, one.login, one.name) for one in read(text)] == [
        (2, "", "nova", "Nova"),
        (3, "55", "star", "=Star"),
    ]


@given(st.text(max_size=400), st.sampled_from(sorted(SHAPES)))
def test_c7_whatever_is_pasted_is_read_and_every_line_is_a_channel_or_says_why_not(text: str, platform: str) -> None:
    for line in read(text, platform):
        assert line.problem or line.channel_id or line.login
        assert max(map(len, (line.written, line.channel_id, line.login, line.name, line.about))) <= 200


def judged(
    text: str, there: list[Who] | None, here: Sequence[Who] = (), kept: Collection[str] | None = ()
) -> list[Outcome]:
    lines = read(text)
    return judge(
        lines,
        platform="twitch",
        there=None if there is None else Index.of(there),
        here=Index.of(here),
        kept=kept,
    )


def told(outcome: list[Outcome]) -> list[tuple[str, str, str, str]]:
    return [(one.result.value, one.channel_id, one.code, one.about) for one in outcome]


def test_c7_an_id_a_login_and_an_address_of_the_same_channel_are_one() -> None:
    found = judged("5\nnova\nhttps://twitch.tv/Nova\n6", [Who("5", "nova", "Nova")])
    assert told(found) == [
        ("found", "5", "", ""),
        ("duplicate", "5", "", "1"),
        ("duplicate", "5", "", "1"),
        ("unknown", "6", "not_there", ""),
    ]


def test_c7_a_renamed_channel_is_found_by_its_older_login_and_noted() -> None:
    here = [Who("5", "old_nova"), Who("6", "star")]
    assert keys_of(read("old_nova")) == [("login", "old_nova")]
    assert second_keys([("login", "old_nova")], Index.of([]), Index.of(here)) == [("id", "5")]
    there = [Who("5", "nova"), Who("7", "star")]
    assert told(judged("old_nova\n5,other\nstar", there, here)) == [
        ("found", "5", "renamed", "old_nova"),
        ("duplicate", "5", "", "1"),
        ("found", "7", "taken_over", "6"),
    ]


def test_c7_digits_that_are_no_id_are_asked_for_as_a_login() -> None:
    assert second_keys([("id", "777")], Index.of([]), Index.of([])) == [("login", "777")]
    assert told(judged("777\n@777", [Who("9", "777")])) == [("found", "9", "", ""), ("duplicate", "9", "", "1")]


def test_c7_what_the_platform_lost_stays_on_a_list_that_names_it_and_can_be_taken_off() -> None:
    here = [Who("5", "nova"), Who("6", "star")]
    assert told(judged("nova\n6", [], here, kept={"5"})) == [
        ("found", "5", "gone", ""),
        ("unknown", "6", "not_there", ""),
    ]
    assert told(judged("nova\n6", [], here, kept=None)) == [("found", "5", "gone", ""), ("found", "6", "gone", "")]


def test_c7_where_nobody_can_be_asked_ids_are_taken_and_logins_only_if_they_are_known() -> None:
    assert told(judged("5\n6,star\nnova\nother", None, [Who("5", "nova")])) == [
        ("found", "5", "", ""),
        ("found", "6", "unchecked", ""),
        ("duplicate", "5", "", "1"),
        ("unknown", "", "not_here", ""),
    ]


IDS = st.lists(st.sampled_from("abcdef"), unique=True)


@given(st.sampled_from(list(Deed)), IDS, IDS)
def test_c7_a_difference_applied_to_a_list_gives_what_was_wanted(
    deed: Deed, wanted: list[str], listed: list[str]
) -> None:
    as_map = lambda ids: {("twitch", one): Who(one) for one in ids}  # noqa: E731
    change = difference(deed, as_map(wanted), as_map(listed))
    after = {key[1] for key in change.unchanged} | {key[1] for key in change.added}
    expected = {
        Deed.ADD: set(wanted) | set(listed),
        Deed.REMOVE: set(listed) - set(wanted),
        Deed.REPLACE: set(wanted),
    }[deed]
    assert after == expected
    assert set(change.unchanged) | set(change.removed) == set(as_map(listed))
    assert not set(change.added) & set(as_map(listed))


@given(st.lists(st.tuples(IDS, IDS)))
def test_c7_the_content_of_a_version_is_what_its_changes_come_to(changes: list[tuple[list[str], list[str]]]) -> None:
    expected: set[str] = set()
    for added, removed in changes:
        expected = (expected - set(removed)) | set(added)
    assert set(content(changes)) == expected
