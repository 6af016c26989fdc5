"""A player's tokens (A1): codes that work once, refresh tokens that work again, and whose token it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.idp.oidc.models import Token
from django.utils import timezone

from campaigns.models import Viewer
from fulfillment import tasks
from fulfillment.erasure import erase_player
from fulfillment.models import ApiClient
from linking.links import make_link
from linking.models import Player
from portal.models import Membership, Organization
from portal.roles import Role
from tests.factories import NOW, api_headers, make_api_token, make_game, make_organization, make_staff, make_viewer
from tests.fulfillment.oauth.walk import CALLBACK, Person, Program, Verifier, answered, player_token, question

pytestmark = pytest.mark.django_db

SHAPES = ("/oauth2", "/oauth")
FOUR_HOURS = 4 * 3600


@pytest.fixture
def program() -> Program:
    return Program(make_organization())


@pytest.fixture
def person(program: Program) -> Person:
    return Person(program.organization)


def code(program: Program, person: Person, verifier: Verifier, **asked: str) -> str:
    return answered(person.allow(question(program, verifier, **asked)))["code"]


def said(answer: Any) -> tuple[int, str]:
    body = answer.json()
    return answer.status_code, body.get("message") or body["error"]


def validate(program: Program, token: str, scheme: str = "Bearer") -> Any:
    return program.http.get("/oauth2/validate", headers={"Authorization": f"{scheme} {token}"})


def test_a1_twitch_gives_scopes_as_a_list(program: Program, person: Person) -> None:
    tokens = player_token(program, person, scope="claims:read claims:write")
    assert set(tokens) == {"access_token", "refresh_token", "expires_in", "scope", "token_type"}
    assert tokens["scope"] == ["claims:read", "claims:write"]
    assert (tokens["expires_in"], tokens["token_type"]) == (FOUR_HOURS, "bearer")
    assert player_token(program, person)["scope"] == []


def test_a1_kick_gives_scopes_as_a_text(program: Program, person: Person) -> None:
    tokens = player_token(program, person, "/oauth", scope="claims:read claims:write")
    assert set(tokens) == {"access_token", "refresh_token", "expires_in", "scope", "token_type"}
    assert tokens["scope"] == "claims:read claims:write"
    assert (tokens["expires_in"], tokens["token_type"]) == (FOUR_HOURS, "Bearer")
    assert player_token(program, person, "/oauth")["scope"] == ""


@pytest.mark.parametrize("shape", SHAPES)
def test_a1_a_code_works_once(program: Program, person: Person, shape: str) -> None:
    verifier = Verifier()
    once = code(program, person, verifier)
    assert program.redeem(once, verifier, f"{shape}/token").status_code == 200
    again = said(program.redeem(once, verifier, f"{shape}/token"))
    assert again == (400, "Invalid authorization code" if shape == "/oauth2" else "invalid_grant")


def test_a1_a_code_works_once_also_for_two_calls_at_once(
    program: Program, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second call looks the code up before the first has removed it."""
    monkeypatch.setattr("allauth.idp.oidc.internal.oauthlib.authorization_codes.invalidate", lambda *_args: None)
    verifier = Verifier()
    once = code(program, person, verifier)
    assert [program.redeem(once, verifier).status_code for _ in range(2)] == [200, 400]
    assert Token.objects.filter(type="at").count() == 1


def test_a1_a_code_needs_its_verifier_its_address_its_client_and_its_minute(program: Program, person: Person) -> None:
    verifier = Verifier()
    bad_code = (400, "Invalid authorization code")
    given = code(program, person, verifier)
    assert said(program.redeem(given, Verifier())) == bad_code
    missing = program.token(grant_type="authorization_code", code=given, redirect_uri=CALLBACK)
    assert said(missing) == (400, "missing code verifier")
    other_address = program.redeem(given, verifier, redirect_uri=f"{CALLBACK}/")
    assert said(other_address)[0] == 400
    assert "redirect_uri does not match" in said(other_address)[1]
    no_address = program.token(grant_type="authorization_code", code=given, code_verifier=verifier.verifier)
    assert said(no_address) == (400, "missing redirect uri")
    thief = Program(program.organization)
    assert said(thief.redeem(given, verifier)) == bad_code
    assert said(program.redeem(given, verifier, client_secret="wrong")) == (403, "invalid client secret")
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert said(program.redeem(given, verifier)) == bad_code
    assert not Token.objects.exists()
    assert said(program.token(grant_type="authorization_code")) == (400, "missing code")


def test_a1_what_went_wrong_does_not_use_the_code_up(program: Program, person: Person) -> None:
    verifier = Verifier()
    given = code(program, person, verifier)
    assert program.redeem(given, Verifier()).status_code == 400
    assert program.redeem(given, verifier).status_code == 200


@pytest.mark.parametrize("shape", SHAPES)
def test_a1_a_refresh_token_can_be_used_again(program: Program, person: Person, shape: str) -> None:
    first = player_token(program, person, shape)
    for _ in range(2):
        answer = program.token(f"{shape}/token", grant_type="refresh_token", refresh_token=first["refresh_token"])
        assert answer.status_code == 200
        renewed = answer.json()
        assert set(renewed) == set(first)
        assert renewed["refresh_token"] == first["refresh_token"]
        assert renewed["access_token"] != first["access_token"]
        assert validate(program, renewed["access_token"]).status_code == 200
    assert Token.objects.filter(type="rt").count() == 1


def test_a1_a_refresh_token_gives_the_same_scopes_or_fewer(program: Program, person: Person) -> None:
    refresh = player_token(program, person, scope="claims:read claims:write")["refresh_token"]

    def renew(**asked: str) -> Any:
        return program.token(grant_type="refresh_token", refresh_token=refresh, **asked)

    assert renew(scope="claims:read").json()["scope"] == ["claims:read"]
    assert said(renew(scope="claims:read analytics:read:games")) == (400, "invalid scope requested")
    assert renew().json()["scope"] == ["claims:read", "claims:write"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a1_a_refresh_token_is_good_for_its_client_and_for_a_year(program: Program, person: Person, shape: str) -> None:
    refresh = player_token(program, person)["refresh_token"]
    bad = (400, "Invalid refresh token" if shape == "/oauth2" else "invalid_grant")

    def renew(by: Program, value: str = refresh) -> tuple[int, Any]:
        answer = by.token(f"{shape}/token", grant_type="refresh_token", refresh_token=value)
        return said(answer) if answer.status_code != 200 else (200, "")

    assert renew(program, "unknown") == bad
    assert renew(Program(program.organization)) == bad
    with time_machine.travel(timezone.now() + timedelta(days=364)):
        assert renew(program) == (200, "")
    with time_machine.travel(timezone.now() + timedelta(days=366)):
        assert renew(program) == bad
    access = player_token(program, person)["access_token"]
    assert renew(program, access) == bad
    assert said(program.token(f"{shape}/token", grant_type="refresh_token"))[0] == 400


def test_a1_an_access_token_lives_four_hours(program: Program, person: Person) -> None:
    token = player_token(program, person)["access_token"]
    assert validate(program, token).json()["expires_in"] in range(FOUR_HOURS - 60, FOUR_HOURS + 1)
    with time_machine.travel(timezone.now() + timedelta(seconds=FOUR_HOURS + 1)):
        assert said(validate(program, token)) == (401, "invalid access token")


@pytest.mark.parametrize("scheme", ["OAuth", "Bearer", "oauth", "bearer"])
def test_a1_validate_says_whose_token_it_is(program: Program, person: Person, scheme: str) -> None:
    token = player_token(program, person, scope="claims:read")["access_token"]
    answer = validate(program, token, scheme)
    body = answer.json()
    assert answer.status_code == 200
    assert person.player is not None
    assert body == {
        "client_id": program.id,
        "login": "Nova",
        "scopes": ["claims:read"],
        "user_id": person.player.player_id,
        "expires_in": body["expires_in"],
    }
    assert answer["Cache-Control"] == "no-store"


def test_a1_validate_names_no_user_of_an_app_token(program: Program) -> None:
    body = validate(program, program.app_token()).json()
    assert set(body) == {"client_id", "scopes", "expires_in"}
    assert body["scopes"] == []


def test_a1_validate_names_the_twitch_user_where_exactly_one_is_linked(program: Program, person: Person) -> None:
    player = person.player
    assert player is not None
    token = player_token(program, person)["access_token"]

    def link(to: Player, platform: str, user_id: str, login: str) -> Viewer:
        viewer = make_viewer(program.organization, platform, platform_user_id=user_id, login=login)
        make_link(game=to.game, viewer=viewer, player=to, scopes=[], now=NOW, actor=person.user)
        return viewer

    def shown() -> tuple[str, str]:
        body = validate(program, token).json()
        return body["user_id"], body["login"]

    link(player, "kick", "55", "nova_kick")
    assert shown() == (player.player_id, "Nova")
    viewer = link(player, "twitch", "4711", "nova_tv")
    assert shown() == ("4711", "nova_tv")
    other = Player.objects.create(game=make_game(program.organization), player_id="second", user=person.user)
    make_link(game=other.game, viewer=viewer, player=other, scopes=[], now=NOW, actor=person.user)
    assert shown() == ("4711", "nova_tv")
    third = Player.objects.create(game=make_game(program.organization), player_id="third", user=person.user)
    link(third, "twitch", "4712", "nova_two")
    assert shown() == (player.player_id, "Nova")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "missing authorization token"),
        ("", "missing authorization token"),
        ("Bearer", "invalid access token"),
        ("Bearer x", "invalid access token"),
        ("Basic x", "invalid access token"),
        ("OAuth " + "x" * 3000, "invalid access token"),
        ("Bearer a\x00b", "invalid access token"),
        ("nonsense", "invalid access token"),
    ],
)
def test_a1_validate_refuses_as_twitch_does(program: Program, header: str | None, message: str) -> None:
    answer = program.http.get("/oauth2/validate", headers={} if header is None else {"Authorization": header})
    assert answer.status_code == 401
    assert answer.json() == {"status": 401, "message": message}


def test_a1_kick_introspects_the_token_that_the_call_shows(program: Program, person: Person) -> None:
    def introspect(token: str) -> Any:
        return program.call("/oauth/token/introspect", Authorization=f"Bearer {token}")

    now = timezone.now()
    with time_machine.travel(now, tick=False):
        token = player_token(program, person, "/oauth", scope="claims:read claims:write")["access_token"]
        assert introspect(token).json() == {
            "data": {
                "active": True,
                "client_id": program.id,
                "token_type": "user",
                "scope": "claims:read claims:write",
                "exp": int(now.timestamp()) + FOUR_HOURS,
            },
            "message": "OK",
        }
        app = introspect(program.app_token()).json()["data"]
        assert (app["token_type"], app["scope"], app["active"]) == ("app", "", True)
    for nothing in ("x", "", "a\x00b"):
        answer = introspect(nothing)
        assert (answer.status_code, answer.json()) == (401, {"data": None, "message": "Unauthorized"})
    assert program.call("/oauth/token/introspect").status_code == 401


@pytest.mark.parametrize("path", ["/oauth2/validate", "/oauth/token/introspect"])
def test_a1_a_token_of_no_client_of_the_api_of_one_that_is_over_or_of_a_disabled_studio_is_worth_nothing(
    program: Program, path: str
) -> None:
    def look() -> int:
        call = program.http.get if path == "/oauth2/validate" else program.http.post
        return int(call(path, headers=api_headers(program.client, token)).status_code)

    token = make_api_token(program.client)
    assert look() == 200
    clients, now = ApiClient.objects.filter(pk=program.client.pk), timezone.now()
    clients.update(expires_at=now)
    assert look() == 401
    clients.update(expires_at=None, revoked_at=now)
    assert look() == 401
    clients.update(revoked_at=None)
    Organization.objects.filter(pk=program.organization.pk).update(enabled=False)
    assert look() == 401
    Organization.objects.filter(pk=program.organization.pk).update(enabled=True)
    assert look() == 200
    clients.delete()
    assert look() == 401


def test_a1_twitch_revokes_a_client_s_own_token(program: Program, person: Person) -> None:
    for given_in in ("body", "query"):
        token = player_token(program, person)["access_token"]
        other = Program(make_organization())

        def revoke(token: str = token, given_in: str = given_in, **given: str) -> Any:
            parameters = {"client_id": program.id, "token": token, **given}
            parameters = {name: value for name, value in parameters.items() if value}
            body, query = (parameters, {}) if given_in == "body" else ({}, parameters)
            return program.call("/oauth2/revoke", body, query)

        assert revoke(client_id=other.id).json() == {"status": 400, "message": "Invalid token"}
        assert revoke(client_id="b" * 30).json() == {"status": 404, "message": "client does not exist"}
        assert revoke(client_id="").json() == {"status": 400, "message": "missing client id"}
        assert revoke(token="").json() == {"status": 400, "message": "missing oauth token"}
        assert validate(program, token).status_code == 200
        answer = revoke()
        assert (answer.status_code, answer.content) == (200, b"")
        assert validate(program, token).status_code == 401
        assert revoke().json() == {"status": 400, "message": "Invalid token"}


def test_a1_kick_revokes_what_stands_in_the_query(program: Program, person: Person) -> None:
    tokens = player_token(program, person, "/oauth")
    for kind in ("access_token", "refresh_token"):
        for _ in range(2):
            answer = program.call("/oauth/revoke", {}, {"token": tokens[kind], "token_hint_type": kind})
            assert (answer.status_code, answer.content) == (200, b"OK")
    assert not Token.objects.exists()
    assert program.call("/oauth/revoke").json()["error"] == "invalid_request"


def test_a1_a_token_that_is_none_of_the_partner_api_is_not_revoked(program: Program) -> None:
    token = make_api_token(program.client)
    program.client.delete()
    assert program.call("/oauth/revoke", {}, {"token": token}).status_code == 200
    assert Token.objects.count() == 1


def test_a1_expired_tokens_are_removed_by_the_schedule(program: Program, person: Person) -> None:
    player_token(program, person)
    program.app_token()
    with time_machine.travel(timezone.now() + timedelta(seconds=FOUR_HOURS + 60)):
        assert tasks.remove_expired() >= 1
        assert sorted(Token.objects.values_list("type", "user")) == [("at", None), ("rt", person.user.pk)]


def test_f8_who_has_no_game_account_any_more_has_no_tokens(program: Program, person: Person) -> None:
    staff = make_staff(program.organization)
    second = Player.objects.create(game=make_game(program.organization), player_id="second", user=person.user)
    elsewhere = Program(make_organization())
    Player.objects.create(game=make_game(elsewhere.organization), player_id="south", user=person.user)
    tokens, theirs = player_token(program, person), player_token(elsewhere, person)
    app = program.app_token()

    def erase(player: Player | None) -> None:
        assert player is not None
        erase_player(player=player, actor=staff, reason="asked for it", now=timezone.now())

    erase(second)
    assert validate(program, tokens["access_token"]).status_code == 200
    erase(person.player)
    assert validate(program, tokens["access_token"]).status_code == 401
    assert validate(elsewhere, theirs["access_token"]).status_code == 200
    assert validate(program, app).status_code == 200
    refreshed = program.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert said(refreshed) == (400, "Invalid refresh token")


def test_f8_a_code_is_worth_nothing_once_its_player_is_gone(program: Program, person: Person) -> None:
    verifier = Verifier()
    given = code(program, person, verifier)
    Player.objects.filter(user=person.user).update(user=None)
    assert said(program.redeem(given, verifier)) == (400, "Invalid authorization code")


def test_s1_who_left_the_staff_gets_no_new_tokens(program: Program) -> None:
    member = Person(None)
    member.user = make_staff(program.organization, Role.ANALYST)
    member.browser.force_login(member.user)
    refresh = player_token(program, member, scope="analytics:read:games")["refresh_token"]
    assert program.token(grant_type="refresh_token", refresh_token=refresh).status_code == 200
    Membership.objects.filter(user=member.user).delete()
    assert said(program.token(grant_type="refresh_token", refresh_token=refresh)) == (400, "Invalid refresh token")


def test_a1_an_account_that_was_closed_gets_none_either(program: Program, person: Person) -> None:
    tokens = player_token(program, person)
    person.user.is_active = False
    person.user.save()
    assert validate(program, tokens["access_token"]).status_code == 401
    answer = program.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert said(answer) == (400, "Invalid refresh token")


def test_s2_tokens_and_codes_are_stored_as_digests(program: Program, person: Person) -> None:
    tokens = player_token(program, person)
    stored = {value for row in Token.objects.values() for value in map(str, row.values())}
    assert not stored & {tokens["access_token"], tokens["refresh_token"]}
