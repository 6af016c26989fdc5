"""Registering viewers with a platform that fails, hangs, asks to wait or refuses (L10)."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from campaigns.models import RegisteredIdentifier
from campaigns.registering.problems import explain
from campaigns.registering.running import MOST_GENERAL_FAILURES, run_due
from campaigns.registering.wanting import unwant_identifiers
from campaigns.rules.registering import SETTLE, WAITS
from portal import platforms
from portal.models import PlatformCredential
from portal.platforms.twitch.vhs import ViewerHeartbeatService
from tests.campaigns.registering.twitch import HOUR, MINUTE, State, World, row
from tests.doubles.twitch_server import HANG, VHS
from tests.factories import NOW

pytestmark = pytest.mark.django_db


class TestRegistering:
    def test_l10_the_viewers_ulid_is_registered_with_the_viewers_token(self, world: World) -> None:
        viewer, _grant = world.linked()
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}
        found = row(viewer)
        assert (found.state, found.registered_at, found.checked_at, found.due_at) == (
            State.REGISTERED,
            NOW,
            NOW,
            NOW + HOUR,
        )
        assert (found.attempts, found.last_error) == (0, "")
        assert world.server.calls == [("PUT", VHS)]
        assert str(world.run()) == "nothing was due"

    def test_many_are_registered_in_one_run_each_once(self, world: World) -> None:
        viewers = [world.viewer() for _ in range(20)]
        for one in viewers:
            world.want(one, world.server.grant(one.platform_user_id))
        assert world.run().outcomes == {"register done": 20}
        assert world.server.connections == {one.platform_user_id: one.pk for one in viewers}
        assert world.server.count("PUT", VHS) == 20

    def test_a_run_without_time_left_says_that_it_did_not_finish(self, world: World) -> None:
        world.want(world.viewer(), world.server.grant("1"))
        run = run_due(clock=lambda: NOW, seconds=0)
        assert (run.finished, world.server.calls) == (False, [])
        assert world.run().finished

    @pytest.mark.parametrize("status", [500, 503, 408])
    def test_a_fault_of_the_platform_is_tried_again_at_growing_intervals(self, world: World, status: int) -> None:
        viewer = world.viewer()
        world.server.fail("PUT", VHS, *[status] * len(WAITS))
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        now = NOW
        for attempts, wait in enumerate(WAITS, start=1):
            world.run(now)
            found = row(viewer)
            assert (found.state, found.attempts, found.due_at) == (State.WANTED, attempts, now + wait)
            assert found.last_error == f"status:{status}"
            now += wait
        world.run(now)
        assert (row(viewer).state, row(viewer).attempts, row(viewer).last_error) == (State.REGISTERED, 0, "")

    def test_a_platform_that_hangs_is_given_up_and_asked_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hasty = dataclasses.replace(platforms.get("twitch"), registrar=ViewerHeartbeatService(seconds=0.1))
        monkeypatch.setitem(platforms.registry, "twitch", hasty)
        viewer = world.viewer()
        world.server.fail("PUT", VHS, HANG)
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        world.run()
        assert (row(viewer).last_error, row(viewer).due_at) == ("timed_out", NOW + MINUTE)
        assert "did not answer in time" in explain(row(viewer).last_error)[0]
        world.run(NOW + MINUTE)
        assert row(viewer).state == State.REGISTERED

    def test_a_platform_that_is_gone_is_asked_again(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        world.server.stop()
        world.run()
        assert (row(viewer).state, row(viewer).last_error) == (State.WANTED, "refused")

    def test_retry_after_is_waited_by_all_viewers_of_the_credential_and_by_no_other(self, world: World) -> None:
        other = World(world.server)
        viewers = [world.viewer() for _ in range(12)]
        for one in viewers:
            world.want(one, world.server.grant(one.platform_user_id))
        world.server.fail("PUT", VHS, *[429] * 8, Retry_After="600")
        world.run()
        assert world.server.count("PUT", VHS) == 8
        assert all(row(one).due_at == NOW + timedelta(minutes=10) for one in viewers)
        foreign, _grant = other.linked()
        assert row(foreign).state == State.REGISTERED
        world.run(NOW + timedelta(minutes=10))
        assert {row(one).state for one in viewers} == {State.REGISTERED}

    def test_a_failing_credential_keeps_no_other_from_its_turn_and_is_left_alone_until_the_next_run(
        self, world: World
    ) -> None:
        other = World(world.server)
        for one in [world.viewer() for _ in range(30)]:
            world.want(one, world.server.grant(one.platform_user_id))
        fine = [other.viewer() for _ in range(10)]
        PlatformCredential.objects.filter(pk=world.credential.pk).update(api_url="http://127.0.0.1:1")
        for one in fine:
            other.want(one, world.server.grant(one.platform_user_id))
        world.run()
        failed = RegisteredIdentifier.objects.filter(credential=world.credential, attempts=1).count()
        assert MOST_GENERAL_FAILURES <= failed <= 8
        assert {row(one).state for one in fine} == {State.REGISTERED}

    def test_one_viewer_whom_the_platform_refuses_is_no_obstacle_to_the_others(self, world: World) -> None:
        poisoned = [world.viewer() for _ in range(5)]
        for one in poisoned:
            world.want(one, world.server.grant(one.platform_user_id))
        world.server.fail("PUT", VHS, *[409] * 5)
        world.run()
        fine, _grant = world.linked(now=NOW + HOUR)
        assert row(fine).state == State.REGISTERED
        assert "belongs to another of its users" in explain("status:409")[0]

    @pytest.mark.parametrize(
        ("status", "words"),
        [(422, "no heartbeat address"), (410, "does not offer"), (404, "does not offer"), (400, "status 400")],
    )
    def test_what_only_the_studio_can_mend_is_tried_again_hourly_and_said_in_words(
        self, world: World, status: int, words: str
    ) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        world.server.fail("PUT", VHS, status)
        world.run()
        assert (row(viewer).state, row(viewer).due_at) == (State.WANTED, NOW + HOUR)
        happened, advice = explain(row(viewer).last_error)
        assert words in happened and advice

    def test_a_credential_that_is_switched_off_is_not_called_under_but_to_remove(self, world: World) -> None:
        leaving, _grant = world.linked()
        waiting = world.viewer()
        world.want(waiting, world.server.grant(waiting.platform_user_id))
        unwant_identifiers(viewer_ids=[leaving.pk], now=NOW)
        PlatformCredential.objects.update(enabled=False)
        world.run(NOW + SETTLE)
        assert (row(waiting).state, world.server.connections) == (State.WANTED, {})
        PlatformCredential.objects.update(enabled=True)
        world.run(NOW + SETTLE)
        assert row(waiting).state == State.REGISTERED
