"""P2, P3, F2: what the platforms' webhooks say, read without trusting them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.platforms.kick.messages import parse as parse_claim
from portal.platforms.messages import ClaimReceived, MessageInvalid
from portal.platforms.twitch import messages as twitch
from tests import payloads

SENT = "2026-11-20T23:27:47.123456789Z"
KICK: dict[str, Any] = {
    "claim_id": "C1",
    "user_id": 2001,
    "campaign_id": "K1",
    "reward_id": "R1",
    "external_id": "gold",
}
GRANT: dict[str, Any] = {
    "organization_id": "9001",
    "category_id": "9002",
    "category_name": "Fortnite",
    "campaign_id": "9003",
    "user_id": "1234",
    "user_name": "Cool_User",
    "user_login": "cool_user",
    "entitlement_id": "fb78259e",
    "benefit_id": "74c52265",
    "created_at": "2019-01-28T04:17:53.325Z",
}


def kick(text: str | None = None, **changed: Any) -> ClaimReceived:
    body = text.encode() if text is not None else json.dumps({**KICK, **changed}).encode()
    return parse_claim(body, timestamp=SENT)


def kick_without(name: str) -> ClaimReceived:
    return parse_claim(json.dumps({key: KICK[key] for key in KICK if key != name}).encode(), timestamp=SENT)


def eventsub(subscription_type: str = twitch.GRANT, status: str = "enabled", **parts: Any) -> bytes:
    subscription = {"id": "S1", "type": subscription_type, "status": status, "version": "1"}
    return json.dumps({"subscription": subscription, **parts}).encode()


def grants(*data: Any) -> twitch.Message:
    return twitch.parse(eventsub(events=[{"id": str(n), "data": one} for n, one in enumerate(data)]))


# Kick


def test_the_recorded_kick_claim_is_read() -> None:
    recorded = payloads.kick_claim()
    assert parse_claim(recorded.body, timestamp=recorded.headers["Kick-Event-Timestamp"]) == ClaimReceived(
        platform_claim_id="01M7XMK6ZFZFQ1NMSZWK33RPD1",
        platform_user_id="2001",
        platform_reward_id="01M7XMK6ZFNGP751QCNV0HZ1TP",
        platform_campaign_id="01M7XMK6ZFH5XCBHVFT2XYQT21",
        external_id="gold",
        granted_at=datetime(2026, 11, 20, 23, 27, 47, tzinfo=UTC),
    )


def test_c10_a_kick_claim_was_granted_at_the_signed_headers_time() -> None:
    assert kick().granted_at == datetime(2026, 11, 20, 23, 27, 47, 123456, tzinfo=UTC)
    assert parse_claim(json.dumps(KICK).encode(), timestamp="soon").granted_at is None


@pytest.mark.parametrize("digits", ["0", "18446744073709551615", "18446744073709551616", "9" * 200])
def test_a_user_id_keeps_every_digit(digits: str) -> None:
    body = json.dumps(KICK).replace("2001", digits)
    assert kick(body).platform_user_id == digits


def test_ids_are_text_and_need_not_be_ulids() -> None:
    assert kick(campaign_id="01JAXK8N4QWRTY5PM7ZEBVJDS8S").platform_campaign_id == "01JAXK8N4QWRTY5PM7ZEBVJDS8S"
    assert kick(user_id="2001").platform_user_id == "2001"
    assert type(kick().platform_user_id) is str


def test_unknown_fields_are_ignored_and_the_external_id_may_be_missing() -> None:
    assert kick(new_field={"deep": [1, 2.5, None]}) == kick()
    assert kick_without("external_id").external_id == ""
    assert kick(external_id=None).external_id == ""
    assert kick(external_id="").external_id == ""


@pytest.mark.parametrize("name", ["claim_id", "user_id", "campaign_id", "reward_id"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "{} is missing."),
        ("", "{} is empty."),
        (True, "{} is true or false, not an id."),
        (1.5, "{} is a fraction, not an id."),
        (-1, "{} is a negative number, not an id."),
        ([], "{} is a list, not an id."),
        ({}, "{} is an object, not an id."),
        ("x" * 201, "{} has 201 characters; at most 200 are possible."),
        ("a\0b", "{} holds characters that cannot be stored."),
        ("a\ud800", "{} holds characters that cannot be stored."),
    ],
)
def test_a_required_id_that_is_none_is_refused_and_named(name: str, value: object, told: str) -> None:
    with pytest.raises(MessageInvalid) as caught:
        kick(**{name: value})
    assert str(caught.value) == told.format(name)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(MessageInvalid, match=r"^reward_id is missing\.$"):
        kick_without("reward_id")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"null", "is null, not a JSON object"),
        (b"[]", "is a list, not a JSON object"),
        (b'"text"', "is a text, not a JSON object"),
        (b"12", "is a number, not a JSON object"),
        (b'{"user_id": NaN}', "NaN is no JSON value"),
        (b"\xff\xfe{}", "not UTF-8"),
        (json.dumps(KICK).encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[" * 500_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
    ],
)
def test_p1_a_body_that_is_no_json_object_is_refused_with_the_reason(body: bytes, told: str) -> None:
    for parse in (lambda: parse_claim(body, timestamp=SENT), lambda: twitch.parse(body)):
        with pytest.raises(MessageInvalid, match=told):
            parse()


# Twitch


def test_the_recorded_notification_is_read() -> None:
    message = twitch.parse(payloads.twitch_notification().body)
    assert message == twitch.Grants(
        subscription=twitch.Subscription(
            id="82f32bb8-565b-8cbf-7cf8-a57b151159e2", type="drop.entitlement.grant", status="enabled"
        ),
        claims=(
            ClaimReceived(
                platform_claim_id="3cb490d7-114a-bf97-ff4b-970e6759acf2",
                platform_user_id="786452",
                platform_user_name="testBroadcaster",
                platform_reward_id="9db38711-e26d-acdc-aaf9-86dc68223191",
                platform_campaign_id="570cab7c-205c-9f33-360b-9a058e190c56",
                category_id="2555",
                organization_id="52908177",
                granted_at=datetime(2026, 11, 20, 23, 8, 24, 911443, tzinfo=UTC),
            ),
        ),
    )


def test_the_recorded_challenge_is_read() -> None:
    message = twitch.parse(payloads.twitch_verification().body)
    assert isinstance(message, twitch.Challenge)
    assert message.challenge == "2cd91acb-ed0a-82cf-c1d1-2db957a76e3d"


def test_p3_a_batch_gives_each_claim_once() -> None:
    message = grants(GRANT, {**GRANT, "entitlement_id": "second"}, GRANT)
    assert isinstance(message, twitch.Grants)
    assert [claim.platform_claim_id for claim in message.claims] == ["fb78259e", "second"]
    assert message.faults == ()


def test_p3_an_event_that_cannot_be_read_loses_no_other() -> None:
    message = grants({**GRANT, "user_id": None}, GRANT, "text")
    assert isinstance(message, twitch.Grants)
    assert [claim.platform_claim_id for claim in message.claims] == ["fb78259e"]
    assert message.faults == (
        "events[0].data.user_id is missing.",
        "events[2].data is missing or not an object.",
    )


def test_a_batch_of_which_nothing_can_be_read_is_refused() -> None:
    with pytest.raises(MessageInvalid, match=r"events\[0\]\.data\.benefit_id is empty"):
        grants({**GRANT, "benefit_id": ""})


def test_an_empty_batch_is_no_fault() -> None:
    assert grants() == twitch.Grants(
        subscription=twitch.Subscription(id="S1", type=twitch.GRANT, status="enabled"), claims=()
    )


def test_f1_a_grant_without_campaign_name_or_time_is_still_a_claim() -> None:
    message = grants({"entitlement_id": "E", "user_id": 7, "benefit_id": "B", "created_at": 5, "user_name": ["?"]})
    assert isinstance(message, twitch.Grants)
    assert message.claims == (ClaimReceived(platform_claim_id="E", platform_user_id="7", platform_reward_id="B"),)


def test_a_strange_name_is_left_out_or_cut_and_loses_no_claim() -> None:
    message = grants({**GRANT, "user_name": "a\0b"}, {**GRANT, "entitlement_id": "2", "user_name": "n" * 5000})
    assert isinstance(message, twitch.Grants)
    assert [claim.platform_user_name for claim in message.claims] == ["cool_user", "n" * 200]


def test_p3_a_revocation_tells_its_reason() -> None:
    message = twitch.parse(eventsub(status="notification_failures_exceeded"))
    assert isinstance(message, twitch.Revocation)
    assert message.subscription.status == "notification_failures_exceeded"


def test_p3_streams_and_revoked_authorizations_are_read() -> None:
    online = twitch.parse(
        eventsub(twitch.STREAM_ONLINE, event={"broadcaster_user_id": "5", "started_at": "2026-01-02T03:04:05Z"})
    )
    offline = twitch.parse(eventsub(twitch.STREAM_OFFLINE, event={"broadcaster_user_id": "5"}))
    revoked = twitch.parse(
        eventsub(twitch.AUTHORIZATION_REVOKED, event={"client_id": "C", "user_id": "6", "user_login": None})
    )
    assert isinstance(online, twitch.StreamChanged)
    assert (online.platform_channel_id, online.live) == ("5", True)
    assert online.started_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert isinstance(offline, twitch.StreamChanged)
    assert (offline.live, offline.started_at) == (False, None)
    assert isinstance(revoked, twitch.AuthorizationRevoked)
    assert (revoked.client_id, revoked.platform_user_id) == ("C", "6")


def test_a_notification_of_another_type_is_known_as_such() -> None:
    assert isinstance(twitch.parse(eventsub("channel.follow", event={})), twitch.OtherNotification)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{}", "subscription is missing"),
        (b'{"subscription": 5}', "subscription is a number, not an object"),
        (b'{"subscription": {}}', "subscription.type is missing"),
        (eventsub(), "events is missing"),
        (eventsub(events={}), "events is not a list"),
        (eventsub(event={}), "events is not a list"),
        (eventsub(challenge=5), "challenge is not a text"),
        (eventsub(challenge="x" * 1001), "challenge is too long"),
        (eventsub(twitch.STREAM_ONLINE, event=[]), "event is a list, not an object"),
        (eventsub(twitch.STREAM_ONLINE, event={}), "event.broadcaster_user_id is missing"),
    ],
)
def test_an_eventsub_message_of_another_shape_is_refused_with_the_reason(body: bytes, told: str) -> None:
    with pytest.raises(MessageInvalid, match=told.replace(".", r"\.")):
        twitch.parse(body)


# Both

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from([*KICK, *GRANT, "data"]), inner),
    max_leaves=20,
)
BODIES = st.one_of(
    st.binary(),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(list(KICK)), VALUES).map(lambda value: json.dumps({**KICK, **value}).encode()),
    st.dictionaries(st.sampled_from(["events", "event", "challenge"]), VALUES).map(lambda value: eventsub(**value)),
    st.dictionaries(st.sampled_from(list(GRANT)), VALUES).map(
        lambda value: eventsub(events=[{"data": {**GRANT, **value}}])
    ),
)


@given(body=BODIES, timestamp=st.text())
@example(body=b'{"claim_id":1e999}', timestamp="9" * 13)
@example(body=b'{"claim_id":' + b"9" * 100_000 + b"}", timestamp="2026-02-30T00:00:00Z")
def test_whatever_comes_in_is_read_or_refused(body: bytes, timestamp: str) -> None:
    for parse in (lambda: parse_claim(body, timestamp=timestamp), lambda: twitch.parse(body)):
        try:
            message = parse()
        except MessageInvalid as error:
            assert str(error)
        else:
            claims = [message] if isinstance(message, ClaimReceived) else getattr(message, "claims", ())
            for claim in claims:
                for part in (claim.platform_claim_id, claim.platform_user_id, claim.platform_reward_id):
                    assert 1 <= len(part.encode("utf-8").decode("utf-8")) <= 200
                    assert "\0" not in part
