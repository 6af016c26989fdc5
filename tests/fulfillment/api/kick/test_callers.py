"""Who may ask in Kick's shape, how often, and how they are refused (A1, A2, S4)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine

from fulfillment.models import ApiClient
from portal.models import Organization
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.kick.backend import CLAIMS, Backend, data_of, refusal_of

pytestmark = pytest.mark.django_db

UNAUTHORIZED = {"data": None, "message": "Unauthorized"}


def test_a1_a_player_s_token_lists_and_sets_that_player_s_claims_alone(wide: Backend) -> None:
    user = make.make_user()
    viewer = make.make_viewer(wide.organization, user=user)
    player = make.make_player(wide.game, user=user)
    as_viewer = wide.claim(viewer=viewer, viewer_slot=1)
    as_player = wide.claim(platform="twitch", player=player)
    other = wide.claim()
    token = make.make_api_token(wide.client, user=user)
    mine = data_of(wide.get(token=token))["claims"]
    assert [item["claim_id"] for item in mine] == [as_viewer.platform_claim_id, as_player.pk]
    for parameters in ({"claim_id": other.platform_claim_id}, {"user_id": other.platform_user_id}):
        assert data_of(wide.get(token=token, **parameters))["claims"] == []
    # Nor does a cursor tell whether another's claim exists.
    assert len(data_of(wide.get(token=token, cursor=other.platform_claim_id))["claims"]) == 2
    assert wide.set((other.platform_claim_id, "processed"), token=token).status_code == 404
    assert wide.set((as_player.pk, "processed"), token=token).status_code == 204


@pytest.mark.parametrize("method", ["get", "patch"])
def test_without_a_good_token_it_is_401_as_documented(backend: Backend, method: str) -> None:
    response = getattr(backend.http, method)(CLAIMS)
    assert response.status_code == 401
    assert json.loads(response.content) == UNAUTHORIZED
    assert response["WWW-Authenticate"] == "Bearer"


def test_what_ends_a_token_ends_it_here(backend: Backend) -> None:
    ended = make.make_api_token(backend.client, expires_at=NOW)
    assert refusal_of(backend.get(token=ended)) == (401, "Unauthorized")
    Organization.objects.update(enabled=False)
    assert refusal_of(backend.get()) == (401, "Unauthorized")
    Organization.objects.update(enabled=True)
    assert backend.get().status_code == 200
    ApiClient.objects.update(revoked_at=NOW)
    assert refusal_of(backend.get()) == (401, "Unauthorized")


def test_a_scope_that_is_missing_is_named() -> None:
    backend = Backend(scopes=())
    assert refusal_of(backend.get()) == (403, "Forbidden: this needs the scope claims:read.")
    assert refusal_of(backend.set(("claim", "processed"))) == (403, "Forbidden: this needs the scope claims:write.")


@pytest.mark.parametrize("points", [1, 3])
def test_s4_a_call_too_many_is_429_with_retry_after_and_no_other_header(points: int) -> None:
    backend = Backend(points_per_minute=points)
    with time_machine.travel(NOW.replace(second=48), tick=False):
        for _ in range(points):
            allowed = backend.get()
            assert allowed.status_code == 200
            assert not [name for name in allowed.headers if "limit" in name.lower()]
        refused = backend.get()
    assert refusal_of(refused) == (429, "Too Many Requests")
    assert refused["Retry-After"] == "12"
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert backend.get().status_code == 200


def test_answers_are_json_whatever_is_asked_for_and_kept_by_nobody(backend: Backend) -> None:
    headers = {"Authorization": f"Bearer {backend.token}", "Accept": "text/html"}
    response = backend.http.get(CLAIMS, headers=headers)
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
