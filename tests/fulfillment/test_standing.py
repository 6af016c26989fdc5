"""F5, R3, R4, C10: where a viewer stands with a reward, and under which heading a campaign is."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.rules.phases import Phase
from fulfillment.rules.standing import Section, Standing, StandingFacts, section_of, standing_with

EARNED = {"earned": True, "begun": True}
LINKED = {**EARNED, "linked": True}


@pytest.mark.parametrize(
    ("phase", "facts", "standing"),
    [
        (Phase.LIVE, {}, Standing.NOT_STARTED),
        (Phase.ANNOUNCED, {}, Standing.NOT_STARTED),
        (Phase.LIVE, {"begun": True}, Standing.UNDER_WAY),
        (Phase.LIVE, {"is_event": True, "begun": True}, Standing.WAITS_FOR_EVENT),
        (Phase.LIVE, {"needs_another": True}, Standing.NEEDS_ANOTHER),
        (Phase.LIVE, {**LINKED, "needs_another": True}, Standing.NEEDS_ANOTHER),
        (Phase.LIVE, EARNED, Standing.LINK_FIRST),
        (Phase.LIVE, LINKED, Standing.CLAIMABLE),
        (Phase.GRACE, LINKED, Standing.CLAIMABLE),
        (Phase.GRACE, EARNED, Standing.LINK_FIRST),
        (Phase.GRACE, {"begun": True}, Standing.MISSED),
        (Phase.GRACE, {**LINKED, "needs_another": True}, Standing.MISSED),
        (Phase.CLOSED, LINKED, Standing.EXPIRED),
        (Phase.CLOSED, {"begun": True}, Standing.MISSED),
        (Phase.CANCELLED, LINKED, Standing.EXPIRED),
        (Phase.CANCELLED, {}, Standing.MISSED),
        (Phase.LIVE, {**LINKED, "claimed": True}, Standing.CLAIMED),
        (Phase.CLOSED, {"claimed": True}, Standing.CLAIMED),
        (Phase.LIVE, {**LINKED, "slot_taken": True}, Standing.ALREADY_YOURS),
        (Phase.CLOSED, {"slot_taken": True}, Standing.ALREADY_YOURS),
        (Phase.LIVE, {"slot_taken": True, "claimed": True}, Standing.CLAIMED),
    ],
)
def test_where_a_viewer_stands_with_a_reward(phase: Phase, facts: dict[str, Any], standing: Standing) -> None:
    assert standing_with(StandingFacts(phase=phase, **facts)) is standing


@pytest.mark.parametrize(
    ("phase", "standings", "begun", "section"),
    [
        (Phase.LIVE, [Standing.NOT_STARTED], False, Section.IN_PROGRESS),
        (Phase.LIVE, [Standing.CLAIMED, Standing.UNDER_WAY], True, Section.IN_PROGRESS),
        (Phase.LIVE, [Standing.UNDER_WAY, Standing.CLAIMABLE], True, Section.WAITING),
        (Phase.GRACE, [Standing.MISSED, Standing.LINK_FIRST], True, Section.WAITING),
        (Phase.GRACE, [Standing.MISSED, Standing.CLAIMED], True, Section.EXPIRED),
        (Phase.LIVE, [Standing.CLAIMED, Standing.ALREADY_YOURS], True, Section.NOWHERE),
        (Phase.CLOSED, [Standing.EXPIRED], True, Section.EXPIRED),
        (Phase.CLOSED, [Standing.MISSED], False, Section.NOWHERE),
        (Phase.CANCELLED, [Standing.MISSED], True, Section.EXPIRED),
    ],
)
def test_under_which_heading_a_campaign_is(
    phase: Phase, standings: list[Standing], begun: bool, section: Section
) -> None:
    assert section_of(phase, standings, begun=begun) is section
