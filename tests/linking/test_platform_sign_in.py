"""What every platform's sign-in must do (L3, L9, I3, I4), tried with each of them against a real server on loopback."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from campaigns.models import Game, Viewer
from linking.models import Link
from portal import platforms
from portal.models import PlatformCredential, User
from tests import factories
from tests.doubles.oauth_server import ACCESS_TOKEN, REFRESH_TOKEN, OAuthServer
from tests.linking.conftest import IDS, PEOPLE
from tests.linking.walk import BASE, come_back, confirm, prove, start, text_of, url

pytestmark = pytest.mark.django_db


class TestPlatformSignIn:
    """The contract. ``platform`` runs through all platforms with a sign-in."""

    def test_l4_a_proven_viewer_is_shown_beside_the_player_and_linked_only_when_confirmed(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        response = prove(player_client, game, server, PEOPLE[platform])
        assert (response.status_code, response["Location"]) == (302, url(game, f"confirm/{platform}/"))
        page = text_of(player_client.get(response["Location"]))
        assert "Are these both yours?" in page
        assert IDS[platform] in page and "mira" in page.lower()
        assert not Link.objects.exists()
        assert confirm(player_client, game, platform)["Location"] == f"{url(game)}?linked={platform}"
        link = Link.objects.get()
        assert (link.viewer.platform_user_id, link.platform) == (IDS[platform], platform)
        assert link.player.user == User.objects.get(username="mira")
        assert link.player.player_id == link.player.user.public_id

    def test_l3_asks_for_no_more_than_it_needs_and_comes_back_to_the_exact_address(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        address = start(player_client, game, platform)
        asked = server.asked(address)
        assert asked.redirect_uri == f"{BASE}/accounts/{platform}/login/callback/"
        assert asked.scope == server.wire.scope
        assert bool(asked.challenge) == server.wire.pkce

    def test_l3_what_the_address_bar_asks_for_is_ignored(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        plain = start(player_client, game, platform)
        path = url(
            game, f"start/{platform}/?scope=channel:write&auth_params=redirect_uri%3Dx%26scope%3Dall&process=connect"
        )
        forged = player_client.post(path)["Location"]
        asked, expected = (server.asked(address) for address in (forged, plain))
        assert (asked.scope, asked.redirect_uri) == (expected.scope, expected.redirect_uri)
        assert Client().get(f"/accounts/{platform}/login/?scope=all").status_code == 404

    def test_l3_the_code_is_changed_with_secret_and_where_there_is_pkce_the_verifier(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        prove(player_client, game, server, PEOPLE[platform])
        (form,) = server.token_requests
        assert (form["grant_type"], form["client_secret"]) == ("authorization_code", server.client_secret)
        assert (len(form.get("code_verifier", "")) >= 43) == server.wire.pkce

    def test_l9_tokens_are_neither_in_the_database_nor_in_a_session(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        prove(player_client, game, server, PEOPLE[platform])
        confirm(player_client, game, platform)
        sessions = [str(session.get_decoded()) for session in Session.objects.all()]
        with connection.cursor() as cursor:
            rows = []
            for table in connection.introspection.table_names():
                cursor.execute(f'SELECT * FROM "{table}"')
                rows += [str(row) for row in cursor.fetchall()]
        assert sessions and rows
        for token in (ACCESS_TOKEN, REFRESH_TOKEN, "mira@example.org"):
            assert not any(token in text for text in sessions)
        assert not any(token in text for text in rows for token in (ACCESS_TOKEN, REFRESH_TOKEN))

    @pytest.mark.parametrize("bad", ["a\0b", "\ud800"], ids=["nul", "half a pair"])
    def test_l3_a_name_that_no_database_takes_is_left_out(
        self,
        game: Game,
        platform: str,
        server: OAuthServer,
        credential: PlatformCredential,
        player_client: Client,
        bad: str,
    ) -> None:
        person = {**PEOPLE[platform], **dict.fromkeys(server.wire.name_fields, bad)}
        response = prove(player_client, game, server, person)
        assert player_client.get(response["Location"]).status_code == 200
        assert (Viewer.objects.get().login, Viewer.objects.get().name) == ("", "")

    def test_i3_nobody_is_signed_in_and_no_social_account_is_made(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential
    ) -> None:
        visitor = Client()
        response = prove(visitor, game, server, PEOPLE[platform])
        assert "_auth_user_id" not in visitor.session
        assert not SocialAccount.objects.exists() and not SocialToken.objects.exists() and not User.objects.exists()
        page = text_of(visitor.get(response["Location"]))
        assert "Now your game account" in page and "mira" in page.lower()

    def test_l1_platform_first_then_game_account_works_too(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential
    ) -> None:
        visitor = Client()
        prove(visitor, game, server, PEOPLE[platform])
        following = url(game, f"confirm/{platform}/")
        response = visitor.post(
            f"/accounts/signup/?next={following}",
            {
                "username": "newcomer",
                "password1": factories.PASSWORD,
                "password2": factories.PASSWORD,
                "next": following,
            },
        )
        assert (response.status_code, response["Location"]) == (302, following)
        assert confirm(visitor, game, platform).status_code == 302
        assert Link.objects.get().player.user == User.objects.get(username="newcomer")

    def test_denied_consent_says_so_and_leads_back(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        response = come_back(player_client, server.deny(start(player_client, game, platform)))
        assert response.status_code == 200
        assert "You did not connect an account" in text_of(response)
        assert f'href="{url(game)}"' in response.content.decode()
        assert not Viewer.objects.exists()

    def test_a_way_back_that_brings_nothing_but_the_state_is_a_denial_too(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        response = come_back(player_client, server.deny(start(player_client, game, platform), error=""))
        assert (response.status_code, "You did not connect an account" in text_of(response)) == (200, True)

    @pytest.mark.parametrize("error", ["invalid_scope", "redirect_mismatch", "unauthorized_client"])
    def test_an_app_that_the_platform_refuses_is_the_studios_matter(
        self,
        game: Game,
        platform: str,
        server: OAuthServer,
        credential: PlatformCredential,
        player_client: Client,
        error: str,
    ) -> None:
        response = come_back(player_client, server.deny(start(player_client, game, platform), error))
        assert response.status_code == 502
        assert "not set up correctly" in text_of(response)

    def test_a_state_works_once(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        back = server.consent(start(player_client, game, platform), PEOPLE[platform])
        assert come_back(player_client, back).status_code == 302
        again = come_back(player_client, back)
        assert again.status_code == 400
        assert "too old, or was used already" in text_of(again)
        assert f'href="{url(game)}"' in again.content.decode()
        assert len(server.token_requests) == 1

    def test_a_state_of_another_browser_or_none_is_refused_before_anything_is_asked(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        back = server.consent(start(player_client, game, platform), PEOPLE[platform])
        stranger = Client()
        for address in (back, f"{BASE}/accounts/{platform}/login/callback/?code=x", f"{back}x"):
            response = come_back(stranger, address)
            assert response.status_code == 400, address
            assert "too old, or was used already" in text_of(response)
        assert not server.token_requests and not Viewer.objects.exists()

    @pytest.mark.parametrize(
        ("fault", "status", "says"),
        [
            ({"token_status": 500}, 502, "is not answering"),
            ({"token_status": 429}, 502, "is not answering"),
            ({"client_secret": "changed"}, 502, "not set up correctly"),
            ({"people": []}, 502, "is not answering"),
            ({"people": [{}]}, 502, "is not answering"),
            ({"user_answer": ["no", "object"]}, 502, "is not answering"),
            ({"user_answer": b"<html>"}, 502, "is not answering"),
        ],
    )
    def test_answers_that_cannot_be_used_are_said_in_plain_words(
        self,
        game: Game,
        platform: str,
        server: OAuthServer,
        credential: PlatformCredential,
        player_client: Client,
        fault: dict[str, Any],
        status: int,
        says: str,
    ) -> None:
        address = start(player_client, game, platform)
        back = server.consent(address, PEOPLE[platform])
        for name, value in fault.items():
            setattr(server, name, value)
        response = come_back(player_client, back)
        assert response.status_code == status
        assert says in text_of(response) and ACCESS_TOKEN not in response.content.decode()
        assert not Viewer.objects.exists()

    @pytest.mark.parametrize("bad", [None, 1.5, True, "", " ", "9" * 300, "nul\0", ["1"]])
    def test_an_id_that_is_none_is_said_in_plain_words(
        self,
        game: Game,
        platform: str,
        server: OAuthServer,
        credential: PlatformCredential,
        player_client: Client,
        bad: Any,
    ) -> None:
        response = prove(player_client, game, server, {**PEOPLE[platform], server.wire.id_field: bad})
        assert (response.status_code, "is not answering" in text_of(response)) == (502, True)
        assert not Viewer.objects.exists()

    def test_a_code_that_the_platform_does_not_take_is_a_sign_in_not_completed(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        back = server.consent(start(player_client, game, platform), PEOPLE[platform])
        server.codes.clear()
        assert "was not completed" in text_of(come_back(player_client, back))

    def test_d7_a_platform_that_hangs_or_is_gone_is_given_up(
        self,
        game: Game,
        platform: str,
        server: OAuthServer,
        credential: PlatformCredential,
        player_client: Client,
        settings: Any,
    ) -> None:
        settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 0.2
        back = server.consent(start(player_client, game, platform), PEOPLE[platform])
        server.hang = True
        response = come_back(player_client, back)
        assert (response.status_code, "is not answering" in text_of(response)) == (502, True)
        server.hang = False
        back = server.consent(start(player_client, game, platform), PEOPLE[platform])
        server.stop()
        assert come_back(player_client, back).status_code == 502

    def test_an_id_beyond_64_bits_is_kept_digit_for_digit(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        huge = 18446744073709551617000
        name = server.wire.id_field
        prove(player_client, game, server, {**PEOPLE[platform], name: type(PEOPLE[platform][name])(huge)})
        assert Viewer.objects.get().platform_user_id == str(huge)

    def test_a_changed_name_is_taken_over_and_the_viewer_stays_the_same(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        prove(player_client, game, server, PEOPLE[platform])
        first = Viewer.objects.get()
        prove(player_client, game, server, {**PEOPLE[platform], **dict.fromkeys(server.wire.name_fields, "renamed")})
        assert (Viewer.objects.get().pk, Viewer.objects.get().name) == (first.pk, "renamed")

    def test_i4_two_tabs_for_two_studios_each_use_their_own_app(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        other_server = OAuthServer(platform, client_id="client-2", client_secret="secret-2")
        other = factories.make_game(factories.make_organization())
        factories.make_credential(
            other.organization,
            platform,
            client_id="client-2",
            client_secret="secret-2",
            id_url=other_server.url,
            api_url=other_server.url,
        )
        first = start(player_client, game, platform)
        second = start(player_client, other, platform)
        back_first = server.consent(first, PEOPLE[platform])
        back_second = other_server.consent(second, PEOPLE[platform])
        other_server_response = come_back(player_client, back_second)
        response = come_back(player_client, back_first)
        assert other_server_response["Location"] == url(other, f"confirm/{platform}/")
        assert response["Location"] == url(game, f"confirm/{platform}/")
        assert (len(server.token_requests), len(other_server.token_requests)) == (1, 1)
        assert confirm(player_client, game, platform).status_code == 302
        assert confirm(player_client, other, platform).status_code == 302
        assert {link.game for link in Link.objects.all()} == {game, other}
        assert Viewer.objects.count() == 2, "each studio knows the platform's user as a viewer of its own"
        other_server.stop()

    def test_a_disabled_or_missing_credential_is_said_plainly(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        back = server.consent(start(player_client, game, platform), PEOPLE[platform])
        credential.enabled = False
        credential.save()
        assert "not set up correctly" in text_of(come_back(player_client, back))
        assert "not set up correctly" in text_of(player_client.post(url(game, f"start/{platform}/")))
        assert "has not set up a platform here yet" in text_of(player_client.get(url(game)))
        assert player_client.post(url(game, "start/portal/")).status_code == 404
        assert player_client.post(url(game, "start/nowhere/")).status_code == 404

    def test_switch_asks_the_platform_to_show_which_account_it_is_where_it_can(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        again, plain = (
            dict(parse_qsl(urlsplit(start(player_client, game, platform, **form)).query))
            for form in ({"switch": "1"}, {})
        )
        asked = platforms.get(platform).asks_again
        assert set(again) - set(plain) == set(asked)
        assert {name: again[name] for name in asked} == asked

    def test_s3_a_browser_lets_the_form_lead_to_the_consent_page(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        policy = player_client.get(url(game))["Content-Security-Policy"]
        (directive,) = [part for part in policy.split(";") if "form-action" in part]
        assert server.url in directive and "unsafe" not in policy

    def test_s4_starting_is_rate_limited_and_says_when_to_come_back(
        self, game: Game, platform: str, server: OAuthServer, credential: PlatformCredential, player_client: Client
    ) -> None:
        answers = [player_client.post(url(game, f"start/{platform}/")) for _ in range(31)]
        assert [a.status_code for a in answers[:30]] == [302] * 30
        assert answers[30].status_code == 429
        assert 0 < int(answers[30]["Retry-After"]) <= 301
        assert "too fast" in text_of(answers[30])
