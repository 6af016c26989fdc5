"""What the portal's demo data says is there from the start: a streamer who has the studio's app connected already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import SEED
from tests.sandbox.server import SandboxServer

STREAMER = {
    "user_id": "48102299",
    "login": "starfall_live",
    "display_name": "Starfall_Live",
    "scopes": "viewing_activity_read",
    "access_token": "the-streamers-token",
    "refresh_token": "the-streamers-refresh-token",
    "expires_at": (datetime.now(UTC) + timedelta(hours=4)).isoformat(),
}
URL = "http://localhost:8000/webhooks/heartbeats/token"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    twitch = SEED["twitch"] | {"authorized": [STREAMER], "heartbeat_url": URL}
    running = SandboxServer(tmp_path_factory.mktemp("seeding"), seed=SEED | {"twitch": twitch})
    try:
        yield running.start()
    finally:
        running.stop()


def test_a_user_who_has_the_app_connected_has_the_tokens_that_the_studio_was_given(server: SandboxServer) -> None:
    told = server.get("/twitch/oauth2/validate", headers={"Authorization": "OAuth the-streamers-token"}).json()
    assert (told["user_id"], told["scopes"]) == ("48102299", ["viewing_activity_read"])
    form = {
        "client_id": "twitch-client",
        "client_secret": "twitch-secret",
        "grant_type": "refresh_token",
        "refresh_token": "the-streamers-refresh-token",
    }
    assert server.post("/twitch/oauth2/token", form).json()["scope"] == ["viewing_activity_read"]
    assert 'Disconnect<span class="unseen"> Starfall_Live' in server.get("/console/twitch/").text


def test_where_heartbeats_go_is_registered_and_shown(server: SandboxServer) -> None:
    assert URL in server.get("/").text
    assert "No heartbeat URL" not in twitch_panel(server)


def test_l10_who_is_not_registered_is_said_not_to_be_reported_until_the_portal_registers(server: SandboxServer) -> None:
    assert "Starfall_Live (48102299) – not reported: not linked" in twitch_panel(server)
    headers = {
        "Accept": "application/vnd.twitchtv.v5+json",
        "Client-ID": "twitch-client",
        "Authorization": "OAuth the-streamers-token",
    }
    body = b'{"identifier": "01M8A3"}'
    assert server.request("PUT", "/twitch/kraken/user/vhs", body=body, headers=headers).status == 204
    panel = twitch_panel(server)
    assert "Starfall_Live (48102299)<" in panel
    assert "Mira_Plays (48102201) – not reported: not linked" in panel


def twitch_panel(server: SandboxServer) -> str:
    page = server.get("/watch").text
    return page[page.index('id="twitch-title"') : page.index('id="kick-title"')]
