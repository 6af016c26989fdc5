"""Viewers' tokens are refreshed, validated, let go when they have ended, and never logged (L9, S2)."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import RegisteredIdentifier
from campaigns.registering.problems import explain
from campaigns.registering.wanting import unwant_identifiers, viewers_with_consent
from portal.models import PlatformCredential
from tests.campaigns.registering.twitch import DAY, HOUR, MINUTE, State, World, row, tokens_of
from tests.doubles.twitch_server import REVOKE, TOKEN, VALIDATE, VHS
from tests.factories import NOW

pytestmark = pytest.mark.django_db


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
