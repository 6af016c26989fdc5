"""The stand-ins' claims APIs: a studio says what it delivered, as it does to Twitch and Kick (F6)."""

from __future__ import annotations

import re

import pytest

from portal import platforms
from portal.platforms.calls import PlatformError, ask
from portal.platforms.claims_api import ClaimsApi, Marked
from portal.platforms.kick.claims import DropsClaims
from portal.platforms.twitch.entitlements import Entitlements
from tests.sandbox.server import SandboxServer
from tests.sandbox.test_claiming import claim

pytestmark = pytest.mark.usefixtures("loopback")

CLIENTS: dict[str, ClaimsApi] = {"twitch": Entitlements(), "kick": DropsClaims()}
FIRST = {"twitch": "CLAIMED", "kick": "initiated"}
DONE = {"twitch": "FULFILLED", "kick": "processed"}


class Studio:
    """The studio's app at one stand-in."""

    def __init__(self, server: SandboxServer, platform: str) -> None:
        self.base, self.client_id = f"{server.url}/{platform}", f"{platform}-client"
        self.platform = platform
        self.client, self.secret = CLIENTS[platform], f"{platform}-secret"

    def token(self) -> str:
        get = platforms.get(self.platform).get_app_token
        assert get is not None
        return get(self.base, client_id=self.client_id, client_secret=self.secret).access_token

    def say_done(self, *claim_ids: str, token: str | None = None) -> dict[str, tuple[Marked, str]]:
        if token is None:
            token = self.token()
        return self.client.mark_done(self.base, client_id=self.client_id, access_token=token, claim_ids=claim_ids)


@pytest.mark.parametrize("platform", ["twitch", "kick"])
def test_f6_a_claim_is_shown_as_the_studio_set_it(sandbox_server: SandboxServer, platform: str) -> None:
    claim_id = _claim(sandbox_server, platform)
    assert _status(sandbox_server, claim_id) == FIRST[platform]
    assert Studio(sandbox_server, platform).say_done(claim_id)[claim_id][0] is Marked.ACCEPTED
    assert _status(sandbox_server, claim_id) == DONE[platform]


def test_f6_twitch_tells_of_each_id_what_became_of_it(sandbox_server: SandboxServer) -> None:
    claim_id = _claim(sandbox_server, "twitch")
    answers = Studio(sandbox_server, "twitch").say_done(claim_id, "no-such-claim")
    assert answers == {claim_id: (Marked.ACCEPTED, "SUCCESS"), "no-such-claim": (Marked.REFUSED, "NOT_FOUND")}


@pytest.mark.parametrize("platform", ["twitch", "kick"])
def test_f6_a_token_that_is_none_is_refused(sandbox_server: SandboxServer, platform: str) -> None:
    with pytest.raises(PlatformError) as caught:
        Studio(sandbox_server, platform).say_done("any", token="forged")
    assert caught.value.status == 401


@pytest.mark.parametrize("platform", ["twitch", "kick"])
def test_f6_more_than_a_hundred_are_refused(sandbox_server: SandboxServer, platform: str) -> None:
    studio = Studio(sandbox_server, platform)
    ids = [str(number) for number in range(101)]
    path, body = {
        "twitch": ("/helix/entitlements/drops", {"entitlement_ids": ids, "fulfillment_status": "FULFILLED"}),
        "kick": ("/public/v1/drops/claims", {"claims": [{"claim_id": one, "external_status": "x"} for one in ids]}),
    }[platform]
    headers = {"Authorization": f"Bearer {studio.token()}", "Client-Id": studio.client_id}
    with pytest.raises(PlatformError) as caught:
        ask("PATCH", f"{studio.base}{path}", headers=headers, json=body)
    assert caught.value.status == 400


def _claim(server: SandboxServer, platform: str) -> str:
    user = {"kick": "2001", "twitch": "48102203"}[platform]
    return claim(server, platform, user, "Cape").rstrip("/").rpartition("/")[2]


def _status(server: SandboxServer, claim_id: str) -> str:
    page = server.get(f"/claim/{claim_id}/").text
    found = re.search(r"status</dt>\s*<dd><code>(\w+)</code>", page)
    assert found, page
    return found[1]
