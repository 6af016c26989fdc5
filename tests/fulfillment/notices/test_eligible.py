"""Who is told that they can take part: where, about which campaigns, and how they hide it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, CampaignPlatform, CampaignTester, Viewer
from fulfillment.models import Notice
from fulfillment.notices.eligible import MOST, NotForYou, eligible_campaigns, hide_campaign
from portal.models import User
from tests.factories import NOW, make_campaign, make_game, make_link, make_organization, make_player, make_user
from tests.fulfillment.notices.people import Person
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db
WORDS = "You can take part in “First light”"


def names(user: User, **options: Any) -> list[str]:
    return [campaign.name for campaign in eligible_campaigns(user, now=options.pop("now", NOW), **options)]


@pytest.fixture
def person() -> Person:
    return Person()


def game_user() -> User:
    user = make_user()
    user.set_unusable_password()
    user.save()
    return user


def test_an_account_on_the_portal_may_take_part_in_what_is_announced_or_live_and_nothing_else(person: Person) -> None:
    campaign = person.campaign
    campaign.announces_at = campaign.starts_at - timedelta(days=2)
    campaign.save()
    moments = [campaign.announces_at, campaign.starts_at, campaign.ends_at]
    just_before = timedelta(seconds=1)
    assert [bool(names(person.user, now=moment)) for moment in moments] == [True, True, False]
    assert [bool(names(person.user, now=moment - just_before)) for moment in moments] == [False, True, True]
    Campaign.objects.update(status="draft")
    assert names(person.user) == []


def test_who_is_linked_for_the_game_is_told_nothing(person: Person) -> None:
    link = person.link()
    assert names(person.user) == []
    link.ended_at, link.end_reason = NOW, "viewer"
    link.save()
    assert names(person.user) == ["First light"]


def test_i2_a_player_of_a_game_with_the_studios_own_player_takes_part_already(person: Person) -> None:
    CampaignPlatform.objects.create(campaign=person.campaign, platform="portal", counted_by="portal")
    assert names(person.user) == []
    assert names(make_user()) == ["First light"]


def test_a_game_account_is_told_about_games_of_its_own_studio_only(person: Person) -> None:
    user = game_user()
    assert names(user) == []
    make_player(make_game(person.organization), user=user)
    make_campaign(make_game(make_organization()))
    assert names(user) == ["First light"]


def test_c8_a_test_campaign_is_told_to_its_testers_alone(person: Person) -> None:
    Campaign.objects.update(test_mode=True)
    assert names(person.user) == []
    Viewer.objects.filter(pk=person.viewer.pk).update(user=person.user)
    CampaignTester.objects.create(campaign=person.campaign, platform="twitch", platform_user_id="1")
    assert names(person.user) == []
    CampaignTester.objects.create(
        campaign=person.campaign, platform="kick", platform_user_id=person.viewer.platform_user_id
    )
    assert names(person.user) == ["First light"]
    assert names(make_user()) == []


def test_c8_a_tester_may_be_a_player_of_the_studios_own_player(person: Person) -> None:
    Campaign.objects.update(test_mode=True)
    fields = {"campaign": person.campaign, "platform_user_id": person.player.player_id}
    CampaignTester.objects.create(**fields, platform="kick")
    assert names(person.user) == []
    CampaignTester.objects.create(**fields, platform="portal")
    assert names(person.user) == ["First light"]


def test_campaigns_of_a_studio_that_is_not_enabled_are_not_told(person: Person) -> None:
    person.organization.enabled = False
    person.organization.save()
    assert names(person.user) == []


def test_what_was_hidden_stays_hidden_for_this_person_and_is_found_under_notices(person: Person) -> None:
    for _ in range(2):
        hide_campaign(user=person.user, campaign_id=person.campaign.pk, now=NOW)
    assert names(person.user) == []
    assert names(make_user()) == ["First light"]
    [notice] = Notice.objects.all()
    assert (notice.kind, notice.read_at, notice.email_due_at) == ("eligible", NOW, None)


def test_s1_what_is_not_open_to_a_person_cannot_be_hidden_either(person: Person) -> None:
    user = game_user()
    for campaign in (person.campaign.pk, "no-such-campaign"):
        with pytest.raises(NotForYou):
            hide_campaign(user=user, campaign_id=campaign, now=NOW)
    assert not Notice.objects.exists()


def test_a_few_are_shown_the_first_to_end_first_in_one_query(person: Person) -> None:
    for days in range(MOST + 20):
        make_campaign(person.game, name=f"c{days}", ends_at=NOW + timedelta(days=30 + days))
    with CaptureQueriesContext(connection) as queries:
        assert names(person.user) == ["First light", "c0", "c1"]
    assert len(queries) == 1


@pytest.fixture
def client(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


@pytest.mark.parametrize("page", ["home", "game", "inventory", "notices"])
def test_every_page_of_a_player_tells_it_and_lets_it_be_hidden_without_a_script(
    person: Person, client: Client, page: str
) -> None:
    connect = f"/connect/{person.organization.slug}/{person.game.slug}/"
    address = {"home": "/", "game": connect, "inventory": "/inventory/", "notices": "/notices/"}[page]
    with time_machine.travel(NOW, tick=False):
        html = client.get(address).content.decode()
        assert WORDS in html
        assert f'href="{"#steps" if page == "game" else connect}"' in html
        assert "Campaigns for you" not in Client().get(address, follow=True).content.decode()
        hide = f"/notices/campaigns/{person.campaign.pk}/hide/"
        assert f'action="{hide}"' in html and f'name="next" value="{address}"' in html
        answer = client.post(hide, {"next": address})
        assert answer["Location"] == address
        shown = client.get(address)
        assert "It is not shown any more. You find it under Notices." in text_of(shown)
        assert "Campaigns for you" not in shown.content.decode()


def test_c1_the_way_leads_to_the_studios_own_connection_page_where_there_is_one(person: Person, client: Client) -> None:
    Campaign.objects.update(connection_url="https://starfall.example.org/drops")
    with time_machine.travel(NOW, tick=False):
        html = client.get("/").content.decode()
    assert 'href="https://starfall.example.org/drops" rel="noopener noreferrer"' in html and "(another site)" in html


def test_a_games_page_tells_of_this_game_alone(person: Person, client: Client) -> None:
    other = make_game(person.organization)
    make_campaign(other, name="Another")
    with time_machine.travel(NOW, tick=False):
        page = text_of(client.get(f"/connect/{person.organization.slug}/{person.game.slug}/"))
        assert "First light" in page and "Another" not in page
        assert "Another" in text_of(client.get("/"))


def test_hiding_leads_nowhere_else_and_needs_a_form_of_ours(person: Person, client: Client) -> None:
    hide = f"/notices/campaigns/{person.campaign.pk}/hide/"
    with time_machine.travel(NOW, tick=False):
        for foreign in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "evil", ""):
            assert client.post(hide, {"next": foreign})["Location"] == "/notices/"
        assert client.get(hide).status_code == 405
        assert client.post("/notices/campaigns/unknown/hide/").status_code == 404
        assert Client().post(hide)["Location"].startswith("/accounts/login/")


def test_home_asks_the_database_no_more_often_for_twenty_campaigns(person: Person, client: Client) -> None:
    counts = []
    with time_machine.travel(NOW, tick=False):
        client.get("/")
        for more in (0, 19):
            for _ in range(more):
                make_campaign(person.game)
            with CaptureQueriesContext(connection) as queries:
                client.get("/")
            counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_linked_person_sees_no_banner(person: Person, client: Client) -> None:
    make_link(person.game, viewer=person.viewer, player=person.player)
    with time_machine.travel(NOW, tick=False):
        assert "Campaigns for you" not in client.get("/inventory/").content.decode()
