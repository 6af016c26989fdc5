"""How long something is, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.admin_words import ago, span_between

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_time_that_just_was_is_not_zero_minutes_ago() -> None:
    assert span_between(NOW - timedelta(seconds=59), NOW) == "less than a minute"
    assert span_between(NOW - timedelta(seconds=60), NOW) == "1\xa0minute"
    assert span_between(NOW - timedelta(days=3, hours=5), NOW) == "3\xa0days"
    assert "less than a minute ago" in ago(NOW - timedelta(seconds=1), now=NOW)
    assert "in less than a minute" in ago(NOW + timedelta(seconds=1), now=NOW)
    assert ago(None) == "–"
