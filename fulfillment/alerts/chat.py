"""A message in the forms that chats take: Slack's ``{"text": …}`` and Discord's ``{"content": …}``.

Names of campaigns and ids of platforms stand in a message, so nothing in it may become a mention, a link or markup: Slack
has ``&``, ``<`` and ``>`` escaped (docs.slack.dev, "Formatting message text"), Discord takes a backslash before its marks
and ``allowed_mentions`` (discord.com/developers, "Allowed Mentions Object"). Other chats take these forms too and know
``@all``: an at sign is followed by a space of no width.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import ngettext

from fulfillment.alerts.wording import Letter, Said

DISCORD_LIMIT = 2000
"""Characters of a message's content (discord.com/developers, "Execute Webhook")."""

SLACK_LIMIT = 3500
"""Longer texts are shown in pieces."""

_NO_WIDTH = "\u200b"
_MARKS = re.compile(r"([\\`*_~|<>\[\]()#:-])")
_LINE_ENDS = re.compile(r"\s+")

Escape = Callable[[str], str]


def slack_body(letter: Letter) -> dict[str, Any]:
    """Return the JSON of a message in Slack's form."""
    text = _text(letter, escape=_slack, strong="{}", link="{}", limit=SLACK_LIMIT)
    return {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


def discord_body(letter: Letter) -> dict[str, Any]:
    """Return the JSON of a message in Discord's form."""
    text = _text(letter, escape=_discord, strong="**{}**", link="<{}>", limit=DISCORD_LIMIT)
    return {"content": text, "allowed_mentions": {"parse": []}}


def _text(letter: Letter, *, escape: Escape, strong: str, link: str, limit: int) -> str:
    """Return the message, as many of its alerts as fit, and how many more there are."""
    head = strong.format(escape(f"{letter.organization}: {letter.subject}"))
    head = "\n".join(filter(None, [head, escape(letter.note)]))
    end = link.format(letter.url)
    blocks: list[str] = []
    for alert in letter.alerts:
        lines = _lines(alert, whole=len(letter.alerts) == 1, escape=escape, strong=strong, link=link)
        left = len(letter.alerts) - len(blocks) - 1
        longer = "\n\n".join([head, *blocks, lines, _end(left, end, escape)])
        if _length(longer) > limit:
            break
        blocks.append(lines)
    left = len(letter.alerts) - len(blocks)
    return "\n\n".join([head, *blocks, _end(left, end, escape)])


def _lines(alert: Said, *, whole: bool, escape: Escape, strong: str, link: str) -> str:
    """Return one alert: whole where it is the only one, else what happened and where to look."""
    if not whole:
        return "\n".join([strong.format(escape(f"{alert.status}: {alert.title}")), escape(alert.happened)])
    said: Iterable[str] = filter(None, [alert.happened, alert.times, alert.means, alert.advice])
    return "\n".join([*map(escape, said), link.format(alert.url)])


def _end(left: int, url: str, escape: Escape) -> str:
    more = ngettext("And %(n)d more alert.", "And %(n)d more alerts.", left) % {"n": left} if left else ""
    return "\n".join(filter(None, [escape(more), url]))


def _slack(text: str) -> str:
    safe = _plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace("](", f"]{_NO_WIDTH}(")


def _discord(text: str) -> str:
    return _MARKS.sub(r"\\\1", _plain(text))


def _plain(text: str) -> str:
    """Return text in one line, without characters of control, and with no mention in it."""
    kept = "".join(character for character in _LINE_ENDS.sub(" ", text) if character.isprintable())
    return kept.replace("@", f"@{_NO_WIDTH}")


def _length(text: str) -> int:
    """Return how long a text is where one counts UTF-16 units, as JavaScript does: never less than in characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
