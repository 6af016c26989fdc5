"""Faults on demand: each is what it says, and the same seed gives the same ones."""

from __future__ import annotations

import http.client
import time
from collections import Counter

import pytest

from tests.sandbox.platforms import CLAIMS, TOKENS, Platforms
from tests.sandbox.receiver import Receiver
from tests.sandbox.server import Reply
from tests.sandbox.test_claims_lists import ids_of, read_all

BOTH = pytest.mark.parametrize("platform", ["twitch", "kick"])


def answers(platforms: Platforms, platform: str, calls: int) -> list[int]:
    return [platforms.get(CLAIMS[platform]).status for _ in range(calls)]


@BOTH
def test_the_same_seed_fails_the_same_calls(platforms: Platforms, platform: str) -> None:
    wanted = {"calls_failing": 40, "failures": ["500", "429"], "seed": 11}
    platforms.app_token(platform)
    runs = []
    for seed in (11, 11, 12):
        platforms.faults(platform, **wanted | {"seed": seed})
        runs.append(answers(platforms, platform, 30))
    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {200, 429, 500}


def test_429_says_when_to_come_back(platforms: Platforms) -> None:
    for platform in CLAIMS:
        platforms.app_token(platform)
        platforms.faults(platform, calls_failing=100, failures=["429"], retry_after_seconds=7)
    kick, twitch = platforms.get(CLAIMS["kick"]), platforms.get(CLAIMS["twitch"])
    assert (kick.status, kick.headers["retry-after"]) == (429, "7")
    assert (twitch.status, twitch.headers["ratelimit-remaining"]) == (429, "0")
    assert 5 <= int(twitch.headers["ratelimit-reset"]) - time.time() <= 8


@BOTH
def test_an_expired_token_is_refused_until_there_is_a_new_one(platforms: Platforms, platform: str) -> None:
    platforms.app_token(platform)
    platforms.faults(platform, calls_failing=100, failures=["401"])
    assert platforms.get(CLAIMS[platform]).status == 401
    platforms.faults(platform)
    assert platforms.get(CLAIMS[platform]).status == 401
    platforms.forget_tokens()
    assert platforms.get(CLAIMS[platform]).status == 200


@BOTH
def test_where_tokens_are_given_out_401_is_never_made_up(platforms: Platforms, platform: str) -> None:
    platforms.faults(platform, calls_failing=100, failures=["401"])
    form = {"grant_type": "client_credentials", "client_id": f"{platform}-client", "client_secret": "wrong"}
    assert platforms.server.post(TOKENS[platform], form | {"client_secret": f"{platform}-secret"}).status == 200


@BOTH
def test_a_broken_answer_comes_after_the_deed(platforms: Platforms, platform: str) -> None:
    platforms.make_claims(platform, 1)
    platforms.app_token(platform)
    platforms.faults(platform, calls_failing=100, failures=["json"])
    reply = platforms.get(CLAIMS[platform])
    assert reply.status == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        reply.json()


@BOTH
def test_a_call_that_hangs_is_carried_out_but_never_answered(platforms: Platforms, platform: str) -> None:
    platforms.make_claims(platform, 1)
    before = sum(platforms.by_status(platform).values())
    opened = read_all(platforms, platform, 1000)
    platforms.faults(platform, calls_failing=100, failures=["hang"], hang_seconds=1)
    started = time.monotonic()
    with pytest.raises((OSError, http.client.HTTPException)):
        mark_done(platforms, platform, opened)
    assert 1 <= time.monotonic() - started < 3
    done = {"twitch": "FULFILLED", "kick": "processed"}[platform]
    assert platforms.by_status(platform).get(done, 0) >= 1
    assert sum(platforms.by_status(platform).values()) == before


def made_by(platforms: Platforms, platform: str, users: set[str]) -> list[str]:
    """The ids of these users' claims."""
    query = {"twitch": {"first": "1000"}, "kick": {"limit": "1000"}}[platform]
    data = platforms.get(CLAIMS[platform], query).json()["data"]
    items = data if platform == "twitch" else data["claims"]
    return [one.get("id") or one["claim_id"] for one in items if str(one["user_id"]) in users]


def mark_done(platforms: Platforms, platform: str, claim_ids: list[str]) -> Reply:
    some = claim_ids[:100]
    body = {
        "twitch": {"entitlement_ids": some, "fulfillment_status": "FULFILLED"},
        "kick": {"claims": [{"claim_id": one, "external_status": "processed"} for one in some]},
    }[platform]
    return platforms.send("PATCH", CLAIMS[platform], body)


@BOTH
def test_a_partial_update_says_on_twitch_alone_which_were_left_out(platforms: Platforms, platform: str) -> None:
    users = platforms.make_claims(platform, 60)
    first = {"twitch": 7_000_000_000, "kick": 8_000_000_000}[platform] + users["first_user"]
    mine = made_by(platforms, platform, {str(first + number) for number in range(60)})
    platforms.faults(platform, updates_partial=30, seed=3)
    reply = mark_done(platforms, platform, mine)
    if platform == "kick":
        assert (reply.status, reply.body) == (204, b"")
        left = {one for one in mine if one in read_all(platforms, "kick", 1000, external_status="initiated")}
    else:
        groups = {group["status"]: group["ids"] for group in reply.json()["data"]}
        assert set(groups) == {"SUCCESS", "UPDATE_FAILED"}
        left = set(groups["UPDATE_FAILED"])
        assert left == set(mine) & set(read_all(platforms, "twitch", 1000, fulfillment_status="CLAIMED"))
    assert 8 <= len(left) <= 30


@BOTH
def test_pages_that_come_twice_hide_nothing_and_have_an_end(platforms: Platforms, platform: str) -> None:
    platforms.make_claims(platform, 30)
    expected = set(read_all(platforms, platform, 1000))
    platforms.faults(platform, pages_doubled=50, seed=5)
    found = read_all(platforms, platform, 5)
    assert set(found) == expected
    assert max(Counter(found).values()) > 1


@BOTH
def test_f7_a_page_that_holds_a_poisoned_id_always_fails_and_no_other(platforms: Platforms, platform: str) -> None:
    made = platforms.make_claims(platform, 10)
    base = {"twitch": 7_000_000_000, "kick": 8_000_000_000}[platform]
    bad, good = (str(base + made["first_user"] + number) for number in (4, 5))
    (claim_id,) = ids_of(platforms.get(CLAIMS[platform], {"user_id": bad}).json())
    whole = {"twitch": {"first": "1000"}, "kick": {"limit": "1000"}}[platform]
    for poison in (bad, claim_id):
        platforms.faults(platform, poison=[poison])
        assert platforms.get(CLAIMS[platform], whole).status == 500
        assert platforms.get(CLAIMS[platform], {"user_id": bad}).status == 500
        assert platforms.get(CLAIMS[platform], {"user_id": good}).status == 200
    platforms.faults(platform)
    assert platforms.get(CLAIMS[platform], whole).status == 200


@BOTH
def test_in_an_outage_nothing_is_answered_but_the_console(platforms: Platforms, platform: str) -> None:
    platforms.app_token(platform)
    platforms.faults(platform, outage="503")
    assert platforms.get(CLAIMS[platform]).status == 503
    assert platforms.server.post(TOKENS[platform], {}).status == 503
    platforms.faults(platform, outage="close")
    with pytest.raises((OSError, http.client.HTTPException)):
        platforms.get(CLAIMS[platform])
    other = {"twitch": "kick", "kick": "twitch"}[platform]
    assert platforms.get(CLAIMS[other]).status == 200
    page = platforms.server.get(f"/console/{platform}/faults/")
    assert "Every connection is closed without an answer" in page.text


@BOTH
@pytest.mark.parametrize("fault", [{"silence": True}, {"outage": "503"}, {"webhooks_dropped": 100}])
def test_a_silent_platform_makes_claims_and_tells_nobody(
    platforms: Platforms, receiver: Receiver, platform: str, fault: dict[str, object]
) -> None:
    platforms.webhook_url(platform, receiver.url)
    platforms.faults(platform, **fault)
    made = platforms.make_claims(platform, 3, webhooks=True)
    assert (made["claims"], made["withheld"], made["accepted"]) == (3, 3, 0)
    assert receiver.requests == []
    assert "not sent" in platforms.server.get("/claim").text


def test_without_such_a_fault_there_is_an_error_that_names_those_there_are(platforms: Platforms) -> None:
    for values, said in [
        ({"webhook_dropped": 3}, "There is no fault called webhook_dropped"),
        ({"webhooks_dropped": 101}, "less than or equal to 100"),
        ({"hang_seconds": 31}, "less than or equal to 30"),
        ({"calls_failing": 5, "failures": []}, "at least one way"),
        ({"outage": "later"}, "outage"),
    ]:
        reply = platforms.server.send_json("PUT", "/console/kick/faults.json", values)
        assert reply.status == 400
        assert said in reply.json()["error"]
    assert platforms.server.get("/console/kick/faults.json").json()["on"] == []


def test_what_programs_set_is_json_only(platforms: Platforms) -> None:
    reply = platforms.server.request(
        "PUT", "/console/kick/faults.json", body=b"{}", headers={"Content-Type": "text/plain"}
    )
    assert reply.status == 400
    assert platforms.server.send_json("PUT", "/console/rumble/faults.json", {}).status == 404


def test_the_command_sets_what_it_names_and_switches_off_the_rest(platforms: Platforms) -> None:
    done = platforms.server.command("set_faults", "all", "webhooks_dropped=30", "failures=429,500", "silence=true")
    assert done.returncode == 0, done.stderr
    for platform in CLAIMS:
        found = platforms.server.get(f"/console/{platform}/faults.json").json()
        assert (found["webhooks_dropped"], found["silence"], found["failures"]) == (30, True, ["429", "500"])
    platforms.server.command("set_faults", "kick", "calls_failing=5")
    found = platforms.server.get("/console/kick/faults.json").json()
    assert (found["webhooks_dropped"], found["calls_failing"]) == (0, 5)
    assert platforms.server.command("set_faults", "kick", "nonsense").returncode == 1
    platforms.server.command("set_faults", "all", "--off")
    assert platforms.server.get("/console/twitch/faults.json").json()["on"] == []


def test_the_page_sets_faults_shows_them_and_ends_them(platforms: Platforms) -> None:
    path = "/console/twitch/faults/"
    form = {"webhooks_dropped": "30", "calls_failing": "20", "failures": "429", "poison": "a\nb", "seed": "9"}
    assert platforms.server.submit(path, form).status == 302
    found = platforms.server.get("/console/twitch/faults.json").json()
    assert (found["poison"], found["seed"], found["hang_seconds"]) == (["a", "b"], 9, 12)
    for page in (path, "/console/twitch/", "/console/twitch/events/", "/", "/claim"):
        text = platforms.server.get(page).text
        assert "30 % of the webhooks are dropped." in text, page
        assert "20 % of the API calls fail: 429." in text, page
    refused = platforms.server.submit(path, form | {"webhooks_dropped": "300"})
    assert refused.status == 400
    assert "Nothing was set." in refused.text
    assert 'value="300"' in refused.text
    assert platforms.server.submit(path, {"end": "1"}).status == 302
    assert "None: Twitch does what it should." in platforms.server.get(path).text
