"""A campaign as a document that can be written down, compared and brought to another portal (docs/campaign-files.md). Pure.

:func:`read` and :func:`campaigns.rules.campaign_written.written` are inverse to each other. The document has no ids of a database, no secrets and no people:
testers are left out, and so is what a platform calls the campaign, since it gives each campaign another id.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from campaigns.rules import zones
from campaigns.rules.document_text import Lines
from campaigns.rules.strict import Place, Problem, Reading, TooMany

FORMAT = "drops-portal/campaign"
VERSION = 1

MOST_REWARDS = 12
MOST_GAMES = 100
MOST_CHANNELS = 20_000
MOST_DAYS = 365
LONGEST_IMAGE = 4 * (256 * 1024 // 3 + 2)
"""Characters of base64: pictures have at most 256 KiB (R2)."""

_YEARS = range(2000, 2200)

RULES = ("watch", "broadcast", "game_event")
SCOPES = ("global", "allow_list")
COUNTED_BY = ("platform", "portal")
CONDITIONS = ("equals", "changes_to", "rises_above", "appears_in")
AT_LIMIT = ("hold", "stop")


@dataclass(frozen=True, kw_only=True)
class GameNamed:
    """A game, by the names that another portal may know it by."""

    name: str
    slug: str


@dataclass(frozen=True, kw_only=True)
class RunsOn:
    """A platform the campaign runs on, and who counts there."""

    platform: str
    counted_by: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """The reward itself. ``image`` is the picture's bytes, ``platform_ids`` pairs of a platform and its id of the reward."""

    name: str
    description: str = ""
    external_id: str = ""
    alt_text: str = ""
    image: bytes | None = None
    platform_ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class EventWanted:
    """What must happen in the game. Where and when may still be missing, of a draft."""

    name: str
    path: str = ""
    condition: str = ""
    value: str = ""
    cool_down_seconds: int = 0
    per_session: int | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A reward in the campaign with its rule. ``requires`` is the place of another in the list, counted from 1."""

    item: Item
    rule: str = "watch"
    minutes: int | None = None
    event: EventWanted | None = None
    requires: int | None = None
    limit_total: int | None = None
    limit_per_day: int | None = None
    at_limit: str = "hold"


@dataclass(frozen=True, kw_only=True)
class ListedChannel:
    """A channel on the allow-list."""

    platform: str
    id: str
    login: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class CampaignDocument:
    """A campaign's definition. Times are UTC; the file gives them as clocks in ``time_zone`` show them."""

    name: str
    time_zone: str
    game: GameNamed
    description: str = ""
    info_url: str = ""
    connection_url: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    announcement_days: int = 0
    grace_days: int = 14
    scope: str = "global"
    per_player_limit: int = 1
    test_mode: bool = False
    further_games: tuple[GameNamed, ...] = ()
    platforms: tuple[RunsOn, ...] = ()
    rewards: tuple[Entry, ...] = ()
    channels: tuple[ListedChannel, ...] = ()


class BadDocument(ValueError):
    """The file says no campaign; ``problems`` say where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def read(value: Any, lines: Lines | None = None) -> CampaignDocument:
    """Return the document that a file's plain values are. Raises ``BadDocument`` with all that is wrong, up to fifty problems."""
    reading = Reading(lines or {})
    document = None
    with suppress(TooMany):
        document = _document(Place(reading, value))
    if document is None or reading.problems:
        raise BadDocument(reading.problems)
    return document


def _document(root: Place) -> CampaignDocument | None:
    top = root.fields(("format", "version", "campaign"))
    for name, expected in (("format", FORMAT), ("version", VERSION)):
        if name in top and (top[name].value != expected or isinstance(top[name].value, bool)):
            top[name].wrong(_("This must be %(expected)s: the file is of another kind or version."), expected=expected)
    if root.reading.problems or "campaign" not in top:
        return None
    given = top["campaign"].fields(("name", "time_zone", "game"), _OPTIONAL)
    if not {"name", "time_zone", "game"} <= given.keys():
        return None
    zone = _zone(given["time_zone"])
    moments: dict[str, Any] = {
        name: _time(given[name], zone) for name in ("starts_at", "ends_at") if zone and name in given
    }
    return CampaignDocument(
        name=given["name"].text(120, least=1),
        time_zone=zone or "",
        game=_game(given["game"]),
        **{name: reader(given[name]) for name, reader in _OPTIONAL.items() if name in given and reader is not _time},
        **moments,
    )


def _zone(place: Place) -> str | None:
    """Return the zone; None where there is no such one, without which no time can be judged."""
    name = place.text(64, least=1)
    try:
        zones.zone(name)
    except zones.UnknownZone:
        if name:
            place.wrong(_("There is no time zone “%(zone)s”. An example of one is Europe/Berlin."), zone=name)
        return None
    return name


def _time(place: Place, zone: str) -> datetime | None:
    """Return a moment given as clocks in the zone show it, with their offset or without; null is none."""
    if place.value is None:
        return None
    text = place.text(40, least=1)
    if not text:
        return None
    try:
        given = datetime.fromisoformat(text)
        if given.year not in _YEARS:
            place.wrong(_("This time is too far away."))
            return None
        if given.tzinfo is None:
            return zones.to_utc(given, zone)
        moment = given.astimezone(UTC)
        shown = zones.from_utc(moment, zone)
    except zones.ZoneError as error:
        place.wrong(error.sentence.template, **error.sentence.params)
        return None
    except (ValueError, OverflowError):
        place.wrong(_("This must be a time such as 2026-12-01T18:00:00+01:00, and is “%(text)s”."), text=text)
        return None
    if given.utcoffset() not in (shown.utcoffset(), UTC.utcoffset(None)):
        place.wrong(
            _("At this time clocks in %(zone)s are at %(right)s and not at %(given)s."),
            zone=zone,
            right=zones.offset_name(shown),
            given=zones.offset_name(given),
        )
    return moment


def _game(place: Place) -> GameNamed:
    given = place.fields(("name",), ("slug",))
    return GameNamed(
        name=given["name"].text(120, least=1) if "name" in given else "",
        slug=given["slug"].text(60) if "slug" in given else "",
    )


def _games(place: Place) -> tuple[GameNamed, ...]:
    return tuple(_game(one) for one in place.items(MOST_GAMES))


def _platforms(place: Place) -> tuple[RunsOn, ...]:
    found: dict[str, RunsOn] = {}
    for one in place.items(MOST_GAMES):
        given = one.fields(("platform",), ("counted_by",))
        if "platform" not in given:
            continue
        key = given["platform"].text(32, least=1)
        counted_by = given["counted_by"].one_of(COUNTED_BY) if "counted_by" in given else COUNTED_BY[0]
        if key in found:
            given["platform"].wrong(_("This platform is listed already."))
        found[key] = RunsOn(platform=key, counted_by=counted_by)
    return tuple(found.values())


def _channels(place: Place) -> tuple[ListedChannel, ...]:
    found: dict[tuple[str, str], ListedChannel] = {}
    for one in place.items(MOST_CHANNELS):
        given = one.fields(("platform", "id"), ("login", "name"))
        if not {"platform", "id"} <= given.keys():
            continue
        key = given["platform"].text(32, least=1), given["id"].text(200, least=1)
        if key in found:
            one.wrong(_("This channel is listed already."))
        texts = {name: given[name].text(200) for name in ("login", "name") if name in given}
        found[key] = ListedChannel(platform=key[0], id=key[1], **texts)
    return tuple(found.values())


def _rewards(place: Place) -> tuple[Entry, ...]:
    places = list(place.items(MOST_REWARDS))
    entries = [_entry(one, len(places)) for one in places]
    seen: dict[tuple[str, str], int] = {}
    for number, (one, entry) in enumerate(zip(places, entries, strict=True), start=1):
        item = entry.item
        names = [("external_id", item.external_id)] if item.external_id else [("name", item.name)]
        for key in names:
            if key[1] and key in seen:
                one.wrong(_("This is the same reward as number %(number)s of the list."), number=seen[key])
            seen.setdefault(key, number)
        if _waits_for_itself(number, entries):
            one.wrong(_("These rewards wait for each other: none could be earned."))
    return tuple(entries)


def _waits_for_itself(number: int, entries: list[Entry]) -> bool:
    seen: set[int] = set()
    current: int | None = number
    while current is not None and current not in seen:
        seen.add(current)
        current = entries[current - 1].requires
    return current == number


def _entry(place: Place, count: int) -> Entry:
    given = place.fields(("item",), tuple(_ENTRY))
    values: dict[str, Any] = {name: reader(given[name]) for name, reader in _ENTRY.items() if name in given}
    entry = Entry(item=_item(given["item"]) if "item" in given else Item(name=""), **values)
    if entry.requires is not None and entry.requires > count:
        given["requires"].wrong(
            _("There is no reward %(number)s: the list has %(count)s."), number=entry.requires, count=count
        )
        return Entry(item=entry.item)
    if entry.rule == "game_event":
        if entry.event is None:
            place.wrong(_("A game event needs “%(name)s”."), name="event")
        if entry.minutes is not None:
            place.wrong(_("A game event has no minutes."))
    else:
        if entry.minutes is None:
            place.wrong(_("This rule needs “%(name)s”."), name="minutes")
        if entry.event is not None:
            place.wrong(_("Only the rule game_event has “%(name)s”."), name="event")
    return entry


def _item(place: Place) -> Item:
    given = place.fields(("name",), tuple(_ITEM))
    values: dict[str, Any] = {name: reader(given[name]) for name, reader in _ITEM.items() if name in given}
    return Item(name=given["name"].text(120, least=1) if "name" in given else "", **values)


def _image(place: Place) -> bytes | None:
    if place.value is None:
        return None
    text = place.text(LONGEST_IMAGE, least=1, lines=True)
    try:
        return base64.b64decode("".join(text.split()), validate=True) if text else None
    except (binascii.Error, ValueError):
        place.wrong(_("This must be a picture in base64."))
        return None


def _ids(place: Place) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for one in place.items(MOST_GAMES):
        given = one.fields(("platform", "id"))
        if {"platform", "id"} <= given.keys():
            key = given["platform"].text(32, least=1)
            if key in found:
                given["platform"].wrong(_("This platform is listed already."))
            found[key] = given["id"].text(200, least=1)
    return tuple(found.items())


def _event(place: Place) -> EventWanted | None:
    if place.value is None:
        return None
    given = place.fields(("name",), tuple(_EVENT))
    values: dict[str, Any] = {name: reader(given[name]) for name, reader in _EVENT.items() if name in given}
    event = EventWanted(name=given["name"].text(100, least=1) if "name" in given else "", **values)
    whole = [bool(event.path), bool(event.condition), bool(event.value)]
    if any(whole) and not all(whole):
        place.wrong(_("Give path, condition and value together, or none of them."))
    return event


def _maybe(least: int, most: int) -> Callable[[Place], int | None]:
    return lambda place: None if place.value is None else place.number(least, most)


_LIMIT = _maybe(1, 2_147_483_647)
_Readers = dict[str, Callable[..., Any]]
_EVENT: _Readers = {
    "path": lambda place: place.text(200),
    "condition": lambda place: place.one_of(("", *CONDITIONS)),
    "value": lambda place: place.text(200),
    "cool_down_seconds": lambda place: place.number(0, 86_400),
    "per_session": _maybe(1, 1_000),
}
_ITEM: _Readers = {
    "description": lambda place: place.text(1000, lines=True),
    "external_id": lambda place: place.text(200),
    "alt_text": lambda place: place.text(200),
    "image": _image,
    "platform_ids": _ids,
}
_ENTRY: _Readers = {
    "rule": lambda place: place.one_of(RULES),
    "minutes": _maybe(1, 525_600),
    "event": _event,
    "requires": _maybe(1, MOST_REWARDS),
    "limit_total": _LIMIT,
    "limit_per_day": _LIMIT,
    "at_limit": lambda place: place.one_of(AT_LIMIT),
}
_OPTIONAL: _Readers = {
    "description": lambda place: place.text(2000, lines=True),
    "info_url": lambda place: place.text(500),
    "connection_url": lambda place: place.text(500),
    "starts_at": _time,
    "ends_at": _time,
    "announcement_days": lambda place: place.number(0, MOST_DAYS),
    "grace_days": lambda place: place.number(0, MOST_DAYS),
    "scope": lambda place: place.one_of(SCOPES),
    "per_player_limit": lambda place: place.number(1, 100),
    "test_mode": lambda place: place.flag(),
    "further_games": _games,
    "platforms": _platforms,
    "rewards": _rewards,
    "channels": _channels,
}
