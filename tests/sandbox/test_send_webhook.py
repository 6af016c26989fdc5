"""The command that sends webhooks by hand: each fault is exactly the fault that it says."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature

from tests.sandbox.receiver import Received, Receiver
from tests.sandbox.server import Done, SandboxServer
from tests.sandbox.test_claiming import kick_is_genuine, twitch_is_genuine


def send(server: SandboxServer, receiver: Receiver, *arguments: str) -> Done:
    return server.command("send_webhook", *arguments, "--to", receiver.url)


def genuine(server: SandboxServer, platform: str, request: Received) -> bool:
    if platform == "twitch":
        return twitch_is_genuine(request)
    try:
        return kick_is_genuine(server, request)
    except InvalidSignature:
        return False


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_without_a_fault_a_genuine_claim_is_sent_and_the_answer_printed(
    sandbox_server: SandboxServer, receiver: Receiver, platform: str
) -> None:
    done = send(sandbox_server, receiver, platform)
    assert done.returncode == 0, done.stderr
    assert genuine(sandbox_server, platform, receiver.only())
    assert "Answered 200" in done.stdout
    assert "thanks" in done.stdout


@pytest.mark.parametrize("platform", ["kick", "twitch"])
@pytest.mark.parametrize("fault", ["bad-signature", "truncated-signature", "changed-body"])
def test_p1_a_forged_message_has_a_signature_that_does_not_hold(
    sandbox_server: SandboxServer, receiver: Receiver, platform: str, fault: str
) -> None:
    done = send(sandbox_server, receiver, platform, "--fault", fault)
    assert "A careful receiver: refused with 401 (Kick) or 403 (Twitch)" in done.stdout
    assert not genuine(sandbox_server, platform, receiver.only())
    assert json.loads(receiver.only().body)


def test_p1_the_signature_can_be_left_out(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    send(sandbox_server, receiver, "kick", "--fault", "no-signature")
    assert "kick-event-signature" not in receiver.only().headers
    assert "kick-event-message-id" in receiver.only().headers


def test_f1_a_replay_is_the_same_message_twice(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    send(sandbox_server, receiver, "kick", "--fault", "replay")
    first, second = receiver.requests
    assert first == second
    assert kick_is_genuine(sandbox_server, first)


@pytest.mark.parametrize(
    ("platform", "header"),
    [("kick", "kick-event-timestamp"), ("twitch", "twitch-eventsub-message-timestamp")],
)
def test_p3_a_stale_message_is_genuine_and_an_hour_old(
    sandbox_server: SandboxServer, receiver: Receiver, platform: str, header: str
) -> None:
    send(sandbox_server, receiver, platform, "--fault", "stale")
    request = receiver.only()
    assert genuine(sandbox_server, platform, request)
    sent_at = datetime.strptime(request.headers[header][:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    assert timedelta(minutes=59) < datetime.now(UTC) - sent_at < timedelta(minutes=62)


def test_p1_an_oversized_message_is_genuine_and_over_two_megabytes(
    sandbox_server: SandboxServer, receiver: Receiver
) -> None:
    done = send(sandbox_server, receiver, "twitch", "--fault", "oversized")
    assert len(receiver.only().body) > 2 * 1024 * 1024
    assert twitch_is_genuine(receiver.only())
    assert len(done.stdout) < 10_000


def test_p1_invalid_json_is_sent_under_a_valid_signature(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    send(sandbox_server, receiver, "kick", "--fault", "invalid-json")
    assert kick_is_genuine(sandbox_server, receiver.only())
    with pytest.raises(json.JSONDecodeError):
        json.loads(receiver.only().body)


def test_the_method_and_the_content_type_can_be_wrong(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    send(sandbox_server, receiver, "kick", "--fault", "get")
    send(sandbox_server, receiver, "twitch", "--fault", "wrong-content-type")
    first, second = receiver.requests
    assert (first.method, first.body) == ("GET", b"")
    assert second.headers["content-type"] == "text/plain"
    assert twitch_is_genuine(second)


@pytest.mark.parametrize(
    ("fault", "field"),
    [("unknown-reward", "reward_id"), ("unknown-campaign", "campaign_id"), ("unknown-user", "user_id")],
)
def test_f2_unknown_ids_differ_in_that_one_field(
    sandbox_server: SandboxServer, receiver: Receiver, fault: str, field: str
) -> None:
    send(sandbox_server, receiver, "kick", "--claim", "c")
    send(sandbox_server, receiver, "kick", "--claim", "c", "--fault", fault)
    known, unknown = (json.loads(request.body) for request in receiver.requests)
    changed = {name for name in known if known[name] != unknown[name]}
    assert changed == ({field, "external_id"} if fault == "unknown-reward" else {field})


def test_f2_a_huge_user_id_is_the_largest_of_64_bits(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    send(sandbox_server, receiver, "kick", "--fault", "huge-user-id")
    assert b'"user_id":18446744073709551615,' in receiver.only().body


def test_p3_a_batch_is_several_entitlements_in_one_message(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    send(sandbox_server, receiver, "twitch", "--fault", "batch", "--count", "5")
    events = json.loads(receiver.only().body)["events"]
    assert len({event["data"]["entitlement_id"] for event in events}) == 5
    assert len({event["id"] for event in events}) == 5


def test_p3_twitch_challenges_and_revocations_can_be_sent(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    send(sandbox_server, receiver, "twitch", "--type", "challenge")
    send(sandbox_server, receiver, "twitch", "--type", "revocation")
    challenge, revocation = receiver.requests
    assert twitch_is_genuine(challenge)
    assert twitch_is_genuine(revocation)
    assert json.loads(challenge.body)["challenge"]
    assert challenge.headers["twitch-eventsub-message-type"] == "webhook_callback_verification"
    assert json.loads(revocation.body)["subscription"]["status"] == "notification_failures_exceeded"
    assert "events" not in json.loads(revocation.body)


def test_ids_can_be_given(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    ids = {"--user": "77", "--campaign": "camp", "--reward": "rew", "--claim": "cl", "--external-id": "item"}
    send(sandbox_server, receiver, "kick", *(word for pair in ids.items() for word in pair))
    assert json.loads(receiver.only().body) == {
        "claim_id": "cl",
        "user_id": 77,
        "campaign_id": "camp",
        "reward_id": "rew",
        "external_id": "item",
    }


def test_what_cannot_be_sent_is_refused_with_the_reason(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    refusals = [
        send(sandbox_server, receiver, "kick", "--fault", "batch"),
        send(sandbox_server, receiver, "kick", "--type", "challenge"),
        send(sandbox_server, receiver, "kick", "--user", "mira"),
        sandbox_server.command("send_webhook", "kick", "--to", "http://127.0.0.1:9/"),
    ]
    assert [refusal.returncode for refusal in refusals] == [1, 1, 1, 1]
    assert "one claim in each request" in refusals[0].stderr
    assert "The connection failed" in refusals[3].stdout
    assert receiver.requests == []


def test_the_recorded_signature_form_is_standard_base64(sandbox_server: SandboxServer, receiver: Receiver) -> None:
    send(sandbox_server, receiver, "kick")
    assert len(base64.b64decode(receiver.only().headers["kick-event-signature"], validate=True)) == 256
