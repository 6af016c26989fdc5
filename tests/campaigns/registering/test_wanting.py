"""Who is to be registered with a platform, and what is kept of them (I2, L3, L9, L10)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.db import connection

from campaigns.models import Heartbeat, HeartbeatSource, RegisteredIdentifier
from campaigns.registering.problems import explain
from campaigns.registering.tokens import ViewerToken, seal, unseal
from campaigns.registering.wanting import (
    note_unregistered,
    scopes_to_register,
    unwant_identifiers,
    viewers_with_consent,
    want_identifiers,
)
from tests.campaigns.registering.twitch import HOUR, State, World, row, tokens_of
from tests.factories import NOW, make_game, make_viewer
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db


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
