"""Times are told in the two largest units that they have."""

from __future__ import annotations

from datetime import timedelta

from portal.durations import minutes_in_words, time_in_words


def test_time_left_is_told_by_its_two_largest_units() -> None:
    table: list[tuple[timedelta, str]] = [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(seconds=-5), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=2, minutes=5, seconds=59), "2 hours 5 minutes"),
        (timedelta(days=1, minutes=59), "1 day"),
        (timedelta(days=3, hours=4, minutes=59), "3 days 4 hours"),
    ]
    assert [time_in_words(span) for span, _words in table] == [words for _span, words in table]
    assert [minutes_in_words(n) for n in (0, 1, 60, 90)] == ["0 minutes", "1 minute", "1 hour", "1 hour 30 minutes"]
