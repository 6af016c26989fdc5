"""What becomes of each line of a pasted list, and what a list would change, from what is known there and here (C7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from campaigns.rules.channel_lines import Line

Key = tuple[str, str]
"""A channel: platform, and the id there."""


class Deed(StrEnum):
    """What is done with the channels of a list."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


class Result(StrEnum):
    """What became of a line."""

    FOUND = "found"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Who:
    """A channel as somebody knows it."""

    id: str
    login: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """Channels of one platform, by id and by login in small letters."""

    by_id: Mapping[str, Who] = field(default_factory=dict)
    by_login: Mapping[str, Who] = field(default_factory=dict)

    @classmethod
    def of(cls, channels: Iterable[Who]) -> Index:
        """Return the index of some channels."""
        known = list(channels)
        by_login = {who.login.lower(): who for who in reversed(known) if who.login}
        return cls({who.id: who for who in known}, by_login)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one line: the channel where it was found, else why not.

    ``code`` says, of a line that was found, what is to be known: ``renamed`` (``about`` is its login before),
    ``taken_over`` (the login was another channel's: ``about`` is that one's id), ``gone`` (listed, but not found at the
    platform), ``unchecked`` (nobody was asked). Of a duplicate ``about`` is the line that it repeats. Of an unknown one it
    is a problem of :mod:`campaigns.rules.channel_lines`, ``not_there`` or ``not_here``.
    """

    number: int
    written: str
    result: Result
    platform: str
    channel_id: str = ""
    login: str = ""
    name: str = ""
    code: str = ""
    about: str = ""

    @property
    def key(self) -> Key:
        """Which channel it is."""
        return self.platform, self.channel_id


@dataclass(frozen=True, slots=True)
class Difference:
    """What a list would change: channels by key.

    ``unchanged`` is all that stays on the list. ``already`` are to be put on it and are there, ``absent`` are to be taken
    off and are not.
    """

    added: Mapping[Key, Who]
    removed: Mapping[Key, Who]
    unchanged: Mapping[Key, Who]
    already: Mapping[Key, Who] = field(default_factory=dict)
    absent: Mapping[Key, Who] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether anything would change."""
        return bool(self.added or self.removed)


def keys_of(lines: Iterable[Line]) -> list[tuple[str, str]]:
    """Return what is to be asked for, each once and in order: ``("id", …)`` or ``("login", …)``."""
    asked = {
        ("id", line.channel_id) if line.channel_id else ("login", line.login.lower()): None
        for line in lines
        if not line.problem
    }
    return list(asked)


def second_keys(asked: Iterable[tuple[str, str]], found: Index, here: Index) -> list[tuple[str, str]]:
    """Return what else to ask for after an answer: digits may be a login, and a login known here an older name."""
    second: dict[tuple[str, str], None] = {}
    for kind, value in asked:
        if kind == "id" and value not in found.by_id:
            second["login", value.lower()] = None
        elif kind == "login" and value not in found.by_login and value in here.by_login:
            second["id", here.by_login[value].id] = None
    return list(second)


def judge(
    lines: Iterable[Line],
    *,
    platform: str,
    there: Index | None,
    here: Index,
    kept: Collection[str] | None,
    any_id: bool = False,
) -> list[Outcome]:
    """Return what became of each line.

    ``there`` is what the platform answered, None where it was not asked; ``here`` is what the organization knows. ``kept``
    are ids that are taken although the platform does not find them, None for all that are known here: a channel that is
    gone can be taken off, and is not lost from a list that still names it. With ``any_id`` a login that nobody knows is
    an id.
    """
    seen: dict[str, int] = {}
    outcomes = []
    for line in lines:
        who, code, about = None, line.problem, line.about
        if not line.problem:
            who, code, about = _asked(line, there, here, kept) if there else _not_asked(line, here, any_id=any_id)
        if who is None:
            outcomes.append(
                Outcome(
                    line.number,
                    line.written,
                    Result.UNKNOWN,
                    platform,
                    line.channel_id,
                    line.login,
                    line.name,
                    code,
                    about,
                )
            )
            continue
        first = seen.setdefault(who.id, line.number)
        result = Result.FOUND if first == line.number else Result.DUPLICATE
        if result is Result.DUPLICATE:
            code, about = "", str(first)
        outcomes.append(Outcome(line.number, line.written, result, platform, who.id, who.login, who.name, code, about))
    return outcomes


def _not_asked(line: Line, here: Index, *, any_id: bool) -> tuple[Who | None, str, str]:
    if line.channel_id:
        known = here.by_id.get(line.channel_id, Who(""))
        who = Who(line.channel_id, line.login or known.login, line.name or known.name)
        return who, "" if known.id else "unchecked", ""
    found = here.by_login.get(line.login.lower())
    if found is None and any_id:
        return Who(line.login, "", line.name), "unchecked", ""
    return found, "" if found else "not_here", ""


def _asked(line: Line, there: Index, here: Index, kept: Collection[str] | None) -> tuple[Who | None, str, str]:
    login = line.login.lower()
    known = here.by_id.get(line.channel_id) if line.channel_id else here.by_login.get(login)
    if line.channel_id:
        found = there.by_id.get(line.channel_id)
        if found is None and not login:
            found = there.by_login.get(line.channel_id.lower())
    else:
        found = there.by_login.get(login) or (there.by_id.get(known.id) if known else None)
    if found is None:
        if known is not None and (kept is None or known.id in kept):
            return known, "gone", ""
        return None, "not_there", ""
    if not line.channel_id and known is not None and known.id != found.id:
        return found, "taken_over", known.id
    before = here.by_id.get(found.id, Who("")).login
    for older in (line.login, before):
        if older and older.lower() != found.login.lower():
            return found, "renamed", older
    return found, "", ""


def difference(deed: Deed, wanted: Mapping[Key, Who], listed: Mapping[Key, Who]) -> Difference:
    """Return what ``deed`` with the wanted channels would change in a list."""
    both = {key: listed[key] for key in wanted if key in listed}
    new = {key: who for key, who in wanted.items() if key not in listed}
    if deed is Deed.REMOVE:
        stay = {key: who for key, who in listed.items() if key not in both}
        return Difference({}, both, stay, absent=new)
    removed = {key: who for key, who in listed.items() if key not in wanted} if deed is Deed.REPLACE else {}
    stay = {key: who for key, who in listed.items() if key not in removed}
    return Difference(new, removed, stay, already=both)


def content(changes: Iterable[tuple[Sequence[str], Sequence[str]]]) -> dict[str, None]:
    """Return what is on a list after these changes, each what was added and what was removed, in the order of adding."""
    listed: dict[str, None] = {}
    for added, removed in changes:
        for key in removed:
            listed.pop(key, None)
        listed |= dict.fromkeys(added)
    return listed
