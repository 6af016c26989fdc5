"""Public clients of Twitch's API, unchanged, fetch and fulfil claims of a running portal: only their base URLs are ours (A1, D3).

twitchAPI (Python) takes base URLs; Twurple (Node.js) has them written into it, and gets ours by a hook around ``fetch``
(tests/clients/twurple/base-urls.mjs).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from twitchAPI.twitch import Twitch
from twitchAPI.type import AuthScope, EntitlementFulfillmentStatus

from tests.e2e.portal import RunningPortal, clean_environment
from tests.servers import TWURPLE

pytestmark = pytest.mark.slow

_firsts = itertools.count(10_000, 10_000)
CLAIMS = 130  # more than a page of either client, and more than one update may name
STUDIO = """
import itertools
from datetime import timedelta
from django.utils import timezone
from campaigns.rules.days import day_number
from fulfillment.api_clients import create_client
from fulfillment.claim_counts import Changes
from fulfillment.rules.scopes import ANALYTICS, SCOPES
from portal.roles import Role
from tests import factories
from tests.factories import make_api_token, make_staff
from tests.fulfillment.api.contract import Studio

factories._numbers = itertools.count({first})  # in one portal, made by several processes
now = timezone.now()
studio = Studio("twitch")
claims = [studio.claim(granted_at=now, state_changed_at=now) for _ in range({claims})]
user, viewer, player = studio.account()
of_player = studio.claim(player=player, viewer=viewer, platform_user_id=viewer.platform_user_id)
client, secret = create_client(
    organization=studio.organization, actor=None, now=now, name="Game backend", scopes=SCOPES, redirect_uris=[],
    expires_at=None, other_platforms=False, completing_texts=[], points_per_minute=800,
)
changes = Changes()
changes.on_day(studio.campaign.pk, None, "granted", day_number(now) - 1, 3)
changes.write()
print(json.dumps({{
    "client_id": client.oauth_id,
    "client_secret": secret,
    "game_id": studio.categories["twitch"],
    "claims": [claim.platform_claim_id for claim in claims],
    "rewards": [claim.platform_reward_id for claim in claims],
    "user_id": claims[0].platform_user_id,
    "of_player": of_player.platform_claim_id,
    "player_token": make_api_token(client, user=user),
    "staff_token": make_api_token(client, user=make_staff(studio.organization, Role.ANALYST), scopes=(ANALYTICS,)),
}}))
"""
STATES = """
from fulfillment.models import Claim
claims = Claim.objects.filter(platform_claim_id__in={ids!r})
print(json.dumps(sorted(set(claims.values_list("state", flat=True)))))
"""


@dataclass(frozen=True)
class Backend:
    """A game's backend: what it was given to call this portal, and what it should find."""

    portal: RunningPortal
    known: dict[str, Any]

    def twitch(self) -> Twitch:
        """Return a client of twitchAPI that has not asked for a token yet."""
        return Twitch(
            self.known["client_id"],
            self.known["client_secret"],
            base_url=f"{self.portal.url}/helix/",
            auth_base_url=f"{self.portal.url}/oauth2/",
        )

    @property
    def claims(self) -> list[str]:
        """The ids of the claims of all players, in their order, and of the one whose token is known last."""
        return [*self.known["claims"], self.known["of_player"]]

    def states(self) -> list[str]:
        """Return the states in which the claims are."""
        found: list[str] = self.portal.ask(STATES.format(ids=self.claims))
        return found


@pytest.fixture
def backend(portal: RunningPortal) -> Backend:
    return Backend(portal, portal.ask(STUDIO.format(first=next(_firsts), claims=CLAIMS)))


def test_a1_twitchapi_lists_pages_and_updates_claims(backend: Backend) -> None:
    async def work() -> None:
        twitch = await backend.twitch()
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
        twitch = backend.twitch()
        await twitch.set_user_authentication(backend.known["player_token"], [], "no refresh token is needed")
        assert [one.id async for one in twitch.get_drops_entitlements()] == [backend.known["of_player"]]
        await twitch.update_drops_entitlements([backend.claims[0]], EntitlementFulfillmentStatus.FULFILLED)
        await twitch.close()

    asyncio.run(work())
    assert backend.states() == ["ready"]


def test_a1_twitchapi_gets_game_analytics_and_the_link_leads_to_a_file(backend: Backend) -> None:
    midnight = datetime.combine(datetime.now(UTC).date(), time(), tzinfo=UTC)

    async def work() -> list[Any]:
        twitch = backend.twitch()
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
