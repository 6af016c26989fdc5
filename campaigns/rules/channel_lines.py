"""Reading a pasted list of channels: ids, logins, addresses and CSV, one channel a line. Nothing is looked up here."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from urllib.parse import parse_qs, urlsplit

LONGEST = 200
"""As long may an id, a login or a name be."""

_LONGEST_LINE = 10_000
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")

_COLUMNS = {
    "id": "id",
    "channel id": "id",
    "channel_id": "id",
    "user id": "id",
    "user_id": "id",
    "broadcaster_user_id": "id",
    "login": "login",
    "channel": "login",
    "username": "login",
    "user name": "login",
    "slug": "login",
    "url": "login",
    "address": "login",
    "name": "name",
    "display name": "name",
    "display_name": "name",
}
"""What the columns of a heading may be called, in small letters."""

_IGNORED = frozenset({"platform", "listed since", "listed since (utc)", "line", "why", "on the list"})
_ADDRESS = re.compile(r"(?:[a-z]+:)?//|[\w-]+(?:\.[\w-]+)+(?:[/?#]|$)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class ChannelShape:
    """How channels look on one platform: its host without ``www.``, a pattern of ids, and what stands before a login.

    Without a host there are no addresses; without a pattern any text is an id.
    """

    name: str
    host: str = ""
    ids: str = ""
    paths: tuple[str, ...] = ()

    def is_id(self, text: str) -> bool:
        """Tell whether a text can be a channel's id."""
        return not self.ids or re.fullmatch(self.ids, text, re.ASCII) is not None

    def is_of(self, host: str) -> bool:
        """Tell whether a host in small letters is the platform's: ``www.``, ``m.`` and the like before it or not."""
        return bool(self.host) and (host == self.host or host.endswith(f".{self.host}"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line that names a channel. ``problem`` is a code where it names none; ``about`` is what the code is about."""

    number: int
    written: str
    channel_id: str = ""
    login: str = ""
    name: str = ""
    problem: str = ""
    about: str = ""


def read_lines(text: str, *, platform: str, shapes: Mapping[str, ChannelShape]) -> list[Line]:
    """Return a line for each channel that is named, in order; blank lines and a heading are no channels.

    Separators are commas, semicolons or tabs. With a heading the columns are told by it; without one they are a channel
    alone, or id, login and name. Problems: ``other_platform`` (``about`` its name), ``other_site``, ``no_channel``,
    ``too_long``, ``not_an_id``.
    """
    lines: list[Line] = []
    columns: Sequence[str] | None = None
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if len(raw) > _LONGEST_LINE or _UNSEEN.search(raw):
            # Another kind of file: a reader of CSV fails at the one, a database at the other.
            written = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", raw.strip()[:LONGEST])
            lines.append(Line(number, written, problem="too_long" if len(raw) > _LONGEST_LINE else "no_channel"))
            continue
        cells = _cells(raw)
        if not any(cells):
            continue
        if not lines and columns is None:
            columns = _heading(cells)
            if columns is not None:
                continue
        lines.append(_line(number, raw, cells, columns, platform, shapes))
    return lines


def _cells(raw: str) -> list[str]:
    separator = next((one for one in ("\t", ";", ",") if one in raw), ",")
    cells = next(csv.reader(StringIO(raw), delimiter=separator), [])
    return [_plain(cell.strip()) for cell in cells]


def _plain(cell: str) -> str:
    """Return a cell without the apostrophe that keeps spreadsheets from computing it (:mod:`portal.csv_files`)."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@＝＋－＠" else cell


def _heading(cells: Sequence[str]) -> Sequence[str] | None:
    names = [cell.lower() for cell in cells]
    if not all(name in _COLUMNS or name in _IGNORED or not name for name in names):
        return None
    return [_COLUMNS.get(name, "") for name in names]


def _line(
    number: int,
    raw: str,
    cells: list[str],
    columns: Sequence[str] | None,
    platform: str,
    shapes: Mapping[str, ChannelShape],
) -> Line:
    shape = shapes[platform]
    channel_id, login, name = _sorted(cells, columns, shape)
    written = (channel_id or login or raw.strip())[:LONGEST]
    if max(map(len, (channel_id, login, name))) > LONGEST and not _ADDRESS.match(channel_id or login):
        return Line(number, written, problem="too_long")
    if channel_id and (channel_id.startswith("@") or _ADDRESS.match(channel_id)):
        channel_id, login = "", channel_id
    if _ADDRESS.match(login):
        login, problem, about = _from_address(login, platform, shapes)
        if problem:
            return Line(number, written, problem=problem, about=about)
        if not channel_id and shape.is_id(login) and not login.isdigit():
            channel_id, login = login, ""  # where the address ends with the id, as on CHZZK
    if channel_id and not shape.is_id(channel_id):
        return Line(number, written, login=login, name=name, problem="not_an_id")
    login = login.removeprefix("@")
    if not channel_id and not login:
        return Line(number, written, problem="no_channel")
    return Line(number, written, channel_id=channel_id, login=login, name=name)


def _sorted(cells: list[str], columns: Sequence[str] | None, shape: ChannelShape) -> tuple[str, str, str]:
    """Return what is meant as id, as login and as name."""
    if columns is not None:
        told = {"id": "", "login": "", "name": ""}
        for column, cell in zip(columns, cells, strict=False):
            if column and not told[column]:
                told[column] = cell
        return told["id"], told["login"], told["name"]
    first, second, name = [*cells, "", ""][:3]
    if second:
        # Without a heading the order is told by what can be an id.
        swapped = shape.ids and not shape.is_id(first) and shape.is_id(second)
        return (second, first, name) if swapped else (first, second, name)
    return (first, "", name) if shape.is_id(first) and not first.startswith("@") else ("", first, name)


def _from_address(text: str, platform: str, shapes: Mapping[str, ChannelShape]) -> tuple[str, str, str]:
    """Return the login that an address names, or a problem and what it is about."""
    try:
        split = urlsplit(text if "//" in text else f"//{text}")
        host = (split.hostname or "").lower()
    except ValueError:
        return "", "no_channel", ""
    shape = shapes[platform]
    if not shape.is_of(host):
        other = next((one.name for one in shapes.values() if one.is_of(host)), "")
        return "", "other_platform" if other else "other_site", other or host[:LONGEST]
    parts = [part for part in split.path.split("/") if part]
    while parts and parts[0].lower() in shape.paths:
        parts = parts[1:]
    # A player's address has the channel in its query.
    login = parts[0] if parts else parse_qs(split.query).get("channel", [""])[0]
    good = login and len(login) <= LONGEST and login.isprintable()
    return (login, "", "") if good else ("", "no_channel", "")
