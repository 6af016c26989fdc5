"""What every shape of the claims API must do (A1 to A5, D3, S4). A platform's test class says how it is asked and how it answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import CampaignReward, Game
from fulfillment.api.callers import Caller
from fulfillment.api.points import purses
from fulfillment.listing import give_places
from fulfillment.models import ApiClient, Claim, ClaimEvent, Delivery, Endpoint
from fulfillment.rules.scopes import ANALYTICS, CLAIMS_READ, CLAIMS_WRITE
from fulfillment.rules.states import DONE, LISTED, State
from portal.models import Organization, User
from tests import factories as make
from tests.factories import NOW

A5 = {
    State.RECEIVED: None,
    State.WAITING: None,
    State.QUARANTINED: None,
    State.HELD: None,
    State.READY: False,
    State.DELIVERING: False,
    State.DELIVERED: True,
    State.CONFIRMED: True,
    State.FAILED: False,
    State.DUPLICATE: None,
    State.ABANDONED: None,
}
"""The table of A5: whether a claim in this state is fulfilled. None: it is not listed."""

MINUTE = timedelta(minutes=1)
PATIENCE = 20.0


class Studio:
    """An organization with a game that pulls, its campaign and reward with their ids on each platform, and a client."""

    def __init__(self, shape: str, **client: Any) -> None:
        self.shape = shape
        self.organization: Organization = make.make_organization()
        self.game: Game = make.make_game(self.organization)
        self.endpoint: Endpoint = make.make_endpoint(self.game, "", mode=Endpoint.Mode.PULL)
        first = ("kick", "twitch") if shape == "kick" else ("twitch", "kick")  # so that none is right by being the last
        there = {platform: f"{platform}-{make.number()}" for platform in first}
        self.categories = {key: make.make_category(self.game, key).platform_category_id for key in there}
        self.reward = make.make_reward(self.game, platform_ids=there, image=False)
        self.campaign = make.make_campaign(self.game, rewards=[self.reward], platform_ids=there)
        self.campaign_reward: CampaignReward = self.campaign.rewards.get()
        self.there = there
        self.client: ApiClient = make.make_api_client(self.organization, **client)
        self.headers = make.api_headers(self.client)

    def another_client(self, **client: Any) -> dict[str, str]:
        """Return the headers of one more client of the organization."""
        return make.api_headers(make.make_api_client(self.organization, **client))

    def claim(self, state: State = State.READY, platform: str = "", **fields: Any) -> Claim:
        """Make a claim in a state, of a player of its own, with all ids that its platform sends."""
        platform = platform or self.shape
        values: dict[str, Any] = {
            "state": state,
            "resolve_at": None,
            "game": self.game,
            "campaign": self.campaign,
            "reward": self.reward,
            "campaign_reward": self.campaign_reward,
            "platform_reward_id": self.there.get(platform, ""),
            "platform_campaign_id": self.there.get(platform, ""),
            "platform_category_id": self.categories.get(platform, ""),
            "delivered_at": NOW if state in DONE else None,
            **fields,
        }
        if "player" not in fields:
            values["player"] = make.make_player(self.game)
        if state in LISTED and values["player"]:
            values.setdefault("player_slot", 1)
        return make.make_claim(self.organization, platform, **values)

    def granted(self, **fields: Any) -> Claim:
        """Make a claim that the portal itself granted: of no platform's own (A5)."""
        return self.claim(source=Claim.Source.PORTAL, **fields)

    def account(self, *, platform: str = "") -> tuple[User, Any, Any]:
        """Return somebody's portal account with the viewer and the player that are theirs."""
        user = make.make_user()
        viewer = make.make_viewer(self.organization, platform or self.shape, user=user)
        return user, viewer, make.make_player(self.game, user=user)


def hide(claim: Claim) -> None:
    """Take a claim out of sight, as a hold does."""
    Claim.objects.filter(pk=claim.pk).update(state=State.HELD)


def show(*claims: Claim) -> None:
    """Make claims visible together, as resolving them does: numbered in that transaction (A3)."""
    with transaction.atomic():
        for pk, place in give_places(claims).items():
            Claim.objects.filter(pk=pk).update(
                state=State.READY, listed_as=place.listed_as, listed_no=place.number, player_slot=1
            )


class Shape:
    """How a shape is asked and how it answers: subclassed once for each, and with it each contract below."""

    platform: str
    other_platform: str

    def ask(self, headers: dict[str, str], **asked: Any) -> HttpResponse:
        """Ask for claims: ``limit``, ``after`` (a cursor or None), ``fulfilled`` (a boolean), and those of ``filters``."""
        raise AssertionError("say how")

    def update(self, headers: dict[str, str], ids: Sequence[str], *, fulfilled: bool = True) -> HttpResponse:
        """Set the status of claims."""
        raise AssertionError("say how")

    def items(self, response: HttpResponse) -> list[dict[str, Any]]:
        """Return the claims of a page."""
        raise AssertionError("say how")

    def cursor(self, response: HttpResponse) -> str | None:
        """Return the cursor of the page behind this one, None behind the last."""
        raise AssertionError("say how")

    def not_updated(self, response: HttpResponse) -> set[str]:
        """Return the ids that an answer to an update names as not updated."""
        raise AssertionError("say how")

    def message(self, response: HttpResponse) -> str:
        """Return what a refusal says, after checking that it has the platform's form and nothing else."""
        raise AssertionError("say how")

    def sees_nothing(self, response: HttpResponse) -> bool:
        """Say whether a filter by what does not exist was answered so."""
        return response.status_code == 200 and not self.items(response)

    path: str
    filters: tuple[str, ...]
    """Those of ``claim_id``, ``user_id``, ``game_id``, ``campaign_id`` that the shape has."""

    id_field: str
    status_field: str
    statuses: dict[bool, str]
    missing_scope: int

    @pytest.fixture(autouse=True)
    def _asking(self, db: None, client: Client) -> Iterator[None]:
        purses.forget()
        self.http = client
        self.studio = Studio(self.platform)
        with time_machine.travel(NOW, tick=False):
            yield

    def ids(self, headers: dict[str, str] | None = None, **asked: Any) -> list[str]:
        response = self.ask(headers or self.studio.headers, **asked)
        assert response.status_code == 200, response.content
        return [item[self.id_field] for item in self.items(response)]

    def pages(self, limit: int, headers: dict[str, str] | None = None, **asked: Any) -> Iterator[list[str]]:
        """Read page after page, each when it is asked for, until there is none behind."""
        after: str | None = None
        while True:
            response = self.ask(headers or self.studio.headers, limit=limit, after=after, **asked)
            assert response.status_code == 200, response.content
            yield [item[self.id_field] for item in self.items(response)]
            after = self.cursor(response)
            if after is None:
                return

    def all_ids(self, limit: int, headers: dict[str, str] | None = None, **asked: Any) -> list[str]:
        return [claim_id for page in self.pages(limit, headers, **asked) for claim_id in page]

    def send(self, body: bytes) -> HttpResponse:
        """Update with a body of bytes."""
        response = self.http.patch(self.path, body, content_type="application/json", headers=self.studio.headers)
        assert isinstance(response, HttpResponse)
        return response


class ClaimsContract(Shape):
    """What a shape does with the client's own token."""

    # A3: pages

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
    def test_a3_pages_hold_each_claim_once_in_the_order_in_which_they_became_visible(self, limit: int) -> None:
        claims = [self.studio.claim(State.HELD) for _ in range(7)]
        for claim in [claims[3], claims[0], claims[6], claims[1], claims[5], claims[2], claims[4]]:
            show(claim)
        expected = [claims[n].platform_claim_id for n in (3, 0, 6, 1, 5, 2, 4)]
        assert self.all_ids(limit) == expected

    def test_a3_what_arrives_while_one_pages_comes_behind_whatever_its_id_is(self) -> None:
        late = self.studio.claim(State.HELD)  # its ULID is less than all the others'
        first = [self.studio.claim() for _ in range(4)]
        pages = self.pages(2)
        seen = next(pages)
        show(late)
        newest = self.studio.claim()
        seen += [claim_id for page in pages for claim_id in page]
        assert seen == [claim.platform_claim_id for claim in (*first, late, newest)]

    def test_a3_what_goes_out_of_sight_and_comes_back_is_seen_again_behind(self) -> None:
        first, second, third = (self.studio.claim() for _ in range(3))
        pages = self.pages(2)
        assert next(pages) == [first.platform_claim_id, second.platform_claim_id]
        hide(first)
        assert first.platform_claim_id not in self.ids()
        show(first)
        rest = [claim_id for page in pages for claim_id in page]
        assert rest == [third.platform_claim_id, first.platform_claim_id]

    def test_a3_the_claim_at_which_a_page_ended_may_go_out_of_sight(self) -> None:
        claims = [self.studio.claim() for _ in range(4)]
        pages = self.pages(2)
        next(pages)
        hide(claims[1])
        assert [one for page in pages for one in page] == [claim.platform_claim_id for claim in claims[2:]]

    def test_a3_pages_are_stable_with_each_filter(self) -> None:
        claims = [
            self.studio.claim(State.CONFIRMED if number % 2 else State.READY, platform_user_id="77")
            for number in range(6)
        ]
        for _ in range(3):
            self.studio.claim(State.FAILED, platform_user_id="78")
        asked = {
            "user_id": "77",
            "game_id": self.studio.categories[self.platform],
            "campaign_id": self.studio.there[self.platform],
        }
        narrowed = {name: value for name, value in asked.items() if name in self.filters}
        assert self.all_ids(2, user_id="77") == [claim.platform_claim_id for claim in claims]
        assert self.all_ids(2, **narrowed, fulfilled=True) == [claim.platform_claim_id for claim in claims[1::2]]
        assert self.all_ids(1, **narrowed, fulfilled=False) == [claim.platform_claim_id for claim in claims[::2]]

    def test_a3_a_page_of_all_platforms_is_in_the_same_order(self) -> None:
        wide = self.studio.another_client(other_platforms=True)
        claims = [
            self.studio.claim(platform=self.other_platform),
            self.studio.claim(),
            self.studio.granted(),
            self.studio.claim(platform=self.other_platform),
            self.studio.claim(),
        ]
        expected = [claim.platform_claim_id if claim.listed_as == self.platform else claim.pk for claim in claims]
        for limit in (1, 2, 5):
            assert self.all_ids(limit, wide) == expected

    # A2: tenancy

    def test_a2_a_client_of_another_organization_sees_nothing_by_any_parameter(self) -> None:
        claims = [self.studio.claim(platform_user_id="77") for _ in range(3)]
        cursor = self.cursor(self.ask(self.studio.headers, limit=1))
        asked: dict[str, list[Any]] = {
            "claim_id": [claims[0].platform_claim_id, claims[0].pk],
            "user_id": ["77", claims[0].player.player_id],  # type: ignore[union-attr]
            "game_id": [self.studio.categories[self.platform], self.studio.game.pk],
            "campaign_id": [self.studio.there[self.platform], self.studio.campaign.pk],
        }
        for other_platforms in (False, True):
            stranger = Studio(self.platform, other_platforms=other_platforms)
            assert self.ids(stranger.headers) == []
            assert self.ids(stranger.headers, after=cursor) == []
            for name in self.filters:
                for value in asked[name]:
                    assert self.sees_nothing(self.ask(stranger.headers, **{name: value})), (name, value)
            for fulfilled in (True, False):
                assert self.ids(stranger.headers, fulfilled=fulfilled) == []

    def test_a2_a_strangers_id_is_answered_as_one_that_does_not_exist(self) -> None:
        claim = self.studio.claim()
        stranger = Studio(self.platform)
        for name in self.filters:
            value = {
                "claim_id": claim.platform_claim_id,
                "user_id": claim.platform_user_id,
                "game_id": self.studio.categories[self.platform],
                "campaign_id": self.studio.there[self.platform],
            }[name]
            known, unknown = (self.ask(stranger.headers, **{name: one}) for one in (value, "does-not-exist"))
            assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
        known, unknown = (
            self.update(stranger.headers, [one])
            for one in (claim.platform_claim_id, "0" * len(claim.platform_claim_id))
        )
        assert known.status_code == unknown.status_code

    def test_a2_a_client_of_another_organization_can_update_nothing(self) -> None:
        claim = self.studio.claim()
        for other_platforms in (False, True):
            stranger = Studio(self.platform, other_platforms=other_platforms)
            for claim_id in (claim.platform_claim_id, claim.pk):
                for fulfilled in (True, False):
                    response = self.update(stranger.headers, [claim_id], fulfilled=fulfilled)
                    assert self.not_updated(response) == {claim_id}
        claim.refresh_from_db()
        assert claim.state == State.READY
        assert not claim.events.exists()

    def test_a2_two_organizations_may_have_claims_of_the_same_id(self) -> None:
        mine, theirs = self.studio.claim(platform_claim_id="same"), Studio(self.platform)
        other = theirs.claim(platform_claim_id="same")
        assert self.ids() == self.ids(theirs.headers) == ["same"]
        self.update(self.studio.headers, ["same"])
        mine.refresh_from_db()
        other.refresh_from_db()
        assert (mine.state, other.state) == (State.DELIVERED, State.READY)

    # A5: what is shown

    @pytest.mark.parametrize("state", list(State))
    def test_a5_a_claim_is_shown_as_its_state_says(self, state: State) -> None:
        claim = self.studio.claim(state)
        other = self.studio.claim(state, platform=self.other_platform)
        fulfilled = A5[state]
        for headers, shown in (
            (self.studio.headers, [claim.platform_claim_id]),
            (self.studio.another_client(other_platforms=True), [claim.platform_claim_id, other.pk]),
        ):
            items = self.items(self.ask(headers))
            assert [item[self.id_field] for item in items] == ([] if fulfilled is None else shown)
            if fulfilled is not None:
                assert {item[self.status_field] for item in items} == {self.statuses[fulfilled]}
            for asked in (True, False):
                assert self.ids(headers, fulfilled=asked) == (shown if fulfilled is asked else [])

    def test_a5_other_platforms_are_listed_only_for_clients_that_ask_for_them(self) -> None:
        own = self.studio.claim()
        self.studio.claim(platform=self.other_platform)
        self.studio.granted()
        self.studio.claim(source=Claim.Source.STAFF)
        response = self.ask(self.studio.headers)
        (item,) = self.items(response)
        assert item[self.id_field] == own.platform_claim_id
        assert not {"platform", "player_id"} & set(item)

    def test_a5_platform_and_player_are_told_to_clients_that_ask_for_other_platforms(self) -> None:
        wide = self.studio.another_client(other_platforms=True)
        claims = [
            self.studio.claim(),
            self.studio.claim(platform=self.other_platform),
            self.studio.granted(),
            self.studio.claim(State.CONFIRMED, player=None),
        ]
        items = self.items(self.ask(wide))
        assert [item["platform"] for item in items] == [self.platform, self.other_platform, "portal", self.platform]
        players = [claim.player.player_id for claim in claims[:3] if claim.player]
        assert [item["player_id"] for item in items] == [*players, None]

    def test_a5_claims_of_other_platforms_are_found_by_our_ids_and_the_player(self) -> None:
        wide = self.studio.another_client(other_platforms=True)
        own = self.studio.claim(platform_user_id="77")
        other = self.studio.claim(platform=self.other_platform, platform_user_id="77")
        granted = self.studio.granted(player=other.player, player_slot=2)
        assert self.ids(wide, claim_id=other.pk) == [other.pk]
        assert self.ids(wide, claim_id=granted.pk) == [granted.pk]
        assert self.ids(wide, claim_id=own.platform_claim_id) == [own.platform_claim_id]
        assert self.ids(wide, user_id=other.player.player_id) == [other.pk, granted.pk]  # type: ignore[union-attr]
        assert self.ids(wide, user_id="77") == [own.platform_claim_id]
        assert self.sees_nothing(self.ask(wide, claim_id=own.pk)), "its own claims have the platform's ids alone"
        assert self.sees_nothing(self.ask(wide, claim_id=other.platform_claim_id))

    # D3: fulfilling

    @pytest.mark.parametrize("state", [State.READY, State.FAILED])
    def test_d3_a_game_that_pulls_fulfils_its_claims(self, state: State) -> None:
        claim = self.studio.claim(state)
        before = claim.listed_no
        assert self.not_updated(self.update(self.studio.headers, [claim.platform_claim_id])) == set()
        claim.refresh_from_db()
        assert (claim.state, claim.delivered_at, claim.attempted_at) == (State.DELIVERED, NOW, NOW)
        event = claim.events.get()
        assert (event.from_state, event.to_state) == (state, State.DELIVERED)
        assert event.actor_label == f"API client {self.studio.client.oauth.name}"
        assert self.ids(fulfilled=True) == [claim.platform_claim_id]
        assert self.ids(fulfilled=False) == []
        assert claim.listed_no == before

    def test_d3_doing_it_again_changes_nothing(self) -> None:
        claim = self.studio.claim()
        for _ in range(3):
            assert self.not_updated(self.update(self.studio.headers, [claim.platform_claim_id])) == set()
        assert claim.events.count() == 1

    def test_d3_a_game_without_an_endpoint_pulls_too_and_nothing_is_sent_later(self) -> None:
        claim = self.studio.claim()
        self.studio.endpoint.delete()
        Delivery.objects.create(claim=claim, game=self.studio.game, due_at=NOW, created_at=NOW)
        assert self.not_updated(self.update(self.studio.headers, [claim.platform_claim_id])) == set()
        assert not Delivery.objects.exists()

    def test_d3_for_a_game_that_is_pushed_to_fulfilling_is_read_only(self) -> None:
        ready, done = self.studio.claim(), self.studio.claim(State.CONFIRMED)
        Endpoint.objects.update(mode=Endpoint.Mode.PUSH, url="https://game.example.org/deliveries")
        ids = [ready.platform_claim_id, done.platform_claim_id]
        assert self.not_updated(self.update(self.studio.headers, ids)) == {ready.platform_claim_id}
        ready.refresh_from_db()
        assert (ready.state, ready.events.count()) == (State.READY, 0)
        assert sorted(self.ids()) == sorted(ids)

    @pytest.mark.parametrize("state", [State.DELIVERING, *(state for state in State if A5[state] is None)])
    def test_d3_a_state_that_forbids_it_stays(self, state: State) -> None:
        claim = self.studio.claim(state)
        assert self.not_updated(self.update(self.studio.headers, [claim.platform_claim_id])) == {
            claim.platform_claim_id
        }
        claim.refresh_from_db()
        assert (claim.state, claim.events.count()) == (state, 0)

    @pytest.mark.parametrize("state", [State.DELIVERED, State.CONFIRMED])
    def test_a5_back_to_not_fulfilled_is_accepted_logged_once_and_changes_nothing(self, state: State) -> None:
        claim = self.studio.claim(state)
        for _ in range(3):
            response = self.update(self.studio.headers, [claim.platform_claim_id], fulfilled=False)
            assert self.not_updated(response) == set()
        assert self.ids(fulfilled=True) == [claim.platform_claim_id]
        event = claim.events.get()
        assert event.from_state == event.to_state == state
        assert event.actor_label == f"API client {self.studio.client.oauth.name}"

    def test_a5_back_to_not_fulfilled_is_logged_anew_of_what_was_fulfilled_anew(self) -> None:
        claim = self.studio.claim(State.DELIVERED)
        self.update(self.studio.headers, [claim.platform_claim_id], fulfilled=False)
        Claim.objects.filter(pk=claim.pk).update(state=State.READY)  # as sending again does
        with time_machine.travel(NOW + MINUTE, tick=False):
            self.update(self.studio.headers, [claim.platform_claim_id])
            self.update(self.studio.headers, [claim.platform_claim_id], fulfilled=False)
        moves = claim.events.order_by("pk").values_list("from_state", "to_state")
        assert [*moves] == [("delivered", "delivered"), ("ready", "delivered"), ("delivered", "delivered")]

    def test_d3_what_can_be_done_is_done_and_each_id_has_its_own_answer(self) -> None:
        good, held = self.studio.claim(), self.studio.claim(State.HELD)
        ids = [good.platform_claim_id, "does-not-exist", held.platform_claim_id, good.platform_claim_id]
        response = self.update(self.studio.headers, ids)
        assert self.not_updated(response) == {"does-not-exist", held.platform_claim_id}
        assert self.ids(fulfilled=True) == [good.platform_claim_id]
        assert ClaimEvent.objects.count() == 1

    def test_a5_claims_of_other_platforms_are_updated_by_our_ids_by_clients_that_see_them(self) -> None:
        other, granted = self.studio.claim(platform=self.other_platform), self.studio.granted()
        own = self.studio.claim()
        for claim in (other, granted):
            for claim_id in (claim.pk, claim.platform_claim_id):
                assert self.not_updated(self.update(self.studio.headers, [claim_id])) == {claim_id}
        wide = self.studio.another_client(other_platforms=True)
        ids = [other.pk, granted.pk, own.pk]
        assert self.not_updated(self.update(wide, ids)) == {own.pk}
        assert self.not_updated(self.update(wide, [other.platform_claim_id])) == {other.platform_claim_id}
        assert self.ids(wide, fulfilled=True) == [other.pk, granted.pk]

    # A1, S4: who asks

    def test_a1_a_call_without_a_good_token_is_refused(self) -> None:
        self.studio.claim()
        for value in (
            "",
            "Bearer",
            "Bearer ",
            "Bearer nonsense",
            "Bearer " + "x" * 600,
            "Basic Zm9vOmJhcg==",
            "Bearer é",
        ):
            headers = {**self.studio.headers, "Authorization": value}
            for response in (self.ask(headers), self.update(headers, ["claim"])):
                assert response.status_code == 401
                assert self.message(response)
                assert response["WWW-Authenticate"] == "Bearer"
        assert self.ask({}).status_code == 401

    def test_a1_an_expired_token_is_refused(self) -> None:
        token = make.make_api_token(self.studio.client, expires_at=NOW + MINUTE)
        headers = make.api_headers(self.studio.client, token)
        assert self.ask(headers).status_code == 200
        with time_machine.travel(NOW + MINUTE, tick=False):
            assert self.ask(headers).status_code == 401

    def test_a1_a_client_that_expired_or_was_revoked_is_refused_with_all_its_tokens(self) -> None:
        claim = self.studio.claim()
        for fields in ({"expires_at": NOW}, {"revoked_at": NOW - MINUTE}):
            ApiClient.objects.update(expires_at=None, revoked_at=None)
            assert self.ask(self.studio.headers).status_code == 200
            ApiClient.objects.update(**fields)
            assert self.ask(self.studio.headers).status_code == 401
            assert self.update(self.studio.headers, [claim.platform_claim_id]).status_code == 401
        claim.refresh_from_db()
        assert claim.state == State.READY

    def test_a1_a_client_goes_on_after_the_person_who_made_it_has_left(self) -> None:
        person = make.make_staff(self.studio.organization)
        ApiClient.objects.update(created_by=person)
        person.memberships.all().delete()
        assert self.ask(self.studio.headers).status_code == 200
        person.delete()
        assert self.ask(self.studio.headers).status_code == 200

    def test_a1_each_deed_needs_its_scope_and_losing_it_counts_at_once(self) -> None:
        claim = self.studio.claim()
        read = self.studio.another_client(scopes=(CLAIMS_READ, ANALYTICS))
        write = self.studio.another_client(scopes=(CLAIMS_WRITE,))
        assert self.ask(read).status_code == 200
        refused = self.update(read, [claim.platform_claim_id])
        assert refused.status_code == self.missing_scope
        assert CLAIMS_WRITE in self.message(refused)
        refused = self.ask(write)
        assert refused.status_code == self.missing_scope
        assert CLAIMS_READ in self.message(refused)
        assert self.not_updated(self.update(write, [claim.platform_claim_id])) == set()
        self.studio.client.oauth.set_scopes([ANALYTICS])
        self.studio.client.oauth.save()
        assert self.ask(self.studio.headers).status_code == self.missing_scope
        assert self.http.head(self.path, headers=self.studio.headers).status_code == self.missing_scope

    def test_a1_a_token_may_be_narrower_than_its_client(self) -> None:
        token = make.make_api_token(self.studio.client, scopes=(CLAIMS_READ,))
        headers = make.api_headers(self.studio.client, token)
        assert self.ask(headers).status_code == 200
        assert self.update(headers, ["claim"]).status_code == self.missing_scope

    def test_s4_calls_over_the_limit_wait_for_the_next_minute(self) -> None:
        headers = self.studio.another_client(points_per_minute=2)
        for _ in range(2):
            assert self.ask(headers).status_code == 200
        for refused in (self.ask(headers), self.update(headers, ["claim"])):
            assert refused.status_code == 429
            assert self.message(refused)
            assert 1 <= int(refused["Retry-After"]) <= 60
        assert self.ask(self.studio.headers).status_code == 200, "others are not held up"
        with time_machine.travel(NOW + timedelta(seconds=int(refused["Retry-After"])), tick=False):
            assert self.ask(headers).status_code == 200

    @pytest.mark.parametrize(
        ("fault", "status"), [(RuntimeError("secret words"), 500), (Http404(), 404), (PermissionDenied(), 403)]
    )
    def test_a4_a_fault_of_ours_has_the_platforms_form_and_tells_nothing(
        self, fault: Exception, status: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(caller: Caller, scope: str) -> bool:
            raise fault

        monkeypatch.setattr(Caller, "may", fail)
        for response in (self.ask(self.studio.headers), self.update(self.studio.headers, ["claim"])):
            assert response.status_code == status
            assert "secret" not in self.message(response)

    def test_a4_bodies_that_cannot_be_read_are_refused_in_the_platforms_form(self) -> None:
        for body, status in (
            *(
                (body, 400)
                for body in (b"", b"{", b"nonsense", b"\xff\xfe", b"[" * 100_000, b"NaN", b"[]", b"null", b'"x"')
            ),
            (b" " * (1024 * 1024 + 1), 413),
        ):
            response = self.send(body)
            assert response.status_code == status, body[:20]
            assert self.message(response)

    def test_a4_an_unknown_method_is_refused_in_the_platforms_form(self) -> None:
        response = self.http.delete(self.path, headers=self.studio.headers)
        assert response.status_code == 405
        assert self.message(response)  # type: ignore[arg-type]

    def test_answers_are_kept_by_nobody(self) -> None:
        for response in (self.ask(self.studio.headers), self.update(self.studio.headers, ["claim"]), self.ask({})):
            assert response["Cache-Control"] == "no-store"

    # What it costs

    @pytest.mark.parametrize("other_platforms", [False, True])
    def test_a_page_costs_as_many_queries_with_20_claims_as_with_1(self, other_platforms: bool) -> None:
        headers = self.studio.another_client(other_platforms=other_platforms)
        self._claims_of_all_kinds(1)
        self.ask(headers)
        few = self._queries(lambda: self.ask(headers, limit=100))
        self._claims_of_all_kinds(19)
        assert self._queries(lambda: self.ask(headers, limit=100)) == few

    def test_an_update_costs_as_many_queries_with_20_claims_as_with_1(self) -> None:
        one, many = [[self.studio.claim().platform_claim_id for _ in range(count)] for count in (1, 20)]
        self.ask(self.studio.headers)
        few = self._queries(lambda: self.update(self.studio.headers, one))
        assert self._queries(lambda: self.update(self.studio.headers, many)) == few
        few = self._queries(lambda: self.update(self.studio.headers, one, fulfilled=False))
        assert self._queries(lambda: self.update(self.studio.headers, many, fulfilled=False)) == few

    def _claims_of_all_kinds(self, count: int) -> None:
        for _ in range(count):
            self.studio.claim()
            self.studio.claim(platform_reward_id="", platform_category_id="", platform_campaign_id="")
            self.studio.claim(platform=self.other_platform)
            self.studio.granted()

    @staticmethod
    def _queries(deed: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            deed()
        return len(captured)


class PlayersTokenContract(Shape):
    """What a token does that a player granted: the matrix of the platform, for the player's own claims alone (A1)."""

    def players_headers(self, user: User, client: ApiClient | None = None) -> dict[str, str]:
        client = client or self.studio.client
        return make.api_headers(client, make.make_api_token(client, user=user))

    def test_a1_a_players_token_lists_the_players_claims_alone(self) -> None:
        user, viewer, player = self.studio.account()
        by_viewer = self.studio.claim(viewer=viewer, platform_user_id=viewer.platform_user_id)
        by_player = self.studio.claim(player=player)
        by_both = self.studio.claim(viewer=viewer, player=player, player_slot=2)
        self.studio.claim(viewer=make.make_viewer(self.studio.organization, self.platform))
        self.studio.claim(platform=self.other_platform, player=player, player_slot=3)
        headers = self.players_headers(user)
        expected = [claim.platform_claim_id for claim in (by_viewer, by_player, by_both)]
        assert self.ids(headers) == expected
        assert self.all_ids(1, headers) == expected

    def test_a1_a_players_token_updates_the_players_claims_alone(self) -> None:
        user, viewer, player = self.studio.account()
        mine, other = self.studio.claim(viewer=viewer, player=player), self.studio.claim()
        ids = [mine.platform_claim_id, other.platform_claim_id]
        assert self.not_updated(self.update(self.players_headers(user), ids)) == {other.platform_claim_id}
        other.refresh_from_db()
        assert other.state == State.READY

    def test_a2_a_players_token_sees_no_claims_of_another_organization(self) -> None:
        user, _viewer, _player = self.studio.account()
        stranger = Studio(self.platform)
        viewer = make.make_viewer(stranger.organization, self.platform, user=user)
        claim = stranger.claim(viewer=viewer, player=make.make_player(stranger.game, user=user))
        headers = self.players_headers(user)
        assert self.ids(headers) == []
        assert self.not_updated(self.update(headers, [claim.platform_claim_id])) == {claim.platform_claim_id}
        assert self.ids(self.players_headers(user, stranger.client)) == [claim.platform_claim_id]

    def test_a1_a_player_without_viewer_or_player_has_no_claims(self) -> None:
        self.studio.claim()
        assert self.ids(self.players_headers(make.make_user())) == []

    def test_a1_a_token_of_a_disabled_account_is_refused(self) -> None:
        user, _viewer, _player = self.studio.account()
        headers = self.players_headers(user)
        assert self.ask(headers).status_code == 200
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert self.ask(headers).status_code == 401

    def test_s4_each_player_has_calls_of_their_own(self) -> None:
        client = make.make_api_client(self.studio.organization, points_per_minute=1)
        one, another = (self.players_headers(make.make_user(), client) for _ in range(2))
        assert self.ask(one).status_code == 200
        assert self.ask(one).status_code == 429
        assert self.ask(another).status_code == 200
        assert self.ask(make.api_headers(client)).status_code == 200


class TogetherContract(Shape):
    """Several at the same moment, on PostgreSQL. A subclass marks itself ``postgresql`` and ``django_db(transaction=True)``."""

    def test_a3_a_claim_committed_late_is_neither_skipped_nor_repeated(self) -> None:
        early, late, third = (self.studio.claim(State.HELD) for _ in range(3))
        numbered, may_commit, done = threading.Event(), threading.Event(), threading.Event()

        def slow() -> None:
            try:
                with transaction.atomic():
                    show(early)
                    numbered.set()
                    assert may_commit.wait(PATIENCE)
            finally:
                connection.close()

        def quick() -> None:
            try:
                assert numbered.wait(PATIENCE)
                show(late)
                done.set()
            finally:
                connection.close()

        show(third)
        threads = [threading.Thread(target=deed) for deed in (slow, quick)]
        for thread in threads:
            thread.start()
        assert numbered.wait(PATIENCE)
        until_somebody_waits_for_a_lock()
        first = self.ask(self.studio.headers, limit=1)
        seen = [item[self.id_field] for item in self.items(first)]
        assert not done.is_set(), "it cannot have a number that is seen before a lower one: it waits"
        assert self.ids() == seen == [third.platform_claim_id]
        may_commit.set()
        for thread in threads:
            thread.join(PATIENCE)
        assert self.all_ids(1) == [claim.platform_claim_id for claim in (third, early, late)]

    def test_a3_who_pages_while_many_arrive_sees_each_once(self) -> None:
        writers, each = 4, 25
        claims = [[self.studio.claim(State.HELD) for _ in range(each)] for _ in range(writers)]
        start = threading.Barrier(writers + 1)

        def write(mine: list[Claim]) -> None:
            try:
                start.wait(PATIENCE)
                for number in range(0, each, 3):
                    show(*mine[number : number + 3])
            finally:
                connection.close()

        threads = [threading.Thread(target=write, args=(mine,)) for mine in claims]
        for thread in threads:
            thread.start()
        start.wait(PATIENCE)
        seen: list[str] = []
        after: str | None = None
        headers = self.studio.another_client(points_per_minute=1_000_000)
        last = False
        while True:
            response = self.ask(headers, limit=7, after=after)
            page = [item[self.id_field] for item in self.items(response)]
            seen += page
            if page:
                after = self.place_of(response)
            elif last:
                break
            last = not any(thread.is_alive() for thread in threads)
        expected = {claim.platform_claim_id for mine in claims for claim in mine}
        assert len(seen) == len(set(seen))
        assert set(seen) == expected

    def place_of(self, response: HttpResponse) -> str:
        """Return the cursor that begins behind the last claim of a page, also of the last page."""
        raise AssertionError("say how")

    def test_d3_two_that_fulfil_the_same_at_once_deliver_it_once(self) -> None:
        claims = [self.studio.claim() for _ in range(10)]
        ids = [claim.platform_claim_id for claim in claims]
        start = threading.Barrier(3)
        answers: list[set[str]] = []

        def fulfil(order: list[str]) -> None:
            try:
                start.wait(PATIENCE)
                answers.append(self.not_updated(self.update(self.studio.headers, order)))
            finally:
                connection.close()

        threads = [threading.Thread(target=fulfil, args=(order,)) for order in (ids, ids[::-1], sorted(ids))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert answers == [set()] * 3
        assert ClaimEvent.objects.count() == 10
        assert set(Claim.objects.values_list("state", flat=True)) == {State.DELIVERED}


def until_somebody_waits_for_a_lock() -> None:
    """Return once PostgreSQL says so. A watched pot: nothing in the process knows of it."""
    pause = threading.Event()
    for _ in range(int(PATIENCE * 100)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone()[0]:
                return
        pause.wait(0.01)
    raise AssertionError("Nobody waited for a lock.")


def body_of(response: HttpResponse) -> Any:
    """Return what an answer says."""
    return json.loads(response.content)
