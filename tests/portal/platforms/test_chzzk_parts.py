"""CHZZK's typed clients and messages: what every platform's promise, and what is CHZZK's own on the wire."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from portal.platforms.calls import PlatformError
from portal.platforms.chzzk.messages import OtherEvent, parse
from portal.platforms.claims_api import Marked, Narrowed
from portal.platforms.messages import ClaimReceived
from tests.doubles.platform_server import PlatformServer
from tests.portal.platforms import contract

SENT = "2026-11-20T23:08:24Z"
CLAIM = {"claimId": "c", "channelId": "u", "rewardId": "r", "campaignId": "k", "categoryId": "g"}


class TestClaims(contract.ClaimsContract):
    platform_key, make_server = "chzzk", partial(PlatformServer, "chzzk")
    narrowed = {Narrowed.CATEGORY: "category", Narrowed.CAMPAIGN: "campaign", Narrowed.USER: "user"}

    def test_f7_the_campaign_and_the_category_are_told(self, server: PlatformServer) -> None:
        server.add_claim("claim-1", campaign="campaign-7", category="CATEGORY_CHZZK")
        (listed,) = self.read(server).claims
        assert (listed.claim.platform_campaign_id, listed.claim.category_id) == ("campaign-7", "CATEGORY_CHZZK")
        assert listed.status == "CLAIMED"

    @pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
    def test_f7_a_list_whose_last_page_still_names_a_cursor_ends_with_a_page_of_nothing(
        self, server: PlatformServer, count: int
    ) -> None:
        server.says_the_end = False
        for number in range(count):
            server.add_claim(f"claim-{number}")
        assert self.read_all(server) == [f"claim-{number}" for number in range(count)]

    def test_a_list_is_asked_for_as_chzzk_documents_it(self, server: PlatformServer) -> None:
        server.add_claim("claim-1")
        self.read(server, narrowed=Narrowed.CAMPAIGN, value="campaign-1", only_open=True, cursor="claim-1", size=20)
        assert server.lists == [
            {"campaignId": "campaign-1", "fulfillmentState": "CLAIMED", "page.from": "claim-1", "page.size": "20"}
        ]

    def test_an_answer_is_read_without_its_envelope_too(self, server: PlatformServer) -> None:
        item = {**server.add_claim("claim-1"), "fulfillmentState": "FULFILLED"}
        server.fail(200, {"data": [item], "page": {"cursor": None}})
        page = self.read(server)
        assert [(one.claim.platform_claim_id, one.done) for one in page.claims] == [("claim-1", True)]
        assert page.cursor == ""

    def test_f6_each_of_the_five_answers_says_what_to_do(self, server: PlatformServer) -> None:
        words = {
            "SUCCESS": Marked.ACCEPTED,
            "INVALID_ID": Marked.REFUSED,
            "NOT_FOUND": Marked.REFUSED,
            "UNAUTHORIZED": Marked.REFUSED,
            "UPDATE_FAILED": Marked.LATER,
        }
        server.results = {word: word for word in words}
        told = self.api.mark_done(server.url, **self.ours(server), claim_ids=list(words))
        assert told == {word: (meaning, word) for word, meaning in words.items()}

    def test_a_secret_that_is_not_taken_is_no_matter_of_time(self, server: PlatformServer) -> None:
        server.ended.add(contract.CLIENT_SECRET)
        with pytest.raises(PlatformError) as caught:
            self.read(server)
        assert (caught.value.status, caught.value.permanent) == (401, True)
        assert contract.CLIENT_SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "message",
    [
        {"version": "1.0", "event": {"version": "1.0", "type": "drop_reward_claim", "data": CLAIM}},
        {"version": "1.0", "event": {"version": "1.0", "type": "drops_reward_claim", **CLAIM}},
        {"message": {"version": "1.0", "event": {"version": "1.0", "data": CLAIM}}},
        CLAIM,
    ],
    ids=["data in event", "event is data", "all in message", "bare"],
)
def test_a_claim_is_found_however_deep_it_lies(message: dict[str, Any]) -> None:
    claim = parse(json.dumps(message).encode(), timestamp=SENT)
    assert isinstance(claim, ClaimReceived)
    assert (claim.platform_claim_id, claim.platform_user_id, claim.platform_reward_id) == ("c", "u", "r")
    assert (claim.platform_campaign_id, claim.category_id) == ("k", "g")
    assert claim.granted_at is not None and claim.granted_at.isoformat() == "2026-11-20T23:08:24+00:00"


def test_c10_a_claim_counts_from_when_it_was_made_not_from_when_it_was_sent() -> None:
    claim = parse(json.dumps({**CLAIM, "claimedDate": "2024-08-01T09:20:26Z"}).encode(), timestamp=SENT)
    assert isinstance(claim, ClaimReceived)
    assert claim.granted_at is not None and claim.granted_at.isoformat() == "2024-08-01T09:20:26+00:00"


def test_an_event_of_another_type_is_none_of_ours() -> None:
    message = {"version": "1.0", "event": {"version": "1.0", "type": "live_started", "data": {"channelId": "u"}}}
    assert parse(json.dumps(message).encode(), timestamp=SENT) == OtherEvent()
