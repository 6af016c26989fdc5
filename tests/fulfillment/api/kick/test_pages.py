"""Pages in Kick's shape: the cursor is the last claim of a page, and every claim is on one of them once (A3)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.models import Claim
from fulfillment.rules.states import LISTED, State
from tests import factories as make
from tests.fulfillment.api.kick.backend import Backend, data_of
from tests.fulfillment.api.shape import hide, show

pytestmark = pytest.mark.django_db


def test_a3_the_cursor_is_the_last_claim_of_the_page_and_an_empty_page_returns_what_was_passed(
    backend: Backend,
) -> None:
    claims = [backend.claim() for _ in range(3)]
    first = data_of(backend.get(limit=2))
    assert first["cursor"] == claims[1].platform_claim_id
    second = data_of(backend.get(limit=2, cursor=first["cursor"]))
    assert [item["claim_id"] for item in second["claims"]] == [claims[2].platform_claim_id]
    assert second["cursor"] == claims[2].platform_claim_id
    assert data_of(backend.get(limit=2, cursor=second["cursor"])) == {"claims": [], "cursor": second["cursor"]}
    later = backend.claim()
    assert backend.ids(cursor=second["cursor"]) == [later.platform_claim_id]


def test_a3_an_empty_page_without_a_cursor_has_an_empty_one_that_is_taken(backend: Backend) -> None:
    assert data_of(backend.get()) == {"claims": [], "cursor": ""}
    claim = backend.claim()
    assert backend.ids(cursor="") == [claim.platform_claim_id]


def test_a3_a_campaign_that_does_not_exist_returns_the_cursor_too(backend: Backend) -> None:
    assert data_of(backend.get(campaign_id="unknown", cursor="abc")) == {"claims": [], "cursor": "abc"}


def test_a3_any_claim_s_id_is_a_cursor_also_while_it_is_out_of_sight(backend: Backend) -> None:
    claims = [backend.claim() for _ in range(3)]
    Claim.objects.filter(pk=claims[1].pk).update(state=State.HELD, player_slot=None)
    assert backend.ids(cursor=claims[1].platform_claim_id) == [claims[2].platform_claim_id]
    assert backend.ids(cursor=claims[0].platform_claim_id) == [claims[2].platform_claim_id]


def test_a3_of_a_cursor_that_stands_nowhere_nothing_is_skipped(backend: Backend) -> None:
    claim, sleeping = backend.claim(), backend.claim(state=State.WAITING)
    foreign = [Backend().claim() for _ in range(3)][-1]
    for cursor in (sleeping.platform_claim_id, foreign.platform_claim_id, "01K0TDDR08Q5ZNWXK92VRXD7GW", claim.pk):
        assert backend.ids(cursor=cursor) == [claim.platform_claim_id]


def test_a3_foreign_claims_are_cursors_for_those_who_see_them(wide: Backend) -> None:
    first, second = wide.claim(platform="twitch"), wide.claim()
    assert wide.ids(cursor=first.pk) == [second.platform_claim_id]
    assert wide.ids(cursor=first.platform_claim_id) == [first.pk, second.platform_claim_id]
    narrow = make.make_api_client(wide.organization)
    data = data_of(wide.get(token=make.make_api_token(narrow), cursor=first.pk))
    assert len(data["claims"]) == 1


@settings(max_examples=25)
@given(
    shown=st.lists(st.tuples(st.sampled_from(["kick", "twitch", "portal"]), st.sampled_from(list(State))), max_size=12),
    limits=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    start=st.integers(-1, 12),
    others=st.booleans(),
)
def test_a3_pages_of_any_size_from_any_cursor_return_each_claim_once_and_in_order(
    shown: list[tuple[str, State]], limits: list[int], start: int, others: bool
) -> None:
    backend = Backend(other_platforms=others)
    claims = [
        backend.granted(state=state) if platform == "portal" else backend.claim(state, platform)
        for platform, state in shown
    ]
    names = [
        claim.platform_claim_id if platform == "kick" else claim.pk
        for claim, (platform, _) in zip(claims, shown, strict=True)
    ]
    visible = [
        name
        for name, claim in zip(names, claims, strict=True)
        if claim.state in LISTED and (others or name != claim.pk)
    ]
    behind = names[start] if 0 <= start < len(names) else ""
    wanted = visible[visible.index(behind) + 1 :] if behind in visible else visible
    found: list[str] = []
    cursor = behind
    for page in range(len(claims) + 2):
        data = data_of(backend.get(limit=limits[page % len(limits)], cursor=cursor))
        if not data["claims"]:
            assert data["cursor"] == cursor
            break
        found += [item["claim_id"] for item in data["claims"]]
        assert data["cursor"] == found[-1]
        cursor = data["cursor"]
    else:
        pytest.fail("the pages do not end")
    assert found == wanted


def test_a_page_takes_four_statements_the_token_and_the_points_included(wide: Backend) -> None:
    for platform in ("kick", "twitch"):
        wide.claim(platform=platform, platform_campaign_id="", platform_reward_id="")
    with CaptureQueriesContext(connection) as counted:
        assert len(wide.listed(limit=1000)) == 2
    assert len(counted) == 4


def test_a3_a_claim_that_came_back_is_a_cursor_where_it_stands_now(backend: Backend) -> None:
    first, second = backend.claim(), backend.claim()
    hide(first)
    show(first)
    third = backend.claim()
    assert backend.ids() == [claim.platform_claim_id for claim in (second, first, third)]
    assert backend.ids(cursor=first.platform_claim_id) == [third.platform_claim_id]
