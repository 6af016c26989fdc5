"""C6, what may still be changed: field by field and phase by phase."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.rules.edits import is_locked, locked_changes
from campaigns.rules.phases import Phase

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FREE = [Phase.DRAFT, Phase.SCHEDULED, Phase.ANNOUNCED]
RUNNING = [Phase.LIVE, Phase.GRACE]
OVER = [Phase.CLOSED, Phase.CANCELLED]
TEXTS = ["name", "description", "info_url", "connection_url"]
FIXED = [
    "starts_at",
    "time_zone",
    "announcement_days",
    "game",
    "further_games",
    "rewards",
    "platforms",
    "scope",
    "test_mode",
    "per_player_limit",
    "organization",
    "a_field_of_tomorrow",
]
LISTS = ["channels", "testers", "platform_campaign_ids"]


def locked(field: str, phase: Phase, before: object = "a", after: object = "b") -> list[str]:
    return [change.field for change in locked_changes({field: before}, {field: after}, phase=phase, now=NOW)]


@pytest.mark.parametrize("field", [*TEXTS, *FIXED, *LISTS, "ends_at", "grace_days"])
@pytest.mark.parametrize("phase", FREE)
def test_c6_everything_is_free_before_the_campaign_is_live(field: str, phase: Phase) -> None:
    assert not locked(field, phase)
    assert not is_locked(field, phase=phase, ends_at=NOW + DAY, now=NOW)


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("phase", [*RUNNING, *OVER])
def test_c6_texts_can_be_changed_in_every_phase(field: str, phase: Phase) -> None:
    assert not locked(field, phase)
    assert not is_locked(field, phase=phase, ends_at=NOW, now=NOW)


@pytest.mark.parametrize("field", FIXED)
@pytest.mark.parametrize("phase", RUNNING)
def test_c6_once_live_the_rest_is_fixed_also_what_no_table_names(field: str, phase: Phase) -> None:
    assert locked(field, phase) == [field]
    assert is_locked(field, phase=phase, ends_at=NOW + DAY, now=NOW)


@pytest.mark.parametrize("field", LISTS)
@pytest.mark.parametrize("phase", RUNNING)
def test_c6_channels_and_other_lists_can_be_changed_while_it_runs(field: str, phase: Phase) -> None:
    assert not locked(field, phase)
    assert not is_locked(field, phase=phase, ends_at=NOW, now=NOW)


@pytest.mark.parametrize("field", [*FIXED, *LISTS, "ends_at", "grace_days"])
@pytest.mark.parametrize("phase", OVER)
def test_c6_closed_and_cancelled_campaigns_keep_all_but_texts(field: str, phase: Phase) -> None:
    assert locked(field, phase) == [field]
    assert is_locked(field, phase=phase, ends_at=NOW, now=NOW)


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        (NOW + DAY, NOW + 2 * DAY, True),
        (NOW + DAY, NOW + DAY + timedelta(seconds=1), True),
        (NOW + DAY, NOW + DAY - timedelta(seconds=1), False),
        (NOW + timedelta(seconds=1), NOW + DAY, True),
        (NOW, NOW + DAY, False),
        (NOW - DAY, NOW + DAY, False),
        (NOW + DAY, None, False),
    ],
)
def test_c6_the_end_is_extended_before_it_has_passed_and_only_extended(
    before: datetime, after: datetime | None, allowed: bool
) -> None:
    assert locked("ends_at", Phase.LIVE, before, after) == ([] if allowed else ["ends_at"])


def test_c6_the_end_shows_as_fixed_once_it_has_passed() -> None:
    assert not is_locked("ends_at", phase=Phase.LIVE, ends_at=NOW + DAY, now=NOW)
    assert is_locked("ends_at", phase=Phase.GRACE, ends_at=NOW, now=NOW)


@pytest.mark.parametrize("phase", RUNNING)
@pytest.mark.parametrize(("after", "allowed"), [(15, True), (13, False), (0, False), (None, False)])
def test_c6_grace_is_only_lengthened(phase: Phase, after: int | None, allowed: bool) -> None:
    assert locked("grace_days", phase, 14, after) == ([] if allowed else ["grace_days"])
    assert not is_locked("grace_days", phase=phase, ends_at=NOW, now=NOW)


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("field", ["status", "deliveries_paused", "announces_at", "closes_at"])
def test_c6_moves_and_derived_times_are_judged_elsewhere(phase: Phase, field: str) -> None:
    assert not locked(field, phase)


def test_c6_what_stays_the_same_is_no_change_and_each_change_has_its_reason() -> None:
    before = {
        "name": "a",
        "starts_at": NOW,
        "scope": "global",
        "ends_at": NOW + DAY,
        "gone": 1,
    }
    after = {"name": "b", "starts_at": NOW, "scope": "list", "ends_at": NOW, "new": 1}
    changes = locked_changes(before, after, phase=Phase.LIVE, now=NOW)
    assert [(change.field, str(change.sentence)) for change in changes] == [
        (
            "scope",
            "This is fixed since the campaign went live. Clone the campaign to run it differently.",
        ),
        ("ends_at", "The campaign is live: its end can be put later, but not earlier."),
    ]
