"""Players, links and the page of one person; unlinking on request; the start page (A9, L8, S1)."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from fulfillment.health.words import counted
from fulfillment.rules.states import State
from linking.models import Link
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import make_link, make_organization, make_staff
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db


def test_a9_one_page_tells_a_persons_links_claims_and_states(studio: Studio) -> None:
    viewer, player = studio.viewer(platform_user_id="31337", name="Nova"), studio.player(player_id="hero", name="Hero")
    link = make_link(studio.game, viewer=viewer, player=player)
    claim = studio.claim(State.FAILED, viewer=viewer, player=player)
    client = sign_in(studio.members[Role.SUPPORT])
    found = client.get(reverse("admin:find"), {"q": "31337"})
    assert found["Location"] == reverse("admin:person_viewer", args=[viewer.pk])
    for page in (reverse("admin:person_viewer", args=[viewer.pk]), reverse("admin:person_player", args=[player.pk])):
        text = client.get(page).content.decode()
        assert url("fulfillment.claim", "change", claim.pk) in text
        assert url("linking.link", "unlink", link.pk) in text


def test_s1_people_pages_by_role_and_organization(studio: Studio, elsewhere: Studio) -> None:
    mine, theirs = studio.link(), elsewhere.link()
    for role in Role:
        client = sign_in(studio.members[role])
        expected = 403 if role is Role.ANALYST else 200
        for name, key in (("viewer", mine.viewer_id), ("player", mine.player_id)):
            assert client.get(reverse(f"admin:person_{name}", args=[key])).status_code == expected
        assert client.get(reverse("admin:find")).status_code == 200
        for name, key in (("viewer", theirs.viewer_id), ("player", theirs.player_id)):
            assert client.get(reverse(f"admin:person_{name}", args=[key])).status_code == (
                403 if role is Role.ANALYST else 404
            )
        for page in (
            url("linking.link", "change", theirs.pk),
            url("linking.link", "unlink", theirs.pk),
            url("linking.player", "change", theirs.player_id),
        ):
            assert client.get(page).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_l8_staff_unlink_on_request_with_a_reason(studio: Studio, role: Role) -> None:
    link = studio.link()
    client = sign_in(studio.members[role])
    page = url("linking.link", "unlink", link.pk)
    if role is Role.ANALYST:
        assert client.post(page, {"reason": "x"}).status_code == 403
        link.refresh_from_db()
        assert link.ended_at is None
        return
    assert client.post(page, {"reason": ""}).status_code == 200
    assert client.post(page, {"reason": "ticket 12"}).status_code == 302
    link.refresh_from_db()
    assert link.end_reason == Link.EndReason.STAFF
    entry = AuditEntry.objects.get(action="unlinked on request")
    assert (entry.reason, entry.actor, entry.object_id) == ("ticket 12", studio.members[role], link.pk)


def test_l8_a_link_that_has_ended_is_not_said_to_be_ended_once_more(studio: Studio) -> None:
    link, client = studio.link(), sign_in(studio.members[Role.SUPPORT])
    page = url("linking.link", "unlink", link.pk)
    client.post(page, {"reason": "ticket 12"})
    answer = client.post(page, {"reason": "ticket 12, once more"}, follow=True)
    assert "this link had ended already" in answer.content.decode()
    assert AuditEntry.objects.get(action="unlinked on request").reason == "ticket 12"


def test_s1_an_analyst_sees_links_masked(studio: Studio) -> None:
    viewer, player = studio.viewer(name="VisibleName"), studio.player(name="VisibleHero")
    link = make_link(studio.game, viewer=viewer, player=player)
    client = sign_in(studio.members[Role.ANALYST])
    for page in (url("linking.link", "changelist"), url("linking.link", "change", link.pk)):
        text = client.get(page).content.decode()
        assert "VisibleName" not in text
        assert "VisibleHero" not in text


def _cards(client: Any) -> dict[str, Any]:
    links = client.get(reverse("admin:index")).context["card_links"]
    cards = [client.get(address).context["card"] for address, _title, _shown in links]
    return {card.title: card for card in cards if card}


def test_the_cards_behind_the_start_page_tell_what_needs_somebody(studio: Studio) -> None:
    studio.claim(State.FAILED)
    studio.claim(State.HELD, "late")
    cards = _cards(sign_in(studio.members[Role.OWNER]))
    needing = {line.label.split(":")[0]: (line.value, line.attention) for line in cards["Claims"].lines}
    assert needing["Failed"] == ("1", True)
    assert needing["Held"] == ("1", True)
    assert needing["Quarantined"] == ("0", False)
    assert cards["Deliveries"].lines[-1].value == "not heard from"
    assert cards["Campaigns"].lines[0].value == "1" or cards["Campaigns"].lines


def test_a_new_organization_is_led_through_setting_up() -> None:
    client = sign_in(make_staff(make_organization()))
    start = client.get(reverse("admin:index")).content.decode()
    assert "Setting up is not complete" in start
    assert f'href="{reverse("admin:set_up")}"' in start


def test_counts_stop_at_their_cap() -> None:
    assert (counted(0), counted(9_999), counted(10_000)) == ("0", "9,999", "10,000+")
