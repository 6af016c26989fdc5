"""The stand-in for Twitch's Viewer Heartbeat Service: who may connect whom, and what heartbeats then name users by (L10)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.twitch.vhs import ViewerHeartbeatService
from tests.sandbox.conftest import SEED
from tests.sandbox.receiver import Receiver
from tests.sandbox.server import Reply, SandboxServer
from tests.sandbox.test_oauth import app_token, ask, came_back, new_code, redeem

PATH = "/twitch/kraken/user/vhs"
BOTH = "viewing_activity_read user_read"
USER, CHANNEL = "48102202", "48102203"
VHS = ViewerHeartbeatService()


@pytest.fixture(autouse=True)
def _clean(sandbox_server: SandboxServer, settings: object) -> Iterator[None]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True  # type: ignore[attr-defined]
    registered(sandbox_server, "http://127.0.0.1:1/heartbeats")
    yield
    for user in (USER, CHANNEL):
        sandbox_server.submit("/console/twitch/", {}, action=f"/console/twitch/users/{user}/disconnect/")
    registered(sandbox_server, "")


def registered(server: SandboxServer, heartbeat_url: str) -> None:
    """Enter where heartbeats go, as the studio does in Twitch's console."""
    twitch = SEED["twitch"]
    form = {
        "form": "app",
        "client_id": twitch["client_id"],
        "client_secret": twitch["client_secret"],
        "redirect_uris": twitch["redirect_uri"],
        "organization_id": twitch["organization_id"],
        "webhook_secret": twitch["webhook_secret"],
        "heartbeat_url": heartbeat_url,
        "heartbeats_enabled": "on",
    }
    assert server.submit("/console/twitch/", form).status == 302


def token(server: SandboxServer, scope: str = BOTH) -> dict[str, str]:
    answer: dict[str, str] = redeem(server, "twitch", new_code(server, "twitch", scope=scope)).json()
    return answer


def token_of(server: SandboxServer, user: str) -> str:
    back = server.submit(ask("twitch", scope=BOTH), {"decision": "allow", "user": user})
    return str(redeem(server, "twitch", came_back(back)["code"]).json()["access_token"])


def call(server: SandboxServer, method: str, access: str, *, body: object = None, **changed: str | None) -> Reply:
    headers = {
        "Accept": "application/vnd.twitchtv.v5+json",
        "Client-ID": "twitch-client",
        "Authorization": f"OAuth {access}",
        "Content-Type": "application/json",
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items() if value is not None}
    for name in [name.replace("_", "-") for name, value in changed.items() if value is None]:
        del headers[name]
    return server.request(method, PATH, body=json.dumps(body).encode() if body is not None else None, headers=headers)


def test_a_user_is_connected_checked_and_disconnected(sandbox_server: SandboxServer) -> None:
    access = token(sandbox_server)["access_token"]
    assert call(sandbox_server, "GET", access).status == 404
    assert call(sandbox_server, "PUT", access, body={"identifier": "01JX"}).status == 204
    assert call(sandbox_server, "PUT", access, body={"identifier": "01JX"}).status == 204
    assert call(sandbox_server, "GET", access).json() == {"identifier": "01JX"}
    assert '<code class="id">01JX</code>' in sandbox_server.get("/console/twitch/").text
    assert "1, see the" in sandbox_server.get("/").text
    assert call(sandbox_server, "DELETE", access).status == 204
    assert call(sandbox_server, "DELETE", access).status == 404
    assert "01JX" not in sandbox_server.get("/console/twitch/").text


def test_each_call_needs_its_scope(sandbox_server: SandboxServer) -> None:
    reading = token(sandbox_server, "user_read")["access_token"]
    viewing = token(sandbox_server, "viewing_activity_read")["access_token"]
    for method in ("PUT", "DELETE"):
        refused = call(sandbox_server, method, reading, body={"identifier": "01JX"})
        assert (refused.status, refused.json()["error"]) == (403, "Forbidden")
    assert call(sandbox_server, "PUT", viewing, body={"identifier": "01JX"}).status == 204
    assert call(sandbox_server, "GET", viewing).status == 403
    assert call(sandbox_server, "GET", reading).json() == {"identifier": "01JX"}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Accept": "application/json"}, 410),
        ({"Client_ID": None}, 400),
        ({"Client_ID": "another"}, 401),
        ({"Authorization": None}, 401),
        ({"Authorization": "OAuth wrong"}, 401),
    ],
)
def test_headers_are_those_of_version_5(
    sandbox_server: SandboxServer, changed: dict[str, str | None], status: int
) -> None:
    access = token(sandbox_server)["access_token"]
    assert call(sandbox_server, "GET", access, **changed).status == status


def test_an_apps_own_token_or_bearer_is_refused(sandbox_server: SandboxServer) -> None:
    assert call(sandbox_server, "GET", app_token(sandbox_server, "twitch")).status == 401
    access = token(sandbox_server)["access_token"]
    assert call(sandbox_server, "GET", access, Authorization=f"Bearer {access}").status == 401


@pytest.mark.parametrize("body", [None, {}, {"identifier": ""}, {"identifier": 5}, {"identifier": "x" * 201}, []])
def test_an_identifier_is_a_text(sandbox_server: SandboxServer, body: object) -> None:
    access = token(sandbox_server)["access_token"]
    assert call(sandbox_server, "PUT", access, body=body).status == 400


def test_an_app_without_a_heartbeat_endpoint_connects_nobody(sandbox_server: SandboxServer) -> None:
    registered(sandbox_server, "")
    access = token(sandbox_server)["access_token"]
    assert call(sandbox_server, "PUT", access, body={"identifier": "01JX"}).status == 422


def test_an_identifier_belongs_to_one_user(sandbox_server: SandboxServer) -> None:
    theirs = token_of(sandbox_server, CHANNEL)
    assert call(sandbox_server, "PUT", theirs, body={"identifier": "taken"}).status == 204
    access = token(sandbox_server)["access_token"]
    assert call(sandbox_server, "PUT", access, body={"identifier": "taken"}).status == 409
    assert call(sandbox_server, "DELETE", theirs).status == 204


def test_the_consent_page_says_in_words_what_is_allowed(sandbox_server: SandboxServer) -> None:
    page = sandbox_server.get(ask("twitch", scope="viewing_activity_read something_new")).text
    assert "See which channels of the game you watch" in page
    assert "<code>viewing_activity_read</code>" in page and "<code>something_new</code>" in page
    assert "It also asks to" not in sandbox_server.get(ask("twitch", scope="")).text


def test_l9_who_disconnects_the_app_is_named_no_longer_and_no_token_works(sandbox_server: SandboxServer) -> None:
    given = token(sandbox_server)
    call(sandbox_server, "PUT", given["access_token"], body={"identifier": "01JX"})
    sandbox_server.submit("/console/twitch/", {}, action=f"/console/twitch/users/{USER}/disconnect/")
    assert "01JX" not in sandbox_server.get("/console/twitch/").text
    assert call(sandbox_server, "GET", given["access_token"]).status == 401
    form = {
        "grant_type": "refresh_token",
        "refresh_token": given["refresh_token"],
        "client_id": "twitch-client",
        "client_secret": "twitch-secret",
    }
    assert sandbox_server.post("/twitch/oauth2/token", form).status == 401


def test_heartbeats_name_users_by_the_registered_identifier_and_nobody_else_is_reported(
    sandbox_server: SandboxServer, receiver: Receiver
) -> None:
    receiver.status, receiver.answer = 204, b""
    registered(sandbox_server, receiver.url)
    panel = sandbox_server.get("/watch").text.partition('id="twitch-title"')[2]
    game = re.search(r'name="game".*?<option value="(\d+)"', panel, re.DOTALL)
    assert game is not None
    form = {"platform": "twitch", "user": USER, "channel": CHANNEL, "game": game[1], "how": "past", "minutes": "1"}
    sandbox_server.submit("/watch", form)
    assert receiver.requests == []
    for user, identifier in ((USER, "01VIEWER"), (CHANNEL, "01CHANNEL")):
        access = token_of(sandbox_server, user)
        assert call(sandbox_server, "PUT", access, body={"identifier": identifier}).status == 204
    sandbox_server.submit("/watch", form)
    told = [json.loads(request.body) for request in receiver.requests]
    assert [(one["broadcaster"], one["viewer_list"]) for one in told] == [("01CHANNEL", ["01VIEWER"])]


def test_the_portals_own_client_and_the_sandbox_understand_each_other(sandbox_server: SandboxServer) -> None:
    given = token(sandbox_server, "viewing_activity_read")
    base = f"{sandbox_server.url}/twitch"
    ours = {"client_id": "twitch-client", "access_token": given["access_token"]}
    VHS.create(base, identifier="01JX", **ours)
    with pytest.raises(PlatformError) as caught:
        VHS.check(base, **ours)
    assert caught.value.status == 403
    facts = VHS.validate(base, access_token=given["access_token"])
    assert (facts.user_id, facts.scopes) == (USER, ("viewing_activity_read",))
    secret = {"client_id": "twitch-client", "client_secret": "twitch-secret"}
    fresh = VHS.refresh(base, refresh_token=given["refresh_token"], **secret)
    assert fresh.access_token and fresh.refresh_token != given["refresh_token"]
    with pytest.raises(TokenRefused):
        VHS.refresh(base, refresh_token=given["refresh_token"], **secret)
    with pytest.raises(PlatformError) as caught:
        VHS.refresh(base, refresh_token=fresh.refresh_token, client_id="twitch-client", client_secret="wrong")
    assert not isinstance(caught.value, TokenRefused)
    ours["access_token"] = fresh.access_token
    for _ in range(2):
        VHS.delete(base, **ours)
    for _ in range(2):
        VHS.revoke(base, **ours)
    with pytest.raises(TokenRefused):
        VHS.validate(base, access_token=fresh.access_token)
