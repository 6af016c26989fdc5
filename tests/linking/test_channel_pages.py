"""A streamer's own channels (C7, L10): shown by link, left and joined by POST, nobody else's to decide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import CampaignChannel, Channel, ChannelOptOut, Game, Viewer
from linking.links import end_link
from linking.models import Link
from portal.models import AuditEntry, User
from tests.factories import NOW, make_campaign, make_game, make_link, make_player, make_user, make_viewer
from tests.linking.walk import text_of
from tests.watching import make_counted_campaign

pytestmark = pytest.mark.django_db

PAGE = "/channel/"


@pytest.fixture
def streamer() -> User:
    return make_user(username="nora")


@pytest.fixture
def client(streamer: User) -> Client:
    client = Client()
    client.force_login(streamer)
    return client


@pytest.fixture
def link(game: Game, streamer: User) -> Link:
    viewer = make_viewer(game.organization, name="nora_plays", platform_user_id="9001")
    return make_link(game, viewer=viewer, player=make_player(game, user=streamer))


def switch(viewer: Viewer, game: Game) -> str:
    return reverse("channel_drops", args=[viewer.pk, game.pk])


def test_the_page_asks_for_a_sign_in(game: Game) -> None:
    assert Client().get(PAGE).status_code == 302
    assert Client().post(switch(make_viewer(game.organization), game)).status_code == 302


def test_without_a_link_it_says_how_a_channel_is_linked(client: Client) -> None:
    assert "No channel is linked" in text_of(client.get(PAGE))


def test_c7_looking_changes_nothing(client: Client, link: Link) -> None:
    assert "nora_plays" in text_of(client.get(PAGE))
    page = text_of(client.get(switch(link.viewer, link.game)))
    assert "earns nothing in global campaigns" in page
    assert not Channel.objects.exists()
    assert not ChannelOptOut.objects.exists()


def test_c7_a_streamer_turns_global_drops_off_and_on_again(
    client: Client, link: Link, streamer: User, time_machine: Any
) -> None:
    time_machine.move_to(NOW, tick=False)
    make_counted_campaign(link.game, name="First light")
    address = switch(link.viewer, link.game)
    page = text_of(client.post(address, {"wanted": "out"}, follow=True))
    assert "Global Drops are off for this game" in page
    assert "Not taking part" in page
    assert "Without your channel: “First light”." in page
    row = ChannelOptOut.objects.get()
    assert (row.channel.platform_channel_id, row.channel.platform, row.game) == ("9001", "kick", link.game)
    page = text_of(client.get(address))
    assert "take part in Drops of Starfall again" in page
    assert "Takes part" in text_of(client.post(address, {"wanted": "in"}, follow=True))
    row.refresh_from_db()
    assert row.ended_at is not None
    assert set(AuditEntry.objects.filter(object_id=row.channel_id).values_list("actor", flat=True)) == {streamer.pk}


def test_c7_the_form_says_what_is_wanted_so_that_pressing_twice_does_it_once(client: Client, link: Link) -> None:
    address = switch(link.viewer, link.game)
    for _ in range(2):
        client.post(address, {"wanted": "out"})
    assert ChannelOptOut.objects.filter(ended_at=None).count() == 1
    for _ in range(2):
        client.post(address, {"wanted": "in"})
    assert ChannelOptOut.objects.count() == 1


def test_c7_a_listed_channel_is_told_which_campaigns_it_cannot_leave_and_why(
    client: Client, link: Link, time_machine: Any
) -> None:
    time_machine.move_to(NOW, tick=False)
    chosen = make_counted_campaign(link.game, name="Chosen few", scope="allow_list")
    channel = Channel.objects.create(organization=link.game.organization, platform="kick", platform_channel_id="9001")
    CampaignChannel.objects.create(campaign=chosen, channel=channel, listed_at=NOW - timedelta(days=1))
    page = text_of(client.get(PAGE))
    assert "Chosen few" in page
    assert "you cannot leave them here by yourself" in page
    assert "ask the studio to take your channel off the list" in page
    asked = text_of(client.get(switch(link.viewer, link.game)))
    assert "“Chosen few” lists your channel and goes on counting it" in asked
    client.post(switch(link.viewer, link.game), {"wanted": "out"})
    assert CampaignChannel.objects.get().removed_at is None


def test_c7_nobody_decides_about_anybody_elses_channel(client: Client, game: Game) -> None:
    theirs = make_link(game, player=make_player(game, user=make_user()))
    for method in (client.get, client.post):
        assert method(switch(theirs.viewer, game)).status_code == 404
    assert theirs.viewer.name not in text_of(client.get(PAGE))
    assert not ChannelOptOut.objects.exists()


def test_c7_a_game_of_another_studio_is_not_to_be_chosen(client: Client, link: Link) -> None:
    assert client.post(switch(link.viewer, make_game()), {"wanted": "out"}).status_code == 404


def test_c7_who_unlinked_decides_no_more(client: Client, link: Link) -> None:
    end_link(link=link, reason="viewer", now=NOW)
    assert client.post(switch(link.viewer, link.game), {"wanted": "out"}).status_code == 404
    assert "No channel is linked" in text_of(client.get(PAGE))


def test_i2_on_the_studios_own_player_a_player_is_the_channel_for_that_game_only(
    client: Client, game: Game, streamer: User
) -> None:
    make_player(game, player_id="p-77", user=streamer)
    other = make_game(game.organization, name="Moonrise")
    make_counted_campaign(other, platform="portal")
    viewer = make_viewer(game.organization, "portal", platform_user_id="p-77", name="")
    page = text_of(client.get(PAGE))
    assert "the studio&#x27;s own player · ID p-77" in page
    assert "Moonrise" not in page, "the same id in another game may be somebody else"
    assert client.post(switch(viewer, other), {"wanted": "out"}).status_code == 404
    client.post(switch(viewer, game), {"wanted": "out"})
    assert ChannelOptOut.objects.get().channel.platform == "portal"


def test_s4_the_switch_is_rate_limited(client: Client, link: Link) -> None:
    address = switch(link.viewer, link.game)
    answers = [client.post(address, {"wanted": "out"}).status_code for _ in range(31)]
    assert answers == [302] * 30 + [429]


def test_connections_lead_to_the_page(client: Client, link: Link) -> None:
    assert f'href="{PAGE}"' in client.get("/connections/").content.decode()


def test_twenty_channels_cost_as_many_queries_as_one(client: Client, streamer: User, game: Game) -> None:
    def add() -> None:
        fresh = make_game(game.organization)
        make_campaign(fresh)
        make_link(fresh, player=make_player(fresh, user=streamer))

    add()
    with CaptureQueriesContext(connection) as one:
        client.get(PAGE)
    for _ in range(19):
        add()
    with CaptureQueriesContext(connection) as twenty:
        page = client.get(PAGE)
    assert page.content.decode().count('<section class="panel"') == 20
    assert len(one) == len(twenty)
