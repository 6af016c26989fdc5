"""A campaign's times as its producer is told them: with the day of the week, in the campaign's zone, in UTC and in the
producer's own zone, and what clocks that change on the way do to them (C2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.rules import zones
from portal.sentences import Sentence

_DAYS = (
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
)


@dataclass(frozen=True, slots=True)
class ToldTime:
    """One moment; ``own`` is None where the producer's own zone is the campaign's or UTC."""

    label: str | Promise
    here: Sentence
    utc: Sentence
    own: Sentence | None


def told_times(
    times: Iterable[tuple[str | Promise, datetime | None]], *, zone_name: str, own_zone: str
) -> list[ToldTime]:
    """Return each moment that is set, in the three zones; raises UnknownZone."""
    shows_own = own_zone not in (zone_name, "UTC")
    return [
        ToldTime(
            label,
            in_words(moment, zone_name),
            in_words(moment.astimezone(UTC), "UTC"),
            in_words(moment, own_zone) if shows_own else None,
        )
        for label, moment in times
        if moment is not None
    ]


def in_words(moment: datetime, zone_name: str) -> Sentence:
    """Return the moment in one zone: `Saturday, 18:00 on 28 Nov 2026, Europe/Berlin (UTC+1)`."""
    local = zones.from_utc(moment, zone_name)
    values = {"weekday": _DAYS[local.weekday()], "time": zones.date_and_time(local), "zone": zone_name}
    if zone_name == "UTC":
        return Sentence(_("%(weekday)s, %(time)s, UTC"), values)
    return Sentence(_("%(weekday)s, %(time)s, %(zone)s (%(offset)s)"), {**values, "offset": zones.offset_name(local)})


def clock_notices(
    *, starts_at: datetime, ends_at: datetime, closes_at: datetime | None, zone_name: str, own_zone: str
) -> list[Sentence]:
    """Return what the producer must know of clocks that change between start and closing, in the zone and in their own."""
    last = max(ends_at, closes_at or ends_at)
    changes = zones.dst_changes(starts_at, last, zone_name)
    notices = [_here(change, ends_at=ends_at, zone_name=zone_name) for change in changes]
    notices += list(_length(starts_at, ends_at, zone_name))
    if own_zone in (zone_name, "UTC"):
        return notices
    return notices + [
        Sentence(
            _(
                "The clocks in your own zone, %(zone)s, change at another time: %(moment)s, from %(before)s to %(after)s."
            ),
            _change(change, own_zone),
        )
        for change in zones.dst_changes(starts_at, last, own_zone)
        if change not in changes
    ]


def _here(change: datetime, *, ends_at: datetime, zone_name: str) -> Sentence:
    text = _(
        "The clocks in %(zone)s change during the campaign: %(moment)s, from %(before)s to %(after)s. "
        "What is entered stays as the clocks there show it; in UTC the end is shifted against the start."
    )
    if change >= ends_at:
        text = _(
            "The clocks in %(zone)s change between the end and the closing: %(moment)s, from %(before)s to %(after)s. "
            "Claiming closes at the hour of the end as the clocks there show it; in UTC it is another hour."
        )
    return Sentence(text, _change(change, zone_name))


def _change(change: datetime, zone_name: str) -> dict[str, object]:
    before = zones.from_utc(change - timedelta(seconds=1), zone_name)
    after = zones.from_utc(change, zone_name)
    return {
        "zone": zone_name,
        "moment": in_words(change, zone_name),
        "before": zones.offset_name(before),
        "after": zones.offset_name(after),
    }


def _length(starts_at: datetime, ends_at: datetime, zone_name: str) -> Iterator[Sentence]:
    """Tell by how much the campaign is longer or shorter than start and end, as entered, let one think."""
    start, end = (zones.from_utc(moment, zone_name).replace(tzinfo=None) for moment in (starts_at, ends_at))
    more = (ends_at - starts_at) - (end - start)
    minutes = round(abs(more) / timedelta(minutes=1))
    if minutes:
        text = _("So it lasts %(minutes)s minutes longer than the clocks let one think.")
        if more < timedelta():
            text = _("So it lasts %(minutes)s minutes less than the clocks let one think.")
        yield Sentence(text, {"minutes": minutes})
