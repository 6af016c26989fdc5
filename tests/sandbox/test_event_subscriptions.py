"""Event subscriptions at the stand-ins: made, verified, listed, told, revoked, ended (Twitch EventSub; Kick, Events)."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.sandbox.conftest import SEED
from tests.sandbox.platforms import SECRET, SUBSCRIPTIONS, Platforms
from tests.sandbox.receiver import Received, Receiver
from tests.sandbox.test_claiming import kick_is_genuine

TWITCH, KICK = SUBSCRIPTIONS["twitch"], SUBSCRIPTIONS["kick"]
GRANT, REVOKE = "drop.entitlement.grant", "user.authorization.revoke"
ONLINE, OFFLINE, LIVESTREAM = "stream.online", "stream.offline", "livestream.status.updated"
ORGANIZATION = {"organization_id": "9001"}
MIRA = "48102201"


def is_genuine(request: Received, secret: str = SECRET) -> bool:
    headers = request.headers
    prefix = headers["twitch-eventsub-message-id"] + headers["twitch-eventsub-message-timestamp"]
    expected = hmac.new(secret.encode(), prefix.encode() + request.body, hashlib.sha256).hexdigest()
    return headers["twitch-eventsub-message-signature"] == f"sha256={expected}"


@pytest.fixture
def studio(receiver: Receiver) -> Receiver:
    """A portal that answers challenges."""
    receiver.echoes = True
    return receiver


def test_a_new_subscription_is_pending_until_its_signed_challenge_comes_back(
    platforms: Platforms, studio: Receiver
) -> None:
    reply = platforms.subscribe(GRANT, ORGANIZATION, studio.url)
    assert reply.status == 202
    content = reply.json()
    (made,) = content["data"]
    assert made["status"] == "webhook_callback_verification_pending"
    assert made["condition"] == ORGANIZATION
    assert made["transport"] == {"method": "webhook", "callback": studio.url}
    assert (content["total"], content["total_cost"], content["max_total_cost"]) == (1, 0, 10000)
    platforms.wait(lambda: platforms.status_of(made["id"]) == "enabled")
    request = studio.only()
    assert is_genuine(request)
    assert request.json()["subscription"]["id"] == made["id"]
    assert request.headers["twitch-eventsub-subscription-type"] == GRANT


def test_a_challenge_that_does_not_come_back_fails_the_subscription_for_good(
    platforms: Platforms, receiver: Receiver
) -> None:
    made = platforms.subscribe(GRANT, ORGANIZATION, receiver.url).json()["data"][0]["id"]
    platforms.wait(lambda: platforms.status_of(made) == "webhook_callback_verification_failed")
    assert platforms.subscribe(GRANT, ORGANIZATION, receiver.url).status == 202


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"is_batching_enabled": False}, 400),
        ({"version": "2"}, 400),
        ({"type": "channel.follow"}, 400),
        ({"condition": {}}, 400),
        ({"condition": {"organization_id": "somebody else's"}}, 403),
        ({"transport": {"method": "websocket"}}, 400),
        ({"transport": {"method": "webhook", "callback": "http://drops.example.org/", "secret": SECRET}}, 400),
        ({"transport": {"method": "webhook", "callback": "https://drops.example.org/", "secret": "short"}}, 400),
    ],
)
def test_a_subscription_that_is_not_as_documented_is_refused(
    platforms: Platforms, changed: dict[str, Any], status: int
) -> None:
    reply = platforms.subscribe(GRANT, ORGANIZATION, "http://127.0.0.1:9/", **changed)
    assert reply.status == status
    assert set(reply.json()) == {"error", "status", "message"}
    assert platforms.subscriptions("twitch") == []


def test_the_same_type_and_condition_is_409(platforms: Platforms, studio: Receiver) -> None:
    platforms.subscribed(GRANT, ORGANIZATION, studio.url)
    assert platforms.subscribe(GRANT, ORGANIZATION, studio.url).status == 409
    narrowed = ORGANIZATION | {"category_id": "509658"}
    assert platforms.subscribe(GRANT, narrowed, studio.url).status == 202


def test_the_list_has_pages_filters_and_those_that_ended(platforms: Platforms, studio: Receiver) -> None:
    failing = {"transport": {"method": "webhook", "callback": "http://127.0.0.1:9/", "secret": SECRET}}
    for number in range(101):
        platforms.subscribe(ONLINE, {"broadcaster_user_id": str(number)}, studio.url, **failing)
    made = platforms.subscribed(GRANT, ORGANIZATION, studio.url)
    first = platforms.get(TWITCH).json()
    second = platforms.get(TWITCH, {"after": first["pagination"]["cursor"]}).json()
    assert (len(first["data"]), len(second["data"]), second["pagination"]) == (100, 2, {})
    assert first["total"] == 102
    assert [one["id"] for one in platforms.get(TWITCH, {"type": GRANT}).json()["data"]] == [made]
    assert [one["id"] for one in platforms.get(TWITCH, {"status": "enabled"}).json()["data"]] == [made]
    (about,) = platforms.get(TWITCH, {"user_id": "7"}).json()["data"]
    assert about["condition"] == {"broadcaster_user_id": "7"}
    assert platforms.get(TWITCH, {"type": GRANT, "status": "enabled"}).status == 400


def test_a_subscription_is_ended_by_its_id(platforms: Platforms, studio: Receiver) -> None:
    made = platforms.subscribed(GRANT, ORGANIZATION, studio.url)
    assert platforms.send("DELETE", TWITCH).status == 400
    assert platforms.send("DELETE", f"{TWITCH}?id={made}").status == 204
    assert platforms.send("DELETE", f"{TWITCH}?id={made}").status == 404


def test_claims_go_to_the_enabled_subscription_alone(platforms: Platforms, studio: Receiver) -> None:
    with Receiver() as console:
        platforms.webhook_url("twitch", console.url)
        made = platforms.subscribed(GRANT, ORGANIZATION, studio.url)
        platforms.make_claims("twitch", 5, batch=2, webhooks=True)
        sent = studio.of_type("notification")
        assert sorted(len(request.json()["events"]) for request in sent) == [1, 2, 2]
        assert all(is_genuine(request) for request in sent)
        assert {request.json()["subscription"]["id"] for request in sent} == {made}
        assert console.requests == []


def test_a_subscription_is_told_of_what_meets_its_condition_only(platforms: Platforms, studio: Receiver) -> None:
    platforms.subscribed(GRANT, ORGANIZATION | {"category_id": "1"}, studio.url)
    made = platforms.make_claims("twitch", 1, webhooks=True)
    assert (made["claims"], made["webhooks"]) == (1, 0)
    assert studio.of_type("notification") == []
    platforms.subscribed(GRANT, ORGANIZATION | {"campaign_id": SEED["twitch"]["campaign"]["id"]}, studio.url)
    assert platforms.make_claims("twitch", 1, webhooks=True)["accepted"] == 1


def test_without_any_subscription_claims_go_to_the_consoles_webhook_url(
    platforms: Platforms, receiver: Receiver
) -> None:
    platforms.webhook_url("twitch", receiver.url)
    platforms.make_claims("twitch", 1, webhooks=True)
    assert is_genuine(receiver.only(), "eventsub-secret-01")


def test_a_revocation_is_sent_signed_with_its_reason_and_then_nothing_more(
    platforms: Platforms, studio: Receiver
) -> None:
    made = platforms.subscribed(GRANT, ORGANIZATION, studio.url)
    content = {"id": made, "status": "authorization_revoked"}
    reply = platforms.server.send_json("POST", "/console/twitch/subscriptions.json", content)
    assert reply.status == 200, reply.text
    (request,) = studio.of_type("revocation")
    assert is_genuine(request)
    assert (request.json()["subscription"]["id"], request.json()["subscription"]["status"]) == (
        made,
        "authorization_revoked",
    )
    assert "event" not in request.json()
    platforms.make_claims("twitch", 1, webhooks=True)
    assert studio.of_type("notification") == []
    assert platforms.subscribe(GRANT, ORGANIZATION, studio.url).status == 202


def test_the_page_shows_subscriptions_and_revokes_one(platforms: Platforms, studio: Receiver) -> None:
    platforms.subscribed(GRANT, ORGANIZATION, studio.url)
    page = platforms.server.get("/console/twitch/events/").text
    assert ">enabled<" in page
    assert "Answered 200" in page
    action = page.split('action="/console/twitch/subscriptions/')[1].split('"')[0]
    form = {"status": "version_removed"}
    done = platforms.server.submit("/console/twitch/events/", form, action=f"/console/twitch/subscriptions/{action}")
    assert done.status == 302
    assert "revoked: this version is no longer supported" in platforms.server.get("/console/twitch/events/").text


def test_l8_a_user_who_disconnects_is_told_to_the_subscription_for_it(platforms: Platforms, studio: Receiver) -> None:
    platforms.subscribed(REVOKE, {"client_id": "twitch-client"}, studio.url)
    platforms.server.submit("/console/twitch/", {}, action=f"/console/twitch/users/{MIRA}/disconnect/")
    (request,) = studio.of_type("notification")
    assert request.headers["twitch-eventsub-subscription-type"] == REVOKE
    assert request.json()["event"] == {
        "client_id": "twitch-client",
        "user_id": MIRA,
        "user_login": "mira_plays",
        "user_name": "Mira_Plays",
    }


def test_a_stream_is_told_when_it_begins_and_when_it_ends(platforms: Platforms, studio: Receiver) -> None:
    for kind in (ONLINE, OFFLINE):
        platforms.subscribed(kind, {"broadcaster_user_id": MIRA}, studio.url)
    assert platforms.switch("twitch", MIRA, category_id="509658").status == 200
    assert platforms.switch("twitch", MIRA, live=False).status == 200
    online, offline = (request.json() for request in studio.of_type("notification"))
    assert set(online["event"]) == {
        "id",
        "broadcaster_user_id",
        "broadcaster_user_login",
        "broadcaster_user_name",
        "type",
        "started_at",
    }
    assert (online["event"]["type"], online["subscription"]["type"]) == ("live", ONLINE)
    assert offline["event"] == {
        "broadcaster_user_id": MIRA,
        "broadcaster_user_login": "mira_plays",
        "broadcaster_user_name": "Mira_Plays",
    }


def kick_body(user_id: int = 2001, name: str = LIVESTREAM) -> dict[str, Any]:
    return {"method": "webhook", "broadcaster_user_id": user_id, "events": [{"name": name, "version": 1}]}


def test_kicks_subscriptions_are_made_listed_and_ended(platforms: Platforms) -> None:
    (made,) = platforms.send("POST", KICK, kick_body()).json()["data"]
    assert (made["error"], made["name"], made["version"]) == ("", LIVESTREAM, 1)
    (again,) = platforms.send("POST", KICK, kick_body()).json()["data"]
    assert again["subscription_id"] == made["subscription_id"]
    (listed,) = platforms.get(KICK).json()["data"]
    assert set(listed) == {
        "app_id",
        "broadcaster_user_id",
        "created_at",
        "event",
        "id",
        "method",
        "updated_at",
        "version",
    }
    assert (listed["broadcaster_user_id"], listed["event"], listed["id"]) == (
        2001,
        LIVESTREAM,
        made["subscription_id"],
    )
    assert platforms.get(KICK, {"broadcaster_user_id": "2002"}).json()["data"] == []
    assert platforms.send("DELETE", f"{KICK}?id={listed['id']}").status == 204
    assert platforms.get(KICK).json()["data"] == []


def test_kick_refuses_what_is_no_subscription(platforms: Platforms) -> None:
    for body in ({}, kick_body() | {"method": "carrier pigeon"}, kick_body() | {"broadcaster_user_id": "x"}):
        assert platforms.send("POST", KICK, body).status == 400
    (refused,) = platforms.send("POST", KICK, kick_body(name="no.such.event")).json()["data"]
    assert refused["error"]
    assert platforms.send("POST", KICK, kick_body(), token="forged").status == 401


def test_kick_tells_of_a_stream_with_six_headers_of_its_own(platforms: Platforms, receiver: Receiver) -> None:
    platforms.webhook_url("kick", receiver.url)
    (made,) = platforms.send("POST", KICK, kick_body()).json()["data"]
    platforms.switch("kick", "2001", category_id="4077", title="Launch day")
    platforms.switch("kick", "2001", live=False)
    platforms.switch("kick", "2002", category_id="4077")
    begun, ended = receiver.requests
    own = {name for name in begun.headers if name.startswith("kick-event-")}
    assert own == {
        f"kick-event-{name}"
        for name in ("message-id", "subscription-id", "signature", "message-timestamp", "type", "version")
    }
    assert begun.headers["kick-event-subscription-id"] == made["subscription_id"]
    signed = dict(begun.headers) | {"kick-event-timestamp": begun.headers["kick-event-message-timestamp"]}
    assert kick_is_genuine(platforms.server, Received(begun.method, begun.path, signed, begun.body))
    first, last = begun.json(), ended.json()
    assert (first["is_live"], first["title"], first["ended_at"]) == (True, "Launch day", None)
    assert (last["is_live"], last["started_at"]) == (False, first["started_at"])
    assert last["ended_at"] is not None
    assert first["broadcaster"]["user_id"] == 2001


def test_kick_forgets_a_subscription_that_is_ended_in_the_console(platforms: Platforms) -> None:
    (made,) = platforms.send("POST", KICK, kick_body()).json()["data"]
    content = {"id": made["subscription_id"]}
    assert platforms.server.send_json("POST", "/console/kick/subscriptions.json", content).status == 200
    assert platforms.get(KICK).json()["data"] == []


def test_webhooks_are_dropped_and_doubled_in_the_same_places_for_the_same_seed(
    platforms: Platforms, receiver: Receiver
) -> None:
    platforms.webhook_url("kick", receiver.url)
    counts = []
    for _run in range(2):
        receiver.requests.clear()
        platforms.faults("kick", webhooks_dropped=30, webhooks_doubled=20, seed=4)
        made = platforms.make_claims("kick", 60, webhooks=True, senders=4)
        ids = [json.loads(request.body)["claim_id"] for request in receiver.requests]
        counts.append((made["withheld"], made["doubled"]))
        assert len(set(ids)) == 60 - made["withheld"] == made["accepted"]
        assert len(ids) == len(set(ids)) + made["doubled"]
    assert counts[0] == counts[1]
    dropped, doubled = counts[0]
    assert 9 <= dropped <= 27
    assert 3 <= doubled <= 20
