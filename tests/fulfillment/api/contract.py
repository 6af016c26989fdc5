"""What every shape of the claims API must do (A1 to A5, D3, S4). A platform's test class says how it is asked and how it answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from fulfillment.api.callers import Caller
from fulfillment.models import ApiClient, Claim, ClaimEvent, Delivery, Endpoint
from fulfillment.rules.scopes import ANALYTICS, CLAIMS_READ, CLAIMS_WRITE
from fulfillment.rules.states import State
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.shape import A5, MINUTE, Shape, Studio, hide, show


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
