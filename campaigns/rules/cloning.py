"""What a copy of a campaign is called and when it is (C2, C9): pure.

A copy keeps the hours that clocks show in the campaign's zone, whatever they do in between: three weeks after Monday 18:00
is Monday 18:00, though it may be 503 or 505 hours later.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from campaigns.rules import zones
from portal.sentences import Sentence

LONGEST_NAME = 120

_NUMBERED = re.compile(r"^(.*?)(\d{1,6})$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Moved:
    """A moment put off, in UTC. ``note`` says what is odd about the hour; ``twice`` that clocks show it two times."""

    moment: datetime
    note: Sentence | None = None
    twice: bool = False


def moved(moment: datetime, *, days: int, zone_name: str, occurrence: str | None = None) -> Moved:
    """Return the moment so many calendar days later, at the hour that clocks in the zone showed.

    An hour that does not exist on that day becomes the first that does, with a note. Of one that occurs twice
    ``occurrence`` says which, and as long as it does not, the first is returned and ``twice`` is true. No days: the moment
    itself. Raises ``OverflowError`` for a day past the calendar, and ``UnknownZone``.
    """
    if days == 0:
        return Moved(moment)
    local = zones.from_utc(moment, zone_name).replace(tzinfo=None, fold=0) + timedelta(days=days)
    try:
        return Moved(zones.to_utc(local, zone_name))
    except zones.NonexistentTime as error:
        after = zones.to_utc(error.first_after, zone_name, occurrence=zones.Occurrence.FIRST)
        note = Sentence(
            _("%(time)s does not exist in %(zone)s: the clocks go forward. It is %(after)s instead."),
            {"time": zones.date_and_time(local), "zone": zone_name, "after": zones.date_and_time(error.first_after)},
        )
        return Moved(after, note)
    except zones.AmbiguousTime as error:
        if occurrence is None:
            return Moved(error.first, error.sentence, twice=True)
        first = zones.Occurrence(occurrence) is zones.Occurrence.FIRST
        taken = error.first if first else error.second
        note = Sentence(
            _("%(time)s happens twice in %(zone)s. It is the first of the two.")
            if first
            else _("%(time)s happens twice in %(zone)s. It is the second of the two."),
            {"time": zones.date_and_time(local), "zone": zone_name},
        )
        return Moved(taken, note, twice=True)


def next_name(name: str, taken: Collection[str]) -> str:
    """Return what a copy may be called: the name with the next number that is not taken. “Week 1” gives “Week 2”."""
    following = _following(name)
    while following in taken:
        following = _following(following)
    return following


def series_names(first: str, copies: int) -> list[str]:
    """Return the names of so many copies: the first as given, the others counted on from it."""
    names = [first]
    while len(names) < copies:
        names.append(_following(names[-1]))
    return names


def _following(name: str) -> str:
    numbered = _NUMBERED.match(name)
    # A number that begins with the name alone, as the year in “2026”, is no number of a series.
    if numbered and numbered[1].strip() and not numbered[1][-1].isdigit():
        base, number = numbered[1], str(int(numbered[2]) + 1).zfill(len(numbered[2]))
    else:
        base, number = name.rstrip(), " 2"
    # What stands between name and number stays, however much of a long name has to go.
    words = base.rstrip()
    number = base[len(words) :] + number
    return words[: LONGEST_NAME - len(number)] + number
