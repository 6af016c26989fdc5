"""All that happened with a person, newest first: links, claims, moves, attempts, names, notes, deeds of staff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fulfillment.former_names import former_names_of
from fulfillment.models import ClaimEvent, DeliveryAttempt, FormerName, StaffNote
from fulfillment.people.joined import ClaimKey, Person
from fulfillment.people.looks import LOOKED_AT
from fulfillment.people.notes import notes_about
from linking.models import Link
from portal.models import AuditEntry

PAGE_SIZE = 40
LAST_PAGE = 100
ATTEMPTS_READ = 300
"""At least so many, the newest, for the claims that the page shows."""

_TOLD_OTHERWISE = (LOOKED_AT, "linked", "unlinked", "added a note")


class Kind(StrEnum):
    """What happened."""

    LINKED = "linked"
    UNLINKED = "unlinked"
    ARRIVED = "arrived"
    MOVED = "moved"
    ATTEMPT = "attempt"
    RENAMED = "renamed"
    NOTE = "note"
    DEED = "deed"


@dataclass(frozen=True)
class Happening:
    """One thing that happened, with the row that says so; ``claim`` is the claim that it happened to."""

    at: datetime
    kind: Kind
    row: Link | ClaimKey | ClaimEvent | DeliveryAttempt | FormerName | StaffNote | AuditEntry
    claim: ClaimKey | None = None
    again: bool = False
    """Of a link: whether its viewer had been linked with the game before."""


@dataclass(frozen=True)
class TimelinePage:
    """A page of it, and what was read for it that the person's page shows too: names, notes, the newest attempts."""

    rows: list[Happening]
    number: int
    has_older: bool
    names: list[FormerName]
    notes: list[StaffNote]
    attempts: list[DeliveryAttempt]


def timeline(person: Person, claims: Sequence[ClaimKey], number: int) -> TimelinePage:
    """Return a page of what happened. Five queries, whatever there is; each reads as much as the pages so far can show."""
    number = max(1, min(number, LAST_PAGE))
    most = number * PAGE_SIZE + 1
    names = list(former_names_of(viewers=person.viewer_ids, players=person.player_ids)[:most])
    notes = list(notes_about(viewers=person.viewer_ids, players=person.player_ids)[:most])
    known = {key.pk: key for key in claims}
    attempts = _attempts(known, max(most, ATTEMPTS_READ))
    found = [
        *_links(person.links),
        *(Happening(key.received_at, Kind.ARRIVED, key, key) for key in claims[:most]),
        *_moves(known, most),
        *(Happening(one.started_at, Kind.ATTEMPT, one, known[one.delivery_id]) for one in attempts),
        *(Happening(name.seen_until, Kind.RENAMED, name) for name in names),
        *(Happening(note.at, Kind.NOTE, note) for note in notes),
        *_deeds(person, most),
    ]
    found.sort(key=lambda one: (one.at, _ORDER[one.kind], str(one.row.pk)), reverse=True)
    start = (number - 1) * PAGE_SIZE
    older = len(found) > start + PAGE_SIZE
    return TimelinePage(found[start : start + PAGE_SIZE], number, older, names, notes, attempts)


_ORDER = {kind: place for place, kind in enumerate((Kind.LINKED, Kind.ARRIVED, Kind.ATTEMPT, Kind.MOVED))}
_ORDER |= {kind: len(_ORDER) + place for place, kind in enumerate(kind for kind in Kind if kind not in _ORDER)}


def _links(links: Sequence[Link]) -> Iterator[Happening]:
    for link in links:
        before = [one for one in links if (one.viewer_id, one.game_id) == (link.viewer_id, link.game_id)]
        again = any(one.started_at < link.started_at for one in before)
        yield Happening(link.started_at, Kind.LINKED, link, again=again)
        if link.ended_at is not None:
            yield Happening(link.ended_at, Kind.UNLINKED, link)


def _moves(claims: dict[str, ClaimKey], most: int) -> Iterator[Happening]:
    if claims:
        events = ClaimEvent.objects.filter(claim__in=list(claims)).order_by("-at", "-pk")
        yield from (Happening(event.at, Kind.MOVED, event, claims[event.claim_id]) for event in events[:most])


def _attempts(claims: dict[str, ClaimKey], most: int) -> list[DeliveryAttempt]:
    if not claims:
        return []
    attempts = DeliveryAttempt.objects.filter(delivery__in=list(claims))
    return list(attempts.order_by("-started_at", "-pk")[:most])


def _deeds(person: Person, most: int) -> Iterator[Happening]:
    entries = AuditEntry.objects.filter(person.objects(links=True), organization=person.organization)
    for entry in entries.exclude(action__in=_TOLD_OTHERWISE).order_by("-at", "-pk")[:most]:
        yield Happening(entry.at, Kind.DEED, entry)
