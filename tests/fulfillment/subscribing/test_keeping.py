"""Subscriptions are made, verified, watched and made anew, whatever has happened to them at the platform."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fulfillment.models import PlatformSubscription, Sweep
from fulfillment.subscribing import acting
from tests.doubles.subscriptions_server import PENDING
from tests.factories import NOW
from tests.fulfillment.subscribing.studio import GRANT, KICK_STREAM, OFFLINE, ONLINE, REVOKE, State, Studio

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def test_what_is_wanted_is_made_verified_and_at_work(studio: Studio) -> None:
    studio.api.verifies = False
    studio.run()
    row = studio.row()
    assert (row.state, row.detail, row.created_at, row.enabled_at) == (State.PENDING, PENDING, NOW, None)
    assert row.platform_subscription_id == studio.only().id
    studio.run(minutes=1)
    assert studio.row().state == State.PENDING
    studio.api.verify()
    studio.run(minutes=1)
    row = studio.row()
    assert (row.state, row.enabled_at, row.seen_at) == (State.ENABLED, studio.clock(), studio.clock())
    assert studio.states() == {f"{GRANT} 9001": State.ENABLED, f"{REVOKE} app-1": State.ENABLED}
    assert set(studio.api.made.values()) == {1}
    there = studio.only()
    assert there.callback == f"https://portal.example.org/webhooks/twitch/{studio.credential.url_token}"
    assert there.secret == studio.credential.webhook_secret


def test_kick_streams_are_at_work_at_once(make_studio: Any) -> None:
    studio = make_studio("kick")
    numbers = studio.list_channels(3)
    studio.run()
    assert studio.states() == {f"{KICK_STREAM} {number}": State.ENABLED for number in numbers}
    assert not Sweep.objects.exists()


def test_what_is_at_work_is_looked_at_every_ten_minutes_with_one_reading(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where in its ten minutes a credential has its turn follows from its id, which is another each time.
    monkeypatch.setattr(acting, "_share", lambda _key: 0.5)
    studio.list_channels(3)
    studio.settle()
    studio.run(minutes=11)
    studio.api.calls.clear()
    for _minute in range(30):
        studio.run(minutes=1)
    assert studio.api.calls == {"GET": 3}


def test_300_channels_are_made_once_each_and_read_in_pages(studio: Studio) -> None:
    studio.list_channels(300)
    studio.settle()
    assert len(studio.api.there) == 602
    assert set(studio.api.made.values()) == {1}
    assert set(studio.states().values()) == {State.ENABLED}
    studio.api.calls.clear()
    studio.run(minutes=11)
    assert studio.api.calls == {"GET": 7}


def test_what_time_does_not_suffice_for_is_left_due_and_the_next_run_goes_on(studio: Studio) -> None:
    studio.list_channels(150)
    runs = 0
    while not studio.run(seconds=0.5).finished:
        runs += 1
        assert runs < 200
    assert runs
    studio.settle()
    assert len(studio.api.there) == 302
    assert set(studio.api.made.values()) == {1}


def test_what_the_platform_ended_is_made_anew_at_once(studio: Studio) -> None:
    studio.settle()
    first = studio.only()
    studio.api.revoke(first)
    studio.run(minutes=11)
    assert studio.only().id != first.id
    assert (studio.row().attempts, studio.row().ended_at) == (1, studio.clock())
    studio.run(minutes=1)
    assert studio.row().state == State.ENABLED


def test_kick_drops_a_subscription_without_a_word_and_it_is_made_anew(make_studio: Any) -> None:
    studio = make_studio("kick")
    (number,) = studio.list_channels(1)
    studio.run()
    studio.api.revoke(studio.only(KICK_STREAM, number))
    studio.run(minutes=11)
    assert studio.row(KICK_STREAM, number).state == State.ENABLED
    assert studio.only(KICK_STREAM, number).status == "enabled"


def test_f7_after_an_end_and_once_at_work_again_claims_are_read(studio: Studio) -> None:
    studio.settle()
    assert not Sweep.objects.exists()
    studio.api.verifies = False
    studio.api.revoke(studio.only())
    studio.run(minutes=11)
    assert Sweep.objects.count() == 1
    Sweep.objects.update(finished_at=studio.clock())
    studio.api.verify()
    studio.run(minutes=1)
    assert studio.row().state == State.ENABLED
    assert Sweep.objects.count() == 2
    Sweep.objects.update(finished_at=studio.clock())
    studio.run(minutes=11)
    assert Sweep.objects.count() == 2


def test_a_new_secret_renews_every_subscription_with_it(studio: Studio) -> None:
    studio.list_channels(2)
    studio.settle()
    before = {one.id for one in studio.api.there}
    studio.change(webhook_secret="another-secret-0123")
    studio.settle()
    assert {one.secret for one in studio.api.there} == {"another-secret-0123"}
    assert len(studio.api.there) == 6 and not before & {one.id for one in studio.api.there}
    assert set(studio.states().values()) == {State.ENABLED}
    studio.run(minutes=11)
    assert set(studio.api.made.values()) == {2}


def test_a_new_address_moves_every_subscription_to_it(studio: Studio, settings: Any) -> None:
    studio.settle()
    settings.BASE_URL = "https://drops.example.org"
    studio.settle()
    studio.change(url_token="another-token")
    studio.settle()
    callback = "https://drops.example.org/webhooks/twitch/another-token"
    assert {one.callback for one in studio.api.there} == {callback}
    assert len(studio.api.there) == 2


def test_kick_knows_no_secret_and_one_address_so_nothing_is_renewed(make_studio: Any, settings: Any) -> None:
    studio = make_studio("kick")
    studio.list_channels(2)
    studio.run()
    settings.BASE_URL = "https://drops.example.org"
    studio.change(webhook_secret="another-secret-0123")
    studio.run(minutes=11)
    assert set(studio.api.made.values()) == {1}


def test_what_is_wanted_no_longer_is_ended_there_and_forgotten(studio: Studio) -> None:
    (number,) = studio.list_channels(1)
    studio.settle()
    studio.game.campaigns.get().channels.update(removed_at=studio.clock())
    studio.run(minutes=1)
    assert studio.api.of(ONLINE, number) == studio.api.of(OFFLINE, number) == []
    assert PlatformSubscription.objects.count() == 2


def test_a_stray_of_ours_is_ended_and_another_programs_is_left_alone(studio: Studio) -> None:
    studio.settle()
    ours = studio.only().callback
    studio.api.add(ONLINE, "555", callback=ours)
    studio.api.add("channel.raid", "555", callback=ours)
    foreign = studio.api.add(ONLINE, "556", callback="https://other.example.org/hook")
    same = studio.api.add(GRANT, "9001", callback="https://other.example.org/hook")
    run = studio.run(minutes=11)
    assert studio.api.of(ONLINE, "555") == []
    assert foreign in studio.api.there and same in studio.api.there
    assert len(studio.api.of("channel.raid", "555")) == 1
    assert (run.steps["foreign"], run.steps["strays"]) == (2, 1)


def test_without_the_organizations_id_a_subscription_made_by_hand_stays(make_studio: Any) -> None:
    studio = make_studio("twitch", platform_organization_id="")
    callback = f"https://portal.example.org/webhooks/twitch/{studio.credential.url_token}"
    by_hand = studio.api.add(GRANT, "9001", callback=callback)
    studio.settle()
    assert studio.api.there[0] is by_hand
    studio.change(platform_organization_id="9001")
    studio.settle()
    # Nobody knows the secret that it was made with; what came while there was none is read from the list.
    assert Sweep.objects.exists()
    assert studio.only().id != by_hand.id
    assert studio.only().secret == studio.credential.webhook_secret


def test_kicks_subscription_of_somebody_elses_making_is_taken_over(make_studio: Any) -> None:
    studio = make_studio("kick")
    (number,) = studio.list_channels(1)
    there = studio.api.add(KICK_STREAM, number)
    chat = studio.api.add("chat.message.sent", number)
    studio.run()
    assert studio.row(KICK_STREAM, number).platform_subscription_id == there.id
    assert studio.api.there == [there, chat]


def test_of_two_of_ours_about_the_same_one_is_ended(make_studio: Any) -> None:
    studio = make_studio("kick")
    (number,) = studio.list_channels(1)
    studio.run()
    kept = studio.only(KICK_STREAM, number)
    studio.api.add(KICK_STREAM, number)
    studio.run(minutes=11)
    assert studio.only(KICK_STREAM, number) is kept


def test_one_that_the_platform_has_and_does_not_list_as_ours_is_said_to_be_taken(studio: Studio) -> None:
    studio.api.always["9001"] = 409
    studio.run()
    row = studio.row()
    assert (row.state, row.problem, row.attempts) == (State.MISSING, "taken", 1)
    assert row.due_at == NOW + MINUTE
    studio.api.always.clear()
    studio.run(minutes=1)
    assert studio.row().platform_subscription_id == studio.only().id


def test_without_a_secret_nothing_is_made_until_there_is_one(make_studio: Any) -> None:
    studio = make_studio("twitch", webhook_secret="")
    studio.run()
    row = studio.row()
    assert (row.state, row.problem) == (State.REFUSED, "no_secret")
    assert studio.api.there == []
    studio.run(minutes=5)
    assert studio.api.calls["POST"] == 0
    studio.change(webhook_secret="a-secret-0123456789")
    studio.settle()
    assert studio.row().state == State.ENABLED


def test_an_address_without_https_is_refused_by_the_platform_and_that_is_kept(studio: Studio, settings: Any) -> None:
    settings.BASE_URL = "http://localhost:8000"
    studio.api.https_only = True
    studio.run()
    assert (studio.row().state, studio.row().problem) == (State.REFUSED, "status:400")
    settings.BASE_URL = "https://portal.example.org"
    studio.settle()
    assert studio.row().state == State.ENABLED


def test_an_hour_at_work_leaves_the_failures_behind(studio: Studio) -> None:
    studio.api.fail("POST", 500)
    studio.run()
    assert studio.row().attempts == 1
    studio.run(minutes=2)
    studio.run(minutes=2)
    assert (studio.row().state, studio.row().attempts) == (State.ENABLED, 1)
    studio.run(minutes=50)
    assert studio.row().attempts == 1
    studio.run(minutes=21)
    assert studio.row().attempts == 0


def test_nothing_is_asked_for_under_a_credential_that_is_switched_off(studio: Studio) -> None:
    studio.settle()
    studio.change(enabled=False)
    studio.api.calls.clear()
    studio.run(minutes=30)
    assert not studio.api.calls
    studio.change(enabled=True)
    studio.api.revoke(studio.only())
    studio.run(minutes=1)
    assert studio.only().status == "enabled"


def test_a_list_without_pages_that_is_too_long_is_asked_for_channel_by_channel(make_studio: Any) -> None:
    studio = make_studio("kick")
    studio.api.longest_list = 5
    numbers = studio.list_channels(12)
    studio.run()
    studio.run(minutes=1)
    assert set(studio.states().values()) == {State.ENABLED}
    assert studio.api.calls["POST"] == 12
    studio.api.revoke(studio.only(KICK_STREAM, numbers[3]))
    studio.run(minutes=70)
    assert len(studio.api.there) == 12
    assert studio.api.made[KICK_STREAM, numbers[3]] == 2
    studio.api.calls.clear()
    for _ten_minutes in range(6):
        studio.run(minutes=10)
    assert studio.api.calls["GET"] <= 6 + 12 + 2
