"""A platform that is away, slow or refuses, storms of revocations, and a process that is killed in the middle of a call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django_q.models import OrmQ

from fulfillment.models import PlatformSubscription, Sweep
from fulfillment.rules.subscribing import LOOK_EVERY, WAITS
from fulfillment.subscribing.leasing import LEASE
from fulfillment.subscribing.watching import on_subscription_ended
from portal.models import ApiStanding, PlatformCredential
from portal.platforms.messages import SubscriptionEnded
from tests.doubles.subscriptions_server import HANG
from tests.factories import NOW
from tests.fulfillment.subscribing.studio import GRANT, KICK_STREAM, ONLINE, REVOKE, State, Studio

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, and nothing is written after it."""


def kill_after(studio: Studio, method: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have this process die once the platform has answered the next call of a method; return what lets it live."""
    from portal.platforms import get

    api = type(get(studio.shape).subscriptions)
    name = {"POST": "create", "DELETE": "delete", "GET": "read"}[method]
    whole = getattr(api, name)

    def die(*arguments: Any, **given: Any) -> Any:
        whole(*arguments, **given)
        raise Killed

    with_patch = pytest.MonkeyPatch()
    with_patch.setattr(api, name, die)
    return with_patch.undo


@pytest.mark.parametrize("method", ["POST", "DELETE", "GET"])
@pytest.mark.parametrize("shape", ["twitch", "kick"])
def test_o4_killed_between_call_and_record_nothing_is_made_twice(
    shape: str, method: str, make_studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = make_studio(shape)
    numbers = studio.list_channels(2)
    if method == "DELETE":  # something has to be ended: a stray, and for Twitch all that has the old secret
        studio.settle()
        studio.api.add(KICK_STREAM if shape == "kick" else ONLINE, "999", callback=studio.api.there[0].callback)
        studio.change(webhook_secret="another-secret-0123")
    undo = kill_after(studio, method, monkeypatch)
    with pytest.raises(Killed):
        studio.run(minutes=11)
    undo()
    studio.run(minutes=1)
    studio.clock.now += LEASE
    studio.settle()
    studio.run(minutes=11)
    assert sorted(one.topic for one in studio.api.there) == sorted({one.topic for one in studio.api.there})
    assert len(studio.api.there) == (2 if shape == "kick" else 6)
    assert set(studio.states().values()) == {State.ENABLED}
    there = {one.id for one in studio.api.there}
    assert set(PlatformSubscription.objects.values_list("platform_subscription_id", flat=True)) == there
    if shape == "twitch":
        assert {one.secret for one in studio.api.there} == {studio.credential.webhook_secret}
    if method == "POST":
        assert set(studio.api.made.values()) == {1}
    assert numbers


def test_killed_and_the_secret_changed_meanwhile_what_was_made_is_made_anew(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    undo = kill_after(studio, "POST", monkeypatch)
    with pytest.raises(Killed):
        studio.run()
    undo()
    assert studio.only().secret != "another-secret-0123"
    studio.change(webhook_secret="another-secret-0123")
    studio.clock.now += LEASE
    studio.settle()
    assert studio.only().secret == "another-secret-0123"


@pytest.mark.parametrize("status", [500, 503, HANG])
def test_a_platform_that_is_away_is_asked_once_a_turn_and_heals_by_itself(status: int, studio: Studio) -> None:
    studio.list_channels(3)
    tries = 2 if status == HANG else 1  # a connection that breaks off is tried once more by the door itself
    studio.api.fail("GET", *[status] * tries)
    studio.run()
    assert studio.api.calls == {"GET": tries}
    row = studio.row()
    assert (row.state, row.due_at) == (State.MISSING, NOW + WAITS[0])
    assert row.problem
    studio.run()
    assert studio.api.calls == {"GET": tries}
    for _ in range(2):
        studio.run(minutes=2)
    assert set(studio.states().values()) == {State.ENABLED}
    assert {row.problem for row in PlatformSubscription.objects.all()} == {""}


def test_an_outage_of_an_hour_heals_within_minutes_after_it(studio: Studio) -> None:
    studio.settle()
    studio.api.down = True
    for _minute in range(60):
        studio.run(minutes=1)
    assert set(studio.states().values()) == {State.ENABLED}
    assert studio.row().problem == "status:503"
    assert studio.api.calls["GET"] < 20
    studio.api.down = False
    studio.api.revoke(studio.only())
    for _minute in range(LOOK_EVERY // timedelta(minutes=1) + 2):
        studio.run(minutes=1)
    assert studio.row().state == State.ENABLED
    assert studio.only().status == "enabled"


def test_a_pause_that_the_platform_asks_for_is_kept(studio: Studio) -> None:
    studio.list_channels(2)
    studio.api.headers = {"Retry_After": "1200"}
    studio.api.fail("POST", 429)
    studio.run()
    assert studio.api.calls == {"GET": 1, "POST": 1}
    for _minute in range(19):
        studio.run(minutes=1)
    assert studio.api.calls == {"GET": 1, "POST": 1}
    studio.run(minutes=2)
    studio.run(minutes=1)
    assert set(studio.states().values()) == {State.ENABLED}


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_one_that_always_fails_keeps_none_of_the_others_back(status: int, studio: Studio) -> None:
    studio.list_channels(5)
    studio.api.always["9001"] = status
    studio.settle()
    states = studio.states()
    assert states.pop(f"{GRANT} 9001") == (State.MISSING if status == 500 else State.REFUSED)
    assert set(states.values()) == {State.ENABLED} and len(states) == 11
    before = studio.api.calls["POST"]
    for _minute in range(60):
        studio.run(minutes=1)
    assert studio.api.calls["POST"] - before <= 5
    studio.api.always.clear()
    studio.run(minutes=70)
    studio.run(minutes=1)
    assert studio.row().state == State.ENABLED


def test_creations_that_fail_one_after_the_other_end_the_turn(studio: Studio) -> None:
    studio.list_channels(50)
    studio.api.fail("POST", *[500] * 200)
    studio.run()
    assert studio.api.calls["POST"] == 3


def test_an_app_that_has_as_many_as_it_may_have_is_not_asked_for_each_of_the_others(make_studio: Any) -> None:
    studio = make_studio("kick")
    studio.list_channels(20)
    from portal.platforms.calls import PlatformError
    from portal.platforms.kick.subscriptions import EventSubscriptions

    def full(*arguments: Any, **given: Any) -> None:
        studio.api.calls["POST"] += 1
        raise PlatformError("full", permanent=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventSubscriptions, "create", full)
        studio.run()
    assert studio.api.calls["POST"] == 1
    assert set(PlatformSubscription.objects.values_list("state", "problem")) == {(State.REFUSED, "full")}


def test_one_organizations_platform_that_is_away_keeps_nobody_else_from_theirs(make_studio: Any) -> None:
    away, well = make_studio("twitch"), make_studio("twitch")
    away.api.down = True
    well.run()
    well.run(minutes=1)
    assert set(well.states().values()) == {State.ENABLED}
    assert set(away.states().values()) == {State.MISSING}
    assert ApiStanding.objects.get(pk=away.credential.pk).failures


def test_a_credential_whose_secrets_cannot_be_read_keeps_nobody_else_from_theirs(make_studio: Any) -> None:
    broken, well = make_studio("twitch"), make_studio("twitch")
    PlatformCredential.objects.filter(pk=broken.credential.pk).update(client_secret="x")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE portal_platformcredential SET client_secret = %s WHERE id = %s", ["enc1:?", broken.made_with.pk]
        )
    well.run()
    assert well.only().status == "enabled"
    assert broken.api.there == []


def test_a_fault_of_ours_with_one_subscription_keeps_none_of_the_others_back(studio: Studio) -> None:
    studio.run()
    PlatformSubscription.objects.create(
        credential=studio.credential, type="no.such.event", subject="1", due_at=studio.clock()
    )
    from fulfillment.subscribing.keeping import keep

    studio.api.there.clear()
    PlatformSubscription.objects.update(due_at=studio.clock() + timedelta(minutes=5))
    studio.clock.now += timedelta(minutes=6)
    keep(studio.credential, clock=studio.clock, ends=float("inf"), random=lambda: 0.0)
    assert PlatformSubscription.objects.get(type="no.such.event").problem == "internal"
    assert studio.only().status == "enabled"


def end(studio: Studio, subscription_id: str, word: str = "notification_failures_exceeded") -> None:
    message = SubscriptionEnded(subscription_id=subscription_id, detail=word)
    on_subscription_ended(studio.credential, message, studio.clock())


def test_a_revocation_is_mended_within_the_minute(studio: Studio, django_capture_on_commit_callbacks: Any) -> None:
    studio.settle()
    first = studio.only()
    studio.api.revoke(first)
    with django_capture_on_commit_callbacks(execute=True):
        end(studio, first.id)
    row = studio.row()
    assert (row.state, row.detail, row.due_at) == (State.ENDED, "notification_failures_exceeded", studio.clock())
    assert OrmQ.objects.count() == 1
    end(studio, first.id)
    assert studio.row().attempts == 1
    studio.run(minutes=1)
    studio.run(minutes=1)
    assert studio.row().state == State.ENABLED
    assert studio.only().id != first.id
    assert Sweep.objects.count() == 1


def test_a_storm_of_revocations_is_met_with_growing_waits(studio: Studio) -> None:
    studio.settle()
    before = studio.api.calls["POST"]
    for _minute in range(240):
        for one in list(studio.api.there):
            if one.status == "enabled":
                studio.api.revoke(one)
                end(studio, one.id)
        studio.run(minutes=1)
    made = (studio.api.calls["POST"] - before) / 2
    assert 5 <= made <= 9
    assert {one.topic for one in studio.api.there} == {(GRANT, "9001"), (REVOKE, "app-1")}
    assert len(studio.api.there) == 2


def test_300_revocations_at_once_start_one_job_and_everything_is_made_anew(
    studio: Studio, django_capture_on_commit_callbacks: Any
) -> None:
    studio.list_channels(149)
    studio.settle()
    ids = [one.id for one in studio.api.there]
    for one in studio.api.there:
        studio.api.revoke(one)
    with django_capture_on_commit_callbacks(execute=True):
        for key in ids:
            end(studio, key)
    assert OrmQ.objects.count() == 1
    studio.run(minutes=1)
    studio.run(minutes=1)
    assert set(studio.states().values()) == {State.ENABLED}
    assert len(studio.api.there) == 300 and not {one.id for one in studio.api.there} & set(ids)


def test_a_revocation_of_what_nobody_knows_changes_nothing(studio: Studio) -> None:
    studio.settle()
    before = list(PlatformSubscription.objects.values())
    for key in ("unknown", ""):
        end(studio, key)
    assert list(PlatformSubscription.objects.values()) == before


def test_an_address_that_the_platform_cannot_reach_is_tried_at_growing_intervals(studio: Studio) -> None:
    studio.api.verifies = False
    for _minute in range(120):
        studio.run(minutes=1)
        for one in studio.api.there:
            if one.status.endswith("pending"):
                one.status = "webhook_callback_verification_failed"
    row = studio.row()
    assert (row.state, row.detail) == (State.ENDED, "webhook_callback_verification_failed")
    assert 4 <= studio.api.made[GRANT, "9001"] <= 8
