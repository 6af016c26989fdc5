"""Notes of staff about a person, for colleagues. Players never see them; they get a copy of them, as of all that is stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.models import Viewer
from fulfillment.models import StaffNote
from linking.models import Player
from portal import audit
from portal.models import Organization, User
from portal.tombstones import Eraser

LONGEST = 2000


def add_note(
    *, organization: Organization, person: Viewer | Player, text: str, actor: User, now: datetime
) -> StaffNote:
    """Write a note down. The trail says that and by whom, not what.

    Raises:
        ValueError: the text is empty or longer than :data:`LONGEST`.
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise ValueError(text)
    with transaction.atomic():
        note = StaffNote.objects.create(
            organization=organization,
            viewer=person if isinstance(person, Viewer) else None,
            player=person if isinstance(person, Player) else None,
            at=now,
            text=text,
            author=actor,
            author_label=str(actor)[:150],
        )
        audit.record(actor=actor, action="added a note", obj=person, organization=organization, now=now)
    return note


def notes_about(*, viewers: Iterable[str] = (), players: Iterable[int] = ()) -> QuerySet[StaffNote]:
    """Return the notes about these people, newest first."""
    about = Q(viewer__in=list(viewers)) | Q(player__in=list(players))
    return StaffNote.objects.filter(about).order_by("-at", "-pk")


def erase_notes(*, person: Viewer | Player, eraser: Eraser) -> int:
    """Remove the notes about a person and take their identifiers out of those about whom they were linked to (F8).

    Returns how many notes are gone or changed. For a transaction of the caller's.
    """
    if isinstance(person, Viewer):
        mine = notes_about(viewers=[person.pk])
        others = StaffNote.objects.filter(player__links__viewer=person)
    else:
        mine = notes_about(players=[person.pk])
        others = StaffNote.objects.filter(viewer__links__player=person)
    changed = mine.delete()[0]
    for note in others.distinct().order_by("pk"):
        text, label = eraser.text(note.text)[:LONGEST], eraser.text(note.author_label)[:150]
        if (text, label) != (note.text, note.author_label):
            changed += StaffNote.objects.filter(pk=note.pk).update(text=text, author_label=label)
    return changed
