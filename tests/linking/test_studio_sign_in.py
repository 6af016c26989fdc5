"""A studio's own sign-in by OpenID Connect: L2, I1, I4, D7."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from campaigns.models import Game
from linking.models import GameSignIn, Player
from portal.models import User
from tests import factories
from tests.doubles.oauth_server import OAuthServer
from tests.linking.walk import BASE, come_back, text_of, url

pytestmark = pytest.mark.django_db

PERSON = {"sub": "acct-9", "preferred_username": "Mira", "email": "owner@example.org", "email_verified": True}


@pytest.fixture
def idp() -> Iterator[OAuthServer]:
    server = OAuthServer("oidc")
    yield server
    server.stop()


@pytest.fixture
def oidc_game(game: Game, idp: OAuthServer) -> Game:
    sign_in(game, idp)
    return game


def sign_in(game: Game, idp: OAuthServer, **fields: Any) -> GameSignIn:
    return GameSignIn.objects.create(
        game=game,
        method="oidc",
        **{
            "label": "Sign in with Starfall",
            "issuer": idp.url,
            "client_id": idp.client_id,
            "client_secret": idp.client_secret,
            **fields,
        },
    )


def enter(client: Client, game: Game, idp: OAuthServer, person: dict[str, Any] = PERSON) -> Any:
    response = client.post(url(game, "sign-in/"))
    assert response.status_code == 302, text_of(response)
    return come_back(client, idp.consent(response["Location"], person))


def test_l2_the_studios_sign_in_proves_the_game_account(oidc_game: Game, idp: OAuthServer) -> None:
    visitor = Client()
    assert "Sign in with Starfall" in text_of(visitor.get(url(oidc_game)))
    assert enter(visitor, oidc_game, idp)["Location"] == url(oidc_game)
    player = Player.objects.get()
    assert (player.player_id, player.name) == ("acct-9", "Mira")
    assert player.user and visitor.session["_auth_user_id"] == str(player.user.pk)
    assert not SocialAccount.objects.exists(), "I3"
    assert "Signed in as Mira" in text_of(visitor.get(url(oidc_game)))
    again = Client()
    enter(again, oidc_game, idp)
    assert again.session["_auth_user_id"] == str(player.user.pk)


def test_l3_asks_with_pkce_state_and_the_registered_address(oidc_game: Game, idp: OAuthServer) -> None:
    address = Client().post(url(oidc_game, "sign-in/?scope=admin&auth_params=prompt%3Dnone"))["Location"]
    asked = dict(parse_qsl(urlsplit(address).query))
    assert asked["redirect_uri"] == f"{BASE}/connect/sign-in/{oidc_game.pk}/callback/"
    assert set(asked["scope"].split()) == {"openid", "profile"}
    assert asked["code_challenge_method"] == "S256" and "prompt" not in asked


def test_i1_nobody_is_signed_in_by_an_e_mail_address_and_staff_never(oidc_game: Game, idp: OAuthServer) -> None:
    staff = factories.make_staff(oidc_game.organization, email="owner@example.org")
    visitor = Client()
    visitor.force_login(staff)
    enter(visitor, oidc_game, idp)
    assert visitor.session["_auth_user_id"] != str(staff.pk)
    Player.objects.update(user=staff)
    response = enter(Client(), oidc_game, idp)
    assert (response.status_code, "Sign in to that account instead" in text_of(response)) == (403, True)


def test_one_person_in_two_games_of_a_studio_is_one_user_but_not_across_studios(game: Game, idp: OAuthServer) -> None:
    second = factories.make_game(game.organization)
    foreign = factories.make_game(factories.make_organization())
    for each in (game, second, foreign):
        sign_in(each, idp)
    users = []
    for each in (game, second, foreign):
        visitor = Client()
        enter(visitor, each, idp)
        users.append(visitor.session["_auth_user_id"])
    assert users[0] == users[1] != users[2]


@pytest.mark.parametrize("claim", [None, "", 1.5, True, "x" * 201, ["a"]])
def test_a_claim_that_names_no_player_is_the_studios_matter(game: Game, idp: OAuthServer, claim: Any) -> None:
    sign_in(game, idp, player_id_claim="game_account")
    response = enter(Client(), game, idp, {**PERSON, "game_account": claim})
    assert (response.status_code, "did not say which game account" in text_of(response)) == (403, True)
    assert not Player.objects.exists() and not User.objects.exists()


def test_faults_of_the_studios_sign_in_are_said_in_plain_words(oidc_game: Game, idp: OAuthServer) -> None:
    visitor = Client()
    address = visitor.post(url(oidc_game, "sign-in/"))["Location"]
    assert "did not connect an account" in text_of(come_back(visitor, idp.deny(address)))
    back = idp.consent(visitor.post(url(oidc_game, "sign-in/"))["Location"], PERSON)
    idp.user_answer = ["no", "object"]
    assert "is not answering" in text_of(come_back(visitor, back))
    assert "too old, or was used already" in text_of(come_back(visitor, back))
    idp.discovery = {"token_endpoint": None}
    assert "is not answering" in text_of(visitor.post(url(oidc_game, "sign-in/")))
    idp.stop()
    response = visitor.post(url(oidc_game, "sign-in/"))
    assert (response.status_code, "is not answering" in text_of(response)) == (502, True)


def test_s3_a_sign_in_at_an_origin_the_page_could_not_know_is_left_for_by_a_link(
    oidc_game: Game, idp: OAuthServer
) -> None:
    idp.discovery = {"authorization_endpoint": "https://login.elsewhere.example/authorize"}
    response = Client().post(url(oidc_game, "sign-in/"))
    assert response.status_code == 200
    assert 'href="https://login.elsewhere.example/authorize?' in response.content.decode()


def test_allauths_own_addresses_start_nothing(oidc_game: Game) -> None:
    for path in (f"/accounts/oidc/{oidc_game.pk}/login/", f"/accounts/oidc/{oidc_game.pk}/login/callback/?state=x"):
        assert Client().get(path).status_code == 404
        assert Client().post(path).status_code == 404


def test_d7_an_issuer_inside_the_network_is_not_called(game: Game, idp: OAuthServer, settings: Any) -> None:
    sign_in(game, idp)
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = False
    assert "is not answering" in text_of(Client().post(url(game, "sign-in/")))
    assert not idp.server.requests


def test_accounts_of_the_portal_are_not_offered_where_the_game_has_its_own(oidc_game: Game) -> None:
    visitor = Client()
    assert "Create an account" not in text_of(visitor.get(url(oidc_game)))
    page = text_of(visitor.get(f"/accounts/signup/?next={url(oidc_game)}"))
    assert "Create account" not in page
    player = Client()
    player.force_login(factories.make_user())
    assert "Signed in as" not in text_of(player.get(url(oidc_game)))


@pytest.mark.parametrize("name", ["a\0b", "\ud800"], ids=["nul", "half a pair"])
def test_l2_a_name_that_no_database_takes_counts_as_none(oidc_game: Game, idp: OAuthServer, name: str) -> None:
    assert enter(Client(), oidc_game, idp, {**PERSON, "preferred_username": name})["Location"] == url(oidc_game)
    assert Player.objects.get().name == ""
