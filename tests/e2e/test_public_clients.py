"""Public clients of Twitch's API, unchanged, fetch and fulfil claims of a running portal: only their base URLs are ours (A1, D3).

twitchAPI (Python) takes base URLs; Twurple (Node.js) has them written into it, and gets ours by a hook around ``fetch``
(tests/clients/twurple/base-urls.mjs).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.request
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from twitchAPI.twitch import Twitch
from twitchAPI.type import AuthScope, EntitlementFulfillmentStatus

from tests.e2e.backend import CLAIMS, Backend, new_backend
from tests.e2e.portal import RunningPortal, clean_environment
from tests.servers import TWURPLE

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]


@pytest.fixture
def backend(portal: RunningPortal) -> Backend:
    return new_backend(portal)


def twitch_of(backend: Backend) -> Twitch:
    """Return a client of twitchAPI that has not asked for a token yet."""
    return Twitch(
        backend.known["client_id"],
        backend.known["client_secret"],
        base_url=f"{backend.portal.url}/helix/",
        auth_base_url=f"{backend.portal.url}/oauth2/",
    )


def test_a1_twitchapi_lists_pages_and_updates_claims(backend: Backend) -> None:
    async def work() -> None:
        twitch = await twitch_of(backend)
        found = [one async for one in twitch.get_drops_entitlements(game_id=backend.known["game_id"], first=50)]
        assert [one.id for one in found] == backend.claims
        assert {one.fulfillment_status.value for one in found} == {"CLAIMED"}
        assert [one.benefit_id for one in found][:CLAIMS] == backend.known["rewards"]
        assert all(datetime.now(UTC) - one.timestamp < timedelta(hours=1) for one in found[:CLAIMS])
        one = [each async for each in twitch.get_drops_entitlements(entitlement_id=backend.claims[7])]
        assert [each.id for each in one] == [backend.claims[7]]
        of_user = [each async for each in twitch.get_drops_entitlements(user_id=backend.known["user_id"])]
        assert [each.id for each in of_user] == [backend.claims[0]]
        for batch in (backend.claims[:100], backend.claims[100:]):
            # It reads no results of an update, though there is a group of them.
            assert len(await twitch.update_drops_entitlements(batch, EntitlementFulfillmentStatus.FULFILLED)) == 1
        again = [one async for one in twitch.get_drops_entitlements(first=1000)]
        assert {one.fulfillment_status.value for one in again} == {"FULFILLED"}
        await twitch.close()

    asyncio.run(work())
    assert backend.states() == ["delivered"]


def test_a1_twitchapi_lists_a_players_own_claims_with_the_players_token(backend: Backend) -> None:
    async def work() -> None:
        twitch = twitch_of(backend)
        await twitch.set_user_authentication(backend.known["player_token"], [], "no refresh token is needed")
        assert [one.id async for one in twitch.get_drops_entitlements()] == [backend.known["of_player"]]
        await twitch.update_drops_entitlements([backend.claims[0]], EntitlementFulfillmentStatus.FULFILLED)
        await twitch.close()

    asyncio.run(work())
    assert backend.states() == ["ready"]


def test_a1_twitchapi_gets_game_analytics_and_the_link_leads_to_a_file(backend: Backend) -> None:
    midnight = datetime.combine(datetime.now(UTC).date(), time(), tzinfo=UTC)

    async def work() -> list[Any]:
        twitch = twitch_of(backend)
        scopes = [AuthScope.ANALYTICS_READ_GAMES]
        await twitch.set_user_authentication(backend.known["staff_token"], scopes, "no refresh token is needed")
        window = {"started_at": midnight - timedelta(days=30), "ended_at": midnight - timedelta(days=1)}
        found = [one async for one in twitch.get_game_analytics(**window)]
        await twitch.close()
        return found

    (report,) = asyncio.run(work())
    assert report.game_id == backend.known["game_id"]
    assert report.date_range.ended_at == midnight - timedelta(days=1)
    with urllib.request.urlopen(report.URL, timeout=10) as answer:
        head, *rows = answer.read().decode("utf-8-sig").splitlines()
    assert head.startswith("date,game_id,game,campaign_id")
    assert rows[0].split(",")[9] == "3"


@pytest.mark.node
def test_a1_twurple_lists_pages_and_updates_claims(backend: Backend) -> None:
    seen = run_twurple(backend)
    assert [[one["id"] for one in page] for page in seen["pages"]] == [backend.claims[:3], backend.claims[3:6]]
    assert [one["id"] for one in seen["claimed"]] == backend.claims
    assert [one["rewardId"] for one in seen["claimed"]][:CLAIMS] == backend.known["rewards"]
    assert {one["gameId"] for one in seen["claimed"]} == {backend.known["game_id"]}
    assert {one["status"] for one in seen["claimed"]} == {"CLAIMED"}
    assert [one["id"] for one in seen["byId"]] == backend.claims[:2]
    assert [one["id"] for one in seen["ofUser"]] == [backend.claims[0]]
    assert seen["updated"] == {**dict.fromkeys(backend.claims, "SUCCESS"), "of-nobody": "NOT_FOUND"}
    assert seen["left"] == []
    assert [one["id"] for one in seen["fulfilled"]] == backend.claims
    assert seen["token"] == backend.known["client_id"]
    assert backend.states() == ["delivered"]


def run_twurple(backend: Backend) -> dict[str, Any]:
    """Run the client for Node.js and return what it saw."""
    done = subprocess.run(
        ["node", "--import", "./base-urls.mjs", "client.mjs"],
        cwd=TWURPLE,
        env=clean_environment(
            PORTAL_URL=backend.portal.url,
            CLIENT_ID=backend.known["client_id"],
            CLIENT_SECRET=backend.known["client_secret"],
            GAME_ID=backend.known["game_id"],
            USER_ID=backend.known["user_id"],
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
