"""The page that grants by hand: who may open it, whom and what it knows, what it says (S1, R4)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Campaign, GameOfMember
from fulfillment.models import Claim
from fulfillment.rules.states import State
from portal.models import Membership
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import make_campaign, make_game, make_reward, make_staff
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:grant")


@pytest.fixture
def client(studio: Studio) -> Client:
    return sign_in(studio.members[Role.PRODUCER])


def _key(client: Client, address: dict[str, Any]) -> str:
    page = client.get(PAGE, address)
    return str(page.context["form"]["key"].value())


def _post(client: Client, address: dict[str, Any], **fields: Any) -> Any:
    query = "&".join(f"{name}={value}" for name, value in address.items())
    return client.post(f"{PAGE}?{query}", {"reason": "ticket 7", **fields})


@pytest.mark.parametrize("role", list(Role))
def test_s1_owners_and_producers_grant(studio: Studio, role: Role) -> None:
    address = {"viewer": studio.viewer().pk, "campaign": studio.campaign.pk}
    client, allowed = sign_in(studio.members[role]), role in (Role.OWNER, Role.PRODUCER)
    assert client.get(PAGE, address).status_code == (200 if allowed else 403)
    assert _post(client, address, key="0" * 26, offer=studio.offer.pk).status_code == (302 if allowed else 403)
    assert Claim.objects.exists() == allowed


def test_step_by_step_from_a_name_to_the_claim(studio: Studio, client: Client) -> None:
    link = studio.link()
    found = client.get(PAGE, {"q": link.viewer.platform_user_id})
    ((_named, address),) = found.context["people"]
    campaigns = client.get(address)
    assert list(campaigns.context["campaigns"]) == [studio.campaign]
    form = client.get(f"{address}&campaign={studio.campaign.pk}")
    assert link.player.name in form.content.decode()
    answer = _post(
        client,
        {"viewer": link.viewer.pk, "campaign": studio.campaign.pk},
        key=form.context["form"]["key"].value(),
        offer=studio.offer.pk,
    )
    claim = Claim.objects.get()
    assert answer.headers["Location"] == reverse("admin:fulfillment_claim_change", args=[claim.pk])
    shown = client.get(answer.headers["Location"]).content.decode()
    assert "granted by hand" in shown
    assert "grant by hand: ticket 7" in shown


def test_a_form_sent_twice_is_one_claim(studio: Studio, client: Client) -> None:
    address = {"player": studio.player().pk, "campaign": studio.campaign.pk}
    key = _key(client, address)
    first, second = (_post(client, address, key=key, offer=studio.offer.pk) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Claim.objects.count() == 1


def test_what_was_named_in_the_address_is_chosen_already(studio: Studio, client: Client) -> None:
    other = make_campaign(studio.game, rewards=[make_reward(studio.game)])
    address = {"player": studio.player().pk, "reward": studio.reward.pk}
    assert list(client.get(PAGE, address).context["campaigns"]) == [studio.campaign]
    page = client.get(PAGE, {**address, "campaign": studio.campaign.pk})
    assert page.context["form"]["offer"].value() == studio.offer.pk
    assert client.get(PAGE, {**address, "campaign": other.pk}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "campaign closed"),
        ({"status": "cancelled"}, "was cancelled"),
        ({"deliveries_paused": True}, "are paused"),
        ({"test_mode": True}, "only its testers"),
    ],
)
def test_an_exception_is_called_one_and_what_stands_in_the_way_is_said(
    studio: Studio, client: Client, fields: dict[str, Any], words: str
) -> None:
    if fields.get("status"):
        fields["cancelled_at"] = studio.campaign.starts_at
    Campaign.objects.update(ends_at="2026-11-21T00:00Z", closes_at="2026-11-22T00:00Z", **fields)
    page = client.get(PAGE, {"viewer": studio.viewer().pk, "campaign": studio.campaign.pk}).content.decode()
    assert words in page
    assert ("Grant as a late exception" in page) == ("status" not in fields)
    assert "No game account is linked." in page


def test_r4_who_has_it_is_refused_with_the_claim_that_has_it(studio: Studio, client: Client) -> None:
    has = studio.claim(State.DELIVERED)
    address = {"player": has.player.pk, "campaign": studio.campaign.pk}
    assert [row["claim"] for row in client.get(PAGE, address).context["has"]] == [has]
    page = _post(client, address, key="0" * 26, offer=studio.offer.pk)
    assert page.status_code == 200
    assert has.pk in page.context["problem"]
    assert Claim.objects.count() == 1


def test_once_more_is_asked_only_where_it_was_given_before(studio: Studio, client: Client) -> None:
    Campaign.objects.update(per_player_limit=3)
    address = {"player": studio.player().pk, "campaign": studio.campaign.pk}
    assert "again" not in client.get(PAGE, address).context["form"].fields
    _post(client, address, key="0" * 26, offer=studio.offer.pk)
    assert "again" in client.get(PAGE, address).context["form"].fields
    assert _post(client, address, key="1" * 26, offer=studio.offer.pk).context["problem"]
    assert _post(client, address, key="1" * 26, offer=studio.offer.pk, again="on").status_code == 302


def test_s1_what_another_organization_has_does_not_exist(studio: Studio, elsewhere: Studio, client: Client) -> None:
    for address in (
        {"viewer": elsewhere.viewer().pk},
        {"player": elsewhere.player().pk},
        {"player": "9" * 30},
        {"player": studio.player().pk, "campaign": elsewhere.campaign.pk},
    ):
        assert client.get(PAGE, address).status_code == 404, address


def test_s1_a_member_of_some_games_grants_in_these_alone(studio: Studio) -> None:
    member = make_staff(studio.organization, Role.PRODUCER)
    other = make_game(studio.organization)
    there = make_campaign(other, rewards=[make_reward(other)])
    Membership.objects.filter(user=member).update(all_games=False)
    GameOfMember.objects.create(membership=member.memberships.get(), game=other)
    client, player = sign_in(member), studio.player()
    assert client.get(PAGE, {"player": player.pk}).status_code == 404
    assert client.get(PAGE, {"q": player.player_id}).context["people"] == []
    viewer = studio.claim(State.FAILED, game=other, campaign=there, reward=None, campaign_reward=there.rewards.get())
    page = client.get(PAGE, {"viewer": viewer.viewer.pk})
    if page.status_code == 200:
        assert list(page.context["campaigns"]) == [there]
    assert client.get(PAGE, {"viewer": viewer.viewer.pk, "campaign": studio.campaign.pk}).status_code == 404


def test_the_page_costs_the_same_whatever_there_is(studio: Studio, client: Client) -> None:
    address = {"player": studio.player().pk, "campaign": studio.campaign.pk}
    client.get(PAGE, address)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE, address)
    player = address["player"]
    for number in range(2, 12):
        reward = make_reward(studio.game)
        offer = studio.campaign.rewards.create(reward=reward, position=number, minutes=30)
        studio.claim(State.DELIVERED, player_id=player, player=None, reward=reward, campaign_reward=offer)
    with CaptureQueriesContext(connection) as many:
        assert len(client.get(PAGE, address).context["has"]) == 10
    assert len(many) == len(few) <= 20
