"""A player says whether a client may act for them (A1): who is asked, what is shown, and where the answer goes."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.idp.oidc.models import Token
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from fulfillment.models import ApiClient
from linking.models import GameSignIn, Player
from portal.roles import Role
from tests.factories import make_game, make_organization, make_staff, number
from tests.fulfillment.oauth.walk import CALLBACK, Person, Program, Verifier, answered, player_token, question

pytestmark = pytest.mark.django_db

BOTH = ("/oauth2/authorize", "/oauth/authorize")


@pytest.fixture
def program() -> Program:
    return Program(make_organization(name="Northwind"), name="Starfall backend")


@pytest.fixture
def person(program: Program) -> Person:
    return Person(program.organization)


def words(page: Any) -> str:
    return " ".join(page.content.decode().split())


def directive(response: Any, name: str) -> list[str]:
    policy = response["Content-Security-Policy"]
    (found,) = [part.split()[1:] for part in policy.split(";") if part.split()[0] == name]
    return list(found)


@pytest.mark.parametrize("path", BOTH)
def test_a1_the_page_says_who_asks_for_what_and_for_which_account(program: Program, person: Person, path: str) -> None:
    page = person.browser.get(question(program, Verifier(), path))
    assert page.status_code == 200
    text = words(page)
    assert "Allow Starfall backend to act for you?" in text
    assert "Starfall backend is a program of Northwind." in text
    assert person.player is not None
    assert person.player.player_id in text
    assert person.player.game.name in text
    assert "See your rewards" in text
    assert "Mark your rewards as handed over" in text
    assert "figures" not in text
    assert "you go back to backend.example.org" in text
    assert "no-store" in page["Cache-Control"]
    assert page["X-Frame-Options"] == "DENY"


def test_a1_what_the_client_may_not_do_is_not_offered(person: Person) -> None:
    assert person.player is not None
    narrow = Program(person.player.game.organization, scopes=("claims:read",))
    text = words(person.browser.get(question(narrow, Verifier())))
    assert "See your rewards" in text
    assert "Mark your rewards" not in text
    wide = Program(person.player.game.organization)
    text = words(person.browser.get(question(wide, Verifier(), scope="claims:write")))
    assert "See your rewards" not in text
    assert "Mark your rewards" in text


def test_g2_game_state_is_allowed_by_name_alone(program: Program, person: Person) -> None:
    streaming, reading = "Tell the portal, while you stream", "See what your game tells while you stream"
    text = words(person.browser.get(question(program, Verifier())))
    assert "See your rewards" in text
    assert streaming not in text
    assert reading not in text
    text = words(person.browser.get(question(program, Verifier(), scope="game-state:write")))
    assert (streaming in text, reading in text, "See your rewards" in text) == (True, False, False)
    text = words(person.browser.get(question(program, Verifier(), scope="game-state:read claims:read")))
    assert (streaming in text, reading in text, "See your rewards" in text) == (False, True, True)
    tokens = player_token(program, person, scope="game-state:write")
    assert tokens["scope"] == ["game-state:write"]


@pytest.mark.parametrize("path", BOTH)
def test_a1_who_allows_it_is_sent_back_with_a_code_and_the_state(program: Program, person: Person, path: str) -> None:
    response = person.allow(question(program, Verifier(), path, state="ä&b=c"))
    assert response["Location"].startswith(f"{CALLBACK}?")
    told = answered(response)
    assert set(told) == {"code", "state"}
    assert told["state"] == "ä&b=c"


@pytest.mark.parametrize("path", BOTH)
def test_a1_who_does_not_is_sent_back_with_access_denied(program: Program, person: Person, path: str) -> None:
    told = answered(person.allow(question(program, Verifier(), path), answer="deny"))
    assert (told["error"], told["state"]) == ("access_denied", "st-4711")
    assert "code" not in told
    assert not Token.objects.exists()


def test_a1_anything_but_allow_is_no(program: Program, person: Person) -> None:
    assert answered(person.allow(question(program, Verifier()), answer=""))["error"] == "access_denied"


def test_a1_an_address_with_a_query_of_its_own_keeps_it(person: Person) -> None:
    assert person.player is not None
    address = "https://backend.example.org/cb?tenant=7"
    program = Program(person.player.game.organization, redirect_uris=(address,))
    told = answered(person.allow(question(program, Verifier(), redirect_uri=address)))
    assert told["tenant"] == "7"
    assert told["code"]


def test_s1_the_answer_needs_the_form_s_own_token(program: Program, person: Person) -> None:
    address = question(program, Verifier())
    page = person.browser.get(address)
    answer = {"answer": "allow", "account": page.context["account"]}
    assert person.browser.post(address, answer).status_code == 403
    forged = {**answer, "csrfmiddlewaretoken": "x" * 64}
    assert person.browser.post(address, forged).status_code == 403


def test_a1_who_has_signed_in_as_somebody_else_since_is_asked_anew(program: Program, person: Person) -> None:
    address = question(program, Verifier())
    page = person.browser.get(address)
    other = Person(program.organization)
    token = other.browser.get(address) and other.browser.cookies["drops_csrf"].value
    fields = {"answer": "allow", "account": page.context["account"], "csrfmiddlewaretoken": token}
    answer = other.browser.post(address, fields)
    assert answer.status_code == 200
    assert "You are signed in as somebody else now" in words(answer)
    assert answer.context["account"] == other.user.public_id


def test_a1_who_is_not_signed_in_signs_in_first_and_comes_back(program: Program) -> None:
    address = question(program, Verifier())
    make_game(program.organization)
    response = Browser().get(address)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))
    person = Person(program.organization)
    browser = Browser()
    after = browser.post(
        response["Location"], {"login": person.user.username, "password": "correct horse battery staple"}
    )
    assert after["Location"] == address
    assert browser.get(address).status_code == 200


def test_a1_where_a_game_has_a_sign_in_of_its_own_the_page_shows_the_ways(program: Program) -> None:
    game = make_game(program.organization)
    GameSignIn.objects.create(game=game, method="oidc", issuer="https://id.example.org", client_id="c")
    page = Browser().get(question(program, Verifier()))
    assert page.status_code == 200
    assert reverse("connect_organization", args=[program.organization.slug]) in words(page)
    assert reverse("account_login") not in page.context["sign_in_url"]
    make_game(program.organization)
    page = Browser().get(question(program, Verifier()))
    assert page.context["sign_in_url"].startswith(reverse("account_login"))


def test_a1_who_has_no_game_account_there_is_not_asked_but_told_so(program: Program) -> None:
    stranger = Person(make_organization())
    page = stranger.browser.get(question(program, Verifier()))
    text = words(page)
    assert "First your game account" in text
    assert reverse("connect_organization", args=[program.organization.slug]) in text
    assert '<form method="post">' not in text
    # Nor can they press a button that they were not shown.
    token = {"csrfmiddlewaretoken": "x"}
    stranger.browser.get(reverse("account_email"))
    token = {"csrfmiddlewaretoken": stranger.browser.cookies["drops_csrf"].value}
    fields = {"answer": "allow", "account": stranger.user.public_id, **token}
    answer = stranger.browser.post(question(program, Verifier()), fields)
    assert answer.status_code == 200
    assert "First your game account" in words(answer)


def test_a2_staff_of_the_studio_may_allow_figures_without_a_game_account(program: Program) -> None:
    member = Person(None)
    staff = make_staff(program.organization, Role.ANALYST)
    member.user = staff
    member.browser.force_login(staff)
    page = member.browser.get(question(program, Verifier(), scope="analytics:read:games"))
    text = words(page)
    assert "You are asked as a member of the staff of Northwind" in text
    assert "Read the figures of the studio" in text
    assert "See your rewards" not in text
    tokens = player_token(program, member, scope="analytics:read:games")
    assert tokens["scope"] == ["analytics:read:games"]
    # Without that scope there is nothing that a member without an account could allow.
    assert "First your game account" in words(member.browser.get(question(program, Verifier())))


def test_a2_staff_of_another_studio_may_not(program: Program) -> None:
    stranger = Person(None)
    stranger.browser.force_login(make_staff(make_organization()))
    page = stranger.browser.get(question(program, Verifier(), scope="analytics:read:games"))
    assert "First your game account" in words(page)


def test_a2_a_player_cannot_allow_figures(program: Program, person: Person) -> None:
    both = question(program, Verifier(), scope="claims:read analytics:read:games")
    assert "figures" not in words(person.browser.get(both))
    tokens = player_token(program, person, scope="claims:read analytics:read:games")
    assert tokens["scope"] == ["claims:read"]
    alone = person.browser.get(question(program, Verifier(), scope="analytics:read:games"))
    assert answered(alone)["error"] == "access_denied"


def test_i1_staff_without_the_second_factor_that_is_demanded_allow_nothing(program: Program, settings: Any) -> None:
    settings.PORTAL_STAFF_SECOND_FACTOR = True
    member = Person(None)
    member.browser.force_login(make_staff(program.organization))
    page = member.browser.get(question(program, Verifier(), scope="analytics:read:games"))
    assert page["Location"] == reverse("mfa_index")


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"client_id": None}, "client_id is missing"),
        ({"client_id": "b" * 30}, "There is no client with the id bbb"),
        ({"client_id": "x" * 3000}, "cannot be read, or is too long"),
        ({"redirect_uri": None}, "redirect_uri is missing"),
        ({"redirect_uri": "https://evil.example.com/"}, "is not one of the addresses"),
        ({"redirect_uri": f"{CALLBACK}/"}, "is not one of the addresses"),
        ({"redirect_uri": f"{CALLBACK}?x=1"}, "is not one of the addresses"),
        ({"redirect_uri": f"{CALLBACK}#x"}, "is not one of the addresses"),
        ({"redirect_uri": CALLBACK.upper()}, "is not one of the addresses"),
        ({"redirect_uri": CALLBACK.replace("https://", "https://evil@")}, "is not one of the addresses"),
        ({"redirect_uri": "/callback"}, "is not one of the addresses"),
        ({"redirect_uri": "javascript:alert(1)"}, "is not one of the addresses"),
        ({"redirect_uri": "<script>"}, "&lt;script&gt; is not one of the addresses"),
    ],
)
def test_s3_a_link_with_a_bad_client_or_address_sends_nobody_anywhere(
    program: Program, person: Person, path: str, changed: dict[str, str | None], says: str
) -> None:
    address = question(program, Verifier(), path, **changed)
    for browser in (person.browser, Browser()):
        page = browser.get(address)
        assert page.status_code == 400
        assert says in words(page)
        assert "This link does not work" in words(page)


def test_s3_a_parameter_given_twice_is_no_way_around(program: Program, person: Person) -> None:
    address = f"{question(program, Verifier())}&redirect_uri=https%3A%2F%2Fevil.example.com%2F"
    page = person.browser.get(address)
    assert page.status_code == 400
    assert "The link says redirect_uri twice." in words(page)


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "ü" * 43}, "invalid_request"),
        ({"code_challenge": "a" * 44}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "user:read"}, "invalid_scope"),
    ],
)
def test_a1_a_client_s_own_mistakes_are_told_to_it(
    program: Program, person: Person, path: str, changed: dict[str, str | None], error: str
) -> None:
    for browser in (person.browser, Browser()):
        told = answered(browser.get(question(program, Verifier(), path, **changed)))
        assert (told["error"], told["state"]) == (error, "st-4711")


def test_a1_kick_demands_a_state_and_twitch_does_not(program: Program, person: Person) -> None:
    without = answered(person.browser.get(question(program, Verifier(), "/oauth/authorize", state=None)))
    assert (without["error"], without["error_description"]) == ("invalid_request", "state is missing.")
    assert set(answered(person.allow(question(program, Verifier(), state=None)))) == {"code"}


@pytest.mark.parametrize("ended", ["expires_at", "revoked_at"])
def test_a1_a_client_that_is_over_cannot_ask(program: Program, person: Person, ended: str) -> None:
    ApiClient.objects.filter(pk=program.client.pk).update(**{ended: timezone.now()})
    assert person.browser.get(question(program, Verifier())).status_code == 400


@pytest.mark.parametrize(
    ("address", "sources"),
    [
        (CALLBACK, ["https://backend.example.org"]),
        ("https://backend.example.org:8443/cb", ["https://backend.example.org:8443"]),
        ("http://localhost:4567/cb", ["http://localhost:4567"]),
        ("http://127.0.0.1:4567/cb", ["http://127.0.0.1:4567"]),
        ("com.example.starfall:/signed-in", ["com.example.starfall:"]),
        ("com.example.starfall://signed-in", ["com.example.starfall:"]),
    ],
)
def test_s3_the_form_may_end_at_the_client_s_address_and_nowhere_else(
    program: Program, person: Person, address: str, sources: list[str]
) -> None:
    program.client.oauth.set_redirect_uris([CALLBACK, address, "https://other.example.org/"])
    program.client.oauth.save()
    asked = question(program, Verifier(), redirect_uri=address)
    plain = directive(person.browser.get(reverse("home")), "form-action")
    assert directive(person.browser.get(asked), "form-action") == [*plain, *sources]
    response = person.allow(asked)
    assert response["Location"].startswith(f"{address}?")
    assert answered(response)["code"]


def test_s3_an_address_that_no_policy_can_name_is_reached_by_a_link(program: Program, person: Person) -> None:
    program.client.oauth.set_redirect_uris(["http://[::1]:4567/cb"])
    program.client.oauth.save()
    page = person.allow(question(program, Verifier(), redirect_uri="http://[::1]:4567/cb"))
    assert page.status_code == 200
    assert page.context["target"].startswith("http://[::1]:4567/cb?code=")


def test_a1_a_native_game_may_answer_at_any_port_of_its_machine(program: Program, person: Person) -> None:
    program.client.oauth.set_redirect_uris(["http://127.0.0.1:1/cb", "http://localhost:1/cb"])
    program.client.oauth.save()
    verifier = Verifier()
    address = "http://127.0.0.1:50123/cb"
    told = answered(person.allow(question(program, verifier, redirect_uri=address)))
    assert program.redeem(told["code"], verifier, redirect_uri=address).status_code == 200
    assert person.browser.get(question(program, verifier, redirect_uri="http://localhost:2/cb")).status_code == 400


JUNK = [
    "\x00",
    "a\x00b",
    "\x1f",
    "\r\nSet-Cookie: a=b",
    "ü" * 50,
    "x" * 5000,
    "%",
    "%%",
    "[",
    "http://[",
    "\u202e",
    "'",
]


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("junk", JUNK)
def test_p0_junk_in_any_parameter_of_a_link_breaks_nothing(
    program: Program, person: Person, path: str, junk: str
) -> None:
    names = ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"]
    for name in [*names, "user", "prompt", "claims", "response_mode", "request"]:
        for browser in (person.browser, Browser()):
            answer = browser.get(question(program, Verifier(), path, **{name: junk}))
            assert answer.status_code < 500, name
            if answer.status_code == 302:
                assert answer["Location"].startswith((f"{CALLBACK}?", reverse("account_login")))


@pytest.mark.parametrize("query", ["%zz", "a=%G0", "&&&", "=", "client_id", "a;b", "\xff", "&".join(["a=1"] * 2000)])
def test_p0_a_query_that_cannot_be_read_breaks_nothing(person: Person, query: str) -> None:
    assert 400 <= person.browser.get(f"/oauth2/authorize?{query}").status_code < 500


def test_s4_answers_are_limited(program: Program, person: Person) -> None:
    address = question(program, Verifier())
    page = person.browser.get(address)
    fields = {
        "answer": "deny",
        "account": page.context["account"],
        "csrfmiddlewaretoken": person.browser.cookies["drops_csrf"].value,
    }
    assert {person.browser.post(address, fields).status_code for _ in range(62)} == {302, 429}


def test_a2_two_studios_know_nothing_of_each_other(program: Program, person: Person) -> None:
    other = Program(make_organization(name="Southwind"), name="Other backend")
    assert "First your game account" in words(person.browser.get(question(other, Verifier())))
    assert person.player is not None
    game = make_game(other.organization)
    theirs = Player.objects.create(game=game, player_id=f"south-{number()}", user=person.user)
    page = words(person.browser.get(question(other, Verifier())))
    assert theirs.player_id in page
    assert person.player.player_id not in page
