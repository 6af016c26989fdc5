"""What is told of claims and links: each once, in the transaction of what happened, in few statements for many."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, Viewer
from fulfillment.claims import abandon_claims, hold_claims, reopen_claims, resend_claim
from fulfillment.delivery import record_outcomes
from fulfillment.events.sources import on_claims_moved
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.marks import mark_all_unsent
from fulfillment.models import Claim, Event, EventDelivery, EventSubscription
from fulfillment.resolve import resolve_due
from fulfillment.rules.states import State
from linking.links import end_link, make_link
from linking.models import Link
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.deliveries import Backend, deliver, lease, no_jitter, send_all
from tests.fulfillment.subscribers import told, types

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)


class Story:
    """A game with an endpoint, one reward in one live campaign, and an organization that is told of everything."""

    def __init__(self, url: str = "https://game.example.org/") -> None:
        self.organization = make.make_organization()
        self.staff = make.make_staff(self.organization)
        self.game = make.make_game(self.organization)
        make.make_endpoint(self.game, url)
        self.reward = make.make_reward(self.game, platform_ids={"kick": "gold"}, external_id="gold", image=False)
        self.campaign = make.make_campaign(self.game, rewards=[self.reward], platform_ids={"kick": "autumn"})
        self.subscription = make.make_subscription(self.organization)

    def claim(self, **fields: Any) -> Claim:
        values = {"platform_reward_id": "gold", "platform_campaign_id": "autumn", **fields}
        return make.make_claim(self.organization, **values)

    def link(self, user_id: str) -> Link:
        viewer, _made = Viewer.objects.update_or_create(
            organization=self.organization, platform="kick", platform_user_id=user_id, defaults={"name": "Ana"}
        )
        player = make.make_player(self.game)
        return make_link(game=self.game, viewer=viewer, player=player, scopes=[], now=NOW)

    def settle(self) -> None:
        while resolve_due(now=LATER):
            pass


@pytest.fixture
def story(backend: Backend) -> Story:
    return Story(backend.url)


def of(claim: Claim) -> list[str]:
    return [message["type"] for message in told(subject=claim.pk)]


# Claims.


def test_a_claim_is_told_once_when_it_was_worked_out_for_the_first_time(story: Story) -> None:
    claim = story.claim()
    assert of(claim) == []
    story.settle()
    mark_all_unsent(now=LATER)
    story.settle()
    story.link(claim.platform_user_id)
    story.settle()
    assert Claim.objects.get(pk=claim.pk).state == "ready"
    assert of(claim) == ["claim.created"]


def test_what_is_told_of_a_claim_is_what_a_delivery_says_with_state_and_reason(story: Story) -> None:
    link = story.link("77")
    claim = story.claim(platform_user_id="77", platform_user_name="Ana")
    story.settle()
    [message] = told(subject=claim.pk)
    assert list(message) == ["type", "timestamp", "data"]
    assert (message["type"], message["timestamp"]) == ("claim.created", "2026-11-20T12:05:00Z")
    assert message["data"] == {
        "claim_id": claim.pk,
        "player": {"id": link.player.player_id, "name": link.player.name},
        "reward": {"id": story.reward.pk, "external_id": "gold", "name": story.reward.name},
        "game": {"id": story.game.pk, "name": story.game.name},
        "campaign": {"id": story.campaign.pk, "name": story.campaign.name},
        "platform": "kick",
        "platform_claim_id": claim.platform_claim_id,
        "viewer": {"id": link.viewer.pk, "platform_user_id": "77", "name": "Ana"},
        "granted_at": "2026-11-20T12:00:00Z",
        "test": False,
        "state": "ready",
        "reason": "due",
    }
    event = Event.objects.get(subject=claim.pk)
    assert (event.organization, event.type, event.at) == (story.organization, "claim.created", LATER)
    delivery = event.deliveries.get()
    assert (delivery.subscription, delivery.due_at, delivery.progress) == (story.subscription, LATER, "waiting")


def test_a_claim_of_nobody_known_is_told_with_what_is_known(story: Story) -> None:
    claim = story.claim(platform_reward_id="unknown", platform_campaign_id="")
    story.settle()
    data = told(subject=claim.pk)[0]["data"]
    assert (data["state"], data["reason"]) == ("quarantined", "reward_unknown")
    assert (data["player"], data["reward"], data["game"]) == (None, None, None)


def test_c8_a_claim_of_a_test_campaign_says_so(story: Story) -> None:
    Campaign.objects.update(test_mode=True)
    claim = story.claim()
    story.settle()
    data = told(subject=claim.pk)[0]["data"]
    assert (data["test"], data["state"]) == (True, "held")


def test_a_reopened_claim_is_not_told_as_new_even_when_the_first_event_is_gone(story: Story) -> None:
    claim = story.claim()
    story.settle()
    abandon_claims(claim_ids=[claim.pk], actor=story.staff, now=LATER, reason="a mistake")
    EventDelivery.objects.all().delete()
    Event.objects.all().delete()
    reopen_claims(claim_ids=[claim.pk], actor=story.staff, now=LATER, reason="it was not")
    story.settle()
    assert Claim.objects.get(pk=claim.pk).state == "waiting"
    assert of(claim) == []


def test_a_claim_that_was_there_before_the_subscription_is_not_told_as_new(story: Story) -> None:
    EventSubscription.objects.update(enabled=False)
    claim = story.claim()
    story.settle()
    EventSubscription.objects.update(enabled=True)
    story.link(claim.platform_user_id)
    story.settle()
    deliver(LATER)
    assert of(claim) == ["claim.delivered"]


def test_a_delivered_claim_is_told_once_however_often_the_result_is_recorded(story: Story) -> None:
    claim = story.claim()
    story.link(claim.platform_user_id)
    story.settle()
    results = send_all(lease(LATER), now=LATER)
    for _ in range(2):
        record_outcomes(results, now=LATER, random=no_jitter)
    assert of(claim) == ["claim.created", "claim.delivered"]
    with transaction.atomic():
        move_claims([Move(lock_claims([claim.pk])[0], State.CONFIRMED)], now=LATER)
    assert of(claim) == ["claim.created", "claim.delivered"]


def test_a_claim_that_is_sent_again_is_told_as_delivered_again(story: Story, backend: Backend) -> None:
    claim = story.claim()
    story.link(claim.platform_user_id)
    story.settle()
    deliver(LATER)
    resend_claim(claim_id=claim.pk, actor=story.staff, now=LATER, reason="lost in the game")
    deliver(LATER)
    assert of(claim) == ["claim.created", "claim.delivered", "claim.delivered"]
    assert Event.objects.filter(subject=claim.pk).count() == 3


def test_a_claim_that_was_fulfilled_before_is_told_as_new_and_not_as_delivered(story: Story) -> None:
    claim = story.claim(listed_as="kick", listed_no=1)  # as working it out would have done
    move_claims([Move(claim, State.CONFIRMED)], now=NOW)
    assert of(claim) == ["claim.created"]
    assert told(subject=claim.pk)[0]["data"]["state"] == "confirmed"


def test_a_claim_that_failed_is_told_with_the_reason(story: Story, backend: Backend) -> None:
    backend.status = 422
    claim = story.claim()
    story.link(claim.platform_user_id)
    story.settle()
    deliver(LATER)
    data = told(subject=claim.pk)[-1]["data"]
    assert of(claim) == ["claim.created", "claim.failed"]
    assert (data["state"], data["reason"]) == ("failed", "rejected")


def test_a_retry_that_is_put_off_and_a_hold_are_told_to_nobody(story: Story, backend: Backend) -> None:
    backend.status = 503
    claim = story.claim()
    story.link(claim.platform_user_id)
    story.settle()
    deliver(LATER)
    hold_claims(claim_ids=[claim.pk], actor=story.staff, now=LATER, reason="looked into")
    assert Claim.objects.get(pk=claim.pk).state == "held"
    assert of(claim) == ["claim.created"]


# Who is told.


def test_a2_only_subscriptions_of_the_organization_that_want_the_type_are_told(story: Story) -> None:
    other = Story()
    make.make_subscription(story.organization, types=["claim.delivered", "link.ended"])
    make.make_subscription(story.organization, enabled=False)
    second = make.make_subscription(story.organization, types=["claim.created"])
    mine, theirs = story.claim(), other.claim()
    story.settle()
    rows = EventDelivery.objects.order_by("pk").values_list("event__subject", "subscription")
    assert set(rows) == {
        (mine.pk, story.subscription.pk),
        (mine.pk, second.pk),
        (theirs.pk, other.subscription.pk),
    }
    assert Event.objects.count() == 2


def test_d1_what_is_rolled_back_is_not_told(story: Story) -> None:
    claim = story.claim()
    with pytest.raises(RuntimeError), transaction.atomic():
        move_claims([Move(claim, State.WAITING)], now=NOW)
        assert of(claim) == ["claim.created"]
        raise RuntimeError
    assert of(claim) == []


# What it costs.


def moved_together(count: int, story: Story, to: State) -> int:
    """Return how many statements it takes to move so many new claims, with all that listens."""
    claims = [story.claim() for _ in range(count)]
    with CaptureQueriesContext(connection) as queries:
        move_claims([Move(claim, to) for claim in claims], now=NOW)
    return len(queries)


def test_d1_500_claims_take_as_many_statements_as_one(story: Story) -> None:
    assert moved_together(1, story, State.WAITING) == moved_together(500, story, State.WAITING)
    assert Event.objects.count() == 501
    assert len({json.loads(body)["data"]["claim_id"] for body in Event.objects.values_list("body", flat=True)}) == 501


def test_d1_where_nobody_is_to_be_told_one_small_query_is_asked_and_none_for_what_is_no_news() -> None:
    world = Story()
    EventSubscription.objects.all().delete()
    claims = [world.claim() for _ in range(3)]

    def asked(before: State, after: State) -> int:
        from fulfillment.ledger import Moved

        moves = [Moved(claim.pk, before, after, "") for claim in claims]
        with CaptureQueriesContext(connection) as queries:
            on_claims_moved(moves, NOW)
        return len(queries)

    assert asked(State.READY, State.DELIVERING) == 0
    assert asked(State.DELIVERING, State.READY) == 0
    assert asked(State.DELIVERED, State.CONFIRMED) == 0
    assert asked(State.DELIVERING, State.DELIVERED) == 1
    assert asked(State.RECEIVED, State.READY) == 1
    assert Event.objects.count() == 0


# Links.


def test_l5_a_link_is_told_once_when_it_is_made_and_once_when_it_ends(story: Story) -> None:
    link = story.link("77")
    again = make_link(game=story.game, viewer=link.viewer, player=link.player, scopes=[], now=LATER)
    assert again == link
    for reason in (Link.EndReason.REVOKED, Link.EndReason.STAFF):
        end_link(link=link, reason=reason, now=LATER)
    made, ended = told(subject=link.pk)
    assert types() == ["link.created", "link.ended"]
    facts = {
        "link_id": link.pk,
        "game": {"id": story.game.pk, "name": story.game.name},
        "player": {"id": link.player.player_id, "name": link.player.name},
        "platform": "kick",
        "viewer": {"id": link.viewer.pk, "platform_user_id": "77", "name": "Ana"},
        "started_at": "2026-11-20T12:00:00Z",
    }
    assert made["data"] == {**facts, "ended_at": None, "end_reason": None}
    assert ended["data"] == {**facts, "ended_at": "2026-11-20T12:05:00Z", "end_reason": "revoked"}


def test_l5_who_wants_only_the_end_of_links_is_told_only_of_it(story: Story) -> None:
    EventSubscription.objects.update(types=["link.ended"])
    link = story.link("77")
    end_link(link=link, reason=Link.EndReason.VIEWER, now=LATER)
    assert types() == ["link.ended"]
