"""The link pages: L1, L4, L6, L8, S1, S3, S4; what is pressed twice, reloaded, gone back to or too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, Game
from linking import pending
from linking.links import end_link
from linking.models import GameSignIn, Link
from linking.players import choose_player, player_of, prove_portal_player
from portal import ratelimit
from portal.models import PlatformCredential, User
from tests import factories
from tests.linking.walk import confirm, text_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def kick(game: Game) -> PlatformCredential:
    return factories.make_credential(game.organization, "kick")


class _Browser:
    """A client as the pending link sees a request: something with a session."""

    def __init__(self, client: Client) -> None:
        self.session = client.session


@pytest.fixture
def prove_viewer(game: Game) -> Callable[..., Any]:
    def prove(client: Client, platform: str = "kick", **fields: Any) -> Any:
        viewer = factories.make_viewer(game.organization, platform, **fields)
        browser: Any = _Browser(client)
        pending.keep(browser, game=game, viewer=viewer, scopes=["user:read"], now=timezone.now())
        browser.session.save()
        return viewer

    return prove


def player_client_of(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def test_l1_the_studios_page_lists_its_games_and_goes_straight_on_if_there_is_one(game: Game) -> None:
    factories.make_game(factories.make_organization(), name="Not theirs")
    assert Client().get("/connect/northlight/")["Location"] == url(game)
    second = factories.make_game(game.organization, name="Moonrise")
    page = text_of(Client().get("/connect/northlight/"))
    assert "Starfall" in page and second.name in page and "Not theirs" not in page
    empty = factories.make_organization()
    assert "No game is open here yet" in text_of(Client().get(f"/connect/{empty.slug}/"))
    assert Client().get("/connect/nobody/").status_code == 404


def test_home_lists_the_games_of_enabled_studios_only(game: Game) -> None:
    factories.make_game(factories.make_organization(enabled=False), name="Hidden")
    page = text_of(Client().get("/"))
    assert "Starfall" in page and "Hidden" not in page


def test_a_game_is_found_only_under_its_own_studio(game: Game) -> None:
    other = factories.make_organization(slug="other")
    assert Client().get(f"/connect/{other.slug}/{game.slug}/").status_code == 404
    for rest in ("confirm/kick/", "token/", "theme.css"):
        assert Client().get(f"/connect/{other.slug}/{game.slug}/{rest}").status_code == 404


@pytest.mark.parametrize(
    ("signed_in", "linked", "states"),
    [
        (False, False, ["next", "later", "later", "later", "later"]),
        (True, False, ["done", "next", "later", "later", "later"]),
        (True, True, ["done", "done", "next", "later", "later"]),
    ],
)
def test_l1_the_page_says_which_step_is_done_and_which_is_next(
    game: Game, kick: Any, signed_in: bool, linked: bool, states: list[str]
) -> None:
    client = Client()
    if signed_in:
        user = factories.make_user()
        client.force_login(user)
        if linked:
            factories.make_link(game, player=prove_portal_player(user, game), scopes="user:read")
    response = client.get(url(game))
    assert [step["state"] for step in response.context["steps"]] == states


def test_a_look_at_the_page_makes_no_player(game: Game, kick: Any, player_client: Client) -> None:
    player_client.get(url(game))
    assert not game.players.exists()


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, True),
        ({"starts_at": timedelta(days=1), "announces_at": timedelta(hours=-1)}, True),
        ({"starts_at": timedelta(days=1), "announces_at": timedelta(hours=1)}, False),
        ({"ends_at": timedelta(hours=-1), "closes_at": timedelta(hours=1)}, True),
        ({"ends_at": timedelta(hours=-2), "closes_at": timedelta(hours=-1)}, False),
        ({"test_mode": True}, False),
        ({"status": Campaign.Status.CANCELLED}, False),
        ({"status": Campaign.Status.DRAFT}, False),
    ],
)
def test_the_page_shows_campaigns_that_are_live_announced_or_claimable(
    game: Game, fields: dict[str, Any], shown: bool
) -> None:
    now = timezone.now()
    moments = {name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    reward = factories.make_reward(game, name="Comet banner", alt_text="A red banner")
    factories.make_campaign(game, name="First light", rewards=[reward], platform_ids={"kick": "c1"}, now=now, **moments)
    response = Client().get(url(game))
    assert ("First light" in text_of(response)) == shown
    assert ("Watch 30 minutes" in text_of(response)) == shown
    assert ('alt="A red banner" width="40" height="40"' in response.content.decode()) == shown


def test_a_long_allow_list_is_named_in_part_and_counted_and_asks_the_database_no_more_often(game: Game) -> None:
    now = timezone.now()
    counts = []
    for _ in range(2):
        reward = factories.make_reward(game)
        campaign = factories.make_campaign(
            game, rewards=[reward], platform_ids={"kick": reward.pk}, now=now, scope="allow_list"
        )
        for number in range(33):
            channel = factories.make_channel(game.organization, name=f"Channel {number}")
            campaign.channels.create(channel=channel, listed_at=now, removed_at=now if number == 0 else None)
        Client().get(url(game))
        with CaptureQueriesContext(connection) as queries:
            page = text_of(Client().get(url(game)))
        counts.append(len(queries))
        assert "Channel 0," not in page and "Channel 30 and 2 more" in page
    assert counts[0] == counts[1]


def test_pressing_confirm_twice_makes_one_link_and_shows_it_both_times(
    game: Game, kick: Any, player_client: Client, prove_viewer: Any
) -> None:
    prove_viewer(player_client)
    page = player_client.get(url(game, "confirm/kick/"))
    form = {"token": page.context["waiting"].token, "player": page.context["player"].player_id}
    answers = [player_client.post(url(game, "confirm/kick/"), form) for _ in range(2)]
    assert [a["Location"] for a in answers] == [f"{url(game)}?linked=kick"] * 2
    assert Link.objects.count() == 1
    back = player_client.get(url(game, "confirm/kick/"))
    assert back["Location"] == f"{url(game)}?linked=kick"
    assert "Your accounts are linked" in text_of(player_client.get(back["Location"]))


def test_l4_the_form_binds_only_what_it_showed(game: Game, kick: Any, player_client: Client, prove_viewer: Any) -> None:
    prove_viewer(player_client)
    for changed in ({"token": "of-an-older-page"}, {"player": "somebody-else"}, {"token": "", "player": ""}):
        response = confirm(player_client, game, "kick", **changed)
        assert (response.status_code, "have changed since" in text_of(response)) == (409, True)
    assert not Link.objects.exists()


def test_a_proof_older_than_15_minutes_is_no_longer_confirmed(
    game: Game, kick: Any, player_client: Client, prove_viewer: Any
) -> None:
    with time_machine.travel(timezone.now() - timedelta(minutes=15, seconds=1), tick=False):
        prove_viewer(player_client)
    response = player_client.get(url(game, "confirm/kick/"))
    assert "Connect Kick once more" in text_of(response)
    assert "once more" in text_of(player_client.post(url(game, "confirm/kick/")))
    assert not Link.objects.exists()


def test_cancel_forgets_what_was_proven(game: Game, kick: Any, player_client: Client, prove_viewer: Any) -> None:
    prove_viewer(player_client)
    assert player_client.post(url(game, "confirm/kick/cancel/"))["Location"] == url(game)
    assert "once more" in text_of(player_client.get(url(game, "confirm/kick/")))
    assert player_client.get(url(game, "confirm/kick/cancel/")).status_code == 405


def test_another_browser_sees_nothing_of_a_proof(
    game: Game, kick: Any, player_client: Client, prove_viewer: Any
) -> None:
    prove_viewer(player_client)
    stranger = Client()
    stranger.force_login(factories.make_user())
    assert "once more" in text_of(stranger.get(url(game, "confirm/kick/")))


def test_l6_a_refusal_is_shown_before_and_at_the_press_with_the_way_out(
    game: Game, kick: Any, player_client: Client, prove_viewer: Any
) -> None:
    viewer = prove_viewer(player_client)
    form = player_client.get(url(game, "confirm/kick/")).context["waiting"].token
    factories.make_link(game, viewer=viewer)
    page = text_of(player_client.get(url(game, "confirm/kick/")))
    assert (
        "cannot be linked now" in page
        and "linked to another game account already" in page
        and "unlink it there" in page
    )
    player = prove_portal_player(player_client_of(player_client), game)
    response = player_client.post(url(game, "confirm/kick/"), {"token": form, "player": player.player_id})
    assert (response.status_code, Link.objects.count()) == (409, 1)


def test_l6_a_cool_down_says_until_when(game: Game, kick: Any, player_client: Client, prove_viewer: Any) -> None:
    Game.objects.update(relink_cool_down_hours=24)
    viewer = prove_viewer(player_client)
    end_link(link=factories.make_link(game, viewer=viewer), reason="viewer", now=timezone.now())
    page = text_of(player_client.get(url(game, "confirm/kick/")))
    assert "only after 24 hours" in page and "Possible from:" in page


def test_switching_the_game_account_signs_out_and_keeps_the_proof(
    game: Game, kick: Any, player_client: Client, prove_viewer: Any
) -> None:
    prove_viewer(player_client, name="mira_on_kick")
    player_client.post(url(game, "switch/"))
    assert "_auth_user_id" not in player_client.session
    page = text_of(player_client.get(url(game, "confirm/kick/")))
    assert "Now your game account" in page and "mira_on_kick" in page


def test_of_several_game_accounts_one_is_chosen_in_the_session(
    game: Game, kick: Any, player_client: Client, prove_viewer: Any
) -> None:
    user = player_client_of(player_client)
    players = [factories.make_player(game, user=user, name=name) for name in ("Main", "Alt")]
    assert "You have several game accounts" in text_of(player_client.get(url(game)))
    prove_viewer(player_client)
    token = player_client.get(url(game, "confirm/kick/")).context["waiting"].token
    undecided = player_client.post(url(game, "confirm/kick/"), {"token": token, "player": ""})
    assert "You have several game accounts" in text_of(undecided) and not Link.objects.exists()
    assert player_client.post(url(game, "player/"), {"player": factories.make_player(game).pk}).status_code == 404
    player_client.post(url(game, "player/"), {"player": players[1].pk})
    assert "Signed in as Alt" in text_of(player_client.get(url(game)))


def test_player_of_knows_the_chosen_one_and_nobody_for_a_stranger(game: Game, rf: Any) -> None:
    user = factories.make_user()
    request = rf.get("/")
    request.user, request.session = user, {}
    assert player_of(request, game) is None
    first = factories.make_player(game, user=user)
    assert player_of(request, game) == first
    second = factories.make_player(game, user=user)
    assert player_of(request, game) is None
    choose_player(request, second)
    assert player_of(request, game) == second


def test_l8_unlinking_asks_first_and_is_a_post(game: Game, kick: Any, player_client: Client) -> None:
    user = player_client_of(player_client)
    link = factories.make_link(game, player=prove_portal_player(user, game))
    path = f"/connections/{link.pk}/unlink/"
    assert "What stays" in text_of(player_client.get(path)) and Link.objects.get().ended_at is None
    for _ in range(2):
        assert player_client.post(path)["Location"] == "/connections/?unlinked=1"
    page = text_of(player_client.get("/connections/?unlinked=1"))
    assert "The accounts are unlinked" in page and "Earlier links" in page
    assert Link.objects.get().end_reason == "viewer"
    assert player_client.get(path)["Location"] == "/connections/"


def test_s1_another_persons_link_does_not_exist(game: Game, player_client: Client) -> None:
    link = factories.make_link(game, player=factories.make_player(game, user=factories.make_user()))
    assert player_client.get(f"/connections/{link.pk}/unlink/").status_code == 404
    assert player_client.post(f"/connections/{link.pk}/unlink/").status_code == 404
    assert Link.objects.get().ended_at is None
    assert Client().get("/connections/")["Location"].startswith("/accounts/login/")


def test_connections_asks_the_database_as_often_for_20_links_as_for_one(player_client: Client) -> None:
    user = player_client_of(player_client)

    def add_links(count: int) -> None:
        for _ in range(count):
            game = factories.make_game(factories.make_organization(), accent_color="#6d3fd1")
            player = prove_portal_player(user, game)
            end_link(link=factories.make_link(game, player=player), reason="viewer", now=timezone.now())
            factories.make_link(game, player=player)

    counts = []
    for count in (1, 19):
        add_links(count)
        player_client.get("/connections/")
        with CaptureQueriesContext(connection) as queries:
            assert player_client.get("/connections/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert text_of(player_client.get("/connections/")).count("Connected since") == 20


def test_l3_a_link_that_lacks_a_scope_is_shown_and_asked_for_again(
    game: Game, kick: Any, player_client: Client, prove_viewer: Any
) -> None:
    player = prove_portal_player(player_client_of(player_client), game)
    viewer = prove_viewer(player_client)
    factories.make_link(game, viewer=viewer, player=player, scopes="")
    page = text_of(player_client.get("/connections/"))
    assert "More consent needed" in page and "Connect again" in page
    assert player_client.get(url(game, "confirm/kick/"))["Location"] == f"{url(game)}?linked=kick"
    assert "More consent needed" not in text_of(player_client.get("/connections/"))
    assert Link.objects.get().scopes == "user:read"


def test_the_theme_is_the_games_accent_and_may_be_cached(game: Game) -> None:
    assert 'theme.css"' not in Client().get(url(game)).content.decode()
    Game.objects.update(accent_color="#6d3fd1")
    assert f'href="{url(game)}theme.css?v=6d3fd1"' in Client().get(url(game)).content.decode()
    response = Client().get(url(game, "theme.css"))
    assert "--accent: #6d3fd1" in response.content.decode() and response["Content-Type"].startswith("text/css")
    assert "public" in response["Cache-Control"]
    Game.objects.update(accent_color="red;}x")
    assert Client().get(url(game, "theme.css")).content == b""


def test_after_signing_in_a_player_is_back_at_the_game_and_staff_in_the_admin(game: Game) -> None:
    client = Client()
    client.get(url(game))
    user = factories.make_user()
    response = client.post("/accounts/login/", {"login": user.username, "password": factories.PASSWORD})
    assert response["Location"] == url(game)
    staff = factories.make_staff(game.organization)
    response = Client().post("/accounts/login/", {"login": staff.username, "password": factories.PASSWORD})
    assert response["Location"] == "/admin/"


def test_a_game_that_takes_links_from_the_game_only_says_so(game: Game, kick: Any) -> None:
    GameSignIn.objects.create(game=game, method="link_token", token_secret="x" * 40)
    page = text_of(Client().get(url(game)))
    assert "the game makes a link for you" in page and "Create an account" not in page
    assert Client().post(url(game, "sign-in/")).status_code == 404


def test_pages_carry_the_strict_policy_and_are_not_kept(game: Game, kick: Any) -> None:
    response = Client().get(url(game))
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
    assert "style=" not in response.content.decode() and "<script" not in response.content.decode()


@pytest.mark.parametrize("rest", ["start/kick/", "sign-in/", "switch/", "player/", "confirm/kick/cancel/"])
def test_what_changes_something_is_a_post_with_a_token_against_forgery(game: Game, kick: Any, rest: str) -> None:
    assert Client().get(url(game, rest)).status_code == 405
    assert Client(enforce_csrf_checks=True).post(url(game, rest)).status_code == 403


def test_s4_a_window_is_counted_for_each_person_and_ends(rf: Any) -> None:
    start = timezone.now().replace(minute=0, second=0, microsecond=0)
    with time_machine.travel(start, tick=False):
        assert [ratelimit.hit("t", "a", limit=2, window_seconds=60) for _ in range(4)] == [0, 0, 61, 61]
        assert ratelimit.hit("t", "b", limit=2, window_seconds=60) == 0
        assert ratelimit.hit("u", "a", limit=2, window_seconds=60) == 0
    with time_machine.travel(start + timedelta(seconds=60), tick=False):
        assert ratelimit.hit("t", "a", limit=2, window_seconds=60) == 0


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "address"),
    [
        (0, "9.9.9.9", "1.1.1.1", "1.1.1.1"),
        (1, "9.9.9.9, 8.8.8.8", "1.1.1.1", "8.8.8.8"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
    ],
)
def test_s4_an_address_is_not_what_anybody_can_write(
    rf: Any, settings: Any, proxies: int, forwarded: str, peer: str, address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = rf.get("/", REMOTE_ADDR=peer, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}))
    assert ratelimit.client_address(request) == address
