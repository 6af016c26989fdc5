"""Claims made in the sandbox reach a webhook with a signature that holds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.sandbox.conftest import SEED
from tests.sandbox.receiver import Received, Receiver
from tests.sandbox.server import SandboxServer

SECRET = b"eventsub-secret-01"


def kick_is_genuine(server: SandboxServer, request: Received) -> bool:
    """Check Kick's signature with the key that the stand-in publishes."""
    pem = server.get("/kick/public/v1/public-key").json()["data"]["public_key"]
    key = serialization.load_pem_public_key(pem.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    headers = request.headers
    signed = f"{headers['kick-event-message-id']}.{headers['kick-event-timestamp']}.".encode() + request.body
    signature = base64.b64decode(headers["kick-event-signature"])
    key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    return True


def twitch_is_genuine(request: Received) -> bool:
    """Check Twitch's signature with the secret of the subscription."""
    headers = request.headers
    prefix = headers["twitch-eventsub-message-id"] + headers["twitch-eventsub-message-timestamp"]
    expected = hmac.new(SECRET, prefix.encode() + request.body, hashlib.sha256).hexdigest()
    return headers["twitch-eventsub-message-signature"] == f"sha256={expected}"


def register(server: SandboxServer, platform: str, webhook_url: str) -> None:
    registered = SEED[platform]
    form = {
        "form": "app",
        "client_id": f"{platform}-client",
        "client_secret": f"{platform}-secret",
        "redirect_uris": str(registered["redirect_uri"]),
        "organization_id": str(registered["organization_id"]),
        "webhook_url": webhook_url,
        "webhook_secret": SECRET.decode(),
    }
    assert server.submit(f"/console/{platform}/", form).status == 302


@pytest.fixture
def listening(sandbox_server: SandboxServer, receiver: Receiver) -> Iterator[Receiver]:
    """A receiver that both platforms know as the portal's webhook."""
    for platform in ("kick", "twitch"):
        register(sandbox_server, platform, receiver.url)
    yield receiver
    for platform in ("kick", "twitch"):
        register(sandbox_server, platform, "")


def claim(server: SandboxServer, platform: str, user: str, reward: str) -> str:
    """Claim on the page and return the address of the claim's own page."""
    section = server.get("/claim").text.split(f'value="{platform}"')[1]
    entry = re.search(rf'<option value="(\d+)">[^<]*{reward} \(', section)
    assert entry is not None
    reply = server.submit("/claim", {"platform": platform, "user": user, "entry": entry[1]})
    assert reply.status == 302, reply.text
    return reply.headers["location"]


def test_p2_a_kick_claim_is_sent_signed_with_the_documented_fields(
    sandbox_server: SandboxServer, listening: Receiver
) -> None:
    page = claim(sandbox_server, "kick", "18446744073709551000", "Cape")
    request = listening.only()
    assert kick_is_genuine(sandbox_server, request)
    assert request.path == "/hook?from=sandbox"
    body = json.loads(request.body)
    assert set(body) == {"claim_id", "user_id", "campaign_id", "reward_id", "external_id"}
    assert (body["user_id"], body["external_id"]) == (18446744073709551000, "cape")
    assert body["campaign_id"] == SEED["kick"]["campaign"]["id"]
    detail = sandbox_server.get(page).text
    assert "accepted with 200" in detail
    assert "thanks" in detail
    assert request.headers["kick-event-message-id"] in detail


def test_a_reward_without_external_id_sends_none(sandbox_server: SandboxServer, listening: Receiver) -> None:
    claim(sandbox_server, "kick", "2001", "Trail")
    assert "external_id" not in json.loads(listening.only().body)


def test_p3_a_twitch_claim_is_sent_as_a_batch_with_ten_fields_an_event(
    sandbox_server: SandboxServer, listening: Receiver
) -> None:
    claim(sandbox_server, "twitch", "48102203", "Cape")
    request = listening.only()
    assert twitch_is_genuine(request)
    assert request.headers["twitch-eventsub-message-type"] == "notification"
    assert request.headers["twitch-eventsub-subscription-type"] == "drop.entitlement.grant"
    body = json.loads(request.body)
    (event,) = body["events"]
    assert len(event["data"]) == 10
    assert (event["data"]["user_id"], event["data"]["user_login"]) == ("48102203", "pixelfox")
    assert event["data"]["benefit_id"] == "74c52265-e214-48a6-91b9-23b6014e8041"
    assert body["subscription"]["condition"]["organization_id"] == "9001"


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_f1_sending_again_repeats_the_same_claim(
    sandbox_server: SandboxServer, listening: Receiver, platform: str
) -> None:
    user = {"kick": "2002", "twitch": "48102201"}[platform]
    page = claim(sandbox_server, platform, user, "Cape")
    sandbox_server.submit(page, {}, action=f"{page}again/")
    first, second = listening.requests
    key = {"kick": "kick-event-message-id", "twitch": "twitch-eventsub-message-id"}[platform]
    assert first.headers[key] == second.headers[key]
    ids = re.compile(rb'"(?:claim_id|entitlement_id)":"([^"]+)"')
    assert ids.findall(first.body) == ids.findall(second.body)


def test_a_refused_and_an_unanswered_webhook_are_shown(sandbox_server: SandboxServer, listening: Receiver) -> None:
    listening.status, listening.answer = 401, b"bad signature"
    detail = sandbox_server.get(claim(sandbox_server, "kick", "2003", "Cape")).text
    assert "refused with 401" in detail
    assert "bad signature" in detail
    register(sandbox_server, "kick", "http://127.0.0.1:9/hook")
    detail = sandbox_server.get(claim(sandbox_server, "kick", "2003", "Cape")).text
    assert "no answer" in detail


def test_p3_the_challenge_button_says_whether_the_challenge_came_back(
    sandbox_server: SandboxServer, listening: Receiver
) -> None:
    reply = sandbox_server.submit("/console/twitch/", {}, action="/console/twitch/challenge/")
    said = sandbox_server.get("/console/twitch/", headers={"Cookie": reply.headers["set-cookie"].split(";")[0]})
    assert "did not come back" in said.text
    assert twitch_is_genuine(listening.only())


def test_l8_disconnecting_on_twitch_sends_the_revocation_of_that_user(
    sandbox_server: SandboxServer, listening: Receiver
) -> None:
    sandbox_server.submit("/console/twitch/", {}, action="/console/twitch/users/48102204/disconnect/")
    request = listening.only()
    assert twitch_is_genuine(request)
    event = json.loads(request.body)["event"]
    assert (event["client_id"], event["user_id"]) == ("twitch-client", "48102204")


def test_a_claim_of_nothing_is_refused_with_a_reason(sandbox_server: SandboxServer) -> None:
    reply = sandbox_server.submit("/claim", {"platform": "kick", "user": "48102201", "entry": "x"})
    assert reply.status == 400
    assert "choose a user and a reward" in reply.text
