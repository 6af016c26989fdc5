"""How pages are found: by an index from where they begin, on both databases, with statistics or without (A3)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection

from fulfillment.api.callers import Caller
from fulfillment.api.pages import GRANTED, Query, read_page
from fulfillment.models import Claim
from fulfillment.rules.states import State
from linking.models import Player
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.shape import Studio

pytestmark = pytest.mark.django_db

ROWS, USERS = 3000, 300
KEY = "claim_once_per_organization|sqlite_autoindex_fulfillment_claim_2"
PRIMARY_KEY = "fulfillment_claim_pkey|sqlite_autoindex_fulfillment_claim_1"


class Many:
    """Two organizations with thousands of claims. In one a tenth is open, a fifth Kick's, a fortieth of a rare game."""

    def __init__(self) -> None:
        self.studio = Studio("twitch")
        self.rare = make.make_game(self.studio.organization)
        self.campaign = make.make_campaign(self.rare)
        self.user, self.viewer, self.player = self.studio.account()
        self.players = Player.objects.bulk_create(
            Player(game=self.studio.game, player_id=f"p{n}") for n in range(USERS)
        )
        Claim.objects.bulk_create(self._mine(number) for number in range(ROWS))
        stranger = Studio("twitch")
        Claim.objects.bulk_create(self._claim(stranger, number, game=stranger.game) for number in range(ROWS))
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE fulfillment_claim, linking_player, campaigns_viewer")
                cursor.execute("SET LOCAL enable_seqscan = off")  # so few rows it would rather read all

    def _mine(self, number: int) -> Claim:
        rare = number % 40 == 1
        return self._claim(
            self.studio,
            number,
            state=State.READY if number % 10 == 3 else State.CONFIRMED,
            game=self.rare if rare else self.studio.game,
            campaign=self.campaign if rare else self.studio.campaign,
            campaign_reward=self.studio.campaign_reward,
            player=self.player if number % 1000 == 7 else self.players[number % USERS],
            player_slot=number // USERS + 1 if number % 10 == 3 else None,
            viewer=self.viewer if number % 1000 == 11 else None,
        )

    @staticmethod
    def _claim(studio: Studio, number: int, **fields: Any) -> Claim:
        platform = "kick" if number % 5 == 0 else "twitch"
        values = {"state": State.CONFIRMED, "listed_as": platform, "listed_no": number + 1, **fields}
        return Claim(
            organization=studio.organization,
            platform=platform,
            platform_claim_id=f"c{number}",
            platform_user_id=str(number % USERS),
            source=Claim.Source.WEBHOOK,
            received_at=NOW,
            state_changed_at=NOW,
            **values,
        )

    def caller(self, *, wide: bool = False, player: bool = False) -> Caller:
        client = self.studio.client
        client.other_platforms = wide
        return Caller(client, client.oauth_id, self.user if player else None, frozenset(), None)


def plan_of(caller: Caller, query: Query) -> tuple[int, str]:
    """Return how many rows there are, and how the database finds them."""
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT * FROM (SELECT"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {'QUERY PLAN ' * (connection.vendor == 'sqlite')}{sql}", params)
                plans.extend(str(row[-1]) for row in cursor.fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        found = len(read_page(caller, query, ["platform_claim_id", "state", GRANTED]))
    return found, "\n".join(plans)


def indexes_in(plan: str) -> set[str]:
    assert not re.search(r"Seq Scan on fulfillment_claim|SCAN c\b", plan), plan
    return set(re.findall(r"(?:Index Scan using|Index Scan on|USING INDEX|USING COVERING INDEX) (\w+)", plan))


def test_a3_a_list_is_walked_by_its_index_from_where_the_page_begins() -> None:
    many = Many()
    for wide in (False, True):
        caller = many.caller(wide=wide)
        for fulfilled, index in (
            (None, "claim_listed_once"),
            (True, "claim_listed_once"),
            (False, "claim_listed_open"),
        ):
            for after in (0, ROWS - 200):
                query = Query(shape="twitch", limit=11, after=after, fulfilled=fulfilled)
                found, plan = plan_of(caller, query)
                assert found == 11
                assert indexes_in(plan) == {index}, plan
                assert wide or ("Sort" not in plan and "TEMP B-TREE" not in plan), "it is in order as it is walked"


@pytest.mark.parametrize("wide", [False, True])
def test_a3_what_is_rare_is_found_by_its_own_index(wide: bool) -> None:
    many = Many()
    caller = many.caller(wide=wide)
    for narrowed, index in (
        ({"game": many.rare}, "claim_listed_game"),
        ({"campaign": many.campaign}, "claim_listed_campaign"),
    ):
        found, plan = plan_of(caller, Query(shape="twitch", limit=11, **narrowed))
        assert found == 11
        # Of a platform without claims any index finds none.
        assert index in (indexes := indexes_in(plan)), plan
        assert indexes <= ({index, "claim_listed_once"} if wide else {index}), plan


@pytest.mark.parametrize("wide", [False, True])
def test_a3_claims_of_a_user_or_of_some_ids_are_found_by_their_keys(wide: bool) -> None:
    many = Many()
    caller = many.caller(wide=wide)
    claim = Claim.objects.filter(organization=many.studio.organization, platform="kick")[5]
    for narrowed, indexes in (
        ({"user_id": "7"}, "claim_user"),
        ({"user_id": "7", "game": many.rare, "fulfilled": True, "after": 9}, "claim_user"),
        ({"user_id": "p7"}, "claim_user|claim_player"),
        ({"claim_ids": ("c7", "c8", "unknown")}, f"{KEY}|{PRIMARY_KEY}"),
        ({"claim_ids": (claim.pk,), "fulfilled": True, "after": 3}, f"{KEY}|{PRIMARY_KEY}"),
    ):
        _found, plan = plan_of(caller, Query(shape="twitch", limit=101, **narrowed))  # type: ignore[arg-type]
        of_claims = {index for index in indexes_in(plan) if "claim" in index}
        assert of_claims
        assert of_claims <= set(indexes.split("|")), plan


@pytest.mark.parametrize("wide", [False, True])
def test_a3_a_player_s_claims_are_found_by_viewer_and_player(wide: bool) -> None:
    many = Many()
    caller = many.caller(wide=wide, player=True)
    for narrowed in ({}, {"game": many.studio.game}, {"claim_ids": ("c7", "c11")}, {"fulfilled": True, "after": 5}):
        found, plan = plan_of(caller, Query(shape="twitch", limit=101, **narrowed))  # type: ignore[arg-type]
        assert found in (1, 2, 5, 6)
        assert indexes_in(plan) <= {"claim_viewer", "claim_player"}, plan


def test_times_come_as_text_in_utc_and_numbers_last() -> None:
    studio = Studio("twitch")
    claim = studio.claim(granted_at=None)
    caller = Caller(studio.client, studio.client.oauth_id, None, frozenset(), None)
    (row,) = read_page(
        caller, Query(shape="twitch", limit=5), [GRANTED, "state_changed_at", "delivered_at", "platform"]
    )
    assert [time.replace(".000000", "") for time in row[:2]] == ["2026-11-20T12:00:00Z"] * 2
    assert row[2:] == (None, "twitch", claim.listed_no)
