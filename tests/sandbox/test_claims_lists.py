"""The stand-ins' lists of claims: filters, pages and refusals as the platforms document them (F7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import SEED
from tests.sandbox.platforms import CLAIMS, Platforms

TWITCH, KICK = CLAIMS["twitch"], CLAIMS["kick"]
BENEFIT = SEED["twitch"]["campaign"]["rewards"][0]["id"]


def ids_of(content: dict[str, Any]) -> list[str]:
    data = content["data"]
    return [one["id"] for one in data] if isinstance(data, list) else [one["claim_id"] for one in data["claims"]]


def read_all(platforms: Platforms, platform: str, size: int, **query: str) -> list[str]:
    """Every id of the list in the order it came, by following the cursors."""
    found: list[str] = []
    cursor = ""
    for _page in range(1000):
        size_name, cursor_name = ("first", "after") if platform == "twitch" else ("limit", "cursor")
        asked = query | {size_name: str(size)} | ({cursor_name: cursor} if cursor else {})
        content = platforms.get(CLAIMS[platform], asked).json()
        found += ids_of(content)
        cursor = content["pagination"].get("cursor", "") if platform == "twitch" else content["data"]["cursor"]
        if not cursor:
            return found
    raise AssertionError("The list has no end.")


def test_f7_twitch_lists_what_it_documents_of_an_entitlement(platforms: Platforms) -> None:
    user = str(7_000_000_000 + platforms.make_claims("twitch", 1)["first_user"])
    content = platforms.get(TWITCH, {"user_id": user}).json()
    assert content["pagination"] == {}
    (item,) = content["data"]
    assert set(item) == {
        "id",
        "benefit_id",
        "timestamp",
        "user_id",
        "game_id",
        "fulfillment_status",
        "last_updated",
    }
    assert (item["benefit_id"], item["user_id"], item["game_id"]) == (BENEFIT, user, "509658")
    assert item["fulfillment_status"] == "CLAIMED"
    assert item["timestamp"].endswith("Z")
    assert "." in item["timestamp"]


def test_f7_kick_lists_what_it_documents_of_a_claim(platforms: Platforms) -> None:
    user = str(8_000_000_000 + platforms.make_claims("kick", 1)["first_user"])
    content = platforms.get(KICK, {"user_id": user}).json()
    assert content["message"] == "OK"
    assert content["data"]["cursor"] == ""
    (item,) = content["data"]["claims"]
    assert set(item) == {
        "claim_id",
        "user_id",
        "campaign_id",
        "reward_id",
        "external_id",
        "external_status",
        "created_at",
        "updated_at",
    }
    assert (item["user_id"], item["campaign_id"]) == (int(user), SEED["kick"]["campaign"]["id"])
    assert (item["external_id"], item["external_status"]) == ("cape", "initiated")


@pytest.mark.parametrize("platform", ["twitch", "kick"])
@pytest.mark.parametrize("size", [3, 4, 100])
def test_f7_every_claim_is_on_one_page(platforms: Platforms, platform: str, size: int) -> None:
    platforms.make_claims(platform, 7)
    found = read_all(platforms, platform, size)
    assert len(found) == len(set(found)) == sum(platforms.by_status(platform).values())


def test_f7_twitchs_order_says_nothing_about_time(platforms: Platforms) -> None:
    platforms.make_claims("twitch", 20)
    users = [one["user_id"] for one in platforms.get(TWITCH, {"first": "1000"}).json()["data"]]
    assert users not in (sorted(users), sorted(users, reverse=True))


@pytest.mark.parametrize("platform", ["twitch", "kick"])
def test_f7_what_was_told_as_delivered_is_left_out_of_what_is_open(platforms: Platforms, platform: str) -> None:
    platforms.make_claims(platform, 5)
    name, first = {
        "twitch": ("fulfillment_status", "CLAIMED"),
        "kick": ("external_status", "initiated"),
    }[platform]
    opened = read_all(platforms, platform, 100, **{name: first})
    done = opened[:2]
    body = {
        "twitch": {"entitlement_ids": done, "fulfillment_status": "FULFILLED"},
        "kick": {"claims": [{"claim_id": one, "external_status": "processed"} for one in done]},
    }[platform]
    assert platforms.send("PATCH", CLAIMS[platform], body).status in (200, 204)
    assert read_all(platforms, platform, 100, **{name: first}) == opened[2:]
    told = read_all(platforms, platform, 100, **{name: "FULFILLED" if platform == "twitch" else "processed"})
    assert set(done) <= set(told)


def test_f7_twitch_narrows_by_id_and_game(platforms: Platforms) -> None:
    platforms.make_claims("twitch", 3)
    some = ids_of(platforms.get(TWITCH, {"first": "2"}).json())
    found = platforms.get(TWITCH, [("id", some[0]), ("id", some[1])]).json()
    assert set(ids_of(found)) == set(some)
    assert len(read_all(platforms, "twitch", 1000, game_id="509658")) == sum(platforms.by_status("twitch").values())


def test_f7_kick_narrows_by_claim_and_campaign(platforms: Platforms) -> None:
    platforms.make_claims("kick", 3)
    (one,) = ids_of(platforms.get(KICK, {"limit": "1"}).json())
    assert ids_of(platforms.get(KICK, {"claim_id": one}).json()) == [one]
    assert ids_of(platforms.get(KICK, {"campaign_id": "01M7XMK6ZF0000000000000000"}).json()) == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"fulfillment_status": "DONE"}, 400),
        ({"first": "0"}, 400),
        ({"first": "1001"}, 400),
        ({"first": "many"}, 400),
        ({"after": "never given out"}, 400),
        ({"game_id": "1"}, 403),
        ([("id", str(number)) for number in range(101)], 400),
    ],
)
def test_f7_twitch_refuses_with_its_own_errors(platforms: Platforms, query: Any, status: int) -> None:
    reply = platforms.get(TWITCH, query)
    assert reply.status == status
    assert set(reply.json()) == {"error", "status", "message"}
    assert reply.json()["status"] == status


@pytest.mark.parametrize("path", [TWITCH, KICK])
def test_f7_without_a_token_nothing_is_told(platforms: Platforms, path: str) -> None:
    assert platforms.server.get(path).status == 401
    assert platforms.get(path, token="forged").status == 401


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_f7_kick_takes_limits_up_to_a_thousand(platforms: Platforms, limit: str) -> None:
    reply = platforms.get(KICK, {"limit": limit})
    assert (reply.status, reply.json()["data"]) == (400, None)


def test_twitch_says_on_every_answer_how_many_calls_are_left(platforms: Platforms) -> None:
    first, second = (platforms.get(TWITCH, {"first": "1"}).headers for _ in range(2))
    assert first["ratelimit-limit"] == "800"
    assert int(first["ratelimit-remaining"]) == int(second["ratelimit-remaining"]) + 1
    assert first["ratelimit-reset"] == second["ratelimit-reset"]


def test_twitch_answers_429_once_the_points_of_a_minute_are_spent(platforms: Platforms) -> None:
    platforms.faults("twitch", rate_limit=1)
    platforms.get(TWITCH)
    reply = platforms.get(TWITCH)
    assert (reply.status, reply.headers["ratelimit-remaining"]) == (429, "0")
    assert platforms.get(KICK).status == 200
