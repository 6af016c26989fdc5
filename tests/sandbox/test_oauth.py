"""The stand-ins' sign-in: consent, codes, PKCE, tokens, and who may ask what."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.sandbox.conftest import SEED
from tests.sandbox.server import Reply, SandboxServer

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
KICK_PARAMS = {
    "client_id": "kick-client",
    "response_type": "code",
    "redirect_uri": str(SEED["kick"]["redirect_uri"]),
    "scope": "user:read",
    "state": "s t&te",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
TWITCH_PARAMS = {
    "client_id": "twitch-client",
    "response_type": "code",
    "redirect_uri": str(SEED["twitch"]["redirect_uri"]),
    "scope": "user:read:email user:read:follows",
    "state": "abc",
    "force_verify": "true",
}
AUTHORIZE = {"kick": "/kick/oauth/authorize", "twitch": "/twitch/oauth2/authorize"}
TOKEN = {"kick": "/kick/oauth/token", "twitch": "/twitch/oauth2/token"}
PARAMS = {"kick": KICK_PARAMS, "twitch": TWITCH_PARAMS}
USER = {"kick": "18446744073709551000", "twitch": "48102202"}


def ask(platform: str, **changes: str | None) -> str:
    """The authorize address with some parameters changed, or left out (None)."""
    params = {name: value for name, value in (PARAMS[platform] | changes).items() if value is not None}
    return f"{AUTHORIZE[platform]}?{urlencode(params)}"


def came_back(reply: Reply) -> dict[str, str]:
    """The parameters with which the browser was sent back."""
    assert reply.status == 302, reply.text
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}


def new_code(server: SandboxServer, platform: str, **changes: str | None) -> str:
    reply = server.submit(ask(platform, **changes), {"decision": "allow", "user": USER[platform]})
    return came_back(reply)["code"]


def redeem(server: SandboxServer, platform: str, code: str, **changes: str) -> Reply:
    form = {
        "grant_type": "authorization_code",
        "client_id": f"{platform}-client",
        "client_secret": f"{platform}-secret",
        "redirect_uri": PARAMS[platform]["redirect_uri"],
        "code": code,
    }
    if platform == "kick":
        form["code_verifier"] = VERIFIER
    return server.post(TOKEN[platform], form | changes)


def app_token(server: SandboxServer, platform: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": f"{platform}-client",
        "client_secret": f"{platform}-secret",
    }
    return str(server.post(TOKEN[platform], form).json()["access_token"])


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_l3_allowing_sends_the_browser_back_with_a_code_and_the_same_state(
    sandbox_server: SandboxServer, platform: str
) -> None:
    reply = sandbox_server.submit(ask(platform), {"decision": "allow", "user": USER[platform]})
    assert reply.headers["location"].startswith(PARAMS[platform]["redirect_uri"] + "?")
    assert came_back(reply)["state"] == PARAMS[platform]["state"]


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_denying_sends_the_browser_back_with_access_denied_and_the_same_state(
    sandbox_server: SandboxServer, platform: str
) -> None:
    back = came_back(sandbox_server.submit(ask(platform), {"decision": "deny"}))
    assert (back["error"], back["state"]) == ("access_denied", PARAMS[platform]["state"])
    assert "code" not in back


@pytest.mark.parametrize("platform", ["kick", "twitch"])
@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:8000/accounts/kick/login/callback",
        "http://elsewhere.example/",
        "",
        "//localhost:8000/x",
    ],
)
def test_l3_another_redirect_uri_is_refused_on_a_page_and_never_redirected_to(
    sandbox_server: SandboxServer, platform: str, uri: str
) -> None:
    reply = sandbox_server.get(ask(platform, redirect_uri=uri))
    assert reply.status == 400
    assert "location" not in reply.headers
    assert "redirect URI" in reply.text


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
        {"state": None},
        {"response_type": "token"},
        {"client_id": "somebody-else"},
    ],
)
def test_l3_kick_refuses_a_request_without_pkce_state_or_a_known_client(
    sandbox_server: SandboxServer, changes: dict[str, str | None]
) -> None:
    reply = sandbox_server.get(ask("kick", **changes))
    assert (reply.status, "location" in reply.headers) == (400, False)


def test_l3_kick_refuses_a_wrong_and_a_missing_verifier(sandbox_server: SandboxServer) -> None:
    code = new_code(sandbox_server, "kick")
    assert redeem(sandbox_server, "kick", code, code_verifier="w" * 64).json()["error"] == "invalid_grant"
    assert redeem(sandbox_server, "kick", code, code_verifier="").json()["error"] == "invalid_request"
    assert redeem(sandbox_server, "kick", code).status == 200


def test_twitch_checks_pkce_when_it_was_sent(sandbox_server: SandboxServer) -> None:
    code = new_code(sandbox_server, "twitch", code_challenge=CHALLENGE, code_challenge_method="S256")
    assert redeem(sandbox_server, "twitch", code).status == 400
    assert redeem(sandbox_server, "twitch", code, code_verifier=VERIFIER).status == 200


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_a_code_works_once(sandbox_server: SandboxServer, platform: str) -> None:
    code = new_code(sandbox_server, platform)
    assert redeem(sandbox_server, platform, code).status == 200
    assert redeem(sandbox_server, platform, code).status == 400


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_a_code_is_good_for_ten_minutes_and_refused_afterwards(sandbox_server: SandboxServer, platform: str) -> None:
    code = new_code(sandbox_server, platform)
    with closing(sqlite3.connect(sandbox_server.directory / "sandbox.sqlite3", timeout=20)) as database, database:
        row = database.execute("SELECT expires_at FROM sandbox_authorizationcode WHERE code = ?", [code]).fetchone()
        left = datetime.fromisoformat(row[0]).replace(tzinfo=UTC) - datetime.now(UTC)
        assert timedelta(minutes=9) < left <= timedelta(minutes=10)
        database.execute(
            "UPDATE sandbox_authorizationcode SET expires_at = '2026-01-01 00:00:00' WHERE code = ?", [code]
        )
    reply = redeem(sandbox_server, platform, code)
    assert (reply.status, "expired" in reply.text) == (400, True)


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_a_code_is_bound_to_its_redirect_uri_and_to_the_client_secret(
    sandbox_server: SandboxServer, platform: str
) -> None:
    code = new_code(sandbox_server, platform)
    assert redeem(sandbox_server, platform, code, redirect_uri="http://localhost:8000/").status == 400
    assert redeem(sandbox_server, platform, code, client_secret="wrong").status in (401, 403)
    assert redeem(sandbox_server, platform, code).status == 200


def test_twitch_answers_with_a_list_of_scopes_and_kick_with_a_text(sandbox_server: SandboxServer) -> None:
    twitch = redeem(sandbox_server, "twitch", new_code(sandbox_server, "twitch")).json()
    kick = redeem(sandbox_server, "kick", new_code(sandbox_server, "kick")).json()
    assert twitch["scope"] == ["user:read:email", "user:read:follows"]
    assert twitch["token_type"] == "bearer"
    assert kick["scope"] == "user:read"
    for answer in (twitch, kick):
        assert answer["access_token"] and answer["refresh_token"]
        assert answer["expires_in"] > 3600


def test_app_tokens_have_no_refresh_token(sandbox_server: SandboxServer) -> None:
    for platform, path in TOKEN.items():
        form = {
            "grant_type": "client_credentials",
            "client_id": f"{platform}-client",
            "client_secret": f"{platform}-secret",
        }
        answer = sandbox_server.post(path, form).json()
        assert "refresh_token" not in answer
        assert answer["expires_in"] > 3600


def refreshed(server: SandboxServer, platform: str, token: str) -> Reply:
    form = {
        "grant_type": "refresh_token",
        "client_id": f"{platform}-client",
        "client_secret": f"{platform}-secret",
        "refresh_token": token,
    }
    return server.post(TOKEN[platform], form)


def test_a_twitch_refresh_token_works_once_and_a_kick_one_again(sandbox_server: SandboxServer) -> None:
    twitch = redeem(sandbox_server, "twitch", new_code(sandbox_server, "twitch")).json()["refresh_token"]
    kick = redeem(sandbox_server, "kick", new_code(sandbox_server, "kick")).json()["refresh_token"]
    assert [refreshed(sandbox_server, "twitch", twitch).status for _ in range(2)] == [200, 400]
    assert [refreshed(sandbox_server, "kick", kick).status for _ in range(2)] == [200, 200]


def test_errors_have_each_platforms_form(sandbox_server: SandboxServer) -> None:
    twitch = redeem(sandbox_server, "twitch", "no-such-code")
    kick = redeem(sandbox_server, "kick", "no-such-code")
    assert (twitch.status, twitch.json()) == (400, {"status": 400, "message": "Invalid authorization code"})
    assert (kick.status, set(kick.json())) == (400, {"error", "error_description"})
    assert sandbox_server.get("/kick/public/v1/users").json() == {"data": None, "message": "Unauthorized"}
    helix = sandbox_server.get("/twitch/helix/users")
    assert (helix.status, set(helix.json())) == (401, {"error", "status", "message"})


def test_twitch_tells_whose_token_it_is_and_wants_the_client_id_to_fit(sandbox_server: SandboxServer) -> None:
    token = redeem(sandbox_server, "twitch", new_code(sandbox_server, "twitch")).json()["access_token"]
    mine = {"Authorization": f"Bearer {token}", "Client-Id": "twitch-client"}
    user = sandbox_server.get("/twitch/helix/users", headers=mine).json()["data"][0]
    assert (user["id"], user["login"], user["display_name"]) == ("48102202", "oldbear", "OldBear")
    wrong = sandbox_server.get("/twitch/helix/users", headers=mine | {"Client-Id": "other"})
    assert wrong.status == 401
    both = sandbox_server.get("/twitch/helix/users?id=48102201&login=pixelfox", headers=mine).json()["data"]
    assert [found["login"] for found in both] == ["mira_plays", "pixelfox"]


def test_l9_twitch_validates_a_token_until_it_is_revoked(sandbox_server: SandboxServer) -> None:
    token = redeem(sandbox_server, "twitch", new_code(sandbox_server, "twitch")).json()["access_token"]
    header = {"Authorization": f"OAuth {token}"}
    answer = sandbox_server.get("/twitch/oauth2/validate", headers=header).json()
    assert (answer["user_id"], answer["client_id"]) == ("48102202", "twitch-client")
    gone = sandbox_server.post("/twitch/oauth2/revoke", {"client_id": "twitch-client", "token": token})
    assert gone.status == 200
    assert sandbox_server.get("/twitch/oauth2/validate", headers=header).status == 401


def test_l8_a_viewer_who_disconnects_is_no_longer_authorized(sandbox_server: SandboxServer) -> None:
    answer = redeem(sandbox_server, "twitch", new_code(sandbox_server, "twitch")).json()
    headers = {"Authorization": f"Bearer {app_token(sandbox_server, 'twitch')}", "Client-Id": "twitch-client"}
    path = "/twitch/helix/authorization/users?user_id=48102202&user_id=1"
    data = sandbox_server.get(path, headers=headers).json()["data"]
    assert [(row["user_id"], row["scopes"]) for row in data] == [("48102202", ["user:read:email", "user:read:follows"])]
    sandbox_server.submit("/console/twitch/", {}, action="/console/twitch/users/48102202/disconnect/")
    assert sandbox_server.get(path, headers=headers).json()["data"] == []
    assert refreshed(sandbox_server, "twitch", answer["refresh_token"]).status == 401


def test_twitch_lists_authorizations_for_at_most_ten_users_and_apps_only(
    sandbox_server: SandboxServer,
) -> None:
    headers = {"Authorization": f"Bearer {app_token(sandbox_server, 'twitch')}", "Client-Id": "twitch-client"}
    eleven = "&".join(f"user_id={number}" for number in range(11))
    path = "/twitch/helix/authorization/users"
    assert sandbox_server.get(f"{path}?{eleven}", headers=headers).status == 400
    token = redeem(sandbox_server, "twitch", new_code(sandbox_server, "twitch")).json()["access_token"]
    reply = sandbox_server.get(f"{path}?user_id=1", headers=headers | {"Authorization": f"Bearer {token}"})
    assert reply.status == 401


def test_f2_kick_user_ids_are_numbers_beyond_63_bits(sandbox_server: SandboxServer) -> None:
    token = redeem(sandbox_server, "kick", new_code(sandbox_server, "kick")).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    reply = sandbox_server.get("/kick/public/v1/users", headers=headers)
    assert reply.json()["data"][0]["user_id"] == 18446744073709551000
    about = sandbox_server.post("/kick/oauth/token/introspect", {}, headers=headers).json()["data"]
    assert (about["active"], about["token_type"], about["scope"]) == (True, "user", "user:read")
    assert sandbox_server.post(f"/kick/oauth/revoke?token={token}&token_hint_type=access_token", {}).text == "OK"
    assert sandbox_server.get("/kick/public/v1/users", headers=headers).status == 401


def test_a_user_can_be_added_on_the_consent_page(sandbox_server: SandboxServer) -> None:
    reply = sandbox_server.submit(ask("kick"), {"decision": "add", "display_name": "New Viewer", "user_id": ""})
    assert reply.status == 302
    assert reply.headers["location"].startswith("/kick/oauth/authorize?client_id=kick-client")
    assert "New Viewer" in sandbox_server.get(ask("kick")).text
    refused = sandbox_server.submit(ask("kick"), {"decision": "add", "display_name": "!!!", "user_id": "-1"})
    assert refused.status == 400
    assert "at least one letter" in refused.text
