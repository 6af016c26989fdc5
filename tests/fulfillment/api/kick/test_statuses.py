"""The status of a claim in the partner's own words: how it is shown, filtered by and set (A2, A4, A5, D3)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from fulfillment.api.kick.shape import status_shown
from fulfillment.models import Claim, ClaimEvent, Endpoint
from fulfillment.rules.states import LISTED, State
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.kick.backend import Backend, refusal_of, written

pytestmark = pytest.mark.django_db

SLEEPING = {State.RECEIVED, State.WAITING, State.QUARANTINED, State.HELD, State.DUPLICATE, State.ABANDONED}


@pytest.mark.parametrize("state", sorted(LISTED))
@pytest.mark.parametrize("text", ["", "acknowledged", "granted"])
@pytest.mark.parametrize("completing", [[], ["granted", "sent"], ["processed", "initiated"]])
def test_external_status_filters_by_what_is_shown(state: State, text: str, completing: list[str]) -> None:
    backend = Backend(completing_texts=completing)
    claim = backend.claim(state=state, partner_status=text)
    (item,) = backend.listed()
    shown = item["external_status"]
    assert shown == status_shown(state, text, set(completing) - {"initiated", "processed"})
    for status in ("initiated", "processed", "acknowledged", "granted", "sent", "unheard of"):
        found = backend.ids(external_status=status)
        assert found == ([claim.platform_claim_id] if status == shown else []), status


@pytest.mark.parametrize(
    ("state", "text", "completing", "shown"),
    [
        (State.READY, "", [], "initiated"),
        (State.READY, "acknowledged", [], "acknowledged"),
        (State.DELIVERING, "acknowledged", ["granted"], "acknowledged"),
        # Completed once and sent again since: to be fulfilled, whatever was said before.
        (State.READY, "granted", ["granted"], "initiated"),
        (State.DELIVERED, "", ["granted"], "processed"),
        (State.DELIVERED, "granted", ["granted"], "granted"),
        (State.CONFIRMED, "granted", ["granted"], "granted"),
        # Another client's word for it is not this one's.
        (State.DELIVERED, "granted", [], "processed"),
        (State.DELIVERED, "acknowledged", ["granted"], "processed"),
    ],
)
def test_a5_the_status_shown(state: State, text: str, completing: list[str], shown: str) -> None:
    assert status_shown(state, text, completing) == shown


def test_d3_processed_completes_a_claim_and_the_history_says_who(backend: Backend) -> None:
    claim = backend.claim()
    with time_machine.travel(NOW + timedelta(minutes=3), tick=False):
        response = backend.set((claim.platform_claim_id, "processed"))
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response
    claim.refresh_from_db()
    assert (claim.state, claim.delivered_at) == (State.DELIVERED, NOW + timedelta(minutes=3))
    event = ClaimEvent.objects.get(claim=claim)
    assert (event.from_state, event.to_state) == ("ready", "delivered")
    assert event.actor_label == f"API client {backend.client}"
    (item,) = backend.listed()
    assert (item["external_status"], item["updated_at"]) == ("processed", written(NOW + timedelta(minutes=3)))


def test_a5_a_text_that_the_client_maps_completes_a_claim_and_is_shown() -> None:
    backend = Backend(completing_texts=["granted"])
    claim = backend.claim()
    assert backend.set((claim.platform_claim_id, "granted")).status_code == 204
    assert backend.listed()[0]["external_status"] == "granted"
    claim.refresh_from_db()
    assert claim.state == State.DELIVERED


def test_a5_other_texts_are_kept_and_shown_and_initiated_drops_them(backend: Backend) -> None:
    claim = backend.claim()
    text = "In der Post – 送信中 ✓" + "x" * 80
    assert len(text) <= 100
    assert backend.set((claim.platform_claim_id, text)).status_code == 204
    assert backend.listed()[0]["external_status"] == text
    assert backend.ids(external_status=text) == [claim.platform_claim_id]
    assert backend.set((claim.platform_claim_id, "initiated")).status_code == 204
    assert backend.listed()[0]["external_status"] == "initiated"
    claim.refresh_from_db()
    assert claim.state == State.READY


def test_a5_a_claim_that_is_done_stays_done_whatever_is_said(backend: Backend) -> None:
    claim = backend.claim(state=State.DELIVERED)
    for status in ("initiated", "lost", "processed"):
        assert backend.set((claim.platform_claim_id, status)).status_code == 204
        assert backend.listed()[0]["external_status"] == "processed"


def test_of_a_claim_that_is_named_twice_the_last_counts(backend: Backend) -> None:
    claim = backend.claim()
    assert backend.set((claim.platform_claim_id, "processed"), (claim.platform_claim_id, "later")).status_code == 204
    assert backend.listed()[0]["external_status"] == "later"


def test_a2_what_does_not_exist_is_named_and_the_rest_is_done(backend: Backend) -> None:
    claim, hidden = backend.claim(), backend.claim(state=State.HELD)
    foreign = Backend().claim()
    response = backend.set(
        (claim.platform_claim_id, "processed"),
        ("nobody-s", "processed"),
        (foreign.platform_claim_id, "processed"),
        (hidden.platform_claim_id, "processed"),
    )
    status, message = refusal_of(response)
    assert status == 404
    assert message == (
        f"Not updated: nobody-s, {foreign.platform_claim_id} (no such claim); "
        f"{hidden.platform_claim_id} (not possible in its state). All others were."
    )
    claim.refresh_from_db()
    foreign.refresh_from_db()
    assert (claim.state, foreign.state) == (State.DELIVERED, State.READY)


@pytest.mark.parametrize("state", sorted(SLEEPING | {State.DELIVERING}))
def test_what_the_state_forbids_is_a_conflict(backend: Backend, state: State) -> None:
    claim = backend.claim(state=state)
    status, message = refusal_of(backend.set((claim.platform_claim_id, "processed")))
    assert (status, claim.platform_claim_id in message, "in its state" in message) == (409, True, True)


def test_d3_for_a_game_that_is_pushed_to_it_is_read_only(backend: Backend) -> None:
    claim = backend.claim()
    Endpoint.objects.update(mode=Endpoint.Mode.PUSH, url="https://game.example.org/deliveries")
    status, message = refusal_of(backend.set((claim.platform_claim_id, "processed")))
    assert (status, "push" in message) == (409, True)
    assert backend.ids() == [claim.platform_claim_id]
    # A word of one's own changes no delivery.
    assert backend.set((claim.platform_claim_id, "seen")).status_code == 204


def test_a_hundred_claims_are_set_in_one_call(backend: Backend) -> None:
    claims = [backend.claim() for _ in range(100)]
    assert backend.set(*[(claim.platform_claim_id, "processed") for claim in claims]).status_code == 204
    assert Claim.objects.filter(state=State.DELIVERED).count() == 100


ITEM = {"claim_id": "claim-1", "external_status": "processed"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"NaN",
        b'{"claims": [{"claim_id": "\\ud800", "external_status": "processed"}]}',
        b"null",
        [],
        "claims",
        {},
        {"claims": None},
        {"claims": {}},
        {"claims": []},
        {"claims": [ITEM] * 101},
        {"claims": ["claim-1"]},
        {"claims": [None]},
        {"claims": [[]]},
        {"claims": [{}]},
        {"claims": [{"claim_id": "claim-1"}]},
        {"claims": [{"external_status": "processed"}]},
        {"claims": [{**ITEM, "user_id": 1}]},
        {"claims": [ITEM, {**ITEM, "claim_id": 5}]},
        {"claims": [{**ITEM, "claim_id": None}]},
        {"claims": [{**ITEM, "claim_id": ""}]},
        {"claims": [{**ITEM, "claim_id": "  "}]},
        {"claims": [{**ITEM, "claim_id": "a\u0000b"}]},
        {"claims": [{**ITEM, "claim_id": "x" * 201}]},
        {"claims": [{**ITEM, "external_status": 1}]},
        {"claims": [{**ITEM, "external_status": None}]},
        {"claims": [{**ITEM, "external_status": ""}]},
        {"claims": [{**ITEM, "external_status": " "}]},
        {"claims": [{**ITEM, "external_status": "a\u0000b"}]},
        {"claims": [{**ITEM, "external_status": "a\nb"}]},
        {"claims": [{**ITEM, "external_status": "x" * 101}]},
    ],
)
def test_a4_a_body_that_is_none_is_refused_and_changes_nothing(backend: Backend, body: Any) -> None:
    claim = backend.claim(platform_claim_id="claim-1")
    status, message = refusal_of(backend.patch(body))
    assert status == 400
    assert message.endswith(".")
    claim.refresh_from_db()
    assert claim.state == State.READY


def test_a_body_of_more_than_a_megabyte_is_refused(backend: Backend) -> None:
    assert refusal_of(backend.patch(b"[" * (1024 * 1024 + 1)))[0] == 413


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_a5_what_is_fulfilled_in_one_shape_is_processed_in_the_other(wide: Backend, platform: str) -> None:
    claim = wide.claim(platform=platform)
    at_kick, at_twitch = (claim.platform_claim_id if platform == shape else claim.pk for shape in ("kick", "twitch"))
    helix = "/helix/entitlements/drops"
    headers = make.api_headers(wide.client, wide.token)

    def statuses() -> list[str]:
        (entitlement,) = json.loads(wide.http.get(helix, {"id": at_twitch}, headers=headers).content)["data"]
        (item,) = wide.listed(claim_id=at_kick)
        return [entitlement["fulfillment_status"], item["external_status"]]

    assert wide.set((at_kick, "on its way")).status_code == 204
    assert statuses() == ["CLAIMED", "on its way"]
    body = {"entitlement_ids": [at_twitch], "fulfillment_status": "FULFILLED"}
    assert wide.http.patch(helix, body, content_type="application/json", headers=headers).status_code == 200
    assert statuses() == ["FULFILLED", "processed"]
    again = wide.claim(platform=platform)
    at_kick, at_twitch = (again.platform_claim_id if platform == shape else again.pk for shape in ("kick", "twitch"))
    assert wide.set((at_kick, "processed")).status_code == 204
    assert statuses() == ["FULFILLED", "processed"]
