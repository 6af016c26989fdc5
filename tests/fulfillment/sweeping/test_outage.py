"""A platform is away for an hour, with its webhooks and its API: afterwards nothing is missing, and nobody did anything (F6, F7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from fulfillment.health.reading import read_facts
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from fulfillment.sweeping.reading import read_due_pages
from fulfillment.sweeping.request import begin_due_sweeps
from fulfillment.write_back import write_back_due
from tests import factories as make
from tests.fulfillment.sweeping.studio import Studio

pytestmark = pytest.mark.django_db

OUTAGE = timedelta(hours=1)


@pytest.fixture(params=["twitch", "kick"])
def studio(request: pytest.FixtureRequest) -> Iterator[Studio]:
    made = Studio(request.param)
    yield made
    made.api.server.stop()


def minute(studio: Studio) -> None:
    """Do what the background jobs do in a minute; the game fetches what is ready."""
    begin_due_sweeps(now=studio.clock())
    read_due_pages(seconds=30, clock=studio.clock)
    studio.resolve()
    ready = lock_claims(Claim.objects.filter(state=State.READY).values_list("pk", flat=True))
    move_claims([Move(claim, State.DELIVERED, Code.DELIVERED) for claim in ready], now=studio.clock())
    write_back_due(now=studio.clock())
    studio.later(minutes=1)


def claim_there(studio: Studio, count: int) -> None:
    for there in studio.there(count, granted_at=studio.clock()):
        viewer = make.make_viewer(studio.organization, studio.shape, platform_user_id=there.user_id)
        make.make_link(studio.game, viewer=viewer)


def test_f7_an_hour_without_the_platform_heals_by_itself(studio: Studio) -> None:
    claim_there(studio, 120)
    for _minute in range(2):
        minute(studio)
    assert Claim.objects.filter(state=State.CONFIRMED).count() == 120
    # Delivered as the platform goes away, so that it cannot be told.
    claim_there(studio, 30)
    studio.later(minutes=11)
    begin_due_sweeps(now=studio.clock())
    read_due_pages(seconds=30, clock=studio.clock)
    began = studio.clock.now
    studio.api.fault = lambda asked: 503 if studio.clock.now < began + OUTAGE else None
    said = set()
    while studio.clock.now < began + OUTAGE:
        claim_there(studio, 2)
        minute(studio)
        facts = read_facts(studio.organization, now=studio.clock())
        said.add(facts.platforms[0].problem)
    assert said == {"", "status:503"} or said == {"status:503"}
    assert Claim.objects.filter(state=State.DELIVERED).count() == 30, "delivered all the same, not told yet"
    for _minute in range(25):
        minute(studio)
    assert Claim.objects.count() == len(studio.api.claims) >= 120 + 30 + 2 * 55
    assert set(Claim.objects.values_list("state", flat=True)) == {State.CONFIRMED}
    assert {claim.told for claim in studio.api.claims} == {1}
    facts = read_facts(studio.organization, now=studio.clock())
    assert (facts.platforms[0].failures, facts.platforms[0].write_backs) == (0, 0)
