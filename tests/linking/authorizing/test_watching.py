"""For whom platforms are asked: links made, ended and made again, and the net beneath (L8, L9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Game, RegisteredIdentifier
from campaigns.registering.calls import Leased, Result
from campaigns.registering.leasing import lease_due, record
from campaigns.registering.tokens import ViewerToken
from campaigns.registering.wanting import want_identifiers
from campaigns.rules.registering import Outcome
from fulfillment.erasure import erase_viewer
from linking.authorizing.watching import Watched, watch_all
from linking.links import end_link, make_link
from linking.models import Link, ViewerAuthorization
from linking.revocation import end_revoked_links
from linking.rules.authorizing import ASKED_EVERY
from linking.tasks import watch_links
from portal.models import PlatformCredential
from tests import factories
from tests.factories import NOW
from tests.linking.authorizing.conftest import authorization, linked
from tests.watching import make_source

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=3)


def link_of(game: Game, platform: str = "twitch", **fields: Any) -> Link:
    viewer = factories.make_viewer(game.organization, platform)
    return make_link(game=game, viewer=viewer, player=factories.make_player(game), scopes=[], now=NOW, **fields)


def again(link: Link, now: Any) -> Link:
    return make_link(game=link.game, viewer=link.viewer, player=link.player, scopes=[], now=now)


def state(link: Link) -> tuple[Any, Any]:
    row = authorization(link)
    return row.due_at, row.missing_since


def watch_everything() -> Watched:
    return watch_all(now=NOW, seconds=60, batch=2, random=lambda: 0.5)


class TestLinks:
    """What making and ending a link does to the row."""

    def test_l9_a_link_has_its_platform_asked_in_a_day(self, game: Game, credential: PlatformCredential) -> None:
        link = link_of(game)
        row = authorization(link)
        assert (row.due_at, row.credential_id, row.checked_at) == (NOW + ASKED_EVERY, credential.pk, None)

    def test_l9_nobody_is_asked_for_at_a_platform_that_cannot_be_asked_or_without_an_app(self, game: Game) -> None:
        factories.make_credential(game.organization, "kick")
        link_of(game, "kick")
        link_of(game, "twitch")
        assert not ViewerAuthorization.objects.exists()

    def test_l8_consent_given_again_clears_what_was_missing_at_once(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        link = link_of(game)
        ViewerAuthorization.objects.update(missing_since=NOW, due_at=LATER)
        assert again(link, LATER).pk == link.pk
        assert state(link) == (LATER + ASKED_EVERY, None)

    def test_l8_the_last_link_that_ends_clears_the_row_and_another_link_keeps_it(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        first = link_of(game)
        other = factories.make_game(game.organization)
        player = factories.make_player(other)
        second = make_link(game=other, viewer=first.viewer, player=player, scopes=[], now=LATER)
        ViewerAuthorization.objects.update(missing_since=LATER)
        end_link(link=first, reason="viewer", now=LATER)
        assert state(first) == (LATER + ASKED_EVERY, LATER)
        end_link(link=second, reason="viewer", now=LATER)
        assert state(first) == (None, None)

    def test_l8_a_link_made_again_is_asked_for_again(self, game: Game, credential: PlatformCredential) -> None:
        link = link_of(game)
        end_link(link=link, reason="viewer", now=LATER)
        assert again(link, LATER).pk != link.pk
        assert state(link) == (LATER + ASKED_EVERY, None)

    def test_l8_consent_to_a_link_that_has_just_ended_makes_a_new_one(
        self, game: Game, credential: PlatformCredential, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        link = link_of(game)
        stale = Link.objects.select_related("game", "viewer", "player").get()
        end_link(link=link, reason="revoked", now=LATER)
        # What a request that came a moment earlier has found.
        monkeypatch.setattr("linking.links.refuse_or_find", lambda **_: stale)
        made = again(link, LATER)
        assert made.pk != link.pk and made.ended_at is None

    def test_l8_the_platforms_own_word_ends_the_links_at_once_and_clears_the_row(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        link = link_of(game)
        ViewerAuthorization.objects.update(missing_since=NOW)
        who = {"platform": "twitch", "platform_user_id": link.viewer.platform_user_id}
        assert end_revoked_links(organization_id=game.organization_id, **who, now=LATER) == 1
        link.refresh_from_db()
        assert (link.end_reason, state(link)) == ("revoked", (None, None))

    def test_f8_erasing_a_viewer_removes_the_row(self, game: Game, credential: PlatformCredential) -> None:
        link = link_of(game)
        erase_viewer(viewer=link.viewer, actor=None, reason="asked to", now=LATER)
        assert not ViewerAuthorization.objects.exists()


class TestTokens:
    """A kept token that the platform refuses."""

    @pytest.mark.parametrize(
        ("outcome", "asked"),
        [(Outcome.CONSENT_GONE, True), (Outcome.NO_PERMISSION, True), (Outcome.FAILED, False), (Outcome.DONE, False)],
    )
    def test_l9_a_token_that_is_refused_has_the_platform_asked_at_once(
        self, game: Game, credential: PlatformCredential, outcome: Outcome, asked: bool
    ) -> None:
        make_source(game, "registered", "twitch", credential=credential)
        link = link_of(game, token=ViewerToken(access_token="a", refresh_token="r", expires_at=None))
        (leased,) = lease_due(credential_id=credential.pk, limit=5, now=LATER)
        assert record(leased, Result(outcome=outcome), now=LATER, random=lambda: 0.0)
        assert state(link) == (LATER if asked else NOW + ASKED_EVERY, None)
        link.refresh_from_db()
        assert link.ended_at is None

    def test_l9_what_comes_of_an_old_token_does_not_count_once_the_viewer_consented_again(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        make_source(game, "registered", "twitch", credential=credential)
        token = ViewerToken(access_token="a", refresh_token="r", expires_at=None)
        link = link_of(game, token=token)
        leased: list[Leased] = lease_due(credential_id=credential.pk, limit=5, now=LATER)
        want_identifiers(game_id=game.pk, viewer=link.viewer, token=token, now=LATER)
        assert not record(leased[0], Result(outcome=Outcome.CONSENT_GONE), now=LATER, random=lambda: 0.0)
        assert RegisteredIdentifier.objects.get().state == "wanted"
        assert state(link) == (NOW + ASKED_EVERY, None)


class TestTheNet:
    """Links that have no row, and rows that have no link."""

    def test_l9_links_from_before_are_asked_for_within_a_day(self, game: Game, credential: PlatformCredential) -> None:
        links = [factories.make_link(game, viewer=factories.make_viewer(game.organization, "twitch")) for _ in range(5)]
        factories.make_link(game)  # on Kick, which cannot be asked
        factories.make_link(factories.make_game(), viewer=None)
        assert str(watch_everything()) == "5 viewers are asked for from now on, 0 no more"
        assert {state(link) for link in links} == {(NOW + ASKED_EVERY / 2, None)}
        assert watch_everything() == Watched()

    def test_l9_a_viewer_with_links_in_two_games_has_one_row(self, game: Game, credential: PlatformCredential) -> None:
        viewer = factories.make_viewer(game.organization, "twitch")
        factories.make_link(game, viewer=viewer)
        factories.make_link(factories.make_game(game.organization), viewer=viewer)
        assert watch_everything().new == 1
        assert ViewerAuthorization.objects.count() == 1

    def test_l9_two_links_that_ended_at_the_same_moment_leave_nobody_asked_for(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        links = linked(game, 5)
        Link.objects.exclude(pk=links[0].pk).update(ended_at=NOW, end_reason="viewer")
        assert watch_everything() == Watched(cleared=4)
        assert [state(link) for link in links[1:]] == [(None, None)] * 4
        assert authorization(links[0]).due_at == NOW

    def test_l9_one_whose_row_rests_is_asked_for_again_once_linked(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        (link,) = linked(game)
        ViewerAuthorization.objects.update(due_at=None, checked_at=NOW)
        assert watch_everything().new == 1
        assert (authorization(link).due_at, authorization(link).checked_at) == (NOW + ASKED_EVERY / 2, NOW)

    def test_l9_a_run_whose_time_is_over_is_continued(self, game: Game, credential: PlatformCredential) -> None:
        for _ in range(5):
            factories.make_link(game, viewer=factories.make_viewer(game.organization, "twitch"))
        cut = watch_all(now=NOW, seconds=0, batch=2)
        assert (cut.new, cut.finished) == (2, False)
        assert watch_links() == "3 viewers are asked for from now on, 0 no more"

    def test_l9_the_net_asks_as_little_for_twenty_links_as_for_one(
        self, game: Game, credential: PlatformCredential
    ) -> None:
        counts = []
        for number in (1, 20):
            for _ in range(number):
                factories.make_link(game, viewer=factories.make_viewer(game.organization, "twitch"))
            with CaptureQueriesContext(
                connection,
            ) as queries:
                watch_all(now=NOW, seconds=60)
            counts.append(len(queries))
        assert counts[0] == counts[1]
