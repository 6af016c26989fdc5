"""C3, C4: the phase at every boundary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.rules.phases import Phase, phase

START = datetime(2026, 6, 10, 12, tzinfo=UTC)
END = START + timedelta(days=7)
ANNOUNCED = START - timedelta(days=3)
CLOSING = END + timedelta(days=14)
TICK = timedelta(microseconds=1)


def at(now: datetime, status: str = "published", **times: datetime | None) -> Phase:
    columns = {
        "starts_at": START,
        "ends_at": END,
        "announces_at": ANNOUNCED,
        "closes_at": CLOSING,
        **times,
    }
    return phase(status=status, now=now, **columns)


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        (ANNOUNCED - timedelta(days=900), Phase.SCHEDULED),
        (ANNOUNCED - TICK, Phase.SCHEDULED),
        (ANNOUNCED, Phase.ANNOUNCED),
        (START - TICK, Phase.ANNOUNCED),
        (START, Phase.LIVE),
        (END - TICK, Phase.LIVE),
        (END, Phase.GRACE),
        (CLOSING - TICK, Phase.GRACE),
        (CLOSING, Phase.CLOSED),
        (CLOSING + timedelta(days=900), Phase.CLOSED),
    ],
)
def test_c3_the_clock_alone_gives_the_phase_of_a_published_campaign(now: datetime, wanted: Phase) -> None:
    assert at(now) is wanted


@pytest.mark.parametrize("now", [ANNOUNCED - TICK, ANNOUNCED, START, END, CLOSING])
def test_c3_drafts_and_cancelled_campaigns_stay_what_they_are(now: datetime) -> None:
    assert at(now, "draft") is Phase.DRAFT
    assert at(now, "cancelled") is Phase.CANCELLED
    nothing = dict.fromkeys(("starts_at", "ends_at", "announces_at", "closes_at"))
    assert at(now, "draft", **nothing) is Phase.DRAFT
    assert at(now, "cancelled", **nothing) is Phase.CANCELLED


def test_c3_without_announcement_or_grace_those_phases_do_not_occur() -> None:
    for none, same in ((None, None), (START, END)):
        assert at(START - TICK, announces_at=none) is Phase.SCHEDULED
        assert at(START, announces_at=none) is Phase.LIVE
        assert at(END, closes_at=same) is Phase.CLOSED


def test_c3_a_published_campaign_has_a_start_and_an_end_and_a_known_status() -> None:
    with pytest.raises(ValueError, match="start and an end"):
        at(START, starts_at=None)
    with pytest.raises(ValueError, match="start and an end"):
        at(START, ends_at=None)
    with pytest.raises(ValueError, match="paused"):
        at(START, "paused")
