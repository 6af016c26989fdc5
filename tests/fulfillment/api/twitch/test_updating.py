"""Claims updated in Twitch's shape: what a body may be, and each result (A1, A4, A5)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fulfillment.rules.states import State
from tests import factories as make
from tests.fulfillment.api.shape import Studio, body_of
from tests.fulfillment.api.twitch.helix import ENTITLEMENTS, Helix


def update_of(ids: Any = ("claim",), status: Any = "FULFILLED") -> dict[str, Any]:
    return {"entitlement_ids": ids, "fulfillment_status": status}


class TestUpdating(Helix):
    """Update Drops Entitlements: the body, and each result."""

    @pytest.mark.parametrize("path", [ENTITLEMENTS, f"{ENTITLEMENTS}/update"])
    def test_a1_the_update_is_at_both_addresses(self, path: str) -> None:
        claim = self.studio.claim()
        response = self.patch(update_of([claim.platform_claim_id]), path=path)
        assert body_of(response) == {"data": [{"status": "SUCCESS", "ids": [claim.platform_claim_id]}]}
        claim.refresh_from_db()
        assert claim.state == State.DELIVERED

    def test_the_address_of_the_update_alone_lists_nothing(self) -> None:
        response = self.http.get(f"{ENTITLEMENTS}/update", headers=self.studio.headers)
        assert response.status_code == 405
        assert response["Allow"] == "PATCH"

    def test_a5_each_result_has_its_group_with_each_id_once(self) -> None:
        push = make.make_game(self.studio.organization)
        make.make_endpoint(push)
        ids = {
            name: claim.platform_claim_id
            for name, claim in {
                "ready": self.studio.claim(),
                "done": self.studio.claim(State.CONFIRMED),
                "pushed": self.studio.claim(game=push),
                "held": self.studio.claim(State.HELD),
                "sending": self.studio.claim(State.DELIVERING),
                "foreign": Studio("twitch").claim(),
                "kick": self.studio.claim(platform="kick"),
            }.items()
        }
        invalid = ["", "with space", "é", "x" * 201, "tab\t", "nul\0"]
        asked = [*ids.values(), "unknown", *invalid, *ids.values(), *invalid]
        response = self.patch(update_of(asked))
        assert [group["status"] for group in body_of(response)["data"]] == [
            "SUCCESS",
            "UNAUTHORIZED",
            "NOT_FOUND",
            "UPDATE_FAILED",
            "INVALID_ID",
        ]
        assert self.results(response) == {
            "SUCCESS": [ids["ready"], ids["done"]],
            "UNAUTHORIZED": [ids["pushed"]],
            "NOT_FOUND": [ids["foreign"], ids["kick"], "unknown"],
            "UPDATE_FAILED": [ids["held"], ids["sending"]],
            "INVALID_ID": invalid,
        }

    def test_a5_groups_without_ids_are_left_out(self) -> None:
        assert body_of(self.patch(update_of(["unknown"]))) == {"data": [{"status": "NOT_FOUND", "ids": ["unknown"]}]}
        assert body_of(self.patch(update_of([" "]))) == {"data": [{"status": "INVALID_ID", "ids": [" "]}]}

    @pytest.mark.parametrize(
        "body",
        [
            [],
            "text",
            5,
            None,
            {},
            {"fulfillment_status": "FULFILLED"},
            {"entitlement_ids": ["claim"]},
            *(
                update_of(ids)
                for ids in (None, "claim", 5, {}, [], [5], [None], [["claim"]], ["claim", 5], ["c"] * 101)
            ),
            *(update_of(status=status) for status in (None, "", "fulfilled", 5, ["FULFILLED"], {}, True, "SUCCESS")),
        ],
        ids=str,
    )
    def test_a4_a_body_that_is_no_update_is_400_and_the_answer_says_what_is_allowed(self, body: Any) -> None:
        claim = self.studio.claim(platform_claim_id="claim")
        response = self.patch(body)
        assert response.status_code == 400
        assert re.search(
            r"entitlement_ids.* (must|and)|fulfillment_status must be CLAIMED or FULFILLED", self.message(response)
        )
        claim.refresh_from_db()
        assert claim.state == State.READY

    def test_a1_a_hundred_at_once_and_what_helix_does_not_know_is_ignored(self) -> None:
        ids = [self.studio.claim().platform_claim_id for _ in range(100)]
        response = self.http.patch(
            f"{ENTITLEMENTS}?first=x",
            json.dumps({**update_of(ids), "note": {"any": "thing"}}),
            content_type="text/plain",
            headers=self.studio.headers,
        )
        assert body_of(response) == {"data": [{"status": "SUCCESS", "ids": ids}]}  # type: ignore[arg-type]

    def test_a5_claimed_for_what_is_not_fulfilled_changes_nothing(self) -> None:
        claim = self.studio.claim()
        assert self.results(self.patch(update_of([claim.platform_claim_id], "CLAIMED"))) == {
            "SUCCESS": [claim.platform_claim_id]
        }
        claim.refresh_from_db()
        assert (claim.state, claim.events.count()) == (State.READY, 0)
