"""Claims listed in Twitch's shape: each parameter, each token, and what an entitlement says (A1 to A3, A5)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from fulfillment.api.twitch.cursors import cursor_of
from fulfillment.models import ApiClient
from fulfillment.rules.states import State
from portal.models import User
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.shape import Studio
from tests.fulfillment.api.twitch.helix import ENTITLEMENTS, Helix

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
