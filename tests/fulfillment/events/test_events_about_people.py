"""Events about people (F8): erasing, giving a copy, the purge of a test campaign, and what those who look on are told."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from prometheus_client.core import Metric

from campaigns.models import Channel
from fulfillment import tasks, workers
from fulfillment.erasure import erase_player, erase_viewer
from fulfillment.events import look_at_channels
from fulfillment.export import export_player, export_viewer
from fulfillment.metrics import collect
from fulfillment.models import Claim, Event, EventAttempt, EventDelivery, EventSubscription
from fulfillment.purging import purge_test_campaign
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.deliveries import Backend, deliver
from tests.fulfillment.events.test_event_sources import LATER, Story
from tests.fulfillment.subscribers import MINUTE, lease, tell, told, types
from tests.watching import beat, count_all, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(backend: Backend) -> Story:
    return Story(backend.url)


def delivered(story: Story, user: str = "77001") -> Claim:
    """Have a person linked, a claim delivered, and all of it told to the subscriber."""
    story.link(user)
    claim = story.claim(platform_user_id=user)
    story.settle()
    deliver(LATER)
    return claim


def test_f8_what_was_told_of_an_erased_viewer_is_blanked_and_what_waits_is_withdrawn(
    story: Story, backend: Backend
) -> None:
    EventSubscription.objects.update(url=backend.url)
    backend.status = 200
    delivered(story)
    tell(LATER)
    second = story.claim(platform_user_id="77001")
    other = delivered(story, "88002")
    assert types().count("claim.created") == 3
    viewer = story.organization.viewers.get(platform_user_id="77001")
    done = erase_viewer(viewer=viewer, actor=story.staff, reason="asked for", now=LATER)
    assert done.events == 4  # a link, two claims that were worked out, one of them delivered
    about = Event.objects.filter(subject=second.pk)
    assert list(about.values_list("body", flat=True)) == [""]
    row = EventDelivery.objects.get(event__in=about)
    assert (row.progress, row.due_at, row.finished_at) == ("failed", None, LATER)
    assert set(EventAttempt.objects.filter(delivery__event__body="").values_list("answer", flat=True)) == {""}
    assert EventDelivery.objects.filter(event__body="", progress="delivered").count() == 3
    assert [message["type"] for message in told(subject=other.pk)] == ["claim.created", "claim.delivered"]
    assert erase_viewer(viewer=viewer, actor=story.staff, reason="again", now=LATER).events == 0


def test_f8_that_a_link_ended_by_erasure_is_told_without_naming_anybody(story: Story, backend: Backend) -> None:
    delivered(story)
    viewer = story.organization.viewers.get(platform_user_id="77001")
    link = viewer.links.get()
    erase_viewer(viewer=viewer, actor=story.staff, reason="asked for", now=LATER)
    [body] = Event.objects.filter(subject=link.pk, type="link.ended").values_list("body", flat=True)
    data = json.loads(body)["data"]
    assert (data["link_id"], data["end_reason"], data["player"]) == (link.pk, "erased", None)
    assert data["viewer"] == {"id": viewer.pk, "platform_user_id": None, "name": ""}
    row = EventDelivery.objects.get(event__type="link.ended")
    assert (row.progress, row.due_at) == ("waiting", LATER)


def test_f8_what_was_told_of_an_erased_game_account_is_blanked(story: Story) -> None:
    claim = delivered(story)
    other = delivered(story, "88002")
    player = Claim.objects.get(pk=claim.pk).player
    assert player is not None
    done = erase_player(player=player, actor=story.staff, reason="asked for", now=LATER)
    assert done.events == 3
    assert set(Event.objects.filter(subject=claim.pk).values_list("body", flat=True)) == {""}
    assert Event.objects.filter(subject=other.pk).exclude(body="").count() == 2


def test_f8_an_event_that_is_being_sent_while_its_person_is_erased_changes_nothing_more(
    story: Story, backend: Backend
) -> None:
    delivered(story)
    lease(LATER)
    viewer = story.organization.viewers.get(platform_user_id="77001")
    erase_viewer(viewer=viewer, actor=story.staff, reason="asked for", now=LATER)
    assert not EventDelivery.objects.filter(leased=True).exists()
    assert [item.message_id for item in lease(LATER)] == list(
        Event.objects.filter(type="link.ended").values_list("pk", flat=True)
    )


def test_f8_a_channel_of_an_erased_streamer_is_not_named_any_more(story: Story) -> None:
    source = make_source(story.game)
    beat(source, viewers=["1"], minute=NOW, broadcaster="77001")
    count_all(now=NOW)
    look_at_channels(now=NOW + MINUTE)
    assert types() == ["channel.live"]
    viewer = make.make_viewer(story.organization, platform_user_id="77001")
    erase_viewer(viewer=viewer, actor=story.staff, reason="asked for", now=LATER)
    assert Channel.objects.get().platform_channel_id != "77001"
    assert Event.objects.get().body == ""


def test_f8_a_copy_of_what_is_stored_has_what_partners_were_told(story: Story) -> None:
    claim = delivered(story)
    player = Claim.objects.get(pk=claim.pk).player
    viewer = story.organization.viewers.get(platform_user_id="77001")
    assert player is not None
    mine = export_viewer(viewer)["told_to_partners"]
    assert sorted(row["event"] for row in mine) == ["claim.created", "claim.delivered", "link.created"]
    assert {row["message"]["data"]["viewer"]["platform_user_id"] for row in mine} == {"77001"}
    theirs = export_player(player)["told_to_partners"]
    assert sorted(row["event"] for row in theirs) == ["claim.created", "claim.delivered", "link.created"]
    assert {"message"} & set(theirs[0]) == set()


def test_c8_the_purge_of_a_test_campaign_takes_what_was_told_of_its_claims(story: Story) -> None:
    claim = delivered(story)
    tell(LATER)
    type(story.campaign).objects.update(test_mode=True)
    purge_test_campaign(campaign=story.campaign, actor=story.staff, now=LATER)
    assert not Event.objects.filter(subject=claim.pk).exists()
    assert set(EventDelivery.objects.values_list("event__type", flat=True)) == {"link.created"}
    assert EventAttempt.objects.count() == 1


def test_o3_metrics_have_the_backlog_of_events_and_paused_subscriptions(story: Story) -> None:
    make.make_event(story.subscription)
    EventSubscription.objects.update(opened_at=NOW, probe_at=NOW)

    def value(name: str) -> float:
        found: list[Metric] = [metric for metric in collect() if metric.name == name]
        return float(found[0].samples[0].value)

    EventDelivery.objects.update(due_at=NOW - timedelta(days=2000))
    assert value("drops_events_due") == 1
    assert value("drops_events_oldest_seconds") > 0
    assert value("drops_event_subscriptions_paused") == 1


def test_d1_the_watch_says_when_due_events_are_not_sent(story: Story) -> None:
    workers.register(now=NOW)
    make.make_event(story.subscription, at=NOW - 3 * MINUTE)
    assert "0 deliveries, 1 events" in tasks.delivery_problem(now=NOW)
    EventSubscription.objects.update(opened_at=NOW, probe_at=NOW)
    assert tasks.delivery_problem(now=NOW) == ""
