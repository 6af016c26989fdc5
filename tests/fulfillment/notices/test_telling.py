"""What becomes a notice, for whom, once, in how many statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.hooks import Earned, call_rewards_earned
from campaigns.models import Viewer
from fulfillment.claiming import claim_reward
from fulfillment.claims import abandon_claims, hold_claims, release_claims, retry_claims
from fulfillment.delivery import Result, lease_due, record_outcomes
from fulfillment.ledger import Moved
from fulfillment.models import Claim, Delivery, Notice
from fulfillment.notices.telling import on_claims_moved, on_rewards_earned
from fulfillment.rules.codes import Code
from fulfillment.rules.notices import Group
from fulfillment.rules.retries import Outcome
from fulfillment.rules.states import State
from linking.links import end_link
from linking.models import Link
from tests.factories import NOW, make_player, make_user, make_viewer
from tests.fulfillment.deliveries import World, no_jitter
from tests.fulfillment.notices.people import Person, by_mail, ready_claims, settle
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


def deliver(outcome: Outcome = Outcome.DELIVERED, reason: str = Code.DELIVERED, status: int = 204) -> None:
    """One turn of the drain without a network."""
    leased = lease_due(now=NOW, limit=500)
    results = [Result(item, NOW, 1, outcome, reason, status=status) for item in leased]
    record_outcomes(results, now=LATER, random=no_jitter)


def test_l5_a_link_made_and_ended_is_told_to_the_owner_of_the_game_account() -> None:
    person = Person()
    link = person.link()
    end_link(link=link, reason=Link.EndReason.REVOKED, now=LATER)
    assert person.kinds() == ["linked", "unlinked"]
    told = person.notices()[1]
    assert (told.link_id, told.viewer_id, told.game_id) == (link.pk, person.viewer.pk, person.game.pk)
    assert told.parameters == {}


def test_l5_the_same_link_twice_is_told_once() -> None:
    person = Person()
    person.link()
    person.link(now=LATER)
    assert person.kinds() == ["linked"]


def test_a_game_account_without_an_account_here_is_told_nothing() -> None:
    person = Person()
    nobody = make_player(person.game)
    link = person.link(player=nobody)
    person.claim()
    settle()
    end_link(link=link, reason=Link.EndReason.STAFF, now=LATER)
    assert not Notice.objects.exists()


def test_f4_a_claim_is_told_on_its_way_then_delivered_and_what_is_overtaken_counts_as_read() -> None:
    person = Person()
    person.link()
    person.claim()
    settle()
    assert person.unread() == ["linked", "on_its_way"]
    deliver()
    assert person.kinds() == ["linked", "on_its_way", "delivered"]
    assert person.unread() == ["linked", "delivered"]
    assert person.notices()[1].read_at == LATER


def test_f4_what_is_tried_again_is_not_told_again() -> None:
    person = Person()
    person.link()
    person.claim()
    settle()
    deliver(Outcome.RETRY, Code.BACKEND_ERROR, 503)
    assert Claim.objects.get().state == State.READY
    assert person.kinds() == ["linked", "on_its_way"]


def test_f4_what_failed_or_is_held_needs_attention_once_for_each_reason() -> None:
    person, staff = Person(), make_user()
    person.link()
    claim = person.claim()
    settle()
    deliver(Outcome.REJECTED, Code.REJECTED, 422)
    retry_claims(claim_ids=[claim.pk], actor=staff, now=LATER)
    assert person.unread() == ["linked"]  # it is on its way again, which was told before
    hold_claims(claim_ids=[claim.pk], actor=staff, now=LATER, reason="look")
    release_claims(claim_ids=[claim.pk], actor=staff, now=LATER, reason="fine")
    hold_claims(claim_ids=[claim.pk], actor=staff, now=LATER, reason="look again")
    reasons = [n.parameters["reason"] for n in person.notices() if n.kind == "attention"]
    assert reasons == ["rejected", "held_by_staff"]
    abandon_claims(claim_ids=[claim.pk], actor=staff, now=LATER, reason="spam")
    assert person.notices()[-1].parameters == {"state": "abandoned", "reason": "abandoned_by_staff"}


def test_l7_a_claim_that_waits_for_a_link_is_told_to_whom_the_viewer_belongs_and_settled_by_the_link() -> None:
    person = Person()
    Viewer.objects.filter(pk=person.viewer.pk).update(user=person.user)  # linked in another game of the studio
    person.claim()
    settle()
    assert [n.parameters["reason"] for n in person.notices()] == ["not_linked"]
    person.link(now=LATER)
    settle(LATER)
    assert person.unread() == ["linked", "on_its_way"]


def test_l6_whose_claim_goes_back_to_waiting_is_told_so() -> None:
    person = Person()
    link = person.link()
    person.claim()
    settle()
    end_link(link=link, reason=Link.EndReason.REVOKED, now=LATER)
    settle(LATER)
    assert person.kinds() == ["linked", "on_its_way", "unlinked", "attention"]


def test_a_reward_earned_is_told_to_who_is_known_and_to_nobody_else() -> None:
    person = Person()
    person.link()
    stranger = make_viewer(person.organization)
    earned = [person.earn(), person.earn(viewer=stranger)]
    call_rewards_earned(earned)
    call_rewards_earned(earned)
    [_linked, told] = Notice.objects.order_by("pk")
    assert (told.kind, told.user_id, told.viewer_id) == ("earned", person.user.pk, person.viewer.pk)
    assert (told.campaign_reward_id, told.game_id, told.created_at) == (person.place().pk, person.game.pk, NOW)


def test_i2_a_viewer_of_the_studios_own_player_is_the_player_of_that_id_in_the_campaigns_game() -> None:
    person = Person()
    other_game = Person()
    make_player(other_game.game, player_id=person.player.player_id, user=other_game.user)
    viewer = make_viewer(person.organization, "portal", platform_user_id=person.player.player_id)
    call_rewards_earned([person.earn(viewer=viewer)])
    assert person.kinds() == ["earned"]
    assert other_game.kinds() == []


def test_f5_claiming_settles_what_was_told_of_the_reward_before() -> None:
    person = Person()
    person.link()
    call_rewards_earned([person.earn(0), person.earn(1)])
    person.claim(0)
    settle()
    assert person.unread() == ["linked", "earned", "on_its_way"]
    assert next(n for n in person.notices() if n.read_at).campaign_reward_id == person.place(0).pk


def test_notices_are_written_in_the_transaction_of_what_they_tell() -> None:
    person = Person()
    with pytest.raises(RuntimeError), transaction.atomic():
        person.link()
        raise RuntimeError
    assert not Notice.objects.exists()


def test_a_notice_is_due_by_mail_where_its_reader_asked_for_its_group_and_read_ones_never_are() -> None:
    person = Person()
    by_mail(person.user, Group.DELIVERIES)
    person.link()
    person.claim()
    settle()
    assert [n.email_due_at for n in person.notices()] == [None, NOW + timedelta(minutes=5)]
    deliver()
    assert [n.email_due_at for n in person.notices()] == [None, None, LATER + timedelta(minutes=1)]


def counted(call: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        call()
    return len(queries)


def test_twenty_claims_cost_as_many_statements_as_one() -> None:
    people = [Person() for _ in range(21)]
    for person in people:
        person.link()
    claims = ready_claims(people)
    moves = [Moved(claim.pk, State.DELIVERING, State.DELIVERED, "delivered") for claim in claims]
    one = counted(lambda: on_claims_moved(moves[:1], NOW))
    assert counted(lambda: on_claims_moved(moves[1:], NOW)) == one == 5
    assert Notice.objects.filter(kind="delivered").count() == 21


def test_claims_of_nobody_known_cost_one_statement_and_moves_that_are_no_news_none() -> None:
    world = World("https://game.example.org/")
    claims = world.ready(20)
    assert counted(lambda: on_claims_moved([Moved(c.pk, State.RECEIVED, State.READY, "due") for c in claims], NOW)) == 1
    quiet = [Moved(c.pk, State.READY, State.DELIVERING, "sending") for c in claims]
    assert counted(lambda: on_claims_moved(quiet, NOW)) == 0
    assert Delivery.objects.count() == 20 and not Notice.objects.exists()


def test_an_audience_that_earns_together_costs_no_statement_for_each() -> None:
    person = Person()
    person.link()
    own = person.earn()
    strangers = [Earned(f"unknown-{n}", own.campaign_reward_id, own.campaign_id, NOW) for n in range(900)]
    assert counted(lambda: on_rewards_earned([*strangers, own])) == counted(lambda: on_rewards_earned([own])) == 4
    assert person.kinds() == ["linked", "earned"]


def test_c8_removing_test_claims_takes_their_notices_along_and_counts_claims_only() -> None:
    from fulfillment.purging import purge_test_campaign

    person, staff = Person(), make_user()
    person.link()
    person.claim()
    settle()
    person.campaign.test_mode = True
    person.campaign.save()
    purged = purge_test_campaign(campaign=person.campaign, actor=staff, now=LATER)
    assert (purged.claims, person.kinds()) == (1, ["linked"])


def test_w3_minutes_that_are_counted_become_a_notice_and_the_claim_settles_it() -> None:
    person = Person()
    viewer = make_viewer(person.organization)
    person.link(viewer=viewer)
    campaign = make_counted_campaign(person.game, minutes=(2, 3))
    source = make_source(person.game)
    for minute in range(2):
        beat(source, viewers=[viewer.platform_user_id, "a-stranger"], minute=NOW - timedelta(minutes=9 - minute))
    count_all(now=NOW)
    assert person.unread() == ["linked", "earned"]
    viewer.refresh_from_db()
    place = campaign.rewards.get(minutes=2)
    claim_reward(viewer=viewer, campaign_reward=place, actor=person.user, now=LATER)
    settle(LATER)
    assert person.unread() == ["linked", "on_its_way"]
