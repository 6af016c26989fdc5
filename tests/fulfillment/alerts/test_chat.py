"""A message in the forms of chats: nothing in it mentions, links or formats, and it is never too long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.alerts.chat import DISCORD_LIMIT, SLACK_LIMIT, discord_body, slack_body
from fulfillment.alerts.wording import Letter, Said

URL = "https://drops.example.org/admin/fulfillment/alert/"
NASTY = "@everyone <@123> <!channel> [here](https://evil.example) *b* `c` ||s|| # head"


def said(happened: str = "Kick is silent.", **fields: str) -> Said:
    given = {"status": "Something is wrong", "title": "No claim", "times": "Noticed at 12:00.", "url": f"{URL}1/"}
    return Said(happened=happened, **{**given, "means": "It is late.", "advice": "Look at it.", **fields})


def letter(*alerts: Said, **fields: str) -> Letter:
    given = {"organization": "Northlight", "subject": "Something is wrong: No claim", "url": URL}
    return Letter(alerts=alerts, **{**given, **fields})


def test_slack_is_told_all_of_one_alert_and_formats_nothing() -> None:
    body = slack_body(letter(said()))
    assert body["text"] == (
        "Northlight: Something is wrong: No claim\n\n"
        "Kick is silent.\nNoticed at 12:00.\nIt is late.\nLook at it.\n"
        f"{URL}1/\n\n{URL}"
    )
    assert body["mrkdwn"] is False


def test_discord_is_told_the_same_and_may_mention_nobody() -> None:
    body = discord_body(letter(said()))
    assert body["content"].startswith("**Northlight\\: Something is wrong\\: No claim**\n\nKick is silent.\n")
    assert f"\n<{URL}1/>\n\n<{URL}>" in body["content"]
    assert body["allowed_mentions"] == {"parse": []}


def test_slack_gets_no_mention_no_link_and_no_markup() -> None:
    text = slack_body(letter(said(NASTY), organization=NASTY))["text"]
    assert "@everyone" not in text and "<" not in text and ">" not in text and "](" not in text
    assert "&lt;!channel&gt;" in text


def test_discord_gets_every_mark_behind_a_backslash() -> None:
    text = discord_body(letter(said(NASTY), organization=NASTY))["content"]
    assert "@everyone" not in text and "<@" not in text.replace("\\<", "")
    bare = re.sub(r"\\.", "", text).replace(f"<{URL}1/>", "").replace(f"<{URL}>", "").replace("**", "")
    assert not set("*_~|`<>[]()#") & set(bare)


def test_line_breaks_and_signs_that_cannot_be_seen_are_taken_out() -> None:
    text = slack_body(letter(said("one\r\n\ntwo\u202ethree\x07")))["text"]
    assert "\none twothree\n" in text


def test_several_alerts_come_in_short_with_one_link() -> None:
    text = slack_body(letter(said("First."), said("Second.", title="Other"), subject="2 alerts"))["text"]
    assert text == (
        "Northlight: 2 alerts\n\nSomething is wrong: No claim\nFirst.\n\nSomething is wrong: Other\nSecond.\n\n" + URL
    )


@pytest.mark.parametrize("count", [1, 30, 200])
def test_what_does_not_fit_is_counted(count: int) -> None:
    given = letter(*(said(f"{n}. " + "x" * 150) for n in range(count)))
    for text, limit in (
        (slack_body(given)["text"], SLACK_LIMIT),
        (discord_body(given)["content"], DISCORD_LIMIT),
    ):
        assert len(text) <= limit
        shown = len(re.findall(r"x{150}", text))
        assert shown >= 1
        left = count - shown
        assert (f"And {left} more alert" in text) if left else ("more alert" not in text)


@given(text=st.text(max_size=400), count=st.integers(1, 40))
def test_no_text_makes_it_too_long_or_mentions_anybody(text: str, count: int) -> None:
    given = letter(*(said(text, title=text[:80]) for _ in range(count)))
    content = discord_body(given)["content"]
    assert len(content.encode("utf-16-le", "surrogatepass")) // 2 <= DISCORD_LIMIT
    assert not re.search("@[^\u200b]", content) and not content.endswith("@")
