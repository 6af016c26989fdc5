"""Twitch's Viewer Heartbeat Service and the tokens it is called with, against a server that answers as Twitch does (L9, L10)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from portal import platforms
from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.registrar import Registrar, TokenFacts
from portal.platforms.twitch.vhs import ViewerHeartbeatService
from tests.loopback import Connection, Request, serving

pytestmark = pytest.mark.usefixtures("loopback")

VHS: Registrar = ViewerHeartbeatService()
OURS: dict[str, str] = {"client_id": "C", "access_token": "t0ken"}

VHS_CALLS: list[Callable[[str], object]] = [
    lambda url: VHS.create(url, identifier="01JX", **OURS),
    lambda url: VHS.check(url, **OURS),
    lambda url: VHS.delete(url, **OURS),
]
TOKEN_CALLS: list[Callable[[str], object]] = [
    lambda url: VHS.refresh(url, client_id="C", client_secret="s3cret", refresh_token="r3fresh"),
    lambda url: VHS.validate(url, access_token="t0ken"),
    lambda url: VHS.revoke(url, **OURS),
]


def saying(value: Any, status: int = 200, **headers: str) -> Callable[[Connection, Request], None]:
    return lambda connection, request: connection.reply_json(value, status, **headers)


def empty(status: int = 204) -> Callable[[Connection, Request], None]:
    return lambda connection, request: connection.reply(status)


def test_l10_only_a_platform_with_a_heartbeat_service_registers_viewers_and_its_folder_names_the_scope() -> None:
    twitch = platforms.get("twitch")
    assert twitch.registrar is not None and twitch.registrar.scopes == ("viewing_activity_read",)
    assert [p.key for p in platforms.registry.values() if p.registers_viewers] == ["twitch"]


@pytest.mark.parametrize("status", [200, 204])
def test_l10_a_user_is_connected_as_twitchs_own_sample_does_it(status: int) -> None:
    with serving(empty(status)) as server:
        VHS.create(server.url, identifier="01JXTQ0000000000000000000V", **OURS)
    request = server.requests[0]
    assert (request.method, request.target) == ("PUT", "/kraken/user/vhs")
    assert json.loads(request.body) == {"identifier": "01JXTQ0000000000000000000V"}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "application/vnd.twitchtv.v5+json"
    assert (request.headers["client-id"], request.headers["authorization"]) == ("C", "OAuth t0ken")


def test_l10_the_identifier_of_a_connected_user_is_told_and_404_means_there_is_none() -> None:
    with serving(saying({"identifier": "01JX"})) as server:
        assert VHS.check(server.url, **OURS) == "01JX"
    assert (server.requests[0].method, server.requests[0].target) == ("GET", "/kraken/user/vhs")
    with serving(saying({"error": "Not Found", "status": 404}, 404)) as server:
        assert VHS.check(server.url, **OURS) is None


@pytest.mark.parametrize("status", [200, 204, 404])
def test_l10_ending_a_connection_that_is_not_there_is_no_failure(status: int) -> None:
    with serving(empty(status)) as server:
        VHS.delete(server.url, **OURS)
    assert (server.requests[0].method, server.requests[0].target) == ("DELETE", "/kraken/user/vhs")


def test_l9_a_token_is_refreshed_with_a_form_and_shows_itself_nowhere() -> None:
    reply = {"access_token": "new", "refresh_token": "newer", "expires_in": 14400, "scope": [], "token_type": "bearer"}
    with serving(saying(reply)) as server:
        token = VHS.refresh(server.url, client_id="C", client_secret="s&s", refresh_token="a+b/c")
    assert (token.access_token, token.refresh_token, token.expires_in) == ("new", "newer", 14400)
    assert repr(token) == "UserToken(expires_in=14400)"
    assert (server.requests[0].method, server.requests[0].target) == ("POST", "/oauth2/token")
    assert parse_qs(server.requests[0].body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["a+b/c"],
        "client_id": ["C"],
        "client_secret": ["s&s"],
    }


@pytest.mark.parametrize("lifetime", [{}, {"expires_in": 0}, {"expires_in": None}, {"expires_in": True}])
def test_l9_a_refresh_token_stays_where_no_new_one_comes_and_a_lifetime_that_is_not_told_is_none(
    lifetime: dict[str, Any],
) -> None:
    with serving(saying({"access_token": "new", **lifetime})) as server:
        token = VHS.refresh(server.url, client_id="C", client_secret="s", refresh_token="old")
    assert (token.refresh_token, token.expires_in) == ("old", None)


def test_l9_a_lifetime_that_no_calendar_holds_is_a_long_one() -> None:
    with serving(saying({"access_token": "new", "expires_in": 10**30})) as server:
        token = VHS.refresh(server.url, client_id="C", client_secret="s", refresh_token="old")
    assert token.expires_in == 10**9


@pytest.mark.parametrize(
    ("status", "message", "viewer_must_consent"),
    [
        (400, "Invalid refresh token", True),
        (401, "", True),
        (400, "invalid client", False),
        (400, "missing client id", False),
        (403, "invalid client secret", False),
        (404, "", False),
        (500, "", False),
        (429, "", False),
    ],
)
def test_l9_a_spent_refresh_token_is_told_from_a_wrong_client_secret(
    status: int, message: str, viewer_must_consent: bool
) -> None:
    with serving(saying({"status": status, "message": message}, status)) as server, pytest.raises(PlatformError) as got:
        VHS.refresh(server.url, client_id="C", client_secret="s", refresh_token="old")
    assert isinstance(got.value, TokenRefused) == viewer_must_consent
    assert got.value.status == status


def test_l9_a_valid_token_tells_whose_it_is_and_what_it_permits() -> None:
    reply = {
        "client_id": "C",
        "login": "mira_plays",
        "user_id": "48102201",
        "scopes": ["viewing_activity_read"],
        "expires_in": 5520838,
    }
    with serving(saying(reply)) as server:
        facts = VHS.validate(server.url, access_token="t0ken")
    assert facts == TokenFacts(client_id="C", user_id="48102201", scopes=("viewing_activity_read",), expires_in=5520838)
    assert server.requests[0].target == "/oauth2/validate"
    assert server.requests[0].headers["authorization"] == "OAuth t0ken"


def test_l9_a_token_that_is_not_valid_any_more_is_refused() -> None:
    refuse = saying({"status": 401, "message": "invalid access token"}, 401)
    with serving(refuse) as server, pytest.raises(TokenRefused):
        VHS.validate(server.url, access_token="t0ken")


@pytest.mark.parametrize("status", [200, 400])
def test_l9_a_token_is_revoked_also_one_that_has_ended(status: int) -> None:
    with serving(empty(status)) as server:
        VHS.revoke(server.url, **OURS)
    assert server.requests[0].target == "/oauth2/revoke"
    assert parse_qs(server.requests[0].body.decode()) == {"client_id": ["C"], "token": ["t0ken"]}


@pytest.mark.parametrize("call", [*VHS_CALLS, *TOKEN_CALLS])
@pytest.mark.parametrize(
    ("status", "permanent"),
    [(302, True), (403, True), (409, True), (410, True), (422, True), (408, False), (429, False), (503, False)],
)
def test_any_other_refusal_tells_whether_asking_again_can_help_and_says_no_secret(
    call: Callable[[str], object], status: int, permanent: bool
) -> None:
    refuse = saying({"message": "t0ken r3fresh s3cret"}, status, Retry_After="7")
    with serving(refuse) as server, pytest.raises(PlatformError) as caught:
        call(server.url)
    assert (caught.value.status, caught.value.permanent) == (status, permanent)
    assert not isinstance(caught.value, TokenRefused)
    assert caught.value.retry_after == (None if permanent else timedelta(seconds=7))
    assert str(caught.value) == f"127.0.0.1: status {status}"
    assert "t0ken" not in repr(caught.value) and caught.value.__context__ is None


def test_no_call_waits_longer_than_it_may() -> None:
    quick = ViewerHeartbeatService(seconds=0.1)
    calls: list[Callable[[str], object]] = [
        lambda url: quick.create(url, identifier="01JX", **OURS),
        lambda url: quick.check(url, **OURS),
        lambda url: quick.delete(url, **OURS),
        lambda url: quick.refresh(url, client_id="C", client_secret="s3cret", refresh_token="r3fresh"),
        lambda url: quick.validate(url, access_token="t0ken"),
        lambda url: quick.revoke(url, **OURS),
    ]
    with serving(lambda connection, request: connection.hang()) as server:
        for call in calls:
            with pytest.raises(PlatformError) as caught:
                call(server.url)
            assert (caught.value.reason, caught.value.permanent) == ("timed_out", False)


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (VHS_CALLS[1], {}),
        (VHS_CALLS[1], {"identifier": None}),
        (VHS_CALLS[1], []),
        (TOKEN_CALLS[0], {"expires_in": 5}),
        (TOKEN_CALLS[0], {"access_token": "\0"}),
        (TOKEN_CALLS[1], {"user_id": "1"}),
        (TOKEN_CALLS[1], []),
    ],
)
def test_a_success_of_another_shape_is_no_success(call: Callable[[str], object], value: object) -> None:
    with serving(saying(value)) as server, pytest.raises(PlatformError) as caught:
        call(server.url)
    assert caught.value.reason == "answer"
