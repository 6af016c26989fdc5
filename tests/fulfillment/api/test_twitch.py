"""Claims in Twitch's shape (A1 to A5, D3; Helix, Get and Update Drops Entitlements)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.http import HttpResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.api.twitch.cursors import cursor_of
from fulfillment.models import ApiClient, Claim
from fulfillment.rules.states import State
from portal.models import User
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.contract import ClaimsContract
from tests.fulfillment.api.contract_players import PlayersTokenContract
from tests.fulfillment.api.contract_together import TogetherContract
from tests.fulfillment.api.shape import Shape, Studio, body_of, hide, show

ENTITLEMENTS = "/helix/entitlements/drops"
NAMES = {"limit": "first", "claim_id": "id"}


class Helix(Shape):
    """How Twitch's shape is asked and how it answers."""

    platform = "twitch"
    other_platform = "kick"
    filters = ("claim_id", "user_id", "game_id")
    id_field = "id"
    status_field = "fulfillment_status"
    statuses = {False: "CLAIMED", True: "FULFILLED"}
    missing_scope = 401
    path = ENTITLEMENTS

    def ask(self, headers: dict[str, str], **asked: Any) -> HttpResponse:
        asked.pop("campaign_id", None)
        if "fulfilled" in asked:
            asked["fulfillment_status"] = self.statuses[asked.pop("fulfilled")]
        return self.get(headers, **{NAMES.get(name, name): one for name, one in asked.items() if one is not None})

    def get(self, headers: dict[str, str] | None = None, **parameters: Any) -> HttpResponse:
        response = self.http.get(ENTITLEMENTS, parameters, headers=self.studio.headers if headers is None else headers)
        assert isinstance(response, HttpResponse)
        return response

    def update(self, headers: dict[str, str], ids: Sequence[str], *, fulfilled: bool = True) -> HttpResponse:
        body = {"entitlement_ids": [*ids], "fulfillment_status": self.statuses[fulfilled]}
        return self.patch(body, headers)

    def patch(self, body: Any, headers: dict[str, str] | None = None, path: str = ENTITLEMENTS) -> HttpResponse:
        headers = self.studio.headers if headers is None else headers
        response = self.http.patch(path, json.dumps(body), content_type="application/json", headers=headers)
        assert isinstance(response, HttpResponse)
        return response

    def items(self, response: HttpResponse) -> list[dict[str, Any]]:
        body = body_of(response)
        assert set(body) == {"data", "pagination"}
        return body["data"]

    def cursor(self, response: HttpResponse) -> str | None:
        pagination = body_of(response)["pagination"]
        assert set(pagination) in (set(), {"cursor"})
        return pagination.get("cursor")

    def place_of(self, response: HttpResponse) -> str:
        number = Claim.objects.get(platform_claim_id=self.items(response)[-1]["id"]).listed_no
        assert number is not None
        return cursor_of(number)

    def not_updated(self, response: HttpResponse) -> set[str]:
        return {one for result, ids in self.results(response).items() if result != "SUCCESS" for one in ids}

    def results(self, response: HttpResponse) -> dict[str, list[str]]:
        assert response.status_code == 200, response.content
        body = body_of(response)
        assert set(body) == {"data"}
        groups = {group["status"]: group["ids"] for group in body["data"]}
        assert len(groups) == len(body["data"])
        assert all(groups.values()), "a group without ids is left out"
        return groups

    def message(self, response: HttpResponse) -> str:
        assert response["Content-Type"].startswith("application/json")
        body = body_of(response)
        assert set(body) == {"error", "status", "message"}
        assert body["status"] == response.status_code
        assert body["error"] == HTTPStatus(response.status_code).phrase
        return body["message"]

    def sees_nothing(self, response: HttpResponse) -> bool:
        return response.status_code == 403 if response.status_code != 200 else not self.items(response)


class TestTwitchClaims(Helix, ClaimsContract, PlayersTokenContract):
    """The contract of every shape."""


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestTwitchTogether(Helix, TogetherContract):
    """The contract, with several at the same moment."""


class TestWhoAsks(Helix):
    """Helix's 400 and 401, and its headers."""

    def test_a1_a_missing_token_and_a_bad_one_are_told_apart_in_helix_s_words(self) -> None:
        client_id = {"Client-Id": self.studio.client.oauth_id}
        assert self.refused(self.get({}), 401) == "OAuth token is missing"
        assert self.refused(self.get(client_id), 401) == "OAuth token is missing"
        assert self.refused(self.get({**client_id, "Authorization": "OAuth abc"}), 401) == "OAuth token is missing"
        assert self.refused(self.get({**client_id, "Authorization": "Bearer abc"}), 401) == "Invalid OAuth token"
        self.studio.client.revoked_at = NOW
        self.studio.client.save()
        assert self.refused(self.get(), 401) == "Invalid OAuth token"

    def test_a1_the_client_id_must_be_there_and_be_the_token_s(self) -> None:
        token = {"Authorization": self.studio.headers["Authorization"]}
        other = make.make_api_client(self.studio.organization)
        for headers, text in (
            (token, "Client ID is missing"),
            ({**token, "Client-Id": " "}, "Client ID is missing"),
            ({**token, "Client-Id": other.oauth_id}, "Client ID and OAuth token do not match"),
            ({**token, "Client-Id": self.studio.client.oauth_id.upper()}, "Client ID and OAuth token do not match"),
        ):
            assert self.refused(self.get(headers), 401) == text
            assert self.refused(self.update(headers, ["claim"]), 401) == text
        assert self.get({**token, "client-ID": self.studio.client.oauth_id}).status_code == 200

    def test_a1_a_client_of_a_disabled_organization_is_refused(self) -> None:
        claim = self.studio.claim()
        self.studio.organization.enabled = False
        self.studio.organization.save()
        text = "The client is not associated with a known organization."
        assert self.refused(self.get(), 400) == text
        assert self.refused(self.update(self.studio.headers, [claim.platform_claim_id]), 400) == text
        claim.refresh_from_db()
        assert claim.state == State.READY

    def test_a1_a_missing_scope_is_named_in_helix_s_words(self) -> None:
        headers = self.studio.another_client(scopes=())
        assert self.refused(self.get(headers), 401) == "Missing scope: claims:read"
        assert self.refused(self.update(headers, ["claim"]), 401) == "Missing scope: claims:write"

    def test_s4_every_answer_to_a_known_client_tells_what_is_left_of_the_minute(self) -> None:
        headers = self.studio.another_client(points_per_minute=6)
        reset = str(int((NOW + timedelta(minutes=1)).timestamp()))
        answers = [
            self.get(headers),
            self.get(headers, first="x"),
            self.get(headers, id="unknown"),
            self.update(headers, ["claim"]),
            self.get({**headers, "Client-Id": "another"}),
            self.patch([], headers),
            self.get(headers),
            self.get(headers),
        ]
        assert [answer.status_code for answer in answers] == [200, 400, 403, 200, 401, 400, 429, 429]
        assert [answer["Ratelimit-Remaining"] for answer in answers] == [*"543210", "0", "0"]
        assert {answer["Ratelimit-Limit"] for answer in answers} == {"6"}
        assert {answer["Ratelimit-Reset"] for answer in answers} == {reset}
        assert "Ratelimit-Limit" not in self.get({}).headers

    def refused(self, response: HttpResponse, status: int) -> str:
        assert response.status_code == status, response.content
        return self.message(response)


BAD_IDS = ["", " ", "a\0b", "a\nb", "x" * 201]
BAD = {
    "first": ["", "0", "-1", "1001", "+5", " 5", "5 ", "1.5", "1e2", "0x10", "٥", "many", "9" * 400, "5\0"],
    "after": [
        "x",
        "AAAAAAAAAAAA",
        "AQAAAAAAAAA",
        "AQAAAAAAAAAAA",
        "Af__________",
        "AQ==========",
        "a\0",
        "é" * 12,
        "x" * 9000,
    ],
    "fulfillment_status": ["", "claimed", "FULFILLED ", "CLAIMED,FULFILLED", "SUCCESS", "\0"],
    "id": BAD_IDS,
    "user_id": BAD_IDS,
    "game_id": BAD_IDS,
}


class TestListing(Helix):
    """Get Drops Entitlements: each parameter, the matrix of tokens, and each row of its table of errors."""

    @pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
    def test_a1_a_bad_value_is_400_and_the_answer_says_what_is_allowed(self, name: str, value: str) -> None:
        response = self.get(**{name: value})
        assert response.status_code == 400, response.content
        assert self.message(response).startswith(f"{name} must be ")

    @pytest.mark.parametrize("name", ["first", "after", "fulfillment_status", "user_id", "game_id"])
    def test_a1_what_may_be_given_once_is_refused_twice(self, name: str) -> None:
        response = self.get(**{name: ["1", "1"]})
        assert response.status_code == 400
        assert self.message(response) == f"{name} may be given once. It is there 2 times."

    def test_a1_too_many_parameters_are_400_too(self) -> None:
        response = self.get(**{f"p{number}": "1" for number in range(2000)})
        assert response.status_code == 400
        assert self.message(response)

    def test_a1_unknown_parameters_are_ignored(self) -> None:
        claim = self.studio.claim()
        found = self.ids(before="x", campaign="x", last="-5", user_login="\0")
        assert found == [claim.platform_claim_id]

    def test_a1_odd_bytes_in_the_address_are_no_fault_of_ours(self) -> None:
        for query in ("user_id=%FF%FE", "id=%ED%A0%80", "game_id=%00", "first=%", "&&=&=", "id=%E2%80%AE"):
            response = self.http.get(f"{ENTITLEMENTS}?{query}", headers=self.studio.headers)
            assert response.status_code in (200, 400, 403), query

    def test_a1_twenty_are_listed_unless_another_number_is_asked_for(self) -> None:
        claims = [self.studio.claim() for _ in range(22)]
        ids = [claim.platform_claim_id for claim in claims]
        assert self.ids() == ids[:20]
        assert self.ids(limit="1000") == self.ids(limit="022") == ids
        assert self.cursor(self.get(first="22")) is None, "there is nothing behind the last page"
        assert self.ids(after="") == ids[:20]

    def test_a3_the_cursor_is_safe_in_an_address_and_says_nothing(self) -> None:
        first, _second = self.studio.claim(), self.studio.claim()
        cursor = self.cursor(self.get(first=1))
        assert cursor is not None
        assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
        assert first.platform_claim_id not in cursor

    # id

    def test_a1_up_to_100_ids_are_all_listed_and_each_once(self) -> None:
        claims = [self.studio.claim() for _ in range(30)]
        ids = [claim.platform_claim_id for claim in claims]
        response = self.get(id=[*ids[::-1], *ids, *ids, *ids[:10]])
        assert [item["id"] for item in self.items(response)] == ids
        assert self.cursor(response) is None
        assert self.all_ids(7, claim_id=ids) == ids
        response = self.get(id=ids[:1] * 101)
        assert response.status_code == 400
        assert self.message(response) == "id may be given at most 100 times. It is there 101 times."

    def test_a2_an_id_that_is_unknown_or_foreign_is_403_and_one_out_of_sight_is_left_out(self) -> None:
        mine, held = self.studio.claim(), self.studio.claim(State.HELD)
        foreign, kick = Studio("twitch").claim(), self.studio.claim(platform="kick")
        granted = self.studio.granted()
        good = [mine.platform_claim_id, held.platform_claim_id]
        assert self.ids(claim_id=good) == [mine.platform_claim_id]
        answers = [
            self.get(id=[*good, other])
            for other in (
                *("unknown", foreign.platform_claim_id, kick.pk, kick.platform_claim_id),
                *(mine.pk, granted.pk, granted.platform_claim_id),
            )
        ]
        assert {answer.status_code for answer in answers} == {403}
        assert len({answer.content for answer in answers}) == 1

    def test_a2_an_id_that_another_filter_leaves_out_is_known(self) -> None:
        claim = self.studio.claim()
        ids = [claim.platform_claim_id]
        assert self.ids(claim_id=ids, fulfilled=True) == []
        assert self.ids(claim_id=ids, user_id="another") == []
        assert self.ids(claim_id=ids, game_id=make.make_game(self.studio.organization).pk) == []
        assert self.ids(claim_id=ids, after=cursor_of(claim.listed_no or 0)) == []

    # game_id

    def test_a1_a_game_is_named_by_each_of_its_categories_and_by_our_id(self) -> None:
        claim = self.studio.claim()
        other = make.make_game(self.studio.organization)
        another = self.studio.claim(game=other)
        second = make.make_category(self.studio.game, "twitch").platform_category_id
        for game_id in (self.studio.categories["twitch"], second, self.studio.game.pk):
            assert self.ids(game_id=game_id) == [claim.platform_claim_id]
        assert self.ids(game_id=other.pk) == [another.platform_claim_id]

    def test_a2_a_game_that_is_unknown_or_foreign_is_403(self) -> None:
        foreign = Studio("twitch")
        answers = [
            self.get(game_id=game_id)
            for game_id in ("unknown", foreign.categories["twitch"], foreign.game.pk, self.studio.categories["kick"])
        ]
        assert {answer.status_code for answer in answers} == {403}
        assert len({answer.content for answer in answers}) == 1
        assert self.message(answers[0]) == "The organization does not own the game that game_id names."

    # The matrix of tokens and parameters

    def test_a1_an_app_token_lists_by_user_and_game(self) -> None:
        other = make.make_game(self.studio.organization)
        claims = {
            (user, game): self.studio.claim(game=game, platform_user_id=user).platform_claim_id
            for user in ("71", "72")
            for game in (self.studio.game, other)
        }
        category = self.studio.categories["twitch"]
        assert self.ids() == [*claims.values()]
        assert self.ids(user_id="71") == [claims["71", self.studio.game], claims["71", other]]
        assert self.ids(user_id="71", game_id=category) == [claims["71", self.studio.game]]
        assert self.ids(game_id=category) == [claims["71", self.studio.game], claims["72", self.studio.game]]
        assert self.ids(user_id="73") == self.ids(user_id="7") == []
        self.studio.granted(platform_user_id="73")
        self.studio.claim(platform="kick", platform_user_id="73")
        assert self.ids(user_id="73") == [], "neither is Twitch's claim"

    def test_a1_a_user_token_lists_its_user_s_with_its_own_id_as_without(self) -> None:
        user, viewer, player = self.studio.account()
        other = make.make_game(self.studio.organization)
        here = self.studio.claim(viewer=viewer, player=player).platform_claim_id
        there = self.studio.claim(viewer=viewer, game=other).platform_claim_id
        self.studio.claim()
        headers = self.user_headers(user)
        mine = viewer.platform_user_id
        assert self.ids(headers) == self.ids(headers, user_id=mine) == [here, there]
        category = self.studio.categories["twitch"]
        assert self.ids(headers, game_id=category) == self.ids(headers, user_id=mine, game_id=category) == [here]

    def test_a1_another_user_s_id_with_a_user_token_is_400(self) -> None:
        user, viewer, player = self.studio.account()
        _another, others, _player = self.studio.account()
        kick = make.make_viewer(self.studio.organization, "kick", user=user)
        elsewhere = make.make_viewer(make.make_organization(), "twitch", user=user)
        self.studio.claim(viewer=others)
        for user_id in (
            others.platform_user_id,
            "unknown",
            kick.platform_user_id,
            elsewhere.platform_user_id,
            player.player_id,
        ):
            response = self.get(self.user_headers(user), user_id=user_id)
            assert response.status_code == 400
            assert self.message(response) == "user_id must match the user ID in the user access token."
        wide = make.make_api_client(self.studio.organization, other_platforms=True)
        claim = self.studio.claim(player=player)
        for user_id in (player.player_id, viewer.platform_user_id):
            assert self.ids(self.user_headers(user, wide), user_id=user_id) == [claim.platform_claim_id]

    def test_a2_another_user_s_claim_is_unknown_to_a_user_token(self) -> None:
        user, viewer, _player = self.studio.account()
        mine, other = self.studio.claim(viewer=viewer), self.studio.claim()
        headers = self.user_headers(user)
        assert self.ids(headers, claim_id=[mine.platform_claim_id]) == [mine.platform_claim_id]
        for claim_id in (other.platform_claim_id, "unknown"):
            assert self.get(headers, id=[mine.platform_claim_id, claim_id]).status_code == 403

    def user_headers(self, user: User, client: ApiClient | None = None) -> dict[str, str]:
        client = client or self.studio.client
        return make.api_headers(client, make.make_api_token(client, user=user))

    # What an item says

    def test_a5_an_entitlement_has_twitch_s_ids_in_every_field(self) -> None:
        claim = self.studio.claim(
            State.CONFIRMED,
            granted_at=NOW - timedelta(days=1, microseconds=1),
            state_changed_at=NOW + timedelta(seconds=1, microseconds=250_000),
            platform_user_id="25009227",
        )
        (item,) = self.items(self.get())
        assert fixed(item) == {
            "id": claim.platform_claim_id,
            "benefit_id": self.studio.there["twitch"],
            "timestamp": "2026-11-19T11:59:59.999999Z",
            "user_id": "25009227",
            "game_id": self.studio.categories["twitch"],
            "fulfillment_status": "FULFILLED",
            "last_updated": "2026-11-20T12:00:01.250000Z",
        }

    def test_a5_what_a_claim_came_without_is_filled_from_its_reward_and_game(self) -> None:
        make.make_category(self.studio.game, "twitch")
        bare = {"platform_reward_id": "", "platform_category_id": "", "granted_at": None}
        other = make.make_game(self.studio.organization)
        self.studio.claim(**bare)
        self.studio.claim(**bare, game=other, reward=make.make_reward(other, image=False))
        self.studio.claim(**bare, game=None, reward=None)
        self.studio.claim(platform_reward_id="sent", platform_category_id="sent too")
        found = [(item["benefit_id"], item["game_id"]) for item in self.items(self.get())]
        known = (self.studio.there["twitch"], self.studio.categories["twitch"])
        assert found == [known, ("", ""), ("", ""), ("sent", "sent too")]
        assert {fixed(item)["timestamp"] for item in self.items(self.get())} == {"2026-11-20T12:00:00.000000Z"}

    def test_a5_a_claim_of_another_platform_has_our_ids_and_the_player(self) -> None:
        claim = self.studio.claim(platform="kick", granted_at=NOW)
        own = self.studio.claim(platform_user_id="25009227")
        assert claim.player
        assert own.player
        kicks, twitchs = self.items(self.get(self.studio.another_client(other_platforms=True)))
        assert fixed(kicks) == {
            "id": claim.pk,
            "benefit_id": self.studio.reward.pk,
            "timestamp": "2026-11-20T12:00:00.000000Z",
            "user_id": claim.player.player_id,
            "game_id": self.studio.game.pk,
            "fulfillment_status": "CLAIMED",
            "last_updated": "2026-11-20T12:00:00.000000Z",
            "platform": "kick",
            "player_id": claim.player.player_id,
        }
        (alone,) = self.items(self.get())
        assert twitchs == alone | {"platform": "twitch", "player_id": own.player.player_id}

    def test_a5_a_claim_of_another_platform_without_player_or_reward_has_empty_ids(self) -> None:
        self.studio.claim(State.CONFIRMED, platform="kick", player=None, reward=None, game=None)
        (item,) = self.items(self.get(self.studio.another_client(other_platforms=True)))
        assert (item["user_id"], item["player_id"]) == ("", None)
        assert (item["benefit_id"], item["game_id"]) == ("", "")

    def test_a_head_request_is_answered_like_a_get_without_its_body(self) -> None:
        response = self.http.head(ENTITLEMENTS, headers=self.studio.headers)
        assert (response.status_code, response.content) == (200, b"")


def fixed(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item with its times in one form: SQLite leaves out a fraction that is none."""
    for name in ("timestamp", "last_updated"):
        if "." not in item[name]:
            item[name] = item[name].replace("Z", ".000000Z")
    return item


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


STEPS = st.lists(
    st.tuples(st.sampled_from(["arrive", "hide", "show", "fulfil", "page", "page"]), st.integers(0, 9)), max_size=25
)


class TestPagesLikeTheModel(Helix):
    """Whatever happens between two pages, they are what a list in the order of becoming visible gives (A3)."""

    @given(steps=STEPS, first=st.integers(1, 3), fulfilled=st.sampled_from([None, True, False]), wide=st.booleans())
    @settings(max_examples=25)
    def test_a3_pages_are_those_of_a_simple_model(
        self, steps: list[tuple[str, int]], first: int, fulfilled: bool | None, wide: bool
    ) -> None:
        self.studio = Studio("twitch", other_platforms=wide, points_per_minute=1_000_000)
        asked: dict[str, Any] = {} if fulfilled is None else {"fulfilled": fulfilled}
        claims: list[Claim] = []
        order: list[int] = []  # what became visible, in this order; what came back has its new place alone
        hidden, done = set[int](), set[int]()
        passed, after = 0, None  # how many of the order the reader has passed, and its cursor
        places: dict[int, int] = {}

        def visible(number: int) -> bool:
            seen = wide or claims[number].platform == "twitch"
            return seen and number not in hidden and (fulfilled is None or (number in done) is fulfilled)

        for step, which in [*steps, *[("page", 0)] * 12]:
            if step == "page":
                response = self.ask(self.studio.headers, limit=first, after=after, **asked)
                due = [n for place, n in enumerate(order) if place >= passed and places[n] == place and visible(n)]
                expected = due[:first]
                assert [item["id"] for item in self.items(response)] == [shown_id(claims[n]) for n in expected]
                assert (self.cursor(response) is not None) is (len(due) > first)
                if len(due) > first:
                    after, passed = self.cursor(response), places[expected[-1]] + 1
            elif step == "arrive" or not claims:
                claims.append(self.studio.claim(platform="kick" if which % 3 == 0 else "twitch"))
                order.append(len(claims) - 1)
                places[len(claims) - 1] = len(order) - 1
            elif step == "hide" and (number := which % len(claims)) not in done:
                hide(claims[number])
                hidden.add(number)
            elif step == "show" and (number := which % len(claims)) in hidden:
                show(claims[number])
                hidden.remove(number)
                order.append(number)
                places[number] = len(order) - 1
            elif step == "fulfil":
                number = which % len(claims)
                failed = self.not_updated(self.update(self.studio.headers, [shown_id(claims[number])]))
                mine = wide or claims[number].platform == "twitch"
                assert bool(failed) is (number in hidden or not mine)
                done |= set() if failed else {number}


def shown_id(claim: Claim) -> str:
    return claim.platform_claim_id if claim.platform == "twitch" else claim.pk
