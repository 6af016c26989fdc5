"""Links, and who is registered with the platform because of them (L3, L8, L9, L10)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Game, HeartbeatSource, RegisteredIdentifier, Viewer
from campaigns.registering.running import run_due
from campaigns.registering.tokens import ViewerToken
from campaigns.rules.registering import SETTLE
from linking.links import end_link, make_link
from linking.models import Link
from linking.registrations import bring_in_step
from linking.revocation import end_revoked_links
from linking.scopes import Lacking, lacking_consent, needed_scopes
from linking.tasks import bring_registrations_in_step
from portal.models import PlatformCredential, User
from tests import factories
from tests.doubles.oauth_server import ACCESS_TOKEN, REFRESH_TOKEN
from tests.doubles.twitch_server import SCOPE, TwitchServer
from tests.factories import NOW
from tests.linking.conftest import IDS, PEOPLE
from tests.linking.walk import confirm, prove, start, text_of, url
from tests.watching import make_source

pytestmark = pytest.mark.django_db
State = RegisteredIdentifier.State
MIRA = PEOPLE["twitch"]


@pytest.fixture
def server(settings: Any) -> Iterator[TwitchServer]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    server = TwitchServer()
    yield server
    server.stop()


@pytest.fixture
def credential(game: Game, server: TwitchServer) -> PlatformCredential:
    return factories.make_credential(
        game.organization,
        "twitch",
        client_id=server.client_id,
        client_secret=server.client_secret,
        id_url=server.url,
        api_url=server.url,
    )


@pytest.fixture
def source(game: Game, credential: PlatformCredential) -> HeartbeatSource:
    return make_source(game, "registered", "twitch", credential=credential)


def run(*, later: timedelta = timedelta(0)) -> None:
    now = timezone.now() + later
    run_due(clock=lambda: now, random=lambda: 0.0)


def row() -> RegisteredIdentifier:
    return RegisteredIdentifier.objects.get()


class TestTheWalk:
    """A viewer's browser, from the button to the registration at Twitch."""

    def test_l3_the_permission_is_asked_for_where_the_game_has_a_heartbeat_source(
        self, game: Game, source: HeartbeatSource, player_client: Client
    ) -> None:
        asked = dict(parse_qsl(urlsplit(start(player_client, game, "twitch")).query))
        assert asked["scope"] == "viewing_activity_read"
        assert needed_scopes(game, "kick") == ["user:read"]
        HeartbeatSource.objects.update(enabled=False)
        asked = dict(parse_qsl(urlsplit(start(player_client, game, "twitch")).query))
        assert "scope" not in asked

    def test_l10_a_link_registers_the_viewer_within_one_run_and_unlinking_removes_it(
        self, game: Game, server: TwitchServer, source: HeartbeatSource, player_client: Client
    ) -> None:
        prove(player_client, game, server, MIRA)
        assert not RegisteredIdentifier.objects.exists(), "nothing is registered before the person has confirmed"
        assert confirm(player_client, game, "twitch").status_code == 302
        run()
        viewer = Viewer.objects.get()
        assert server.connections == {IDS["twitch"]: viewer.pk}
        assert (row().state, Link.objects.get().scopes) == (State.REGISTERED, SCOPE)
        player_client.post(f"/connections/{Link.objects.get().pk}/unlink/")
        assert Link.objects.get().ended_at is not None and row().state == State.UNWANTED
        run(later=2 * SETTLE)
        assert (server.connections, row().due_at, row().access_token, row().refresh_token) == ({}, None, "", "")
        assert all(grant.ended for grant in server.grants)

    def test_l9_the_link_starts_the_background_job_when_it_is_stored(
        self,
        game: Game,
        server: TwitchServer,
        source: HeartbeatSource,
        player_client: Client,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        prove(player_client, game, server, MIRA)
        with django_capture_on_commit_callbacks(execute=True):
            confirm(player_client, game, "twitch")
        assert server.connections == {IDS["twitch"]: Viewer.objects.get().pk}

    def test_l9_tokens_stand_in_no_session_table_log_or_page_in_clear(
        self,
        game: Game,
        server: TwitchServer,
        source: HeartbeatSource,
        player_client: Client,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        seen = [prove(player_client, game, server, MIRA)]
        sessions = [str(session.get_decoded()) for session in Session.objects.all()]
        assert any("sealed" in text and "enc1:" in text for text in sessions)
        for address in (url(game), url(game, "confirm/twitch/")):
            seen.append(player_client.get(address))
        seen += [confirm(player_client, game, "twitch"), player_client.get(url(game))]
        run()
        seen.append(player_client.get("/connections/"))
        sessions += [str(session.get_decoded()) for session in Session.objects.all()]
        with connection.cursor() as cursor:
            rows = []
            for table in connection.introspection.table_names():
                cursor.execute(f'SELECT * FROM "{table}"')
                rows += [str(found) for found in cursor.fetchall()]
        texts = [*sessions, *rows, caplog.text, *(page.content.decode() for page in seen)]
        for secret in (ACCESS_TOKEN, REFRESH_TOKEN):
            assert not any(secret in text for text in texts)
        assert (str(row().access_token).startswith(ACCESS_TOKEN), row().refresh_token) == (True, REFRESH_TOKEN)

    def test_l9_once_linked_cancelled_or_too_old_the_session_holds_no_token_at_all(
        self, game: Game, server: TwitchServer, source: HeartbeatSource, player_client: Client
    ) -> None:
        prove(player_client, game, server, MIRA)
        assert "sealed" in str(dict(player_client.session))
        player_client.post(url(game, "confirm/twitch/cancel/"))
        assert "sealed" not in str(dict(player_client.session))
        prove(player_client, game, server, MIRA)
        session = player_client.session
        waiting = session["linking_pending"]
        for entry in waiting.values():
            entry["until"] = (timezone.now() - timedelta(seconds=1)).timestamp()
        session["linking_pending"] = waiting
        session.save()
        player_client.get(url(game))
        assert "sealed" not in str(dict(player_client.session))
        prove(player_client, game, server, MIRA)
        confirm(player_client, game, "twitch")
        assert "sealed" not in str(dict(player_client.session))

    def test_l9_no_token_is_kept_for_a_game_that_needs_none(
        self, game: Game, server: TwitchServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        make_source(game, "platform", "twitch")
        prove(player_client, game, server, MIRA)
        assert "sealed" not in str(dict(player_client.session))
        confirm(player_client, game, "twitch")
        assert Link.objects.exists() and not RegisteredIdentifier.objects.exists()

    def test_l3_a_link_made_before_the_source_was_added_is_asked_to_consent_again_and_then_registered(
        self, game: Game, server: TwitchServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        prove(player_client, game, server, MIRA)
        confirm(player_client, game, "twitch")
        make_source(game, "registered", "twitch", credential=credential)
        for address in (url(game), "/connections/"):
            page = text_of(player_client.get(address))
            assert "More consent needed" in page and "Connect again" in page
        assert prove(player_client, game, server, MIRA).status_code == 302
        response = player_client.get(url(game, "confirm/twitch/"))
        assert response["Location"] == f"{url(game)}?linked=twitch"
        run()
        assert server.connections == {IDS["twitch"]: Viewer.objects.get().pk}
        assert (Link.objects.count(), Link.objects.get().scopes) == (1, SCOPE)
        assert "Connect again" not in text_of(player_client.get("/connections/"))

    def test_l9_a_lapsed_viewer_is_asked_to_connect_again_and_keeps_the_link(
        self, game: Game, server: TwitchServer, source: HeartbeatSource, player_client: Client
    ) -> None:
        prove(player_client, game, server, MIRA)
        confirm(player_client, game, "twitch")
        run()
        server.end(IDS["twitch"])
        run(later=timedelta(hours=2))
        for address in (url(game), "/connections/"):
            page = text_of(player_client.get(address))
            assert "Consent needed again" in page and "stays yours" in page and "Connect again" in page
        assert "Connect Twitch again" in text_of(player_client.get(url(game))), "it is the next of the steps, too"
        assert Link.objects.get().ended_at is None
        prove(player_client, game, server, MIRA)
        player_client.get(url(game, "confirm/twitch/"))
        run()
        assert row().state == State.REGISTERED
        assert "Consent needed again" not in text_of(player_client.get("/connections/"))

    def test_l9_the_pages_say_that_a_permission_is_kept_and_what_unlinking_ends(
        self, game: Game, server: TwitchServer, source: HeartbeatSource, player_client: Client
    ) -> None:
        assert "keeps the permission that you give there. It is encrypted" in text_of(player_client.get(url(game)))
        prove(player_client, game, server, MIRA)
        confirm(player_client, game, "twitch")
        unlink = f"/connections/{Link.objects.get().pk}/unlink/"
        assert "told within minutes to report you no more" in text_of(player_client.get(unlink))
        HeartbeatSource.objects.update(enabled=False)
        assert "keeps the permission" not in text_of(player_client.get(url(game)))
        assert "report you no more" not in text_of(player_client.get(unlink))

    def test_an_unreadable_sealed_token_asks_for_consent_again_instead_of_failing(
        self, game: Game, server: TwitchServer, source: HeartbeatSource, player_client: Client, settings: Any
    ) -> None:
        prove(player_client, game, server, MIRA)
        session = player_client.session
        waiting = session["linking_pending"]
        for entry in waiting.values():
            entry["sealed"] = "enc1:damaged"
        session["linking_pending"] = waiting
        session.save()
        assert confirm(player_client, game, "twitch").status_code == 302
        assert (Link.objects.count(), row().state) == (1, State.LAPSED)
        assert "Consent needed again" in text_of(player_client.get("/connections/"))

    def test_the_number_of_queries_on_the_connections_page_is_the_same_for_1_and_20_links(
        self, game: Game, source: HeartbeatSource, credential: PlatformCredential, player_client: Client
    ) -> None:
        user = User.objects.get(username="mira")
        counts = []
        for wanted in (1, 20):
            while Link.objects.count() < wanted:
                other = factories.make_game(game.organization)
                make_source(other, "registered", "twitch", credential=credential)
                viewer = factories.make_viewer(game.organization, "twitch")
                factories.make_link(other, viewer=viewer, player=factories.make_player(other, user=user))
            with CaptureQueriesContext(connection) as queries:
                assert text_of(player_client.get("/connections/")).count("More consent needed") == wanted
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestEndings:
    def linked(self, game: Game, viewer: Viewer, server: TwitchServer) -> Link:
        grant = server.grant(viewer.platform_user_id)
        token = ViewerToken(access_token=grant.access, refresh_token=grant.refresh, expires_at=None)
        player = factories.make_player(game)
        return make_link(game=game, viewer=viewer, player=player, scopes=[SCOPE], token=token, now=NOW)

    def test_l10_the_registration_goes_with_the_last_link_under_the_credential_only(
        self, game: Game, server: TwitchServer, source: HeartbeatSource
    ) -> None:
        second = factories.make_game(game.organization)
        viewer = factories.make_viewer(game.organization, "twitch")
        first, other = self.linked(game, viewer, server), factories.make_link(second, viewer=viewer)
        end_link(link=first, reason="viewer", now=NOW)
        assert row().state == State.WANTED
        end_link(link=other, reason="viewer", now=NOW)
        assert row().state == State.UNWANTED

    def test_l8_a_revocation_ends_link_and_registration(
        self, game: Game, server: TwitchServer, source: HeartbeatSource
    ) -> None:
        viewer = factories.make_viewer(game.organization, "twitch")
        self.linked(game, viewer, server)
        server.end(viewer.platform_user_id)
        end_revoked_links(
            organization_id=game.organization_id,
            platform="twitch",
            platform_user_id=viewer.platform_user_id,
            now=NOW,
        )
        run_due(clock=lambda: NOW + SETTLE, random=lambda: 0.0)
        assert (row().state, row().due_at, row().refresh_token) == (State.UNWANTED, None, "")

    def test_i4_another_organizations_link_of_the_same_twitch_user_is_another_registration(
        self, game: Game, server: TwitchServer, source: HeartbeatSource
    ) -> None:
        stranger = factories.make_game()
        theirs = factories.make_credential(stranger.organization, "twitch")
        make_source(stranger, "registered", "twitch", credential=theirs)
        mine = factories.make_viewer(game.organization, "twitch", platform_user_id="7")
        other = factories.make_viewer(stranger.organization, "twitch", platform_user_id="7")
        link = self.linked(game, mine, server)
        self.linked(stranger, other, server)
        end_link(link=link, reason="viewer", now=NOW)
        states = dict(RegisteredIdentifier.objects.values_list("viewer_id", "state"))
        assert states == {mine.pk: State.UNWANTED, other.pk: State.WANTED}


class TestInStep:
    """What links themselves cannot know."""

    def bring(self, **options: Any) -> str:
        return str(bring_in_step(now=NOW, **{"seconds": 60, "batch": 2, **options}))

    def linked(self, game: Game, count: int) -> list[Link]:
        viewers = [factories.make_viewer(game.organization, "twitch") for _ in range(count)]
        return [factories.make_link(game, viewer=viewer) for viewer in viewers]

    def test_l10_viewers_linked_before_the_source_was_added_are_noted_as_needing_consent(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        links = self.linked(game, 5)
        factories.make_link(game)  # a viewer of another platform
        end_link(link=self.linked(game, 1)[0], reason="viewer", now=NOW)
        assert self.bring() == "0 wanted, 0 without consent, 0 unwanted"
        source = make_source(game, "registered", "twitch", credential=credential, enabled=False)
        assert self.bring() == "0 wanted, 0 without consent, 0 unwanted"
        HeartbeatSource.objects.filter(pk=source.pk).update(enabled=True)
        assert self.bring() == "0 wanted, 5 without consent, 0 unwanted"
        assert self.bring() == "0 wanted, 0 without consent, 0 unwanted"
        lapsed = RegisteredIdentifier.objects.filter(state=State.LAPSED, due_at=None)
        assert {one.viewer_id for one in lapsed} == {link.viewer_id for link in links}

    def test_l10_who_is_linked_and_still_has_a_token_is_wanted_back(self, game: Game, source: HeartbeatSource) -> None:
        link, gone = self.linked(game, 2)
        assert source.credential is not None
        for one in (link, gone):
            RegisteredIdentifier.objects.create(
                credential=source.credential,
                viewer=one.viewer,
                state=State.UNWANTED,
                wanted_at=NOW,
                due_at=NOW if one is link else None,
                access_token="a" if one is link else "",
                refresh_token="r" if one is link else "",
            )
        assert self.bring() == "2 wanted, 0 without consent, 0 unwanted"
        states = dict(RegisteredIdentifier.objects.values_list("viewer_id", "state"))
        assert states == {link.viewer_id: State.WANTED, gone.viewer_id: State.LAPSED}

    def test_l10_whoever_is_registered_without_a_link_is_removed(self, game: Game, source: HeartbeatSource) -> None:
        assert source.credential is not None
        for link in self.linked(game, 5):
            RegisteredIdentifier.objects.create(
                credential=source.credential, viewer=link.viewer, state=State.WANTED, wanted_at=NOW
            )
        Link.objects.filter(pk__in=[link.pk for link in Link.objects.order_by("pk")[:3]]).update(
            ended_at=NOW, end_reason="viewer"
        )
        assert self.bring() == "0 wanted, 0 without consent, 3 unwanted"

    def test_l9_tokens_go_when_the_last_source_that_needs_them_is_deleted_not_when_it_is_switched_off(
        self, game: Game, source: HeartbeatSource
    ) -> None:
        assert source.credential is not None
        for link in self.linked(game, 3):
            RegisteredIdentifier.objects.create(
                credential=source.credential, viewer=link.viewer, state=State.WANTED, wanted_at=NOW
            )
        HeartbeatSource.objects.update(enabled=False)
        assert self.bring() == "0 wanted, 0 without consent, 0 unwanted"
        source.delete()
        assert self.bring() == "0 wanted, 0 without consent, 3 unwanted"

    def test_o4_a_run_out_of_time_says_so_and_the_next_goes_on(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        self.linked(game, 5)
        make_source(game, "registered", "twitch", credential=credential)
        assert self.bring(seconds=0) == "0 wanted, 2 without consent, 0 unwanted; to be continued"
        assert bring_registrations_in_step() == "0 wanted, 3 without consent, 0 unwanted"

    def test_a_source_of_a_platform_that_registers_nobody_is_left_alone(self, game: Game) -> None:
        kick = factories.make_credential(game.organization, "kick")
        make_source(game, "registered", "kick", credential=kick)
        factories.make_link(game)
        assert self.bring() == "0 wanted, 0 without consent, 0 unwanted"


def test_lacking_consent_is_told_for_many_links_at_once(
    game: Game, source: HeartbeatSource, django_assert_num_queries: Any
) -> None:
    assert source.credential is not None
    viewers = [factories.make_viewer(game.organization, "twitch") for _ in range(3)]
    without, good, lapsed = (
        factories.make_link(game, viewer=viewer, scopes=scopes)
        for viewer, scopes in zip(viewers, ("", SCOPE, f"user_read {SCOPE}"), strict=True)
    )
    kick = factories.make_link(game, scopes="user:read")
    for link, state in ((good, State.WANTED), (lapsed, State.LAPSED)):
        RegisteredIdentifier.objects.create(
            credential=source.credential, viewer=link.viewer, state=state, wanted_at=NOW
        )
    with django_assert_num_queries(3):
        lacking = lacking_consent([without, good, lapsed, kick])
    assert lacking == {without.pk: Lacking.PERMISSION, lapsed.pk: Lacking.AUTHORIZATION}
    with django_assert_num_queries(0):
        assert lacking_consent([]) == {}
