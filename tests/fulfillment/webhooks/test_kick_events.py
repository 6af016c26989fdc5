"""Kick's events come to the same address as claims: told apart by the signed body alone (P2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fulfillment.models import ChannelPresence, Claim, KeptMessage, PlatformSubscription, WebhookTally
from fulfillment.subscribing.watching import forget_noted
from fulfillment.webhooks.events import listen, stop_listening
from fulfillment.webhooks.receivers import forget_receivers
from fulfillment.webhooks.tally import tallies
from portal.models import PlatformCredential
from portal.platforms.kick.subscriptions import STATUS_UPDATED
from portal.platforms.messages import StreamChanged
from tests import factories as make
from tests.fulfillment.subscribers import types
from tests.fulfillment.webhooks.contract import SENT_AT
from tests.signers.kick import KickSigner

pytestmark = pytest.mark.django_db
SIGNER = KickSigner()


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def broadcaster(number: int = 123456789) -> dict[str, Any]:
    """As Kick, Event Types, shows one."""
    return {
        "is_anonymous": False,
        "user_id": number,
        "username": "broadcaster_name",
        "is_verified": True,
        "profile_picture": "https://example.com/broadcaster_avatar.jpg",
        "channel_slug": "broadcaster_channel",
        "identity": None,
    }


def stream(*, live: bool = True, number: int = 123456789) -> dict[str, Any]:
    return {
        "broadcaster": broadcaster(number),
        "is_live": live,
        "title": "Stream Title",
        "started_at": stamp(SENT_AT - timedelta(minutes=1)),
        "ended_at": None if live else stamp(SENT_AT),
    }


CHAT = {"message_id": "m", "broadcaster": broadcaster(), "sender": {"user_id": 7}, "content": "is_live claim_id"}
CLAIM = {"claim_id": "c-1", "user_id": 2001, "campaign_id": "k-1", "reward_id": "r-1"}


class Receiver:
    """A credential that accepts what the signer signs."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.organization = make.make_organization()
        self.credential = make.make_credential(
            self.organization, "kick", public_key=SIGNER.public_pem, api_url="http://127.0.0.1:9"
        )

    def post(self, message: Any, *, sent_at: datetime = SENT_AT, **extra: str) -> int:
        body = json.dumps(message).encode()
        headers = SIGNER.headers(body, timestamp=stamp(sent_at), timestamp_header="Kick-Event-Message-Timestamp")
        headers = {name: value for name, value in (headers | extra).items() if name != "Content-Type"}
        path = f"/webhooks/kick/{self.credential.url_token}"
        return self.client.post(path, body, content_type="application/json", headers=headers).status_code

    def outcomes(self) -> dict[str, int]:
        tallies.flush()
        return dict(WebhookTally.objects.filter(credential=self.credential).values_list("outcome", "count"))


@pytest.fixture
def receiver(client: Client) -> Iterator[Receiver]:
    forget_receivers()
    forget_noted()
    with time_machine.travel(SENT_AT, tick=False):
        yield Receiver(client)


@pytest.fixture
def heard(receiver: Receiver) -> Iterator[list[StreamChanged]]:
    messages: list[StreamChanged] = []

    def listener(credential: PlatformCredential, message: StreamChanged, now: datetime) -> None:
        assert (credential, now) == (receiver.credential, SENT_AT)
        messages.append(message)

    listen(StreamChanged, listener)
    yield messages
    stop_listening(StreamChanged, listener)


def test_a_stream_that_begins_and_ends_is_handed_on(receiver: Receiver, heard: list[StreamChanged]) -> None:
    assert receiver.post(stream()) == 200
    assert receiver.post(stream(live=False)) == 200
    began = SENT_AT - timedelta(minutes=1)
    assert heard == [
        StreamChanged(platform_channel_id="123456789", live=True, started_at=began),
        StreamChanged(platform_channel_id="123456789", live=False, started_at=None),
    ]
    assert receiver.outcomes() == {"handed_on": 2}
    assert not Claim.objects.exists()


def test_whoever_wants_to_know_is_told_that_a_kick_channel_is_live(receiver: Receiver) -> None:
    make.make_subscription(receiver.organization)
    channel = make.make_channel(receiver.organization, "kick", platform_channel_id="18446744073709551615")
    receiver.post(stream(number=18446744073709551615))
    receiver.post(stream(number=18446744073709551615))
    assert types() == ["channel.live"]
    assert ChannelPresence.objects.get(channel=channel).live
    receiver.post(stream(live=False, number=18446744073709551615))
    assert types() == ["channel.live", "channel.offline"]


@pytest.mark.parametrize("message", [CHAT, {"broadcaster": broadcaster(), "follower": {"user_id": 7}}])
def test_events_of_other_types_are_acknowledged_and_ignored(
    message: Any, receiver: Receiver, heard: list[StreamChanged]
) -> None:
    assert receiver.post(message) == 200
    assert (heard, receiver.outcomes()) == ([], {"ignored": 1})
    assert not Claim.objects.exists() and not KeptMessage.objects.exists()


def test_the_unsigned_header_of_the_type_says_nothing(receiver: Receiver, heard: list[StreamChanged]) -> None:
    assert receiver.post(CLAIM, **{"Kick-Event-Type": STATUS_UPDATED, "Kick-Event-Subscription-Id": "s"}) == 200
    assert receiver.post(stream(), **{"Kick-Event-Type": "drops.claim"}) == 200
    assert (Claim.objects.get().platform_claim_id, len(heard)) == ("c-1", 1)


def test_a_claim_that_names_a_broadcaster_too_is_a_claim(receiver: Receiver, heard: list[StreamChanged]) -> None:
    assert receiver.post({**CLAIM, "broadcaster": broadcaster(), "is_live": True}) == 200
    assert Claim.objects.get().platform_claim_id == "c-1"
    assert heard == []


@pytest.mark.parametrize(
    "wrong",
    [
        {**stream(), "is_live": "yes"},
        {**stream(), "broadcaster": {"username": "nobody"}},
        {**stream(), "broadcaster": {"user_id": -1}},
        {**stream(), "broadcaster": "123"},
    ],
)
def test_an_event_that_cannot_be_read_is_400_and_kept(wrong: Any, receiver: Receiver, heard: list[Any]) -> None:
    assert receiver.post(wrong) == 400
    assert KeptMessage.objects.count() == 1
    assert heard == []


def test_a_forged_event_is_refused(receiver: Receiver, heard: list[StreamChanged]) -> None:
    body = json.dumps(stream()).encode()
    other = {**KickSigner().headers(body, timestamp=stamp(SENT_AT))}
    path = f"/webhooks/kick/{receiver.credential.url_token}"
    headers = {name: value for name, value in other.items() if name != "Content-Type"}
    answer = receiver.client.post(path, body, content_type="application/json", headers=headers)
    assert answer.status_code == 401
    assert heard == []


@pytest.mark.parametrize("minutes", [-11, 11])
def test_word_of_a_stream_that_is_old_is_acknowledged_and_ignored(
    minutes: int, receiver: Receiver, heard: list[StreamChanged]
) -> None:
    assert receiver.post(stream(), sent_at=SENT_AT + timedelta(minutes=minutes)) == 200
    assert (heard, receiver.outcomes()) == ([], {"stale": 1})


def test_it_is_noted_once_a_minute_that_a_subscription_brought_a_message(receiver: Receiver) -> None:
    row = PlatformSubscription.objects.create(
        credential=receiver.credential, type=STATUS_UPDATED, subject="123456789", state="enabled"
    )
    counts = []
    for second in range(0, 121, 20):
        moment = SENT_AT + timedelta(seconds=second)
        with time_machine.travel(moment, tick=False), CaptureQueriesContext(connection) as captured:
            receiver.post(stream(live=False), sent_at=moment)
        counts.append(sum("UPDATE" in query["sql"] for query in captured))
    assert counts == [1, 0, 0, 1, 0, 0, 1]
    row.refresh_from_db()
    assert row.event_at == SENT_AT + timedelta(seconds=120)
