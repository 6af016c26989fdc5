"""Link tokens that a game makes for its players: L2."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.test import Client

from campaigns.models import Game
from linking.models import GameSignIn, Player, UsedLinkToken
from linking.players import NotProven, redeem_link_token
from linking.rules.link_tokens import TokenFault, TokenRefused, read_token
from portal.models import User
from tests import factories
from tests.linking.walk import text_of, url

SECRET = "a-secret-of-at-least-thirty-two-bytes"
OLD_SECRET = "the-secret-before-it-also-long-enough"
GAME = "01JTESTGAME"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def minted(
    now: datetime = NOW, *, secret: str = SECRET, algorithm: str = "HS256", leave_out: str = "", **changed: Any
) -> str:
    claims = {
        "aud": GAME,
        "sub": "player-7",
        "name": "Mira",
        "jti": "token-1",
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=5)).timestamp()),
        **changed,
    }
    claims.pop(leave_out, None)
    return jwt.encode(claims, secret, algorithm=algorithm)


def unsigned() -> str:
    body = jwt.decode(minted(), options={"verify_signature": False})
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, body)]
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


def read(token: str, *secrets: str, now: datetime = NOW) -> Any:
    return read_token(token, game_id=GAME, secrets=secrets or (SECRET, OLD_SECRET), now=now)


def at(**delta: float) -> int:
    return int((NOW + timedelta(**delta)).timestamp())


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"exp": at(minutes=-1), "iat": at(minutes=-5)}, TokenFault.EXPIRED),
        ({"exp": at(seconds=0), "iat": at(minutes=-5)}, TokenFault.EXPIRED),
        ({"aud": "01JANOTHERGAME"}, TokenFault.WRONG_GAME),
        ({"aud": ["01JANOTHERGAME"]}, TokenFault.WRONG_GAME),
        ({"secret": "some-other-secret-of-thirty-two-bytes"}, TokenFault.BAD_SIGNATURE),
        ({"algorithm": "HS512"}, TokenFault.BAD_SIGNATURE),
        ({"exp": at(minutes=11)}, TokenFault.TOO_LONG_LIVED),
        ({"exp": at(days=3650)}, TokenFault.TOO_LONG_LIVED),
        ({"iat": at(minutes=5), "exp": at(minutes=9)}, TokenFault.NOT_YET),
        ({"sub": "x" * 201}, TokenFault.BAD_PLAYER_ID),
        ({"sub": ""}, TokenFault.BAD_PLAYER_ID),
        ({"sub": 7}, TokenFault.BAD_PLAYER_ID),
        ({"sub": "line\nbreak"}, TokenFault.BAD_PLAYER_ID),
        ({"jti": ""}, TokenFault.INCOMPLETE),
        ({"jti": "x" * 201}, TokenFault.INCOMPLETE),
        ({"exp": "soon"}, TokenFault.INCOMPLETE),
        ({"exp": 1e300}, TokenFault.INCOMPLETE),
        *[({"leave_out": name}, TokenFault.INCOMPLETE) for name in ("exp", "iat", "jti", "sub", "aud")],
    ],
)
def test_l2_each_fault_of_a_token_has_its_own_sentence(changed: dict[str, Any], fault: TokenFault) -> None:
    with pytest.raises(TokenRefused) as refused:
        read(minted(**changed))
    assert refused.value.fault == fault and str(refused.value.sentence)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", minted()[:-30], "é" * 40, "x" * 5000, unsigned()])
def test_l2_what_is_no_signed_token_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        read(token)
    assert refused.value.fault in (TokenFault.MALFORMED, TokenFault.BAD_SIGNATURE)


def test_l2_a_good_token_names_player_and_game_and_both_secrets_are_taken() -> None:
    for secret in (SECRET, OLD_SECRET):
        claims = read(minted(secret=secret))
        assert (claims.player_id, claims.name, claims.token_id) == ("player-7", "Mira", "token-1")
    assert read(minted(exp=at(minutes=10))).player_id == "player-7"
    assert read(minted(aud=["other", GAME], leave_out="name")).name == ""


def test_l2_secrets_that_could_be_guessed_count_as_none() -> None:
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = minted(secret="short")
    with pytest.raises(TokenRefused) as refused:
        read(token, "short")
    assert refused.value.fault == TokenFault.NOT_SET_UP


@pytest.fixture
def token_game(game: Game) -> Game:
    GameSignIn.objects.create(game=game, method="link_token", token_secret=SECRET, previous_token_secret=OLD_SECRET)
    return game


def mint_for(game: Game, **changed: Any) -> str:
    return minted(**{"now": datetime.now(UTC), "aud": game.pk, **changed})


@pytest.mark.django_db
def test_l2_a_token_works_once_and_its_row_goes_when_it_would_have_expired(token_game: Game) -> None:
    token = minted(aud=token_game.pk)
    player = redeem_link_token(game=token_game, token=token, now=NOW)
    assert (player.player_id, player.name) == ("player-7", "Mira")
    with pytest.raises(TokenRefused) as refused:
        redeem_link_token(game=token_game, token=token, now=NOW)
    assert refused.value.fault == TokenFault.USED
    later = NOW + timedelta(hours=1)
    again = redeem_link_token(
        game=token_game, token=minted(later, aud=token_game.pk, jti="token-2", name="Mira II"), now=later
    )
    assert (again.pk, again.name, again.user) == (player.pk, "Mira II", player.user)
    assert [row.token_id for row in UsedLinkToken.objects.all()] == ["token-2"]


@pytest.mark.django_db
def test_l2_looking_at_a_link_does_not_use_it_up(token_game: Game) -> None:
    visitor = Client()
    token = mint_for(token_game)
    for _ in range(3):
        page = visitor.get(url(token_game, f"token/?t={token}"))
        assert "Continue as Mira?" in text_of(page)
    assert not UsedLinkToken.objects.exists() and "_auth_user_id" not in visitor.session
    response = visitor.post(url(token_game, "token/"), {"token": token})
    assert response["Location"] == url(token_game)
    assert "Signed in as Mira" in text_of(visitor.get(url(token_game)))
    again = Client().post(url(token_game, "token/"), {"token": token})
    assert (again.status_code, "used already" in text_of(again)) == (400, True)


@pytest.mark.django_db
def test_i1_a_token_signs_in_as_its_own_user_and_never_as_another(token_game: Game) -> None:
    visitor = Client()
    staff = factories.make_staff(token_game.organization)
    visitor.force_login(staff)
    visitor.post(url(token_game, "token/"), {"token": mint_for(token_game)})
    user = User.objects.get(pk=visitor.session["_auth_user_id"])
    assert user != staff and not user.has_usable_password() and not user.is_staff
    assert Player.objects.get().user == user
    Player.objects.update(user=staff)
    with pytest.raises(NotProven):
        redeem_link_token(game=token_game, token=mint_for(token_game, jti="2"), now=datetime.now(UTC))
    refused = Client().post(url(token_game, "token/"), {"token": mint_for(token_game, jti="3")})
    assert "Sign in to that account instead" in text_of(refused)


@pytest.mark.django_db
def test_i4_a_game_user_is_nobody_in_another_studios_game_and_cannot_take_a_password(token_game: Game) -> None:
    visitor = Client()
    visitor.post(url(token_game, "token/"), {"token": mint_for(token_game)})
    other = factories.make_game(factories.make_organization())
    factories.make_credential(other.organization)
    page = text_of(visitor.get(url(other)))
    assert "Sign in with another account" in page and "Signed in as" not in page
    response = visitor.post(
        "/accounts/password/set/", {"password1": factories.PASSWORD, "password2": factories.PASSWORD}
    )
    assert response.status_code == 403
    assert not User.objects.get(pk=visitor.session["_auth_user_id"]).has_usable_password()


@pytest.mark.django_db
def test_s4_token_links_are_rate_limited(token_game: Game) -> None:
    visitor = Client()
    codes = [visitor.get(url(token_game, "token/?t=x")).status_code for _ in range(21)]
    assert codes == [400] * 20 + [429]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["a\0b", "\ud800"], ids=["nul", "half a pair"])
def test_l2_a_name_that_no_database_takes_counts_as_none(token_game: Game, name: str) -> None:
    visitor, token = Client(), mint_for(token_game, name=name)
    assert visitor.get(url(token_game, f"token/?t={token}")).status_code == 200
    assert visitor.post(url(token_game, "token/"), {"token": token}).status_code == 302
    assert Player.objects.get().name == ""
