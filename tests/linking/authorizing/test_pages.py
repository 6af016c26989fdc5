"""What viewers and staff are told of authorizations, and how staff ask for one (L8, L9, S1, S5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Game
from fulfillment.models import Notice
from linking.authorizing.checking import CannotAsk, check_now
from linking.authorizing.shown import Doubt, suspicious
from linking.models import AuthorizationTurn, Link, ViewerAuthorization
from linking.revocation import end_revoked_links
from linking.rules.authorizing import ASKED_AGAIN, ASKED_EVERY
from portal.models import AuditEntry, PlatformCredential, User
from portal.roles import Role
from tests import factories
from tests.admin_pages import sign_in
from tests.doubles.authorizations_server import AuthorizationsServer
from tests.factories import NOW
from tests.linking.authorizing.conftest import authorization, check, grant, linked
from tests.linking.walk import text_of, url

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def player_user(player_client: Client) -> User:
    return User.objects.get(username="mira")


@pytest.fixture
def link(game: Game, credential: PlatformCredential, player_user: User) -> Link:
    return linked(game, player=factories.make_player(game, user=player_user))[0]


def lapse(link: Link) -> None:
    ViewerAuthorization.objects.filter(pk=link.viewer_id).update(
        missing_since=NOW, checked_at=NOW, due_at=NOW + ASKED_AGAIN
    )


class TestViewers:
    """The connections page and the game's page."""

    def pages(self, client: Client, game: Game) -> list[str]:
        return [text_of(client.get(address)) for address in ("/connections/", url(game))]

    def test_l9_a_card_says_when_the_platform_was_last_asked(
        self, game: Game, link: Link, player_client: Client
    ) -> None:
        for page in self.pages(player_client, game):
            assert "Last checked Not yet: Twitch is asked about once a day." in page
        ViewerAuthorization.objects.update(checked_at=NOW)
        for page in self.pages(player_client, game):
            assert "Last checked 20 Nov 2026, 12:00 UTC" in page
            assert "Authorization lapsed" not in page and "Link ends at the earliest" not in page

    def test_l8_a_lapsed_authorization_is_shown_with_what_it_means_and_the_way_to_repair_it(
        self, game: Game, link: Link, player_client: Client
    ) -> None:
        lapse(link)
        for address in ("/connections/", url(game)):
            response = player_client.get(address)
            page = text_of(response)
            assert "Authorization lapsed" in page
            assert "Rewards keep coming for now." in page and "nothing is lost by that" in page
            assert "Link ends at the earliest 20 Nov 2026, 13:00 UTC" in page
            assert f'action="{url(game, "start/twitch/")}"' in response.content.decode()
            assert "Connect again" in page

    def test_l8_a_link_that_ended_by_it_says_why_and_how_to_connect_again(
        self, game: Game, link: Link, player_client: Client
    ) -> None:
        check()
        check(NOW + ASKED_AGAIN)
        why = f"Your Twitch account {link.viewer} is linked no more: Twitch says that your consent there has ended."
        for page in self.pages(player_client, game):
            assert why in page and "what you claim there now waits until you connect again" in page
        assert f'href="{url(game)}"' in player_client.get("/connections/").content.decode()
        assert f'action="{url(game, "start/twitch/")}"' in player_client.get(url(game)).content.decode()

    def test_l8_once_linked_again_the_old_end_is_no_longer_explained(
        self, game: Game, link: Link, player_client: Client
    ) -> None:
        who = {"platform": "twitch", "platform_user_id": link.viewer.platform_user_id}
        end_revoked_links(organization_id=game.organization_id, **who, now=NOW)
        factories.make_link(game, viewer=link.viewer, player=link.player, started_at=NOW + HOUR)
        for page in self.pages(player_client, game):
            assert "is linked no more" not in page

    def test_l9_of_kick_the_page_says_that_it_cannot_be_asked(
        self, game: Game, player_client: Client, player_user: User
    ) -> None:
        factories.make_credential(game.organization, "kick")
        factories.make_link(game, player=factories.make_player(game, user=player_user))
        for page in self.pages(player_client, game):
            assert "Not possible: Kick does not tell whether your consent still stands." in page

    def test_l8_a_lapse_is_told_once_and_another_lapse_again(
        self, game: Game, link: Link, server: AuthorizationsServer, player_client: Client, player_user: User
    ) -> None:
        other = factories.make_game(game.organization)
        factories.make_link(other, viewer=link.viewer, player=factories.make_player(other, user=player_user))
        check()
        (told,) = Notice.objects.filter(user=player_user)
        assert (told.kind, told.viewer_id) == ("lapsed", link.viewer_id)
        page = text_of(player_client.get("/notices/"))
        assert "Connect Twitch again" in page
        assert f"When we asked Twitch, the consent of your account {link.viewer} was no longer on its list." in page
        grant(server, link)
        check(NOW + ASKED_AGAIN)
        server.granted.clear()
        check(NOW + ASKED_AGAIN + ASKED_EVERY)
        assert list(Notice.objects.values_list("kind", flat=True)) == ["lapsed", "lapsed"]

    def test_the_connections_page_asks_as_little_for_twenty_links_as_for_one(
        self, credential: PlatformCredential, player_client: Client, player_user: User
    ) -> None:
        counts = []
        for number in (1, 20):
            for _ in range(number):
                game = factories.make_game(credential.organization)
                (one,) = linked(game, player=factories.make_player(game, user=player_user))
                lapse(one)
            with CaptureQueriesContext(connection) as queries:
                player_client.get("/connections/")
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestStaff:
    """The list of links, a person's page and a claim's page."""

    @pytest.fixture
    def support(self, game: Game) -> Client:
        return sign_in(factories.make_staff(game.organization, Role.SUPPORT, username="helper"))

    def press(self, client: Client, link: Link, **form: str) -> str:
        response = client.post(reverse("admin:linking_link_check", args=[link.pk]), form, follow=True)
        assert response.status_code == 200
        return text_of(response)

    def test_l8_the_list_shows_and_filters_by_lapsed_authorizations(
        self, game: Game, link: Link, support: Client
    ) -> None:
        other = linked(game)[0]
        lapse(link)
        address = reverse("admin:linking_link_changelist")
        assert text_of(support.get(address)).count("link_off authorization lapsed") == 1
        found = support.get(f"{address}?authorization=lapsed").context["cl"].queryset
        assert [row.pk for row in found] == [link.pk]
        assert other.pk in {row.pk for row in support.get(address).context["cl"].queryset}

    def test_l8_staff_read_how_it_stands_on_every_page_about_the_link(
        self, game: Game, link: Link, support: Client
    ) -> None:
        claim = factories.make_claim(
            game.organization, "twitch", game=game, viewer=link.viewer, platform_user_id=link.viewer.platform_user_id
        )
        addresses = [
            reverse("admin:linking_link_change", args=[link.pk]),
            reverse("admin:person_viewer", args=[link.viewer_id]),
            reverse("admin:fulfillment_claim_change", args=[claim.pk]),
        ]
        for address in addresses:
            assert "not asked yet" in text_of(support.get(address))
        ViewerAuthorization.objects.update(checked_at=NOW)
        for address in addresses:
            assert "stands; last asked 2026-11-20 12:00 UTC" in text_of(support.get(address))
        lapse(link)
        words = "seems to have lapsed, since 2026-11-20 12:00 UTC; asked again at 2026-11-20 13:00 UTC"
        for address in addresses:
            assert words in text_of(support.get(address))
        check(NOW + ASKED_AGAIN)
        page = text_of(support.get(addresses[2]))
        assert "Last link ended 2026-11-20 13:00 UTC: authorization withdrawn on the platform" in page

    def test_l8_check_now_asks_once_and_says_what_came_of_it(
        self, game: Game, link: Link, server: AuthorizationsServer, support: Client
    ) -> None:
        grant(server, link)
        assert "Twitch says that the authorization stands." in self.press(support, link)
        server.granted.clear()
        assert "the authorization seems to have lapsed" in self.press(support, link)
        assert "the first time is too short ago" in self.press(support, link)
        assert len(server.asked) == 3
        link.refresh_from_db()
        assert link.ended_at is None
        ViewerAuthorization.objects.update(missing_since=timezone.now() - ASKED_AGAIN)
        assert "the links have ended. No claim is lost" in self.press(support, link)
        answers = AuditEntry.objects.filter(action="checked the authorization").order_by("pk")
        assert [entry.after["answer"] for entry in answers] == ["authorized", "lapsed", "still_lapsed", "gone"]
        assert {entry.actor_label for entry in answers} == {"helper"}
        assert "This viewer is not linked" in self.press(support, link)

    def test_l8_check_now_goes_back_to_where_it_was_asked_and_nowhere_else(
        self, link: Link, server: AuthorizationsServer, support: Client
    ) -> None:
        person = reverse("admin:person_viewer", args=[link.viewer_id])
        assert "Check now" in text_of(support.get(person))
        address = reverse("admin:linking_link_check", args=[link.pk])
        assert support.post(address, {"next": person})["Location"] == person
        for elsewhere in ("https://example.org/", "//example.org/", ""):
            own = reverse("admin:linking_link_change", args=[link.pk])
            assert support.post(address, {"next": elsewhere})["Location"] == own
        assert support.get(address).status_code == 302 and len(server.asked) == 4

    def test_l9_check_now_says_why_a_platform_could_not_be_asked(
        self, link: Link, server: AuthorizationsServer, support: Client
    ) -> None:
        server.always = 500
        assert "Nothing was found out and nothing was changed." in self.press(support, link)
        server.always, server.poisoned = 200, {link.viewer.platform_user_id}
        assert "did not take the question about this viewer" in self.press(support, link)
        assert authorization(link).missing_since is None

    def test_l8_check_now_believes_no_platform_that_is_doubted(
        self, link: Link, credential: PlatformCredential, server: AuthorizationsServer, support: Client
    ) -> None:
        AuthorizationTurn.objects.create(credential=credential, due_at=NOW, doubted_since=NOW, asked=25, missing=24)
        assert suspicious(credential) == Doubt(since=NOW, asked=25, missing=24)
        assert "it names hardly anybody: that is not believed" in self.press(support, link)
        assert authorization(link).missing_since is None
        AuthorizationTurn.objects.update(doubted_since=None)
        assert suspicious(credential) is None

    def test_l9_check_now_works_for_a_link_that_is_not_asked_for_yet(
        self, game: Game, credential: PlatformCredential, server: AuthorizationsServer
    ) -> None:
        viewer = factories.make_viewer(game.organization, "twitch")
        factories.make_link(game, viewer=viewer)
        assert check_now(viewer=viewer, actor=factories.make_user(), now=NOW) == "lapsed"

    def test_l9_kick_is_never_asked(self, game: Game, support: Client) -> None:
        factories.make_credential(game.organization, "kick")
        link = factories.make_link(game)
        assert "Kick does not tell" in self.press(support, link)
        page = support.get(reverse("admin:linking_link_change", args=[link.pk]))
        assert "Check the authorization now" not in text_of(page)
        with pytest.raises(CannotAsk):
            check_now(viewer=link.viewer, actor=factories.make_user(), now=NOW)

    @pytest.mark.parametrize(("role", "status"), [(Role.ANALYST, 403), (Role.PRODUCER, 302), (None, 404)])
    def test_s1_who_may_check(
        self, game: Game, link: Link, server: AuthorizationsServer, role: Any, status: int
    ) -> None:
        organization = game.organization if role else factories.make_organization()
        client = sign_in(factories.make_staff(organization, role or Role.OWNER))
        response = client.post(reverse("admin:linking_link_check", args=[link.pk]))
        assert response.status_code == status
        assert len(server.asked) == (status == 302)
