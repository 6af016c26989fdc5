"""A token of the game server's own, and whom it may stream for: the two calls that the client makes by HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.game_state_client import Broadcaster, PortalRefused, app_token, find_broadcasters
from tests.loopback import Behaviour, Connection, Request, free_port, serving


def replies(value: Any, status: int = 200) -> Behaviour:
    return lambda connection, _request: connection.reply_json(value, status)


def test_a_token_is_asked_for_by_client_credentials() -> None:
    with serving(replies({"access_token": "abc", "expires_in": 5184000, "token_type": "bearer"})) as portal:
        assert app_token(f"{portal.url}/", "id", "s&cret") == "abc"
        (request,) = portal.requests
    assert (request.method, request.target) == ("POST", "/oauth2/token")
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["id"],
        "client_secret": ["s&cret"],
    }


def test_broadcasters_are_found_by_players_a_hundred_at_a_time() -> None:
    def behave(connection: Connection, request: Request) -> None:
        asked = parse_qs(urlsplit(request.target).query)["player_id"]
        data = [{"player_id": one, "broadcasters": shown(one)} for one in asked]
        connection.reply_json({"data": data})

    def shown(player: str) -> list[dict[str, Any]]:
        if player != "p 120":
            return []
        return [
            {"id": "kick:7", "platform": "kick", "login": "mira", "name": "", "live": False, "known_at": None},
            {"id": "twitch:1", "platform": "twitch", "login": "mira", "name": "Mira", "live": True, "known_at": None},
        ]

    with serving(behave) as portal:
        found = find_broadcasters(portal.url, "abc", "G1", [f"p {number}" for number in range(150)])
        assert [len(parse_qs(urlsplit(request.target).query)["player_id"]) for request in portal.requests] == [100, 50]
        assert {request.headers["authorization"] for request in portal.requests} == {"Bearer abc"}
        assert parse_qs(urlsplit(portal.requests[0].target).query)["game_id"] == ["G1"]
    assert found == [Broadcaster("p 120", "kick:7", "mira", False), Broadcaster("p 120", "twitch:1", "Mira", True)]


@pytest.mark.parametrize(
    "ask",
    [lambda url: app_token(url, "id", "secret"), lambda url: find_broadcasters(url, "abc", "G1", ["p"])],
    ids=["token", "broadcasters"],
)
def test_a_refusal_is_told_and_trouble_is_an_os_error_that_the_client_waits_out(ask: Callable[[str], Any]) -> None:
    with serving(replies({"status": 403, "message": "invalid client secret"}, 403)) as portal:
        with pytest.raises(PortalRefused, match="answers 403: invalid client secret") as refused:
            ask(portal.url)
        assert refused.value.status == 403
    with serving(replies(["strange"], 400)) as portal, pytest.raises(PortalRefused, match="no reason was given"):
        ask(portal.url)
    for status in (429, 503):
        with serving(replies({}, status)) as portal, pytest.raises(OSError, match=str(status)):
            ask(portal.url)
    with pytest.raises(OSError, match="refused"):
        ask(f"http://127.0.0.1:{free_port()}")
