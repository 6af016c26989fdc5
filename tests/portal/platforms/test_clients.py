"""Twitch's and Kick's APIs, against servers that answer as they do, and as they should not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from portal.platforms.calls import PlatformError
from portal.platforms.kick import client as kick
from portal.platforms.twitch import client as twitch
from tests.loopback import Connection, Request, free_port, serving
from tests.signers.kick import KickSigner

pytestmark = pytest.mark.usefixtures("loopback")


def saying(value: Any, status: int = 200, **headers: str) -> Callable[[Connection, Request], None]:
    return lambda connection, request: connection.reply_json(value, status, **headers)


CALLS: list[Callable[[str], object]] = [
    kick.fetch_public_key,
    lambda url: kick.get_own_user(url, access_token="s3cret"),
    lambda url: kick.get_app_token(url, client_id="C", client_secret="s3cret"),
    lambda url: twitch.get_own_user(url, client_id="C", access_token="s3cret"),
    lambda url: twitch.get_app_token(url, client_id="C", client_secret="s3cret"),
    lambda url: twitch.get_authorizations(url, client_id="C", access_token="s3cret", user_ids=["1"]),
]


def test_kicks_public_key_is_fetched_without_a_token() -> None:
    pem = KickSigner().public_pem
    with serving(saying({"data": {"public_key": pem}, "message": "OK"})) as server:
        assert kick.fetch_public_key(server.url) == pem
    assert server.requests[0].target == "/public/v1/public-key"
    assert "authorization" not in server.requests[0].headers


def test_p2_a_key_server_that_hangs_is_given_up() -> None:
    assert kick.KEY_TIME_LIMIT_SECONDS == 2
    with serving(lambda connection, request: connection.hang()) as server, pytest.raises(PlatformError) as caught:
        kick.fetch_public_key(server.url, timeout=0.2)
    assert (caught.value.reason, caught.value.permanent) == ("timed_out", False)


def test_a_kick_user_keeps_every_digit_of_the_id() -> None:
    row = {"user_id": 18446744073709551615, "name": "Ann", "profile_picture": "https://files.kick.com/a.webp"}
    with serving(saying({"data": [row], "message": "OK"})) as server:
        user = kick.get_own_user(server.url, access_token="t0ken")
    assert (user.id, user.login, user.name) == ("18446744073709551615", "Ann", "Ann")
    assert user.image_url == "https://files.kick.com/a.webp"
    assert server.requests[0].target == "/public/v1/users"
    assert server.requests[0].headers["authorization"] == "Bearer t0ken"


def test_a_twitch_user_is_read() -> None:
    row = {"id": "1234", "login": "cool_user", "display_name": "Cool_User", "profile_image_url": None}
    with serving(saying({"data": [row]})) as server:
        user = twitch.get_own_user(server.url, client_id="C", access_token="t0ken")
    assert (user.id, user.login, user.name, user.image_url) == ("1234", "cool_user", "Cool_User", "")
    assert server.requests[0].target == "/helix/users"
    assert server.requests[0].headers["client-id"] == "C"


@pytest.mark.parametrize(("client", "path"), [(twitch, "/oauth2/token"), (kick, "/oauth/token")])
def test_an_app_token_is_asked_for_with_a_form(client: Any, path: str) -> None:
    reply = {"access_token": "t0ken", "expires_in": 5_000_000, "token_type": "bearer"}
    with serving(saying(reply)) as server:
        token = client.get_app_token(server.url, client_id="C", client_secret="a&b")
    assert (token.access_token, token.expires_in) == ("t0ken", 5_000_000)
    assert "t0ken" not in repr(token)
    assert server.requests[0].target == path
    assert server.requests[0].body == b"grant_type=client_credentials&client_id=C&client_secret=a%26b"


def test_l9_users_who_do_not_authorize_the_app_any_more_are_missing() -> None:
    rows = [{"user_id": "1", "user_name": "A", "user_login": "a", "scopes": ["user:read:email"]}]
    with serving(saying({"data": rows})) as server:
        found = twitch.get_authorizations(server.url, client_id="C", access_token="t", user_ids=["1", "2"])
    assert found == {"1": ("user:read:email",)}
    assert server.requests[0].target == "/helix/authorization/users?user_id=1&user_id=2"
    with pytest.raises(ValueError, match="not 11"):
        twitch.get_authorizations("", client_id="C", access_token="t", user_ids=["1"] * 11)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (400, True),
        (401, True),
        (403, True),
        (404, True),
        (302, True),
        (408, False),
        (429, False),
        (500, False),
        (503, False),
    ],
)
def test_a_refusal_tells_whether_asking_again_can_help(
    call: Callable[[str], object], status: int, permanent: bool
) -> None:
    refuse = saying({"message": "s3cret"}, status, Retry_After="7")
    with serving(refuse) as server, pytest.raises(PlatformError) as caught:
        call(server.url)
    assert (caught.value.reason, caught.value.status, caught.value.permanent) == ("status", status, permanent)
    assert caught.value.retry_after == (None if permanent else timedelta(seconds=7))
    assert str(caught.value) == f"127.0.0.1: status {status}"
    assert caught.value.__context__ is None


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"data": None},
        {"data": {}},
        {"data": {"public_key": "no key"}},
        {"data": {"public_key": 5}},
        {"data": [None]},
        {"data": [{"id": None, "user_id": None}]},
        {"data": [{"id": True, "user_id": 1.8e19}]},
        {"data": [{"id": "x" * 201, "user_id": "a\0"}]},
        {"access_token": "", "expires_in": 1},
        {"access_token": "t", "expires_in": None},
        {"access_token": "t", "expires_in": True},
        {"access_token": ["t"], "expires_in": 1},
    ],
)
def test_a_success_of_another_shape_is_no_success(call: Callable[[str], object], value: object) -> None:
    with serving(saying(value)) as server, pytest.raises(PlatformError) as caught:
        call(server.url)
    assert caught.value.reason == "answer"


@pytest.mark.parametrize("call", CALLS)
def test_a_page_instead_of_json_is_no_success(call: Callable[[str], object]) -> None:
    def answer(connection: Connection, request: Request) -> None:
        connection.reply(200, b"<html>Just a moment</html>")

    with serving(answer) as server, pytest.raises(PlatformError) as caught:
        call(server.url)
    assert caught.value.reason == "answer"


def test_twitchs_own_way_of_asking_for_a_pause_is_understood() -> None:
    with serving(saying({}, 429, Ratelimit_Reset="99999999999")) as server, pytest.raises(PlatformError) as caught:
        twitch.get_own_user(server.url, client_id="C", access_token="t")
    assert caught.value.retry_after == timedelta(days=1)


def test_a_platform_that_cannot_be_reached_is_asked_again_later_and_a_forbidden_address_is_not() -> None:
    with pytest.raises(PlatformError) as caught:
        kick.fetch_public_key(f"http://127.0.0.1:{free_port()}")
    assert (caught.value.reason, caught.value.permanent) == ("refused", False)
    with pytest.raises(PlatformError) as caught:
        kick.fetch_public_key("https://10.0.0.1")
    assert (caught.value.reason, caught.value.permanent) == ("private", True)
