"""The way of a claim, at each platform that has a claims API: found, delivered, told, and read back (F1, F6, F7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from fulfillment.models import Claim, Endpoint, Sweep
from fulfillment.resolve import resolve_due
from fulfillment.rules.states import State
from fulfillment.sweeping.reading import read_due_pages
from fulfillment.sweeping.request import begin_due_sweeps
from fulfillment.write_back import write_back_due
from portal import platforms
from portal.models import ApiStanding
from tests import factories as make
from tests.doubles.claims_server import ClaimsServer
from tests.factories import NOW
from tests.fulfillment.test_write_back import deliver

pytestmark = pytest.mark.django_db

WITH_CLAIMS = [platform.key for platform in platforms.registry.values() if platform.claims_api is not None]


class Studio:
    """A platform on loopback and a studio there: a game, a campaign with a reward, and a viewer who is linked."""

    def __init__(self, key: str) -> None:
        self.api = ClaimsServer(key)
        game = make.make_game()
        make.make_endpoint(game, mode=Endpoint.Mode.PULL)
        make.make_category(game, key, platform_category_id="493057")
        reward = make.make_reward(game, platform_ids={key: "reward-1"})
        make.make_campaign(game, rewards=[reward], platform_ids={key: "campaign-1"})
        self.credential = make.make_credential(game.organization, key, id_url=self.api.url, api_url=self.api.url)
        make.make_link(game, viewer=make.make_viewer(game.organization, key, platform_user_id="7001"))

    def lists(self, claim_id: str, *, user: str = "7001") -> None:
        """Have the platform list a claim that no webhook brought."""
        self.api.add_claim(claim_id, user=user, granted_at=(NOW - timedelta(minutes=5)).isoformat())

    def sweep(self, *, now: datetime) -> Sweep:
        begin_due_sweeps(now=now)
        while read_due_pages(seconds=60, clock=lambda: now):
            pass
        while resolve_due(now=now):
            pass
        return Sweep.objects.latest("started_at", "pk")


@pytest.fixture(params=WITH_CLAIMS)
def studio(request: pytest.FixtureRequest, settings: Any) -> Iterator[Studio]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    made = Studio(request.param)
    yield made
    made.api.server.stop()


def test_f7_what_no_webhook_brought_is_found_delivered_and_told_once(studio: Studio) -> None:
    studio.lists("claim-1")
    assert (studio.sweep(now=NOW).found, Claim.objects.get().state) == (1, State.READY)
    deliver([Claim.objects.get()])
    write_back_due(seconds=60, now=NOW)
    assert (Claim.objects.get().state, studio.api.marked) == (State.CONFIRMED, {"claim-1": 1})
    again = studio.sweep(now=NOW + timedelta(minutes=11))
    assert (again.found, again.told_again, again.full) == (0, 0, False)
    write_back_due(seconds=60, now=NOW + timedelta(minutes=11))
    assert studio.api.marked == {"claim-1": 1}


def test_f7_a_claim_that_can_never_be_read_is_gone_round_by_every_way_there_is(studio: Studio) -> None:
    studio.lists("claim-0")
    studio.lists("claim-1", user="7002")
    studio.lists("claim-2")
    studio.api.poisoned["claim-1"] = 500
    now = NOW
    while studio.sweep(now=now).finished_at is None:
        now += timedelta(minutes=5)
    assert set(Claim.objects.values_list("platform_claim_id", flat=True)) == {"claim-0", "claim-2"}


def test_an_app_that_is_refused_is_kept_as_what_it_is(studio: Studio) -> None:
    studio.api.list_faults.extend([403] * 5)
    studio.sweep(now=NOW)
    assert ApiStanding.objects.get(credential=studio.credential).problem == "status:403"
