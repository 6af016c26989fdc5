"""C2, C3: local times, the hours that are not or are twice, and days counted in the campaign's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules import zones

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
KOLKATA, APIA, CASABLANCA = "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca"
ALL = [BERLIN, NEW_YORK, LORD_HOWE, KOLKATA, APIA, CASABLANCA, "UTC"]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def local(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("naive", "zone", "wanted"),
    [
        (local(2026, 1, 10, 12), BERLIN, utc(2026, 1, 10, 11)),
        (local(2026, 7, 10, 12), BERLIN, utc(2026, 7, 10, 10)),
        (local(2026, 7, 10, 12), NEW_YORK, utc(2026, 7, 10, 16)),
        (local(2026, 1, 10, 12), LORD_HOWE, utc(2026, 1, 10, 1)),
        (local(2026, 7, 10, 12), LORD_HOWE, utc(2026, 7, 10, 1, 30)),
        (local(2026, 7, 10, 12), KOLKATA, utc(2026, 7, 10, 6, 30)),
        (local(2011, 12, 29, 12), APIA, utc(2011, 12, 29, 22)),
        (local(2011, 12, 31, 12), APIA, utc(2011, 12, 30, 22)),
        (local(2026, 3, 29, 1, 59), BERLIN, utc(2026, 3, 29, 0, 59)),
        (local(2026, 3, 29, 3), BERLIN, utc(2026, 3, 29, 1)),
    ],
)
def test_c2_a_local_time_is_one_moment(naive: datetime, zone: str, wanted: datetime) -> None:
    assert zones.to_utc(naive, zone) == wanted
    assert zones.from_utc(wanted, zone).replace(tzinfo=None) == naive
    for occurrence in ("first", "second"):
        assert zones.to_utc(naive, zone, occurrence=occurrence) == wanted


@pytest.mark.parametrize(
    ("naive", "zone", "before", "after"),
    [
        (local(2026, 3, 29, 2, 30), BERLIN, local(2026, 3, 29, 1, 59), local(2026, 3, 29, 3)),
        (local(2026, 3, 29, 2), BERLIN, local(2026, 3, 29, 1, 59), local(2026, 3, 29, 3)),
        (local(2026, 3, 29, 2, 59, 59), BERLIN, local(2026, 3, 29, 1, 59), local(2026, 3, 29, 3)),
        (local(2026, 3, 8, 2, 30), NEW_YORK, local(2026, 3, 8, 1, 59), local(2026, 3, 8, 3)),
        (local(2026, 10, 4, 2, 10), LORD_HOWE, local(2026, 10, 4, 1, 59), local(2026, 10, 4, 2, 30)),
        (local(2011, 12, 30), APIA, local(2011, 12, 29, 23, 59), local(2011, 12, 31)),
        (local(2011, 12, 30, 23, 59), APIA, local(2011, 12, 29, 23, 59), local(2011, 12, 31)),
        (local(2026, 3, 22, 2, 30), CASABLANCA, local(2026, 3, 22, 1, 59), local(2026, 3, 22, 3)),
    ],
)
@pytest.mark.parametrize("occurrence", [None, "first", "second"])
def test_c2_an_hour_that_does_not_exist_is_refused_with_the_nearest_that_do(
    naive: datetime, zone: str, before: datetime, after: datetime, occurrence: str | None
) -> None:
    with pytest.raises(zones.NonexistentTime) as caught:
        zones.to_utc(naive, zone, occurrence=occurrence)
    assert (caught.value.last_before, caught.value.first_after) == (before, after)
    zones.to_utc(before, zone)
    zones.to_utc(after, zone)


@pytest.mark.parametrize(
    ("naive", "zone", "first", "second"),
    [
        (local(2026, 10, 25, 2, 30), BERLIN, utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)),
        (local(2026, 10, 25, 2), BERLIN, utc(2026, 10, 25), utc(2026, 10, 25, 1)),
        (local(2026, 11, 1, 1, 30), NEW_YORK, utc(2026, 11, 1, 5, 30), utc(2026, 11, 1, 6, 30)),
        (local(2026, 4, 5, 1, 45), LORD_HOWE, utc(2026, 4, 4, 14, 45), utc(2026, 4, 4, 15, 15)),
        (local(2026, 2, 15, 2, 30), CASABLANCA, utc(2026, 2, 15, 1, 30), utc(2026, 2, 15, 2, 30)),
    ],
)
def test_c2_an_hour_that_occurs_twice_needs_first_or_second(
    naive: datetime, zone: str, first: datetime, second: datetime
) -> None:
    with pytest.raises(zones.AmbiguousTime) as caught:
        zones.to_utc(naive, zone)
    assert (caught.value.first, caught.value.second) == (first, second)
    assert zones.to_utc(naive, zone, occurrence="first") == first
    assert zones.to_utc(naive, zone, occurrence="second") == second
    assert zones.occurrence_of(first, zone) is zones.Occurrence.FIRST
    assert zones.occurrence_of(second, zone) is zones.Occurrence.SECOND


def test_c2_the_hour_after_the_doubled_one_occurs_once() -> None:
    assert zones.to_utc(local(2026, 10, 25, 3), BERLIN) == utc(2026, 10, 25, 2)
    assert zones.to_utc(local(2026, 10, 25, 1, 59), BERLIN) == utc(2026, 10, 24, 23, 59)
    assert zones.occurrence_of(utc(2026, 10, 25, 2), BERLIN) is None


def test_c2_the_sentences_say_what_the_clocks_do_and_what_to_choose() -> None:
    with pytest.raises(zones.NonexistentTime) as gap:
        zones.to_utc(local(2026, 3, 29, 2, 30), BERLIN)
    assert str(gap.value) == (
        "02:30 on 29 Mar 2026 does not exist in Europe/Berlin: the clocks go forward from "
        "02:00 on 29 Mar 2026 to 03:00 on 29 Mar 2026. Choose 01:59 on 29 Mar 2026 or earlier, "
        "or 03:00 on 29 Mar 2026 or later."
    )
    with pytest.raises(zones.AmbiguousTime) as twice:
        zones.to_utc(local(2026, 4, 5, 1, 45), LORD_HOWE)
    assert str(twice.value) == (
        "01:45 on 5 Apr 2026 happens twice in Australia/Lord_Howe, because the clocks go back: "
        "choose first (UTC+11) or second (UTC+10:30)."
    )


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "Europe", "../../etc/passwd", "Europe/Berlin\0"])
def test_c2_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(zones.UnknownZone, match="Choose one from the list"):
        zones.to_utc(local(2026, 1, 1), name)


def test_c2_aware_local_times_naive_moments_and_third_occurrences_are_mistakes() -> None:
    with pytest.raises(ValueError, match="naive"):
        zones.to_utc(utc(2026, 1, 1), BERLIN)
    with pytest.raises(ValueError, match="aware"):
        zones.from_utc(local(2026, 1, 1), BERLIN)
    with pytest.raises(ValueError, match="third"):
        zones.to_utc(local(2026, 1, 1), BERLIN, occurrence="third")


@given(
    moment=st.datetimes(local(1990, 1, 1), local(2037, 12, 31)).map(lambda at: at.replace(tzinfo=UTC)),
    zone=st.sampled_from(ALL),
)
def test_c2_every_moment_survives_the_way_to_local_time_and_back(moment: datetime, zone: str) -> None:
    naive = zones.from_utc(moment, zone).replace(tzinfo=None, fold=0)
    assert zones.to_utc(naive, zone, occurrence=zones.occurrence_of(moment, zone)) == moment


@given(naive=st.datetimes(local(1990, 1, 1), local(2037, 12, 31)), zone=st.sampled_from(ALL))
def test_c2_every_local_time_is_one_moment_or_told_to_be_none_or_two(naive: datetime, zone: str) -> None:
    try:
        moment = zones.to_utc(naive, zone)
    except zones.NonexistentTime as gap:
        assert gap.last_before < naive < gap.first_after
    except zones.AmbiguousTime as twice:
        assert twice.first < twice.second
        for at in (twice.first, twice.second):
            assert zones.from_utc(at, zone).replace(tzinfo=None, fold=0) == naive
    else:
        assert zones.from_utc(moment, zone).replace(tzinfo=None) == naive


@pytest.mark.parametrize(
    ("ends_at", "days", "zone", "wanted"),
    [
        (utc(2026, 6, 10, 10), 14, BERLIN, utc(2026, 6, 24, 10)),
        (utc(2026, 10, 24, 10), 2, BERLIN, utc(2026, 10, 26, 11)),  # 12:00 stays 12:00 by the clock
        (utc(2026, 3, 28, 11), 1, BERLIN, utc(2026, 3, 29, 10)),
        (utc(2026, 3, 28, 1, 30), 1, BERLIN, utc(2026, 3, 29, 1, 30)),  # 02:30 is skipped: 03:30
        (utc(2026, 10, 24, 0, 30), 1, BERLIN, utc(2026, 10, 25, 1, 30)),  # 02:30 is twice: the second
        (utc(2011, 12, 29, 22), 1, APIA, utc(2011, 12, 30, 22)),  # the 30th is skipped: noon of the 31st
        (utc(2026, 1, 31, 12), 29, "UTC", utc(2026, 3, 1, 12)),
        (utc(2026, 10, 25, 0, 30), 0, BERLIN, utc(2026, 10, 25, 0, 30)),
        (utc(2026, 10, 25, 1, 30), 0, BERLIN, utc(2026, 10, 25, 1, 30)),
    ],
)
def test_c3_closing_is_the_same_hour_days_later_and_the_later_reading_counts(
    ends_at: datetime, days: int, zone: str, wanted: datetime
) -> None:
    assert zones.closing_time(ends_at, days, zone) == wanted


@pytest.mark.parametrize(
    ("starts_at", "days", "zone", "wanted"),
    [
        (utc(2026, 6, 10, 10), 7, BERLIN, utc(2026, 6, 3, 10)),
        (utc(2026, 10, 26, 11), 2, BERLIN, utc(2026, 10, 24, 10)),
        (utc(2026, 3, 30, 0, 30), 1, BERLIN, utc(2026, 3, 29, 0, 30)),  # 02:30 is skipped: 01:30
        (utc(2026, 10, 26, 1, 30), 1, BERLIN, utc(2026, 10, 25, 0, 30)),  # 02:30 is twice: the first
        (utc(2011, 12, 30, 22), 1, APIA, utc(2011, 12, 29, 22)),
        (utc(2026, 10, 25, 1, 30), 0, BERLIN, utc(2026, 10, 25, 1, 30)),
    ],
)
def test_c3_announcement_is_the_same_hour_days_before_and_the_earlier_reading_counts(
    starts_at: datetime, days: int, zone: str, wanted: datetime
) -> None:
    assert zones.announcement_time(starts_at, days, zone) == wanted


@given(
    moment=st.datetimes(local(1990, 1, 1), local(2036, 12, 31)).map(lambda at: at.replace(tzinfo=UTC)),
    days=st.integers(0, 365),
    zone=st.sampled_from(ALL),
)
def test_c3_announcement_start_end_and_closing_keep_their_order(moment: datetime, days: int, zone: str) -> None:
    assert zones.announcement_time(moment, days, zone) <= moment <= zones.closing_time(moment, days, zone)


def test_c3_days_are_not_negative() -> None:
    with pytest.raises(ValueError, match="from 0"):
        zones.closing_time(utc(2026, 1, 1), -1, BERLIN)


@pytest.mark.parametrize(
    ("start", "end", "zone", "wanted"),
    [
        (utc(2026, 1, 1), utc(2027, 1, 1), BERLIN, [utc(2026, 3, 29, 1), utc(2026, 10, 25, 1)]),
        (utc(2026, 1, 1), utc(2027, 1, 1), NEW_YORK, [utc(2026, 3, 8, 7), utc(2026, 11, 1, 6)]),
        (utc(2026, 1, 1), utc(2027, 1, 1), LORD_HOWE, [utc(2026, 4, 4, 15), utc(2026, 10, 3, 15, 30)]),
        (utc(2026, 1, 1), utc(2027, 1, 1), CASABLANCA, [utc(2026, 2, 15, 2), utc(2026, 3, 22, 2)]),
        (utc(2011, 12, 25), utc(2012, 1, 5), APIA, [utc(2011, 12, 30, 10)]),
        (utc(2026, 1, 1), utc(2027, 1, 1), KOLKATA, []),
        (utc(2026, 4, 1), utc(2026, 10, 1), BERLIN, []),
        (utc(2026, 3, 29, 0, 59, 59), utc(2026, 3, 29, 1, 0, 1), BERLIN, [utc(2026, 3, 29, 1)]),
        (utc(2026, 3, 29, 1), utc(2026, 4, 1), BERLIN, []),
        (utc(2026, 3, 20), utc(2026, 3, 29, 1), BERLIN, []),
        (utc(2026, 5, 1), utc(2026, 3, 1), BERLIN, []),
    ],
)
def test_c5_clock_changes_inside_a_campaign_are_found(
    start: datetime, end: datetime, zone: str, wanted: list[datetime]
) -> None:
    assert zones.dst_changes(start, end, zone) == wanted


@pytest.mark.parametrize(
    ("moment", "zone", "wanted"),
    [
        (
            utc(2026, 10, 25, 1, 30),
            BERLIN,
            "02:30 on 25 Oct 2026 Europe/Berlin (UTC+1) · 01:30 on 25 Oct 2026 UTC",
        ),
        (
            utc(2026, 10, 25, 0, 30),
            BERLIN,
            "02:30 on 25 Oct 2026 Europe/Berlin (UTC+2) · 00:30 on 25 Oct 2026 UTC",
        ),
        (
            utc(2026, 7, 1, 1),
            NEW_YORK,
            "21:00 on 30 Jun 2026 America/New_York (UTC−4) · 01:00 on 1 Jul 2026 UTC",
        ),
        (
            utc(2026, 7, 1),
            KOLKATA,
            "05:30 on 1 Jul 2026 Asia/Kolkata (UTC+5:30) · 00:00 on 1 Jul 2026 UTC",
        ),
        (utc(2026, 7, 1, 0, 0, 9), "UTC", "00:00:09 on 1 Jul 2026 UTC"),
    ],
)
def test_c2_a_time_is_shown_in_its_zone_and_in_utc_together(moment: datetime, zone: str, wanted: str) -> None:
    assert str(zones.describe(moment, zone)) == wanted


def test_c2_the_zones_to_choose_from_are_places_and_utc() -> None:
    names = zones.zone_names()
    assert names[0] == "UTC"
    assert list(names[1:]) == sorted(names[1:])
    assert set(ALL) <= set(names)
    assert not [name for name in names if name.startswith(("Etc/", "US/", "posix", "right", "System"))]
    assert not {"EST", "EST5EDT", "GMT", "Zulu", "Factory", "localtime", "Cuba"} & set(names)
    for name in names:
        assert zones.from_utc(utc(2026, 1, 1), name).utcoffset() is not None
        assert timedelta(hours=-13) < (zones.from_utc(utc(2026, 1, 1), name).utcoffset() or timedelta())
