"""A sweep enters what the webhooks missed, page by page from a checkpoint, once each (F7, F1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from campaigns.models import Campaign
from fulfillment.arrivals import Arrival, record_claims
from fulfillment.models import ArrivalCount, Claim, Sweep, SweepPart
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from fulfillment.rules.sweeping import EVERY
from fulfillment.sweeping import reading
from fulfillment.sweeping.entering import enter_page
from fulfillment.sweeping.request import (
    CannotSweep,
    begin_due_sweeps,
    look_for_claims_of,
    request_sweep,
    stop_hopeless,
)
from portal.models import AuditEntry, PlatformCredential
from portal.platforms.claims_api import ClaimsPage
from portal.platforms.messages import ClaimReceived
from tests import factories as make
from tests.doubles.listing_server import There
from tests.factories import NOW
from tests.fulfillment.sweeping.studio import Studio

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["twitch", "kick"])
def studio(request: pytest.FixtureRequest) -> Iterator[Studio]:
    made = Studio(request.param)
    yield made
    made.api.server.stop()


@pytest.fixture
def twitch() -> Iterator[Studio]:
    made = Studio("twitch")
    yield made
    made.api.server.stop()


def test_f7_all_pages_are_read_and_every_claim_is_entered_once(studio: Studio) -> None:
    studio.there(250)
    sweep = studio.swept()
    assert (sweep.pages, sweep.listed, sweep.found, sweep.full) == (3, 250, 250, True)
    assert studio.ids() == {claim.claim_id for claim in studio.api.claims}
    assert set(Claim.objects.values_list("source", flat=True)) == {"sweep"}
    claim = Claim.objects.get(platform_claim_id="claim-00007")
    assert (claim.platform_user_id, claim.platform_reward_id) == ("7007", "reward")
    assert claim.granted_at == NOW - timedelta(minutes=5)
    assert "claim-00007" in claim.raw


def test_f1_a_second_sweep_and_doubled_pages_change_nothing(studio: Studio) -> None:
    studio.there(30)
    studio.api.claims += studio.api.claims[:10]
    assert studio.swept().found == 30
    studio.later(minutes=11)
    again = studio.swept()
    assert (again.found, Claim.objects.count()) == (0, 30)


def test_f7_what_webhooks_brought_is_not_counted_as_found(studio: Studio) -> None:
    studio.there(3)
    make.make_claim(studio.organization, studio.shape, platform_claim_id="claim-00001", platform_user_id="7001")
    assert studio.swept().found == 2
    assert Claim.objects.get(platform_claim_id="claim-00001").source == "webhook"


def test_f7_only_the_first_sweep_reads_what_is_done_already(studio: Studio) -> None:
    done = "FULFILLED" if studio.shape == "twitch" else "processed"
    studio.there(2, status=done)
    studio.there(1)
    assert studio.swept().listed == 3
    studio.there(1, status=done)
    studio.later(minutes=11)
    later = studio.swept()
    assert (later.full, later.listed) == (False, 1)


def test_f1_what_was_fulfilled_before_the_portal_came_is_entered_as_confirmed(studio: Studio) -> None:
    studio.there(1, status="FULFILLED" if studio.shape == "twitch" else "processed")
    studio.swept()
    studio.resolve()
    claim = Claim.objects.get()
    assert (claim.state, claim.reason) == (State.CONFIRMED, Code.FULFILLED_ELSEWHERE)
    assert claim.write_back_at is None


def test_f1_the_first_sweep_delivers_nothing_from_before_the_take_over(studio: Studio) -> None:
    has_run_since(studio, days=900)
    studio.game.taken_over_at = NOW - timedelta(days=1)
    studio.game.save()
    old, new = studio.there(1, granted_at=NOW - timedelta(days=800))[0], studio.there(1)[0]
    for claim in (old, new):
        viewer = make.make_viewer(studio.organization, studio.shape, platform_user_id=claim.user_id)
        make.make_link(studio.game, viewer=viewer)
    studio.swept()
    studio.resolve()
    states = dict(Claim.objects.values_list("platform_claim_id", "reason"))
    assert states == {old.claim_id: Code.BEFORE_TAKE_OVER, new.claim_id: Code.WAITING_FOR_PULL}


def test_f1_without_a_take_over_nothing_from_before_the_publication_is_delivered_by_surprise(studio: Studio) -> None:
    """A producer enters last year's campaign: its claims by webhook go out, its claims from the list are held."""
    has_run_since(studio, days=400)
    granted_at = NOW - timedelta(days=300)
    listed = studio.there(1, granted_at=granted_at)[0]
    for user_id in (listed.user_id, "8000"):
        viewer = make.make_viewer(studio.organization, studio.shape, platform_user_id=user_id)
        make.make_link(studio.game, viewer=viewer)
    told = make.make_claim(
        studio.organization,
        studio.shape,
        platform_user_id="8000",
        platform_reward_id="reward",
        platform_campaign_id="campaign",
        granted_at=granted_at,
        reason=Code.RECEIVED,
    )
    studio.swept()
    studio.resolve()
    assert Claim.objects.get(platform_claim_id=listed.claim_id).reason == Code.BEFORE_TAKE_OVER
    assert Claim.objects.get(pk=told.pk).state == State.READY


def test_f7_what_each_source_brought_is_counted_by_the_hour_and_once(studio: Studio) -> None:
    studio.there(3)
    make.make_claim(studio.organization, studio.shape, reason=Code.RECEIVED)
    studio.swept()
    studio.resolve()
    Claim.objects.update(resolve_at=studio.clock())
    studio.resolve()
    counted = ArrivalCount.objects.values_list("platform", "source", "claims")
    assert set(counted) == {(studio.shape, "sweep", 3), (studio.shape, "webhook", 1)}


def test_f7_claims_of_games_that_are_not_in_the_portal_are_passed_over_and_counted(twitch: Studio) -> None:
    twitch.there(2)
    twitch.there(5, category_id="1")
    sweep = twitch.swept()
    assert (sweep.listed, sweep.skipped, sweep.found) == (7, 5, 2)
    make.make_category(twitch.game, "twitch", platform_category_id="1")
    twitch.later(minutes=11)
    assert twitch.swept().found == 5


def test_f7_an_item_that_cannot_be_read_blocks_no_other(studio: Studio) -> None:
    studio.there(3)
    studio.api.broken["claim-00001"] = {"id": None, "claim_id": ["x"]}
    sweep = studio.swept()
    assert (sweep.found, sweep.faults) == (2, 1)


def test_f7_a_sweep_begins_ten_minutes_after_the_last_ended_and_never_two_at_once(studio: Studio) -> None:
    studio.there(1)
    first = studio.swept()
    assert first.finished_at is not None
    assert begin_due_sweeps(now=first.finished_at + EVERY - timedelta(seconds=1)) == 0
    assert begin_due_sweeps(now=first.finished_at + EVERY) == 1
    assert begin_due_sweeps(now=first.finished_at + EVERY * 2) == 0


def test_f7_a_credential_that_is_switched_off_is_not_swept(studio: Studio) -> None:
    begin_due_sweeps(now=studio.clock())
    PlatformCredential.objects.update(enabled=False)
    assert reading.read_due_pages(seconds=5, clock=studio.clock) == 0
    assert stop_hopeless(now=studio.clock()) == 1
    assert Sweep.objects.get().stopped
    assert begin_due_sweeps(now=studio.clock() + timedelta(days=1)) == 0
    studio.credential.refresh_from_db()
    with pytest.raises(CannotSweep):
        request_sweep(credential=studio.credential, full=False, actor=None, now=studio.clock())


def test_f7_a_lease_that_ran_out_has_the_same_page_read_again(studio: Studio) -> None:
    studio.there(150)
    begin_due_sweeps(now=studio.clock())
    killed = reading._lease(studio.credential.pk, now=studio.clock())
    assert killed is not None
    assert reading.read_due_pages(seconds=5, clock=studio.clock) == 0, "somebody else has it"
    studio.later(minutes=3)
    assert studio.swept().found == 150
    assert not enter_page(killed, ClaimsPage(claims=(), cursor="9"), now=studio.clock()), "it comes too late"
    assert set(SweepPart.objects.values_list("outcome", flat=True)) == {"read"}


def test_f7_a_sweep_that_was_killed_goes_on_from_its_checkpoint(studio: Studio) -> None:
    studio.there(250)
    begin_due_sweeps(now=studio.clock())
    assert reading._read_one(studio.credential.pk, studio.clock)
    part = SweepPart.objects.get()
    assert (part.cursor, part.sweep.listed) == ("100", 100)
    studio.api.asked.clear()
    studio.swept()
    assert [asked.get("after") or asked.get("cursor") for asked in studio.api.asked] == ["100", "200"]


def test_f7_on_demand_a_sweep_begins_at_once_and_is_in_the_audit_trail(studio: Studio) -> None:
    owner = make.make_staff(studio.organization)
    studio.swept()
    asked = request_sweep(credential=studio.credential, full=True, actor=owner, now=studio.clock())
    assert (asked.full, asked.asked_by) == (True, owner)
    assert request_sweep(credential=studio.credential, full=False, actor=owner, now=studio.clock()) == asked
    assert AuditEntry.objects.filter(action="asked for a sweep").count() == 1


def test_f7_who_asks_for_all_does_not_get_the_sweep_that_reads_less(studio: Studio) -> None:
    studio.swept()
    studio.later(minutes=11)
    begin_due_sweeps(now=studio.clock())
    less = Sweep.objects.latest("started_at")
    full = request_sweep(credential=studio.credential, full=True, actor=None, now=studio.clock())
    less.refresh_from_db()
    assert (less.stopped, less.full, full.full) == (True, False, True)
    assert studio.swept() == full


def test_l7_whoever_links_has_their_claims_looked_for_at_once(twitch: Studio) -> None:
    twitch.swept()
    missed = twitch.there(1)[0]
    viewer = make.make_viewer(twitch.organization, "twitch", platform_user_id=missed.user_id)
    link = make.make_link(twitch.game, viewer=viewer)
    look_for_claims_of(link, twitch.clock())
    twitch.api.asked.clear()
    assert reading.read_due_pages(seconds=5, clock=twitch.clock) >= 1
    assert [asked["user_id"] for asked in twitch.api.asked] == [missed.user_id]
    assert twitch.ids() == {missed.claim_id}
    narrow = Sweep.objects.latest("started_at")
    assert narrow.narrow
    assert narrow.finished_at is not None
    assert begin_due_sweeps(now=twitch.clock()) == 0, "a short one is no reason to read everything"


def test_l7_a_platform_that_has_viewers_link_first_is_not_asked_for_each() -> None:
    kick = Studio("kick")
    kick.swept()
    viewer = make.make_viewer(kick.organization, "kick", platform_user_id="5")
    look_for_claims_of(make.make_link(kick.game, viewer=viewer), kick.clock())
    assert not Sweep.objects.filter(finished_at=None).exists()
    kick.api.server.stop()


def test_f7_a_webhook_and_a_sweep_with_the_same_claim_make_one(twitch: Studio) -> None:
    """The list names no campaign, the message does: the later of the two fills what is empty (F1)."""
    twitch.api.claims.append(There("both", user_id="9", granted_at=NOW, category_id="509658"))
    twitch.swept()
    make_arrive(twitch, "both")
    claim = Claim.objects.get()
    assert (claim.source, claim.platform_campaign_id) == ("sweep", "campaign")


def has_run_since(studio: Studio, *, days: int) -> None:
    began = NOW - timedelta(days=days)
    Campaign.objects.update(starts_at=began, announces_at=began)


def make_arrive(studio: Studio, claim_id: str) -> None:
    claim = ClaimReceived(
        platform_claim_id=claim_id,
        platform_user_id="9",
        platform_reward_id="reward",
        platform_campaign_id="campaign",
        granted_at=NOW,
    )
    record_claims(
        organization_id=studio.organization.pk,
        platform=studio.shape,
        arrivals=[Arrival(claim, "{}")],
        source="webhook",
        now=studio.clock(),
    )
