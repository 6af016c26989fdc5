"""Platforms are asked in turn who still authorizes the app (L8, L9), against a server on loopback."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Game, RegisteredIdentifier
from linking.authorizing import turns
from linking.authorizing.asking import ask
from linking.authorizing.recording import record
from linking.authorizing.turns import viewers_due
from linking.links import add_consent, end_link, make_link
from linking.models import AuthorizationTurn, Link, ViewerAuthorization
from linking.rules.authorizing import ASKED_AGAIN, ASKED_EVERY, TAKEN_ALONG, TURN_EVERY
from linking.scopes import Lacking, lacking_consent
from portal.models import ApiStanding, AuditEntry, PlatformCredential
from portal.platforms.twitch.client import AuthorizedUsers
from tests import factories
from tests.doubles.authorizations_server import HANG, AuthorizationsServer
from tests.factories import NOW
from tests.linking.authorizing.conftest import (
    authorization,
    check,
    credential_at,
    grant,
    leave,
    linked,
    user_id,
)
from tests.watching import make_source

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = NOW + ASKED_AGAIN


def active(link: Link) -> bool:
    link.refresh_from_db()
    return link.ended_at is None


class TestAnswers:
    """What an answer does to one viewer."""

    def test_l9_a_viewer_who_is_named_is_asked_for_again_a_day_later(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        (link,) = linked(game)
        grant(server, link)
        assert str(check()) == "authorized: 1"
        row = authorization(link)
        assert (row.checked_at, row.due_at, row.missing_since) == (NOW, NOW + ASKED_EVERY, None)
        assert server.asked == [[user_id(link)]]
        assert str(check(NOW + HOUR)) == "nobody was due"

    def test_l8_one_silence_ends_nothing_and_is_shown_and_the_second_ends_the_link(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        (link,) = linked(game)
        assert str(check()) == "lapsed: 1"
        row = authorization(link)
        assert (row.missing_since, row.checked_at, row.due_at) == (NOW, NOW, NOW + ASKED_AGAIN)
        assert active(link) and lacking_consent([link]) == {link.pk: Lacking.LAPSED}
        assert str(check(NOW + ASKED_AGAIN - timedelta(seconds=1))) == "nobody was due"
        assert str(check(LATER)) == "gone: 1"
        link.refresh_from_db()
        assert (link.ended_at, link.end_reason) == (LATER, Link.EndReason.REVOKED)
        row = authorization(link)
        assert (row.missing_since, row.checked_at, row.due_at) == (None, LATER, None)

    def test_l8_a_viewer_who_is_named_again_is_missing_no_more(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        (link,) = linked(game)
        check()
        grant(server, link)
        assert str(check(LATER)) == "authorized: 1"
        assert authorization(link).missing_since is None and active(link)
        leave(server, link)
        assert str(check(LATER + ASKED_EVERY)) == "lapsed: 1", "the first silence is long over"
        assert active(link)

    def test_l8_links_of_all_games_end_with_the_authorization(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        (first,) = linked(game)
        second = factories.make_link(factories.make_game(game.organization), viewer=first.viewer)
        check()
        check(LATER)
        assert not active(first) and not active(second)

    def test_l8_a_link_that_is_younger_than_the_first_silence_stays(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        (old,) = linked(game)
        check()
        young = factories.make_link(
            factories.make_game(game.organization), viewer=old.viewer, started_at=NOW + HOUR / 2
        )
        check(LATER)
        assert not active(old) and active(young)
        row = authorization(old)
        assert (row.missing_since, row.due_at) == (LATER, LATER + ASKED_AGAIN), "for it, this was the first silence"

    def test_l3_fewer_permissions_than_the_link_has_ask_for_consent_again(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        fewer, same, more = linked(game, 3, scopes="user:read:email viewing_activity_read")
        grant(server, fewer, scopes=("viewing_activity_read",))
        grant(server, same, scopes=("viewing_activity_read", "user:read:email"))
        grant(server, more, scopes=("a", "user:read:email", "viewing_activity_read"))
        check()
        found = dict(Link.objects.values_list("pk", "scopes"))
        both = "user:read:email viewing_activity_read"
        assert found == {fewer.pk: "viewing_activity_read", same.pk: both, more.pk: both}

    @pytest.mark.parametrize(("state", "scopes"), [("wanted", "viewing_activity_read"), ("lapsed", "")])
    def test_l9_a_permission_by_which_the_viewers_own_token_works_is_believed_rather_than_the_list(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer, state: str, scopes: str
    ) -> None:
        make_source(game, "registered", "twitch", credential=credential)
        (link,) = linked(game, scopes="viewing_activity_read user:read:email")
        RegisteredIdentifier.objects.create(credential=credential, viewer=link.viewer, state=state, wanted_at=NOW)
        grant(server, link)
        check()
        link.refresh_from_db()
        assert link.scopes == scopes
        assert (link.pk in lacking_consent([link])) is (state == "lapsed")


class TestMeanwhile:
    """What happens while a call is under way wins over its answer."""

    def silence(self, link: Link, deed: Callable[[Link], object], now: datetime) -> None:
        """Ask for a viewer who is not named, and do something before that is written down."""
        credential = PlatformCredential.objects.get()
        some = viewers_due(credential, now=now)
        answers = ask(credential, AuthorizedUsers(), some, now=now)
        assert answers.missing == [link.viewer_id]
        deed(link)
        record(credential, some, answers, doubted=False, now=now)

    @pytest.fixture
    def link(self, game: Game, credential: PlatformCredential) -> Link:
        """A link whose viewer has been missing for an hour."""
        (link,) = linked(game)
        check()
        return link

    def test_l8_a_viewer_who_consents_again_meanwhile_keeps_the_link(self, link: Link) -> None:
        self.silence(link, lambda link: add_consent(link=link, scopes=[], token=None, now=LATER), LATER)
        assert active(link)
        assert (authorization(link).missing_since, authorization(link).due_at) == (None, LATER + ASKED_EVERY)

    def test_l8_a_link_that_is_ended_and_made_again_meanwhile_stays(self, link: Link) -> None:
        def anew(link: Link) -> None:
            end_link(link=link, reason="viewer", now=LATER)
            make_link(game=link.game, viewer=link.viewer, player=link.player, scopes=[], now=LATER)

        self.silence(link, anew, LATER)
        assert list(Link.objects.order_by("pk").values_list("end_reason", flat=True)) == ["viewer", ""]
        assert authorization(link).due_at == LATER + ASKED_EVERY

    def test_l8_a_link_that_is_ended_meanwhile_keeps_its_own_reason(self, link: Link) -> None:
        self.silence(link, lambda link: end_link(link=link, reason="viewer", now=LATER), LATER)
        link.refresh_from_db()
        assert link.end_reason == "viewer"
        row = authorization(link)
        assert (row.due_at, row.checked_at) == (None, NOW)

    def test_l8_an_answer_that_is_written_down_twice_counts_once(self, link: Link) -> None:
        self.silence(link, lambda link: check(LATER), LATER)
        assert AuditEntry.objects.filter(action="unlinked").count() == 1

    def test_l9_a_first_silence_about_somebody_who_consents_meanwhile_is_not_noted(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        (link,) = linked(game)
        self.silence(link, lambda link: add_consent(link=link, scopes=[], token=None, now=NOW), NOW)
        assert authorization(link).missing_since is None

    def test_f8_a_viewer_who_is_erased_meanwhile_gets_no_row(self, link: Link) -> None:
        self.silence(link, lambda link: ViewerAuthorization.objects.all().delete(), LATER)
        assert not ViewerAuthorization.objects.exists()
        assert active(link)


class TestDoubt:
    """A platform that suddenly names hardly anybody."""

    def test_l8_a_platform_that_names_nobody_blames_nobody(
        self,
        game: Game,
        credential: PlatformCredential,
        server: AuthorizationsServer,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        links = linked(game, 25)
        assert str(check()) == "not_believed: 25"
        turn = AuthorizationTurn.objects.get()
        assert (turn.doubted_since, turn.asked, turn.missing) == (NOW, 25, 25)
        assert "named 0 of 25 viewers: it is not believed" in caplog.text
        assert not ViewerAuthorization.objects.filter(missing_since__isnull=False).exists()
        assert str(check(LATER)) == "not_believed: 25"
        assert Link.objects.filter(ended_at=None).count() == 25
        grant(server, *links[1:])
        caplog.set_level(logging.WARNING)
        assert str(check(LATER + HOUR)) == "authorized: 24, lapsed: 1"
        assert AuthorizationTurn.objects.get().doubted_since is None
        assert "names its viewers again" in caplog.text
        assert active(links[0])

    def test_l8_who_was_missing_before_the_doubt_keeps_the_link_until_it_is_over(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        (link,) = linked(game)
        check()
        others = linked(game, 25, now=LATER - ASKED_EVERY)
        assert str(check(LATER)) == "not_believed: 26"
        assert active(link) and authorization(link).missing_since == NOW
        grant(server, *others)
        assert str(check(LATER + HOUR)) == "authorized: 25, gone: 1"
        assert not active(link)

    def test_l8_half_of_the_viewers_missing_is_still_believed(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        links = linked(game, 20)
        grant(server, *links[:10])
        assert str(check()) == "authorized: 10, lapsed: 10"
        assert str(check(LATER)) == "gone: 10", "none is newly missing: each was asked for twice"

    def test_l8_one_platforms_doubt_is_no_other_credentials(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        other = factories.make_game()
        credential_at(other, server)
        linked(game, 25)
        (link,) = linked(other)
        assert str(check()) == "lapsed: 1, not_believed: 25"
        check(LATER)
        assert not active(link)


class TestTurns:
    """Whose turn it is, and for how many viewers."""

    def test_l9_ten_go_into_a_call_and_who_is_due_soon_goes_along(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        links = linked(game, 12) + linked(game, 5, now=NOW - ASKED_EVERY + TAKEN_ALONG)
        (late,) = linked(game, now=NOW)
        grant(server, *links, late)
        assert str(check()) == "authorized: 17"
        assert [len(users) for users in server.asked] == [10, 7]
        assert user_id(late) not in server.asked[1]

    def test_l9_where_nobody_is_due_nobody_is_asked_for(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        linked(game, 5, now=NOW - ASKED_EVERY + TAKEN_ALONG)
        assert str(check()) == "nobody was due" and not server.asked

    def test_l9_the_pace_is_a_turn_of_two_hundred_a_minute(
        self,
        game: Game,
        credential: PlatformCredential,
        server: AuthorizationsServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(turns, "VIEWERS_PER_TURN", 4)
        links = linked(game, 6)
        grant(server, *links)
        assert str(check()) == "authorized: 4"
        assert str(check(NOW + TURN_EVERY / 2)) == "nobody was due"
        assert str(check(NOW + TURN_EVERY)) == "authorized: 2"

    def test_l9_a_credential_that_is_switched_off_is_left_alone(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        linked(game)
        PlatformCredential.objects.update(enabled=False)
        assert str(check()) == "nobody was due" and not server.asked

    def test_l9_a_turn_asks_the_database_as_often_for_ten_viewers_as_for_one(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        counts = []
        for step, number in enumerate((1, 1, 10)):
            now = NOW + step * 2 * ASKED_EVERY
            ViewerAuthorization.objects.update(due_at=None)
            grant(server, *linked(game, number, now=now - ASKED_EVERY))
            with CaptureQueriesContext(connection) as queries:
                assert str(check(now)) == f"authorized: {number}"
            counts.append(len(queries))
        assert counts[1] == counts[2]


class TestFaults:
    """A platform's fault is no viewer's, and no other credential's."""

    @pytest.mark.parametrize("status", [500, 503, 401, 403, 404, 429])
    def test_l9_a_platform_that_fails_changes_nothing_and_is_left_alone_for_a_while(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer, status: int
    ) -> None:
        (link,) = linked(game)
        server.always = status
        assert str(check()) == "1 turns failed"
        row = authorization(link)
        assert (row.due_at, row.missing_since, row.checked_at) == (NOW, None, None)
        server.always = 200
        grant(server, link)
        assert str(check(NOW + timedelta(minutes=4))) == "nobody was due"
        assert str(check(NOW + timedelta(minutes=5))) == "authorized: 1"
        assert AuthorizationTurn.objects.get().failures == 0

    def test_l9_a_wait_that_the_platform_asks_for_is_kept(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        linked(game)
        server.always, server.headers = 429, {"Retry_After": "1800"}
        check()
        assert AuthorizationTurn.objects.get().due_at == NOW + timedelta(minutes=30)
        AuthorizationTurn.objects.update(due_at=NOW)
        asked = len(server.asked)
        assert str(check(NOW + timedelta(minutes=1))) == "nobody was due"
        assert len(server.asked) == asked, "no call is made while all of them pause"
        turn = AuthorizationTurn.objects.get()
        assert (turn.failures, turn.due_at) == (1, NOW + timedelta(minutes=30))

    def test_l9_what_was_answered_before_a_failure_counts(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        links = linked(game, 25)
        grant(server, *links)
        server.faults.extend([200, 500])
        assert str(check()) == "authorized: 10, 1 turns failed"
        assert ViewerAuthorization.objects.filter(due_at=NOW).count() == 15

    def test_l9_one_dead_platform_or_refused_app_keeps_no_other_from_its_turn(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        linked(game)
        PlatformCredential.objects.update(api_url="http://127.0.0.1:9", client_secret="x")
        refused, dead = AuthorizationsServer(token_status=403), AuthorizationsServer()
        dead.faults.append(HANG)
        dead.server.stop()
        for broken in (refused, dead):
            other = factories.make_game()
            credential_at(other, broken)
            linked(other)
        good = factories.make_game()
        credential_at(good, server)
        (link,) = linked(good)
        grant(server, link)
        assert str(check()) == "authorized: 1, 3 turns failed"
        refused.stop()
        assert ApiStanding.objects.filter(failures__gt=0).count() == 3

    def test_l9_a_credential_whose_secret_cannot_be_decrypted_keeps_no_other_from_its_turn(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        linked(game)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE portal_platformcredential SET client_secret = 'enc1:broken'")
        other = factories.make_game()
        credential_at(other, server)
        (link,) = linked(other)
        grant(server, link)
        assert str(check()) == "authorized: 1, 1 turns failed"

    def test_l9_one_user_whom_the_platform_does_not_take_keeps_no_other_from_an_answer(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        poisoned, *others = linked(game, 4)
        grant(server, *others)
        server.poisoned = {user_id(poisoned)}
        assert str(check()) == "authorized: 3, refused: 1"
        row = authorization(poisoned)
        assert (row.due_at, row.missing_since, row.checked_at) == (NOW + ASKED_EVERY, None, None)
        assert active(poisoned)

    def test_l9_a_platform_that_refuses_every_question_is_at_fault_itself(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        links = linked(game, 4)
        server.poisoned = {user_id(link) for link in links}
        assert str(check()) == "1 turns failed"
        assert ViewerAuthorization.objects.filter(due_at=NOW).count() == 4

    def test_l8_a_fault_with_one_viewer_keeps_no_other_links_from_ending(
        self,
        game: Game,
        credential: PlatformCredential,
        server: AuthorizationsServer,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        broken, other = sorted(linked(game, 2), key=lambda link: link.viewer_id)
        check()

        def fail(link: Link, now: object) -> None:
            if link.pk == broken.pk:
                raise RuntimeError("a fault of ours")

        monkeypatch.setattr("linking.hooks.link_changed", [fail])
        check(LATER)
        assert active(broken) and not active(other)
        assert f"The links of viewer {broken.viewer_id}" in caplog.text
        assert authorization(broken).due_at == LATER + ASKED_AGAIN
