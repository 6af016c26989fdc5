"""Several processes on one PostgreSQL at the same time: each thing is told once, and sent once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone

from fulfillment import events
from fulfillment.delivery import Leased, record_outcomes
from fulfillment.delivery.doors import locked
from fulfillment.events import look_at_channels
from fulfillment.models import Event, EventAttempt, EventSubscription
from fulfillment.resolve import resolve_due
from linking.links import end_link, make_link
from linking.models import Link
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.deliveries import Backend, World, no_jitter, send_all
from tests.fulfillment.deliveries import lease as lease_deliveries
from tests.fulfillment.events.test_event_sources import LATER, Story
from tests.fulfillment.events.test_presence import Stage
from tests.fulfillment.subscribers import MINUTE, Audience, lease, progress, types
from tests.fulfillment.test_delivery_together import together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def test_claims_that_several_work_out_are_told_once_each(backend: Backend) -> None:
    story = Story(backend.url)
    claims = [story.claim() for _ in range(60)]

    def settle() -> None:
        for _ in range(20):
            resolve_due(now=LATER, limit=10)

    together(*[settle] * 4)
    story.settle()
    assert Counter(Event.objects.values_list("subject", flat=True)) == dict.fromkeys((c.pk for c in claims), 1)


def test_deliveries_that_two_record_are_told_once_each(backend: Backend) -> None:
    world = World(backend.url)
    make.make_subscription(world.game.organization)
    claims = world.ready(40)
    results = send_all(lease_deliveries(room=lambda _endpoint: 40))

    def record() -> int:
        return record_outcomes(results, now=NOW, random=no_jitter).delivered

    assert sorted(together(record, record)) == [0, 40]
    assert Counter(Event.objects.values_list("subject", flat=True)) == dict.fromkeys((c.pk for c in claims), 1)


def test_l5_a_link_that_two_make_and_two_end_is_told_once(backend: Backend) -> None:
    story = Story(backend.url)
    viewer, player = make.make_viewer(story.organization), make.make_player(story.game)

    def bind() -> Link:
        return make_link(game=story.game, viewer=viewer, player=player, scopes=[], now=NOW)

    made = together(bind, bind, bind)
    assert len({link.pk for link in made}) == 1
    together(*[lambda number=number: end_link(link=made[number], reason="staff", now=LATER) for number in range(3)])
    assert types() == ["link.created", "link.ended"]


def test_a_channel_that_several_look_at_comes_and_goes_once() -> None:
    stage = Stage()
    stage.heard(NOW, *[str(number) for number in range(30)])
    for moment in (NOW + MINUTE, NOW + 10 * MINUTE):
        together(*[lambda now=moment: look_at_channels(now=now)] * 4)
    assert Counter(types()) == {"channel.live": 30, "channel.offline": 30}
    assert set(Counter(Event.objects.values_list("subject", "type")).values()) == {1}


def test_what_a_webhook_and_a_look_notice_together_is_told_once() -> None:
    stage = Stage("twitch")
    make.make_channel(stage.organization, "twitch", platform_channel_id="900")
    stage.heard(NOW)
    looks = [lambda: look_at_channels(now=NOW + MINUTE)] * 2
    together(*looks, lambda: stage.says(live=True, at=NOW + MINUTE))
    assert types() == ["channel.live"]


def test_d1_two_leases_at_once_never_take_the_same(backend: Backend) -> None:
    now = timezone.now()
    Audience(backend.url).due(100, now=now)

    def take() -> list[Leased]:
        taken: list[Leased] = []
        while some := lease(now, limit=10, room=lambda _subscription: 10):
            taken += some
        return taken

    taken = together(take, take, take)
    assert Counter(item.message_id for items in taken for item in items).total() == 100
    assert len({item.message_id for items in taken for item in items}) == 100


def test_d5_two_processes_never_both_probe(backend: Backend) -> None:
    now = timezone.now()
    for _ in range(5):
        audience = Audience(backend.url)
        audience.due(5, now=now)
        EventSubscription.objects.filter(pk=audience.subscription.pk).update(opened_at=now, probe_at=now)
        assert sum(map(len, together(*[lambda: lease(now)] * 3))) == 1


def test_d4_results_of_two_processes_are_recorded_together(backend: Backend) -> None:
    now = timezone.now()
    rows = Audience(backend.url).due(60, now=now)
    batches = [send_all(lease(now, room=lambda _subscription: 20), now=now) for _ in range(3)]

    def record(batch: int) -> Callable[[], int]:
        return lambda: events.record_outcomes(batches[batch], now=now, random=no_jitter).delivered

    assert together(record(0), record(1), record(2)) == [20, 20, 20]
    assert progress(rows) == ["delivered"] * 60
    assert EventAttempt.objects.count() == 60


def test_d1_whoever_tells_of_claims_does_not_wait_for_who_holds_the_subscription(backend: Backend) -> None:
    """A lease keeps the subscription's row locked: an event of it must be written all the same."""
    story = Story(backend.url)
    story.claim()
    with transaction.atomic():
        list(locked(EventSubscription.objects.all()))
        together(story.settle)
    assert types() == ["claim.created"]
