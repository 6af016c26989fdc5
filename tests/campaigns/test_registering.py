"""Registering viewers with a platform (I2, L9, L10), against a real server that answers as Twitch does."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.models import Heartbeat, HeartbeatSource, RegisteredIdentifier, Viewer
from campaigns.registering.calls import Leased, perform
from campaigns.registering.leasing import LEASE, lease_due, record
from campaigns.registering.problems import explain
from campaigns.registering.running import MOST_GENERAL_FAILURES, Run, run_due
from campaigns.registering.tokens import ViewerToken, seal, unseal
from campaigns.registering.wanting import (
    note_unregistered,
    scopes_to_register,
    unwant_identifiers,
    viewers_with_consent,
    want_identifiers,
)
from campaigns.rules.registering import MOST_REMOVALS, SETTLE, WAITS
from portal import platforms
from portal.models import PlatformCredential
from portal.platforms.twitch.vhs import ViewerHeartbeatService
from tests.doubles.twitch_server import HANG, REVOKE, TOKEN, VALIDATE, VHS, Grant, TwitchServer
from tests.factories import NOW, make_credential, make_game, make_organization, make_viewer
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
State = RegisteredIdentifier.State


class World:
    """A game whose Twitch heartbeats name viewers by registered identifiers, and Twitch itself."""

    def __init__(self, server: TwitchServer) -> None:
        self.server = server
        self.organization = make_organization()
        self.game = make_game(self.organization)
        self.credential = make_credential(
            self.organization,
            "twitch",
            client_id=server.client_id,
            client_secret=server.client_secret,
            id_url=server.url,
            api_url=server.url,
        )
        self.source = self.add_source()

    def add_source(self, **fields: Any) -> HeartbeatSource:
        return make_source(self.game, "registered", "twitch", credential=self.credential, **fields)

    def viewer(self) -> Viewer:
        return make_viewer(self.organization, "twitch")

    def want(
        self, viewer: Viewer, grant: Grant | None, *, now: datetime = NOW, expires_in: timedelta = 4 * HOUR
    ) -> int:
        token = grant and ViewerToken(
            access_token=grant.access, refresh_token=grant.refresh, expires_at=now + expires_in
        )
        return want_identifiers(game_id=self.game.pk, viewer=viewer, token=token, now=now)

    def linked(self, *, now: datetime = NOW, **grant: Any) -> tuple[Viewer, Grant]:
        """Make a viewer who is registered at ``now``."""
        viewer = self.viewer()
        given = self.server.grant(viewer.platform_user_id, **grant)
        self.want(viewer, given, now=now)
        self.run(now)
        return viewer, given

    def run(self, now: datetime = NOW) -> Run:
        return run_due(clock=lambda: now, random=lambda: 0.0)


@pytest.fixture
def server(settings: Any) -> Iterator[TwitchServer]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    server = TwitchServer()
    yield server
    server.stop()


@pytest.fixture
def world(server: TwitchServer) -> World:
    return World(server)


def row(viewer: Viewer) -> RegisteredIdentifier:
    return RegisteredIdentifier.objects.get(viewer=viewer)


def tokens_of(viewer: Viewer) -> tuple[str, str, datetime | None]:
    found = row(viewer)
    return str(found.access_token), str(found.refresh_token), found.token_expires_at


class TestWanting:
    def test_l3_registering_needs_the_platforms_permission_where_a_game_has_a_source_for_it(
        self, world: World, django_assert_num_queries: Any
    ) -> None:
        other, disabled = make_game(world.organization), make_game(world.organization)
        make_source(other, "platform", "twitch")
        make_source(disabled, "registered", "twitch", credential=world.credential, enabled=False)
        world.add_source()
        with django_assert_num_queries(1):
            needed = scopes_to_register([world.game.pk, other.pk, disabled.pk])
        assert needed == {(world.game.pk, "twitch"): ("viewing_activity_read",)}

    def test_l10_a_viewer_is_wanted_once_per_credential_however_many_games_and_sources(self, world: World) -> None:
        second = make_game(world.organization)
        make_source(second, "registered", "twitch", credential=world.credential)
        world.add_source()
        viewer, grant = world.viewer(), world.server.grant("1")
        assert world.want(viewer, grant) == 1
        token = ViewerToken(access_token="a", refresh_token="r", expires_at=None)
        assert want_identifiers(game_id=second.pk, viewer=viewer, token=token, now=NOW) == 1
        assert (RegisteredIdentifier.objects.count(), row(viewer).state) == (1, State.WANTED)

    def test_l9_nothing_is_kept_where_the_game_needs_no_registration(self, world: World) -> None:
        other = make_game(world.organization)
        make_source(other, "platform", "twitch")
        kick = make_viewer(world.organization, "kick")
        token = ViewerToken(access_token="a", refresh_token="r", expires_at=None)
        assert want_identifiers(game_id=other.pk, viewer=world.viewer(), token=token, now=NOW) == 0
        assert want_identifiers(game_id=world.game.pk, viewer=kick, token=token, now=NOW) == 0
        HeartbeatSource.objects.update(enabled=False)
        assert world.want(world.viewer(), world.server.grant("1")) == 0
        assert not RegisteredIdentifier.objects.exists()

    def test_l9_tokens_are_encrypted_where_they_are_kept_and_shown_by_no_repr(self, world: World) -> None:
        viewer = world.viewer()
        grant = world.server.grant(viewer.platform_user_id)
        world.want(viewer, grant)
        assert tokens_of(viewer) == (grant.access, grant.refresh, NOW + 4 * HOUR)
        with connection.cursor() as cursor:
            cursor.execute("SELECT access_token, refresh_token FROM campaigns_registeredidentifier")
            stored = str(cursor.fetchall())
        token = ViewerToken(access_token=grant.access, refresh_token=grant.refresh, expires_at=None)
        sealed = seal(token)
        for text in (stored, sealed, repr(token), repr(row(viewer).access_token), repr(row(viewer))):
            assert grant.access not in text and grant.refresh not in text
        assert unseal(sealed) == token
        assert unseal(seal(dataclasses.replace(token, expires_at=NOW))) == dataclasses.replace(token, expires_at=NOW)
        assert unseal("nonsense") is None

    def test_l10_heartbeats_of_a_broadcaster_who_links_later_are_counted_again(self, world: World) -> None:
        streamer, stranger = world.viewer(), world.viewer()
        for one in (streamer, stranger):
            beat(world.source, viewers=["01JX"], minute=NOW - HOUR, broadcaster=one.pk)
        Heartbeat.objects.update(due_at=None, outcome=Heartbeat.Outcome.NO_BROADCASTER)
        world.want(streamer, world.server.grant("1"))
        due = Heartbeat.objects.filter(due_at__isnull=False)
        assert [(one.broadcaster, one.due_at) for one in due] == [(streamer.pk, NOW)]
        due.update(due_at=None)
        world.want(streamer, world.server.grant("1"))
        assert not due.exists(), "who is known already changes nothing"
        unwant_identifiers(viewer_ids=[streamer.pk], now=NOW)
        world.want(streamer, None)
        assert due.exists(), "who comes back is known anew"

    def test_l10_linked_viewers_without_a_token_are_noted_as_needing_consent(self, world: World) -> None:
        registered, _grant = world.linked()
        others = [world.viewer() for _ in range(3)]
        ids = [registered.pk, *(one.pk for one in others)]

        def note() -> int:
            return note_unregistered(
                credential_id=world.credential.pk, viewer_ids=ids, organization_id=world.organization.pk, now=NOW
            )

        assert (note(), note()) == (3, 0)
        assert {row(one).state for one in others} == {State.LAPSED}
        assert viewers_with_consent(ids) == {registered.pk}
        assert "before the permission was needed" in explain(row(others[0]).last_error)[0]
        world.want(others[0], world.server.grant(others[0].platform_user_id), now=NOW + HOUR)
        world.run(NOW + HOUR)
        assert (row(others[0]).state, row(others[0]).last_error) == (State.REGISTERED, "")


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


class TestTokens:
    def test_l9_a_token_that_is_not_taken_is_refreshed_and_both_new_ones_are_kept(self, world: World) -> None:
        viewer = world.viewer()
        grant = world.server.grant(viewer.platform_user_id)
        grant.expired = True
        world.want(viewer, grant)
        run = world.run()
        assert run.outcomes == {"register token_dead": 1, "refresh done": 1, "register done": 1}
        assert row(viewer).state == State.REGISTERED and row(viewer).attempts == 0
        access, refresh, expires_at = tokens_of(viewer)
        assert access != grant.access and refresh not in ("", grant.refresh)
        assert expires_at == NOW + timedelta(seconds=world.server.lifetime)

    def test_l9_a_token_known_to_have_expired_is_refreshed_first(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id), expires_in=timedelta(0))
        world.run()
        assert world.server.calls == [("POST", TOKEN), ("PUT", VHS)]

    def test_l9_kept_tokens_are_validated_hourly(self, world: World) -> None:
        viewer, _grant = world.linked()
        for hours in (1, 2, 3):
            world.run(NOW + hours * HOUR - MINUTE)
            world.run(NOW + hours * HOUR)
            assert row(viewer).validated_at == NOW + hours * HOUR
        assert world.server.count("GET", VALIDATE) == 3
        assert tokens_of(viewer)[2] == NOW + 3 * HOUR + timedelta(seconds=world.server.lifetime)

    def test_l9_a_viewer_who_has_disconnected_lapses_at_the_next_validation_and_no_token_stays(
        self, world: World
    ) -> None:
        viewer, _grant = world.linked()
        world.server.end(viewer.platform_user_id)
        world.run(NOW + HOUR)
        found = row(viewer)
        assert (found.state, found.due_at, found.registered_at) == (State.LAPSED, None, None)
        assert tokens_of(viewer) == ("", "", None)
        assert viewers_with_consent([viewer.pk]) == set()
        assert "authorization has ended" in explain(found.last_error)[0]
        world.want(viewer, world.server.grant(viewer.platform_user_id), now=NOW + DAY)
        world.run(NOW + DAY)
        assert row(viewer).state == State.REGISTERED

    def test_l9_a_viewer_who_never_gave_the_permission_lapses(self, world: World) -> None:
        viewer, _grant = world.linked(scopes=["user_read"])
        assert (row(viewer).state, row(viewer).last_error) == (State.LAPSED, "no_permission")
        assert tokens_of(viewer) == ("", "", None)
        assert world.server.count("POST", REVOKE) == 0, "revoking would unlink the viewer on Twitch"

    def test_a_wrong_client_secret_lapses_nobody(self, world: World) -> None:
        viewer, _grant = world.linked()
        PlatformCredential.objects.filter(pk=world.credential.pk).update(client_secret="mistyped")
        row_expires = RegisteredIdentifier.objects.filter(viewer=viewer)
        row_expires.update(token_expires_at=NOW)
        world.run(NOW + HOUR)
        found = row(viewer)
        assert (found.state, found.last_error, found.due_at) == (State.REGISTERED, "status:403", NOW + 2 * HOUR)
        assert "refuses the app" in explain(found.last_error)[0]
        PlatformCredential.objects.filter(pk=world.credential.pk).update(client_secret=world.server.client_secret)
        world.run(NOW + 2 * HOUR)
        assert (row(viewer).state, row(viewer).last_error) == (State.REGISTERED, "")

    def test_a_platform_that_refuses_though_the_token_is_good_is_no_reason_to_ask_the_viewer(
        self, world: World
    ) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        world.server.fail("PUT", VHS, 401, 403)
        world.run()
        assert (row(viewer).state, row(viewer).last_error) == (State.WANTED, "status:401")
        world.run(NOW + HOUR)
        assert (row(viewer).state, row(viewer).last_error) == (State.WANTED, "status:403")
        world.run(NOW + DAY)
        assert row(viewer).state == State.REGISTERED

    def test_a_platform_that_refuses_even_fresh_tokens_is_not_asked_in_a_circle(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        world.server.fail("PUT", VHS, *[401] * 50)
        world.server.fail("GET", VALIDATE, *[401] * 50)
        world.run()
        assert len(world.server.calls) < 10
        assert row(viewer).state == State.WANTED and row(viewer).due_at == NOW + MINUTE

    def test_s2_what_cannot_be_decrypted_waits_for_its_key(self, world: World, settings: Any) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        keys = settings.PORTAL_ENCRYPTION_KEYS
        settings.PORTAL_ENCRYPTION_KEYS = ["another key of forty characters, by mistake"]
        world.run()
        assert world.server.calls == []
        settings.PORTAL_ENCRYPTION_KEYS = keys
        assert (row(viewer).state, row(viewer).last_error) == (State.WANTED, "undecryptable")
        world.run(NOW + HOUR)
        assert row(viewer).state == State.REGISTERED

    def test_l9_no_token_is_ever_logged(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        viewer, _grant = world.linked()
        world.server.fail("GET", VALIDATE, 500, 401)
        world.run(NOW + HOUR)
        world.run(NOW + 2 * HOUR)
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW + 2 * HOUR)
        world.server.fail("DELETE", VHS, 500)
        world.run(NOW + 3 * HOUR)
        assert "failed: status:500" in caplog.text
        for secret in ["access-", "refresh-", world.server.client_secret]:
            assert secret not in caplog.text


class TestKeepingUp:
    def test_l10_a_registration_that_is_gone_is_made_again(self, world: World) -> None:
        viewer, _grant = world.linked(scopes=["viewing_activity_read", "user_read"])
        world.server.connections.clear()
        world.run(NOW + HOUR)
        assert world.server.connections == {}
        world.run(NOW + DAY)
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}
        assert (row(viewer).registered_at, row(viewer).checked_at) == (NOW + DAY, NOW + DAY)

    def test_l10_a_registration_under_another_identifier_is_set_right(self, world: World) -> None:
        viewer, _grant = world.linked(scopes=["viewing_activity_read", "user_read"])
        world.server.connections[viewer.platform_user_id] = "what another system wrote"
        world.run(NOW + DAY)
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}

    def test_l10_a_registration_that_is_there_is_left_as_it_is(self, world: World) -> None:
        viewer, _grant = world.linked(scopes=["viewing_activity_read", "user_read"])
        world.run(NOW + DAY)
        assert (world.server.count("GET", VHS), world.server.count("PUT", VHS)) == (1, 1)
        assert (row(viewer).registered_at, row(viewer).checked_at) == (NOW, NOW + DAY)

    def test_l3_where_looking_needs_a_permission_that_is_not_asked_for_it_is_registered_again(
        self, world: World
    ) -> None:
        viewer, _grant = world.linked()
        world.server.connections.clear()
        world.run(NOW + DAY)
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}
        assert row(viewer).state == State.REGISTERED


class TestRemoving:
    def test_l10_with_the_last_link_the_registration_goes_then_the_token_then_its_copies(self, world: World) -> None:
        viewer, grant = world.linked()
        assert unwant_identifiers(viewer_ids=[viewer.pk], now=NOW) == 1
        world.run(NOW + SETTLE)
        assert (world.server.connections, grant.ended) == ({}, True)
        found = row(viewer)
        assert (found.state, found.due_at, found.registered_at, found.checked_at) == (
            State.UNWANTED,
            None,
            None,
            NOW + SETTLE,
        )
        assert tokens_of(viewer) == ("", "", None)
        assert unwant_identifiers(viewer_ids=[viewer.pk], now=NOW) == 0

    def test_l10_a_later_link_wants_it_again(self, world: World) -> None:
        viewer, _grant = world.linked()
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.run(NOW + SETTLE)
        world.want(viewer, world.server.grant(viewer.platform_user_id), now=NOW + HOUR)
        assert row(viewer).due_at == NOW + HOUR
        world.run(NOW + HOUR)
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}
        assert RegisteredIdentifier.objects.count() == 1

    def test_l10_a_link_made_before_the_removal_was_done_cancels_it_even_without_a_new_token(
        self, world: World
    ) -> None:
        viewer, _grant = world.linked()
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.want(viewer, None)
        assert (row(viewer).state, row(viewer).due_at) == (State.WANTED, NOW + SETTLE)
        world.run(NOW + SETTLE)
        assert row(viewer).state == State.REGISTERED
        assert world.server.count("DELETE", VHS) == 0

    def test_l8_a_viewer_who_withdrew_the_authorization_needs_no_removal(self, world: World) -> None:
        viewer, _grant = world.linked()
        world.server.end(viewer.platform_user_id)
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.run(NOW + SETTLE)
        assert (row(viewer).state, row(viewer).due_at) == (State.UNWANTED, None)
        assert tokens_of(viewer) == ("", "", None)

    def test_l9_a_lapsed_one_is_removed_without_a_call(self, world: World) -> None:
        viewer, _grant = world.linked(scopes=[])
        calls = len(world.server.calls)
        assert unwant_identifiers(viewer_ids=[viewer.pk], now=NOW) == 1
        world.run(NOW + DAY)
        assert (row(viewer).state, row(viewer).due_at, len(world.server.calls)) == (State.UNWANTED, None, calls)

    def test_an_expired_token_is_refreshed_in_order_to_remove(self, world: World) -> None:
        viewer, grant = world.linked()
        grant.expired = True
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.run(NOW + SETTLE)
        assert world.server.connections == {}
        assert all(one.ended or one.expired for one in world.server.grants)

    def test_l9_a_platform_that_never_answers_keeps_no_token_for_more_than_a_day(self, world: World) -> None:
        viewer, _grant = world.linked()
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.server.fail("DELETE", VHS, *[500] * MOST_REMOVALS)
        now = NOW + SETTLE
        for _ in range(MOST_REMOVALS):
            world.run(now)
            now = row(viewer).due_at or now
        assert now < NOW + DAY
        assert (row(viewer).state, row(viewer).due_at, row(viewer).last_error) == (State.UNWANTED, None, "status:500")
        assert tokens_of(viewer) == ("", "", None)

    @pytest.mark.parametrize("killed_after", ["DELETE", "POST"])
    def test_a_removal_that_was_half_done_goes_on(self, world: World, killed_after: str) -> None:
        viewer, grant = world.linked()
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.server.connections.clear()
        grant.ended = killed_after == "POST"
        world.run(NOW + SETTLE)
        assert (row(viewer).due_at, tokens_of(viewer)) == (None, ("", "", None))


class TestKilled:
    """A process that dies between call and record leaves a lease that runs out."""

    def lease(self, world: World, now: datetime = NOW) -> Leased:
        (leased,) = lease_due(credential_id=world.credential.pk, limit=5, now=now)
        return leased

    def test_o4_what_was_called_but_not_recorded_is_called_again_and_is_the_same(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        perform(self.lease(world))
        assert (row(viewer).state, row(viewer).due_at) == (State.WANTED, NOW + LEASE)
        assert str(world.run()) == "nothing was due"
        world.run(NOW + LEASE)
        assert row(viewer).state == State.REGISTERED
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}

    def test_what_was_turned_round_during_a_call_is_not_overwritten_by_its_record(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        leased = self.lease(world)
        result = perform(leased)
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        assert not record(leased, result, now=NOW, random=lambda: 0.0)
        assert (row(viewer).state, row(viewer).due_at) == (State.UNWANTED, NOW + SETTLE)
        world.run(NOW + SETTLE)
        assert world.server.connections == {}

    def test_l9_new_tokens_are_kept_even_if_the_row_was_turned_round_meanwhile(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id), expires_in=timedelta(0))
        leased = self.lease(world)
        result = perform(leased)
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        record(leased, result, now=NOW, random=lambda: 0.0)
        assert tokens_of(viewer)[0] == world.server.grants[-1].access
        assert row(viewer).state == State.UNWANTED

    def test_l9_tokens_of_a_newer_consent_are_not_replaced_by_a_late_refresh(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id), expires_in=timedelta(0))
        leased = self.lease(world)
        result = perform(leased)
        newer = world.server.grant(viewer.platform_user_id)
        world.want(viewer, newer)
        record(leased, result, now=NOW, random=lambda: 0.0)
        assert tokens_of(viewer)[:2] == (newer.access, newer.refresh)
