"""Pages and users that can never be read keep nothing else back, and outages heal by themselves (F7)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from fulfillment.models import Claim, Sweep, SweepPart
from fulfillment.sweeping import reading
from fulfillment.sweeping.request import begin_due_sweeps, stop_hopeless
from portal.models import ApiStanding, PlatformCredential
from tests import factories as make
from tests.fulfillment.sweeping.studio import Studio

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["twitch", "kick"])
def studio(request: pytest.FixtureRequest) -> Iterator[Studio]:
    made = Studio(request.param)
    yield made
    made.api.server.stop()


def link_all(studio: Studio) -> None:
    for claim in studio.api.claims:
        viewer = make.make_viewer(studio.organization, studio.shape, platform_user_id=claim.user_id)
        make.make_link(studio.game, viewer=viewer)


def test_f7_one_poisoned_user_keeps_only_their_own_claims_back(studio: Studio) -> None:
    studio.there(30)
    link_all(studio)
    studio.api.poisoned.add("7011")
    sweep = studio.swept()
    assert sweep.finished_at is not None
    assert studio.ids() == {claim.claim_id for claim in studio.api.claims} - {"claim-00011"}
    unreadable = SweepPart.objects.filter(outcome="unreadable", narrowed="user")
    assert list(unreadable.values_list("value", "problem")) == [("7011", "status:500")]


def test_f7_a_single_poisoned_claim_is_cornered_before_anything_is_gone_round(studio: Studio) -> None:
    studio.there(120)
    link_all(studio)
    studio.api.poisoned.add("claim-00065")
    begin_due_sweeps(now=studio.clock())
    whole = SweepPart.objects.get()
    for _step in range(200):
        reading.read_due_pages(seconds=60, clock=studio.clock)
        whole.refresh_from_db()
        if whole.due_at is None:
            break
        studio.clock.now = max(studio.clock.now, whole.due_at)
    assert (whole.outcome, whole.cursor) == ("unreadable", "65")
    assert studio.swept().found == 119


def test_f7_the_next_sweep_brings_what_was_poisoned_once_it_is_not(studio: Studio) -> None:
    studio.there(5)
    link_all(studio)
    studio.api.poisoned.add("claim-00002")
    studio.swept()
    studio.api.poisoned.clear()
    studio.later(minutes=11)
    assert studio.swept().found == 1


def test_f7_a_page_that_fails_now_and_then_loses_nothing(studio: Studio) -> None:
    studio.there(400)
    chance = random.Random(7)
    studio.api.fault = lambda asked: chance.choice([429, 500, 502, None]) if chance.random() < 0.4 else None
    sweep = studio.swept()
    assert (sweep.found, sweep.stopped) == (400, False)
    assert set(SweepPart.objects.values_list("narrowed", "outcome")) == {("all", "read")}


@pytest.mark.parametrize("status", [500, 503])
def test_f7_an_outage_of_an_hour_heals_by_itself(studio: Studio, status: int) -> None:
    studio.there(150)
    began = studio.clock.now
    studio.api.fault = lambda asked: status if studio.clock.now < began + timedelta(hours=1) else None
    sweep = studio.swept()
    assert (sweep.found, sweep.stopped) == (150, False)
    assert sweep.finished_at is not None
    assert sweep.finished_at < began + timedelta(hours=1, minutes=6)
    assert set(SweepPart.objects.values_list("narrowed", "outcome")) == {("all", "read")}, "nothing was gone round"


def test_f7_a_platform_that_is_not_there_is_tried_each_minute(studio: Studio) -> None:
    studio.there(1)
    address = studio.api.url
    PlatformCredential.objects.update(api_url="http://127.0.0.1:9", id_url="http://127.0.0.1:9")
    begin_due_sweeps(now=studio.clock())
    for _minute in range(5):
        reading.read_due_pages(seconds=5, clock=studio.clock)
        studio.later(minutes=1, seconds=1)
    part = SweepPart.objects.get()
    assert (part.attempts, part.problem, part.size) == (0, "refused", 100)
    standing = ApiStanding.objects.get()
    assert (standing.failures, standing.problem) == (5, "refused")
    PlatformCredential.objects.update(api_url=address, id_url=address)
    assert studio.swept().found == 1
    standing.refresh_from_db()
    assert standing.failures == 0


def test_f7_a_pause_that_the_platform_asks_for_is_kept(studio: Studio) -> None:
    studio.there(1)
    studio.api.headers = {"Retry_After": "600"}
    studio.api.fault = lambda asked: 429
    begin_due_sweeps(now=studio.clock())
    reading.read_due_pages(seconds=5, clock=studio.clock)
    asked = len(studio.api.asked)
    studio.later(minutes=9)
    reading.read_due_pages(seconds=5, clock=studio.clock)
    assert len(studio.api.asked) == asked
    studio.api.fault = lambda asked: None
    studio.later(minutes=2)
    assert studio.swept().found == 1


def test_f7_a_place_that_the_platform_does_not_know_any_more_is_read_from_the_start(studio: Studio) -> None:
    studio.there(250)
    refused: list[str] = []

    def fault(asked: dict[str, str]) -> int | None:
        place = asked.get("after") or asked.get("cursor") or ""
        if place == "200" and not refused:
            refused.append(place)
            return 400
        return None

    studio.api.fault = fault
    assert studio.swept().found == 250
    assert refused == ["200"]


def test_f7_one_organizations_dead_platform_keeps_no_other_from_its_turn(studio: Studio) -> None:
    other = Studio(studio.shape)
    other.clock = studio.clock
    studio.there(1)
    other.there(250)
    studio.api.fault = lambda asked: 500
    begin_due_sweeps(now=studio.clock())
    assert Sweep.objects.count() == 2
    reading.read_due_pages(seconds=60, clock=studio.clock)
    assert Claim.objects.filter(organization=other.organization).count() == 250
    other.api.server.stop()


def test_s2_one_organizations_secrets_that_cannot_be_decrypted_keep_no_other_from_its_turn(studio: Studio) -> None:
    other = Studio(studio.shape)
    other.clock = studio.clock
    other.there(5)
    make.spoil_secrets(studio.credential)
    begin_due_sweeps(now=studio.clock())
    reading.read_due_pages(seconds=60, clock=studio.clock)
    assert Claim.objects.filter(organization=other.organization).count() == 5
    other.api.server.stop()


def test_f7_a_sweep_whose_cursors_lead_in_a_circle_makes_way_for_the_next_after_a_day(studio: Studio) -> None:
    studio.there(250)
    begin_due_sweeps(now=studio.clock())
    sweep = Sweep.objects.get()
    for _turn in range(3):
        reading.read_due_pages(seconds=60, clock=studio.clock)
        SweepPart.objects.filter(sweep=sweep).update(cursor="", due_at=studio.clock(), outcome="")
    Sweep.objects.update(finished_at=None)
    studio.later(hours=23)
    assert stop_hopeless(now=studio.clock()) == 0
    studio.later(hours=2)
    assert stop_hopeless(now=studio.clock()) == 1
    sweep.refresh_from_db()
    assert (sweep.stopped, Claim.objects.count()) == (True, 250)
    studio.later(minutes=11)
    assert begin_due_sweeps(now=studio.clock()) == 1
