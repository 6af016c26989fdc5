"""Many claims at once: by many users, each reward once, told under the faults that are on."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.platforms import CLAIMS, Platforms
from tests.sandbox.receiver import Receiver

FIRST_ID = {"twitch": 7_000_000_000, "kick": 8_000_000_000}


@pytest.mark.parametrize("platform", ["twitch", "kick"])
def test_each_claim_has_a_user_of_its_own_unless_told_otherwise(platforms: Platforms, platform: str) -> None:
    first, second = (platforms.make_claims(platform, 5) for _ in range(2))
    assert (first["claims"], first["last_user"] - first["first_user"]) == (5, 4)
    assert second["first_user"] == first["last_user"] + 1


def test_users_can_be_named_by_number_before_they_are_there(platforms: Platforms) -> None:
    made = platforms.make_claims("kick", 4, users=2, first_user=500_000)
    assert (made["first_user"], made["last_user"]) == (500_000, 500_001)
    for user in (500_000, 500_001):
        data = platforms.get(CLAIMS["kick"], {"user_id": str(FIRST_ID["kick"] + user)}).json()["data"]
        rewards = [claim["reward_id"] for claim in data["claims"]]
        assert len(rewards) == len(set(rewards)) == 2


def test_no_user_claims_a_reward_twice(platforms: Platforms) -> None:
    wanted = {"webhooks": False, "count": 3, "users": 2, "first_user": 600_000}
    assert platforms.server.send_json("POST", "/console/kick/claims.json", wanted).status == 200
    refused = platforms.server.send_json("POST", "/console/kick/claims.json", wanted)
    assert refused.status == 400
    assert refused.json()["error"] == "2 users can make 1 more claims, each reward once: ask for more users."


def test_a_claim_is_told_once_with_its_own_ids(platforms: Platforms, receiver: Receiver) -> None:
    platforms.webhook_url("kick", receiver.url)
    made = platforms.make_claims("kick", 20, webhooks=True, senders=4)
    assert (made["webhooks"], made["accepted"], made["refused"], made["unanswered"]) == (20, 20, 0, 0)
    bodies = [json.loads(request.body) for request in receiver.requests]
    assert len({body["claim_id"] for body in bodies}) == 20
    assert len({request.headers["kick-event-message-id"] for request in receiver.requests}) == 20


def test_what_was_refused_or_brought_no_answer_is_counted(platforms: Platforms, receiver: Receiver) -> None:
    receiver.status = 500
    platforms.webhook_url("kick", receiver.url)
    made = platforms.make_claims("kick", 2, webhooks=True)
    assert (made["accepted"], made["refused"]) == (0, 2)
    platforms.webhook_url("kick", "http://127.0.0.1:9/hook")
    assert platforms.make_claims("kick", 2, webhooks=True)["unanswered"] == 2


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"count": 0},
        {"count": 20_001},
        {"count": True},
        {"count": 1, "batch": 0},
        {"count": 1, "senders": 99},
        {"count": 1, "campaign_id": "none of ours"},
        {"count": 1, "size": 3},
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason(platforms: Platforms, content: dict[str, object]) -> None:
    reply = platforms.server.send_json("POST", "/console/kick/claims.json", content)
    assert reply.status == 400
    assert reply.json()["error"]


def test_the_command_does_the_same(platforms: Platforms) -> None:
    done = platforms.server.command("make_claims", "--platform", "twitch", "--count", "3", "--no-webhooks")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["claims"] == 3
    refused = platforms.server.command("make_claims", "--platform", "twitch", "--count", "3", "--batch", "0")
    assert (refused.returncode, refused.stderr) == (1, "--batch must be at least 1.")


def test_pages_stay_short_beside_a_crowd(platforms: Platforms) -> None:
    platforms.make_claims("kick", 250)
    page = platforms.server.get("/console/kick/").text
    assert "the others are a crowd that makes claims" in page
    for path in ("/console/kick/", "/claim", "/watch", "/console/kick/events/"):
        assert len(platforms.server.get(path).body) < 200_000, path
