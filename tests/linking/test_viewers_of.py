"""I2, W5: which viewers a person may look at as their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from campaigns.models import Game, Viewer
from linking import pending
from linking.models import GameSignIn
from linking.viewers_of import OwnViewer, viewers_of
from portal.models import User
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def ask(user: Any, session: dict[str, Any] | None = None) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    request.session = {} if session is None else session
    return request


def seen_by(user: Any, session: dict[str, Any] | None = None) -> list[OwnViewer]:
    return viewers_of(ask(user, session), now=NOW)


def ids(found: list[OwnViewer]) -> set[str]:
    return {one.viewer.pk for one in found}


def linked(game: Game, user: User, viewer: Viewer | None = None, **fields: Any) -> Viewer:
    return make.make_link(game, viewer=viewer, player=make.make_player(game, user=user), **fields).viewer


def test_the_viewers_linked_to_ones_players_are_ones_own_in_all_games_of_the_studio() -> None:
    game, user = make.make_game(), make.make_user()
    viewer = linked(game, user)
    linked(game, make.make_user())
    (own,) = seen_by(user)
    assert own.viewer == viewer
    elsewhere = make.make_campaign(make.make_game(game.organization))
    assert own.sees(elsewhere)
    assert not own.is_linked(elsewhere)
    assert own.is_linked(make.make_campaign(game))
    assert not own.sees(make.make_campaign(make.make_game()))


def test_a_viewer_linked_for_two_games_is_one_viewer() -> None:
    game, user = make.make_game(), make.make_user()
    other = make.make_game(game.organization)
    viewer = linked(game, user)
    linked(other, user, viewer)
    (own,) = seen_by(user)
    assert set(own.players) == {game.pk, other.pk}


def test_a_viewer_just_proven_is_ones_own_until_the_proof_is_over() -> None:
    game, viewer, session = make.make_game(), make.make_viewer(make.make_organization()), {}
    game = make.make_game(viewer.organization)
    request = ask(AnonymousUser(), session)
    pending.keep(request, game=game, viewer=viewer, scopes=[], now=NOW)
    assert ids(viewers_of(request, now=NOW)) == {viewer.pk}
    assert ids(viewers_of(request, now=NOW + timedelta(minutes=16))) == set()
    assert seen_by(AnonymousUser()) == []


def test_w5_after_unlinking_progress_is_still_to_be_seen() -> None:
    game, user = make.make_game(), make.make_user()
    viewer = linked(game, user, ended_at=NOW, end_reason="viewer")
    (own,) = seen_by(user)
    assert own.viewer == viewer
    assert not own.is_linked(make.make_campaign(game))


def test_a_viewer_whom_somebody_else_has_linked_since_is_theirs_alone() -> None:
    game, user, heir = make.make_game(), make.make_user(), make.make_user()
    viewer = linked(game, user, started_at=NOW - timedelta(days=9), ended_at=NOW, end_reason="viewer")
    link = make.make_link(game, viewer=viewer, player=make.make_player(game, user=heir), started_at=NOW)
    assert seen_by(user) == []
    assert ids(seen_by(heir)) == {viewer.pk}
    link.ended_at, link.end_reason = NOW, "viewer"
    link.save()
    assert seen_by(user) == []
    assert ids(seen_by(heir)) == {viewer.pk}


def test_i2_the_viewer_of_the_studios_own_player_is_seen_in_that_players_game_alone() -> None:
    game, user = make.make_game(), make.make_user()
    make.make_player(game, player_id="p-1", user=user)
    viewer = make.make_viewer(game.organization, "portal", platform_user_id="p-1")
    make.make_viewer(make.make_organization(), "portal", platform_user_id="p-1")
    make.make_viewer(game.organization, "kick", platform_user_id="p-1")
    (own,) = seen_by(user)
    assert own.viewer == viewer
    campaign, other = make.make_campaign(game), make.make_campaign(make.make_game(game.organization))
    assert own.sees(campaign)
    assert own.is_linked(campaign)
    assert not own.sees(other)


def test_i2_an_account_on_the_portal_is_the_player_before_its_row_is_made_where_the_game_lets_it() -> None:
    game, user = make.make_game(), make.make_user()
    other = make.make_game(game.organization)
    GameSignIn.objects.create(game=other, method="link_token", token_secret="x" * 40)
    viewer = make.make_viewer(game.organization, "portal", platform_user_id=user.public_id)
    (own,) = seen_by(user)
    assert own.viewer == viewer
    assert own.is_linked(make.make_campaign(game))
    assert not own.sees(make.make_campaign(other))


def test_i2_a_user_without_a_password_here_is_not_the_player_of_its_public_id() -> None:
    game, user = make.make_game(), make.make_user()
    user.set_unusable_password()
    user.save()
    make.make_viewer(game.organization, "portal", platform_user_id=user.public_id)
    assert seen_by(user) == []


def test_it_asks_the_database_as_often_for_20_viewers_as_for_one(django_assert_num_queries: Any) -> None:
    game, user = make.make_game(), make.make_user()

    def add() -> None:
        linked(game, user)
        linked(game, user, ended_at=NOW, end_reason="viewer")
        player = make.make_player(game, user=user)
        make.make_viewer(game.organization, "portal", platform_user_id=player.player_id)

    add()
    with django_assert_num_queries(5):
        assert len(seen_by(user)) == 3
    for _ in range(19):
        add()
    with django_assert_num_queries(5):
        assert len(seen_by(user)) == 60
