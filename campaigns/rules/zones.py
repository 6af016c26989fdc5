"""Local times of a campaign and the moments they mean (C2): named zones, odd hours, calendar days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.utils.translation import gettext_lazy as _

from portal.sentences import Sentence


class Occurrence(StrEnum):
    """Which of the two is meant, of a local time that the clocks show twice."""

    FIRST = "first"
    SECOND = "second"


class ZoneError(ValueError):
    """A local time that does not name one moment; `sentence` says why and what would."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


class UnknownZone(ZoneError):
    """The name is no time zone of the IANA database."""


class NonexistentTime(ZoneError):
    """The clocks skip this local time.

    `last_before` is the last minute that exists before the gap and `first_after` the first moment after it,
    both local and naive.
    """

    def __init__(self, sentence: Sentence, *, last_before: datetime, first_after: datetime) -> None:
        super().__init__(sentence)
        self.last_before = last_before
        self.first_after = first_after


class AmbiguousTime(ZoneError):
    """The clocks show this local time twice; `first` and `second` are the two moments, in UTC."""

    def __init__(self, sentence: Sentence, *, first: datetime, second: datetime) -> None:
        super().__init__(sentence)
        self.first = first
        self.second = second


_REGIONS = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()  # noqa: SIM905
)
# The longest step that cannot jump over two changes: no zone has changed twice within a day.
_STEP = timedelta(hours=12)
_MINUTE = timedelta(minutes=1)
_MONTHS = (
    _("Jan"),
    _("Feb"),
    _("Mar"),
    _("Apr"),
    _("May"),
    _("Jun"),
    _("Jul"),
    _("Aug"),
    _("Sep"),
    _("Oct"),
    _("Nov"),
    _("Dec"),
)


@cache
def zone_names() -> tuple[str, ...]:
    """The zones to choose from, sorted, UTC first.

    Places only: fixed offsets (Etc/…), countries (US/…) and abbreviations (EST5EDT) are left out, since
    their names are easily taken for something they are not.
    """
    places = {name for name in available_timezones() if name.partition("/")[0] in _REGIONS and "/" in name}
    return ("UTC", *sorted(places))


def zone(name: str) -> ZoneInfo:
    """The zone of this name, also one that `zone_names` leaves out; raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(
            Sentence(
                _("There is no time zone “%(zone)s”. Choose one from the list."),
                {"zone": name},
            )
        ) from error


def to_utc(naive_local: datetime, zone_name: str, *, occurrence: str | None = None) -> datetime:
    """The moment, in UTC, at which clocks in the zone show this local time.

    `occurrence` ("first" or "second") decides a time that is shown twice and is ignored otherwise. Raises
    NonexistentTime, AmbiguousTime (when shown twice and `occurrence` is None), UnknownZone, and ValueError
    for an aware time or another occurrence.
    """
    if naive_local.tzinfo is not None:
        raise ValueError("a local time is naive: the zone comes by its name")
    chosen = None if occurrence is None else Occurrence(occurrence)
    earlier, later = _readings(naive_local, zone(zone_name))
    if earlier == later:
        return earlier
    if from_utc(earlier, zone_name).replace(tzinfo=None) != naive_local.replace(fold=0):
        raise _nonexistent(naive_local, zone_name, earlier, later)
    if chosen is None:
        raise _ambiguous(naive_local, zone_name, earlier, later)
    return earlier if chosen is Occurrence.FIRST else later


def from_utc(moment: datetime, zone_name: str) -> datetime:
    """The moment as an aware local time in the zone; raises UnknownZone, and ValueError for a naive time."""
    return _aware(moment).astimezone(zone(zone_name))


def occurrence_of(moment: datetime, zone_name: str) -> Occurrence | None:
    """Which of the two the moment is, when clocks in the zone show its local time twice; else None."""
    local = from_utc(moment, zone_name)
    earlier, later = _readings(local.replace(tzinfo=None), zone(zone_name))
    if earlier == later:
        return None
    return Occurrence.SECOND if local.fold else Occurrence.FIRST


def closing_time(ends_at: datetime, grace_days: int, zone_name: str) -> datetime:
    """When claiming ends (C3), in UTC: the hour of the end, this many calendar days later in the zone.

    If that hour is skipped or occurs twice on that day, the later reading counts, so that nobody who
    trusted the date is too late. No days: the end itself. Raises ValueError for negative days.
    """
    return _days_away(ends_at, grace_days, zone_name, 1)


def announcement_time(starts_at: datetime, announcement_days: int, zone_name: str) -> datetime:
    """When the campaign may be shown (C3), in UTC: the hour of the start, this many calendar days before.

    If that hour is skipped or occurs twice on that day, the earlier reading counts. No days: the start
    itself. Raises ValueError for negative days.
    """
    return _days_away(starts_at, announcement_days, zone_name, -1)


def dst_changes(start: datetime, end: datetime, zone_name: str) -> list[datetime]:
    """The moments, in UTC, after `start` and before `end` at which the zone's clocks are put forward or back."""
    place = zone(zone_name)
    at, end = _aware(start).astimezone(UTC), _aware(end).astimezone(UTC)
    changes = []
    while at < end:
        following = min(at + _STEP, end)
        if _offset(at, place) != _offset(following, place):
            change = _change_between(at, following, place)
            if change < end:
                changes.append(change)
        at = following
    return changes


def describe(moment: datetime, zone_name: str) -> Sentence:
    """The moment in the zone and in UTC: `02:30 on 25 Oct 2026 Europe/Berlin (UTC+1) · 01:30 on 25 Oct 2026 UTC`."""
    utc = Sentence(_("%(time)s UTC"), {"time": date_and_time(_aware(moment).astimezone(UTC))})
    if zone_name == "UTC":
        return utc
    local = from_utc(moment, zone_name)
    return Sentence(
        _("%(time)s %(zone)s (%(offset)s) · %(utc)s"),
        {
            "time": date_and_time(local),
            "zone": zone_name,
            "offset": offset_name(local),
            "utc": utc,
        },
    )


def offset_name(local: datetime) -> str:
    """The offset of an aware time as people write it: UTC, UTC+2, UTC−3:30."""
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02}" if rest else "")


def date_and_time(local: datetime) -> Sentence:
    """`02:30 on 25 Oct 2026`, the month in the reader's language; seconds only when there are any."""
    return Sentence(_("%(time)s on %(day)s"), {"day": _day(local), "time": _clock(local)})


def _day(local: datetime) -> Sentence:
    month = _MONTHS[local.month - 1]
    return Sentence(
        _("%(day)s %(month)s %(year)s"),
        {"day": local.day, "month": month, "year": local.year},
    )


def _clock(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment is an aware time")
    return moment


def _readings(naive: datetime, place: ZoneInfo) -> tuple[datetime, datetime]:
    """The two moments a local time can be read as, the earlier first; equal for nearly all times.

    In a gap they are the readings by the clock after and before the change (PEP 495).
    """
    one, other = (naive.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    return min(one, other), max(one, other)


def _offset(moment: datetime, place: ZoneInfo) -> timedelta:
    return moment.astimezone(place).utcoffset() or timedelta()


def _change_between(before: datetime, after: datetime, place: ZoneInfo) -> datetime:
    """The first moment, to the second, that has another offset than `before`; `after` has another one."""
    low, high = 0, int((after - before) / timedelta(seconds=1)) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + timedelta(seconds=middle), place) == _offset(before, place):
            low = middle
        else:
            high = middle
    return (before + timedelta(seconds=high)).replace(microsecond=0)


def _nonexistent(naive: datetime, zone_name: str, earlier: datetime, later: datetime) -> NonexistentTime:
    place = zone(zone_name)
    change = _change_between(earlier.replace(microsecond=0), later, place)
    first_after = change.astimezone(place).replace(tzinfo=None, fold=0)
    skipped_from = (change - _MINUTE).astimezone(place).replace(tzinfo=None, fold=0) + _MINUTE
    last_before = skipped_from - _MINUTE
    return NonexistentTime(
        Sentence(
            _(
                "%(time)s does not exist in %(zone)s: the clocks go forward from %(from)s to %(to)s. "
                "Choose %(before)s or earlier, or %(to)s or later."
            ),
            {
                "time": date_and_time(naive),
                "zone": zone_name,
                "from": date_and_time(skipped_from),
                "to": date_and_time(first_after),
                "before": date_and_time(last_before),
            },
        ),
        last_before=last_before,
        first_after=first_after,
    )


def _ambiguous(naive: datetime, zone_name: str, first: datetime, second: datetime) -> AmbiguousTime:
    return AmbiguousTime(
        Sentence(
            _(
                "%(time)s happens twice in %(zone)s, because the clocks go back: "
                "choose first (%(first)s) or second (%(second)s)."
            ),
            {
                "time": date_and_time(naive),
                "zone": zone_name,
                "first": offset_name(from_utc(first, zone_name)),
                "second": offset_name(from_utc(second, zone_name)),
            },
        ),
        first=first,
        second=second,
    )


def _days_away(moment: datetime, days: int, zone_name: str, direction: int) -> datetime:
    if days < 0:
        raise ValueError("days are counted from 0")
    if days == 0:
        return _aware(moment).astimezone(UTC)
    naive = from_utc(moment, zone_name).replace(tzinfo=None) + direction * timedelta(days=days)
    earlier, later = _readings(naive, zone(zone_name))
    return later if direction > 0 else earlier
