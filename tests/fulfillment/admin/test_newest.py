"""Lists of millions show the newest first, part by part, and say where they did not look at all rows (F3, S1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment.models import Claim, Delivery, DeliveryAttempt
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from linking.models import Link
from portal.models import AuditEntry
from portal.newest import NewestPaginator
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_claim, make_link, make_organization, make_viewer
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db

CLAIMS, LINKS = url("fulfillment.claim", "changelist"), url("linking.link", "changelist")
STATES = (State.QUARANTINED, State.HELD, State.WAITING)


def listed(client: Any, address: str, **query: Any) -> tuple[list[Any], str]:
    """Return the keys of the rows that a list shows, and the page."""
    answer = client.get(address, query)
    assert answer.status_code == 200
    return [row.pk for row in answer.context_data["cl"].result_list], answer.content.decode()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    rows=st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from(["kick", "twitch"])), max_size=12),
    per_page=st.integers(1, 5),
    looked_through=st.integers(3, 30),
    platform=st.sampled_from(["", "kick"]),
)
def test_f3_pages_of_several_states_are_those_of_a_plain_sort_as_far_as_was_looked(
    rows: list[tuple[State, str]], per_page: int, looked_through: int, platform: str
) -> None:
    organization = make_organization()
    made = [make_claim(organization, where, state=state) for state, where in rows]
    paginator = NewestPaginator(
        Claim.objects.filter(organization=organization, **({"platform": platform} if platform else {})).order_by("-pk"),
        per_page,
    )
    paginator.shown = Claim.objects.all()
    paginator.parts = [{"state": state} for state in STATES]
    expected = sorted((claim for claim in made if claim.platform == platform or not platform), key=lambda c: c.pk)
    left_out = False
    if platform:
        paginator.whole = Claim.objects.filter(organization=organization)
        paginator.looked_through = looked_through
        depth = looked_through // len(STATES)
        by_state = [sorted(claim.pk for claim in made if claim.state == state) for state in STATES]
        looked_at = {key for keys in by_state for key in keys[-depth:]}
        left_out = any(len(keys) > depth for keys in by_state)
        expected = [claim for claim in expected if claim.pk in looked_at]
    paged = [claim.pk for number in paginator.page_range for claim in paginator.page(number).object_list]
    assert paged == [claim.pk for claim in reversed(expected)]
    assert (paginator.count, paginator.left_out) == (len(expected), left_out)


def test_f3_a_filter_without_an_index_says_that_older_claims_were_not_looked_at(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NewestPaginator, "looked_through", 2)
    first, *_others = [studio.claim(State.FAILED, platform="kick") for _number in range(3)]
    client = sign_in(studio.members[Role.OWNER])
    found, page = listed(client, CLAIMS, on_platform="kick", state="failed")
    assert first.pk not in found
    assert len(found) == 2
    assert "Only the newest 2 were looked through. Choose a state, a campaign" in page
    assert "2 or more claims" in page
    found, page = listed(client, CLAIMS, state="failed")
    assert first.pk in found
    assert "looked through" not in page
    assert "3 claims" in page
    monkeypatch.setattr(NewestPaginator, "cap", 2)
    page = listed(client, CLAIMS, state="failed")[1]
    assert "2 or more claims" in page
    assert "Select all claims that fit, 2 or more" in page


def test_f3_what_needs_somebody_is_counted_state_by_state_each_by_its_index_alone(
    studio: Studio, elsewhere: Studio
) -> None:
    elsewhere.claim(State.FAILED)
    studio.claim(State.WAITING)
    claims = [studio.claim(state) for state in (State.HELD, State.FAILED, State.HELD)]
    client = sign_in(studio.members[Role.OWNER])
    with CaptureQueriesContext(connection) as asked:
        found, _page = listed(client, CLAIMS, state="attention")
    assert found == [claim.pk for claim in reversed(claims)]
    (count,) = [query["sql"] for query in asked if query["sql"].startswith("SELECT COUNT(*) FROM (SELECT part")]
    assert count.count('"state" =') == 3
    assert '"state" IN' not in count, "with both, PostgreSQL sorts all rows of a state"


def test_f3_reasons_are_found_in_the_states_they_belong_to(studio: Studio) -> None:
    fitting = studio.claim(State.FAILED, reason=Code.REJECTED)
    studio.claim(State.FAILED, reason=Code.BACKEND_UNREACHABLE)
    client = sign_in(studio.members[Role.OWNER])
    assert listed(client, CLAIMS, reason="rejected")[0] == [fitting.pk]
    assert listed(client, CLAIMS, reason="rejected", state="delivered")[0] == []
    assert listed(client, CLAIMS, reason="rejected", state="attention")[0] == [fitting.pk]
    assert len(listed(client, CLAIMS, reason="no such")[0]) == 2


def test_f3_a_campaigns_claims_are_found_whatever_their_state(studio: Studio, elsewhere: Studio) -> None:
    claims = [studio.claim(State.FAILED), studio.claim(State.HELD), studio.claim(State.FAILED)]
    theirs = elsewhere.claim(State.FAILED)
    client = sign_in(studio.members[Role.OWNER])
    campaign = claims[0].campaign_id
    assert listed(client, CLAIMS, campaign__id__exact=campaign)[0] == [claim.pk for claim in reversed(claims)]
    assert listed(client, CLAIMS, campaign__id__exact=campaign, state="held")[0] == [claims[1].pk]
    assert listed(client, CLAIMS, campaign__id__exact=theirs.campaign_id)[0] == []


def test_l8_links_of_all_games_stand_in_one_order_and_by_what_is_chosen(studio: Studio, elsewhere: Studio) -> None:
    elsewhere.link()
    made = [
        make_link(
            studio.game,
            viewer=make_viewer(studio.organization, platform),
            started_at=NOW - timedelta(days=days),
            **({"ended_at": NOW, "end_reason": Link.EndReason.STAFF} if days == 2 else {}),
        )
        for days, platform in ((3, "kick"), (1, "twitch"), (2, "kick"))
    ]
    client = sign_in(studio.members[Role.OWNER])
    assert listed(client, LINKS)[0] == [made[1].pk, made[2].pk, made[0].pk]
    assert listed(client, LINKS, on_platform="kick")[0] == [made[2].pk, made[0].pk]
    assert listed(client, LINKS, active="no")[0] == [made[2].pk]
    assert listed(client, LINKS, active="yes")[0] == [made[1].pk, made[0].pk]
    assert listed(client, LINKS, game__id__exact="another")[0] == []


def test_d4_attempts_and_deliveries_are_the_organizations_own_newest_first(
    studio: Studio, elsewhere: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = [owner.claim(State.FAILED) for owner in (studio, studio, elsewhere)]
    attempts = [
        DeliveryAttempt.objects.create(
            delivery=Delivery.objects.get(pk=claim.pk), number=1, started_at=NOW - timedelta(hours=n), duration_ms=5
        )
        for n, claim in enumerate(claims)
    ]
    client = sign_in(studio.members[Role.OWNER])
    page_of_attempts = url("fulfillment.deliveryattempt", "changelist")
    assert listed(client, page_of_attempts)[0] == [attempts[0].pk, attempts[1].pk]
    assert listed(client, url("fulfillment.delivery", "changelist"), show="all")[0] == [claims[1].pk, claims[0].pk]
    monkeypatch.setattr(NewestPaginator, "looked_through", 1)
    found, page = listed(client, page_of_attempts)
    assert found == [attempts[0].pk]
    assert "Choose a time to see older ones" in page
    until = {"started_at_to_0": f"{NOW:%Y-%m-%d}", "started_at_to_1": f"{NOW - timedelta(minutes=30):%H:%M:%S}"}
    assert listed(client, page_of_attempts, **until)[0] == [attempts[1].pk]


def test_s5_a_search_in_the_trail_finds_whole_ids_and_names_and_says_when_there_are_more(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = {"organization": studio.organization, "at": NOW, "action": "tried", "object_type": "fulfillment.claim"}
    entries = [
        AuditEntry.objects.create(object_id=str(n), object_label="the same", request_id=f"request-{n}", **common)
        for n in range(3)
    ]
    client = sign_in(studio.members[Role.OWNER])
    trail = url("portal.auditentry", "changelist")
    assert listed(client, trail, q="request-1")[0] == [entries[1].pk]
    assert listed(client, trail, q="the same")[0] == [entry.pk for entry in reversed(entries)]
    monkeypatch.setattr("portal.admin.trail.FOUND_AT_MOST", 2)
    found, page = listed(client, trail, q="the same")
    assert found == [entries[2].pk, entries[1].pk]
    assert "Very many entries fit. The newest 2 are shown" in page
    file = client.get(url("portal.auditentry", "export", "csv"), {"q": "the same"})
    assert sum(b"the same" in line for line in b"".join(file).splitlines()) == 3


def test_viewers_are_listed_by_platform_and_found_by_exact_names(studio: Studio) -> None:
    kick, twitch = (
        make_viewer(studio.organization, platform, login=f"nova_{platform}", name=f"Nova {platform}")
        for platform in ("kick", "twitch")
    )
    client = sign_in(studio.members[Role.OWNER])
    viewers = url("campaigns.viewer", "changelist")
    assert listed(client, viewers)[0] == [twitch.pk, kick.pk]
    assert listed(client, viewers, on_platform="kick")[0] == [kick.pk]
    for term in ("NOVA_KICK", "Nova kick", kick.platform_user_id, kick.pk.lower()):
        assert listed(client, viewers, q=term)[0] == [kick.pk], term
    assert listed(client, viewers, q="nova_kick", on_platform="twitch")[0] == []


def test_the_address_of_a_row_tells_how_its_list_was_filtered(studio: Studio) -> None:
    claim, client = studio.claim(State.HELD), sign_in(studio.members[Role.OWNER])
    address = url("fulfillment.claim", "change", claim.pk)
    assert f'href="{address}"' in listed(client, CLAIMS)[1]
    assert f'href="{address}?_changelist_filters=state%3Dheld"' in listed(client, CLAIMS, state="held")[1]
