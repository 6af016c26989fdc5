"""Whether what was granted to a game server still holds, asked every minute (G2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.idp.oidc.models import Token
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.game_state.admission import Admission, Asking, Standing, doorkeeper
from campaigns.models import Game
from campaigns.rules.game_state.codes import Code
from fulfillment.models import ApiClient, GameStateClient
from fulfillment.rules.scopes import GAME_STATE_WRITE
from linking.authorizing.watching import watch
from linking.models import Link, Player, ViewerAuthorization
from portal.models import User
from tests.factories import (
    NOW,
    allow_game_state,
    make_api_client,
    make_api_token,
    make_credential,
    make_game,
    make_link,
    make_player,
    make_user,
    make_viewer,
)

pytestmark = pytest.mark.django_db

ENDS = NOW + timedelta(hours=1)


def linked(game: Game, *, user: User | None = None) -> Link:
    return make_link(game, viewer=make_viewer(game.organization, "twitch"), player=make_player(game, user=user))


def admitted(game: Game, *, broadcasters: int = 1, user: User | None = None) -> Admission:
    """Admit a client of the game's organization that is new, for broadcasters that are new, or for a person's own."""
    client = make_api_client(game.organization)
    allow_game_state(client, game)
    links = [linked(game, user=user) for _ in range(broadcasters)]
    scopes = (GAME_STATE_WRITE,) if user else ()
    asking = Asking(
        token=make_api_token(client, user=user, scopes=scopes, expires_at=ENDS),
        game_id=game.pk,
        broadcaster_ids=None if user else tuple(f"twitch:{link.viewer.platform_user_id}" for link in links),
    )
    return doorkeeper().admit(asking, now=NOW)


def standing(admission: Admission, *, now: Any = NOW) -> Standing:
    return doorkeeper().standing([admission], now=now)[0]


@pytest.fixture
def game(db: None) -> Game:
    return make_game()


@pytest.fixture
def admission(game: Game) -> Admission:
    return admitted(game, broadcasters=2)


def test_g2_what_was_granted_holds_while_nothing_changes(admission: Admission) -> None:
    assert standing(admission) == Standing(None, admission.channels)


def test_g2_a_token_that_expires_ends_it_whether_its_row_is_still_there_or_not(admission: Admission) -> None:
    assert standing(admission, now=ENDS) == Standing(Code.TOKEN_EXPIRED, ())
    Token.objects.all().delete()
    assert standing(admission, now=ENDS).code is Code.TOKEN_EXPIRED


def test_g2_a_token_that_was_taken_back_ends_it(admission: Admission) -> None:
    Token.objects.all().delete()
    assert standing(admission) == Standing(Code.TOKEN_REVOKED, ())


def test_g2_a_client_that_was_revoked_or_lost_the_scope_ends_it(admission: Admission) -> None:
    client = ApiClient.objects.get()
    client.oauth.set_scopes([])
    client.oauth.save()
    assert standing(admission).code is Code.SCOPE_MISSING
    ApiClient.objects.update(revoked_at=NOW)
    assert standing(admission).code is Code.TOKEN_REVOKED


def test_g2_a_pair_that_is_not_allowed_any_more_ends_it(admission: Admission) -> None:
    GameStateClient.objects.all().delete()
    allow_game_state(make_api_client(Game.objects.get().organization), Game.objects.get())
    assert standing(admission) == Standing(Code.GAME_NOT_ALLOWED, ())


def test_g2_of_the_broadcasters_those_remain_that_are_still_linked(admission: Admission) -> None:
    first, second = admission.channels
    user_id = first.broadcaster_id.partition(":")[2]
    Link.objects.filter(viewer__platform_user_id=user_id).update(ended_at=NOW, end_reason=Link.EndReason.VIEWER)
    assert standing(admission) == Standing(None, (second,))
    Link.objects.filter(ended_at=None).update(ended_at=NOW, end_reason=Link.EndReason.REVOKED)
    assert standing(admission) == Standing(Code.BROADCASTER_NOT_LINKED, ())


def test_g2_a_broadcaster_whose_authorization_lapsed_is_let_go(game: Game, admission: Admission) -> None:
    make_credential(game.organization, "twitch")
    for link in Link.objects.all():
        watch(viewer=link.viewer, now=NOW)
    assert standing(admission).code is None
    ViewerAuthorization.objects.update(missing_since=NOW)
    assert standing(admission).code is Code.BROADCASTER_NOT_LINKED


def test_g2_a_persons_token_holds_while_the_link_is_that_persons(game: Game) -> None:
    user = make_user()
    admission = admitted(game, user=user)
    assert standing(admission) == Standing(None, admission.channels)
    Player.objects.update(user=make_user())
    assert standing(admission).code is Code.BROADCASTER_NOT_LINKED
    Player.objects.update(user=user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert standing(admission).code is Code.TOKEN_REVOKED


def test_g2_each_of_many_is_told_its_own_and_in_order(game: Game) -> None:
    many = [admitted(game), admitted(make_game(), user=make_user()), admitted(game), admitted(make_game())]
    GameStateClient.objects.filter(client__oauth=many[2].client_id).delete()
    codes = [one.code for one in doorkeeper().standing(many, now=NOW)]
    assert codes == [None, None, Code.GAME_NOT_ALLOWED, None]
    assert doorkeeper().standing([], now=NOW) == []


def test_g2_the_same_broadcaster_of_two_studios_is_two(game: Game) -> None:
    admission = admitted(game)
    user_id = admission.channels[0].broadcaster_id.partition(":")[2]
    other = make_game()
    make_link(other, viewer=make_viewer(other.organization, "twitch", platform_user_id=user_id))
    Link.objects.filter(game=game).update(ended_at=NOW, end_reason=Link.EndReason.VIEWER)
    assert standing(admission).code is Code.BROADCASTER_NOT_LINKED


def test_g2_looking_again_at_twenty_costs_as_many_queries_as_at_one(game: Game) -> None:
    many = [admitted(game if number % 2 else make_game(), broadcasters=3) for number in range(20)]
    counts = []
    for some in (many[:1], many):
        with CaptureQueriesContext(connection) as queries:
            assert all(one.code is None for one in doorkeeper().standing(some, now=NOW))
        counts.append(len(queries))
    assert counts[0] == counts[1] == 3
