"""Twitch's typed clients: what every platform's promise, and what is Twitch's own on the wire."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from portal import platforms
from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.claims_api import Narrowed
from portal.platforms.reports import Report
from portal.platforms.subscriptions import AlreadySubscribed, Standing, Topic
from portal.platforms.twitch.analytics import GameAnalytics
from tests.doubles.platform_server import Subscription, TwitchApi
from tests.loopback import serving
from tests.portal.platforms import contract
from tests.portal.platforms.test_clients import saying

pytestmark = pytest.mark.usefixtures("loopback")

OURS = {"client_id": "C", "access_token": "t0ken"}
GRANT = Topic("drop.entitlement.grant", "org-1")
DAYS = (date(2026, 4, 1), date(2026, 4, 30))
REPORTS = GameAnalytics()


class TestGetAppToken(contract.GetAppTokenContract):
    platform_key, make_server = "twitch", TwitchApi


class TestClaims(contract.ClaimsContract):
    platform_key, make_server = "twitch", TwitchApi
    narrowed = {Narrowed.CATEGORY: "category", Narrowed.USER: "user"}

    def test_f7_the_category_is_told_and_the_campaign_is_not(self, server: TwitchApi) -> None:
        server.add_claim("claim-1", category="493057")
        (listed,) = self.read(server).claims
        assert (listed.claim.category_id, listed.claim.platform_campaign_id) == ("493057", "")
        assert listed.status == "CLAIMED"


class TestSubscriptions(contract.SubscriptionsContract):
    platform_key, make_server = "twitch", TwitchApi

    def test_grants_come_first_and_need_the_organizations_id(self) -> None:
        assert self.topics() == [
            Topic("drop.entitlement.grant", "O"),
            Topic("user.authorization.revoke", "C"),
            Topic("stream.online", "11"),
            Topic("stream.offline", "11"),
            Topic("stream.online", "12"),
            Topic("stream.offline", "12"),
        ]
        assert self.api.topics(organization_id="", client_id="C", channel_ids=[]) == [
            Topic("user.authorization.revoke", "C")
        ]

    def test_a_subscription_is_made_as_twitch_documents_it(self, server: TwitchApi) -> None:
        made = self.create(server, GRANT)
        assert (made.standing, made.detail) == (Standing.PENDING, "webhook_callback_verification_pending")
        body = json.loads(server.server.requests[-1].body)
        assert body == {
            "type": "drop.entitlement.grant",
            "version": "1",
            "condition": {"organization_id": "org-1"},
            "transport": {"method": "webhook", "callback": contract.CALLBACK, "secret": contract.SECRET},
            "is_batching_enabled": True,
        }
        self.create(server, Topic("stream.online", "11"))
        assert "is_batching_enabled" not in json.loads(server.server.requests[-1].body)

    @pytest.mark.parametrize(
        ("status", "standing"),
        [
            ("enabled", Standing.ENABLED),
            ("webhook_callback_verification_pending", Standing.PENDING),
            ("webhook_callback_verification_failed", Standing.ENDED),
            ("notification_failures_exceeded", Standing.ENDED),
            ("authorization_revoked", Standing.ENDED),
            ("moderator_removed", Standing.ENDED),
            ("user_removed", Standing.ENDED),
            ("version_removed", Standing.ENDED),
            ("beta_maintenance", Standing.ENDED),
            ("of_tomorrow", Standing.ENDED),
        ],
    )
    def test_every_status_says_whether_events_come(self, server: TwitchApi, status: str, standing: Standing) -> None:
        self.create(server, GRANT)
        server.subscriptions[0].status = status
        (one,) = self.read_all(server)
        assert (one.standing, one.detail) == (standing, status)

    def test_other_programs_subscriptions_are_passed_over_or_about_something_else(self, server: TwitchApi) -> None:
        narrowed = {"organization_id": "org-1", "category_id": "493057"}
        server.subscriptions = [
            Subscription("1", "drop.entitlement.grant", {"organization_id": "org-1"}, method="conduit"),
            Subscription("2", "drop.entitlement.grant", narrowed, callback="https://other.example/"),
            Subscription("3", "channel.follow", {"broadcaster_user_id": "1", "moderator_user_id": "2"}),
        ]
        found = self.read_all(server)
        assert [one.id for one in found] == ["2", "3"]
        assert found[0].topic == Topic("drop.entitlement.grant", "category_id=493057,organization_id=org-1")

    def test_one_that_exists_and_one_too_many_of_its_kind_are_both_already_there(self, server: TwitchApi) -> None:
        self.create(server, GRANT)
        with pytest.raises(AlreadySubscribed):
            self.create(server, GRANT)
        server.subscribing_refused = "number of subscriptions with type and condition exceeded"
        with pytest.raises(AlreadySubscribed):
            self.create(server, Topic("stream.online", "11"))

    def test_an_app_with_all_its_subscriptions_is_full_and_one_with_too_many_calls_waits(
        self, server: TwitchApi
    ) -> None:
        server.subscribing_refused = "number of websocket transports limit exceeded: max total cost"
        with pytest.raises(PlatformError) as caught:
            self.create(server, GRANT)
        assert (caught.value.reason, caught.value.permanent, caught.value.status) == ("full", True, None)
        server.subscribing_refused = "Request limit exceeded"
        with pytest.raises(PlatformError) as caught:
            self.create(server, GRANT)
        assert (caught.value.status, caught.value.permanent) == (429, False)

    def test_a_secret_that_twitch_does_not_take_is_no_matter_of_time(self, server: TwitchApi) -> None:
        with pytest.raises(PlatformError) as caught:
            self.api.create(server.url, **self.ours(server), topic=GRANT, callback="https://x.example/", secret="short")
        assert (caught.value.status, caught.value.permanent) == (400, True)


class TestDirectory(contract.DirectoryContract):
    platform_key, make_server = "twitch", TwitchApi


class TestAppTokens(contract.AppTokensContract):
    platform_key, make_server = "twitch", TwitchApi


def test_l9_users_who_authorize_the_app_are_told_with_their_scopes() -> None:
    api = platforms.get("twitch").authorizations
    assert api is not None and api.users_per_call == 10
    rows = [{"user_id": "1", "user_login": "a", "scopes": ["user:read:email"]}, {"user_id": "3", "scopes": None}]
    with serving(saying({"data": rows})) as server:
        found = api.read(server.url, client_id="C", access_token="t", user_ids=["1", "2", "3"])
    assert found == {"1": ("user:read:email",), "3": ()}


def test_whoever_grants_reports_is_sent_to_twitchs_consent_with_the_scope() -> None:
    url = urlsplit(
        REPORTS.authorize_url(
            "https://id.twitch.tv", client_id="C", redirect_uri="https://d.example/b?c=1", state="s&t"
        )
    )
    assert (url.netloc, url.path) == ("id.twitch.tv", "/oauth2/authorize")
    assert dict(parse_qsl(url.query)) == {
        "response_type": "code",
        "client_id": "C",
        "redirect_uri": "https://d.example/b?c=1",
        "scope": "analytics:read:games",
        "state": "s&t",
        "force_verify": "true",
    }


def test_the_code_that_comes_back_is_exchanged_for_tokens() -> None:
    with serving(saying({"access_token": "a", "refresh_token": "r", "expires_in": 14400})) as server:
        token = REPORTS.exchange(
            server.url, client_id="C", client_secret="s&s", redirect_uri="https://d.example/back", code="c0de"
        )
    assert (token.access_token, token.refresh_token, token.expires_in) == ("a", "r", 14400)
    assert parse_qs(server.requests[0].body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["c0de"],
        "redirect_uri": ["https://d.example/back"],
        "client_id": ["C"],
        "client_secret": ["s&s"],
    }


def test_a_code_that_is_not_taken_needs_a_new_consent_and_a_wrong_secret_does_not_help_by_one() -> None:
    for message, refused in (("Invalid authorization code", True), ("invalid client secret", False)):
        with (
            serving(saying({"status": 400, "message": message}, 400)) as server,
            pytest.raises(PlatformError) as caught,
        ):
            REPORTS.exchange(server.url, client_id="C", client_secret="s", redirect_uri="https://d.example/", code="c")
        assert isinstance(caught.value, TokenRefused) is refused


def row(**fields: Any) -> dict[str, Any]:
    span = {"started_at": "2026-04-01T00:00:00Z", "ended_at": "2026-04-29T00:00:00Z"}
    return {
        "game_id": "493057",
        "URL": "https://r.example/1.csv?key=k",
        "type": "overview_v2",
        "date_range": span,
    } | fields


def test_reports_are_asked_for_by_whole_days_and_read_with_the_key_in_capitals() -> None:
    reply = {"data": [row()], "pagination": {"cursor": "next"}}
    with serving(saying(reply)) as server:
        page = REPORTS.read(server.url, **OURS, started_on=DAYS[0], ended_on=DAYS[1], cursor="")
    (report,) = page.reports
    assert (report.game_id, report.url, page.cursor) == ("493057", "https://r.example/1.csv?key=k", "next")
    assert (report.started_on, report.ended_on) == (date(2026, 4, 1), date(2026, 4, 29))
    asked = dict(parse_qsl(urlsplit(server.requests[0].target).query))
    assert asked == {
        "type": "overview_v2",
        "started_at": "2026-04-01T00:00:00Z",
        "ended_at": "2026-04-30T00:00:00Z",
        "first": "20",
    }
    assert server.requests[0].headers["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("reply", [{"data": []}, {"data": [row()], "pagination": {}}, {"data": [row()]}])
def test_the_last_page_of_reports_leads_nowhere(reply: dict[str, Any]) -> None:
    with serving(saying(reply)) as server:
        assert REPORTS.read(server.url, **OURS, started_on=DAYS[0], ended_on=DAYS[1], cursor="x").cursor == ""


@pytest.mark.parametrize(
    "bad", [{"URL": ""}, {"URL": None}, {"date_range": None}, {"date_range": {}}, {"game_id": None}]
)
def test_a_report_without_an_address_or_days_is_not_understood(bad: dict[str, Any]) -> None:
    with serving(saying({"data": [row(**bad)]})) as server, pytest.raises(PlatformError) as caught:
        REPORTS.read(server.url, **OURS, started_on=DAYS[0], ended_on=DAYS[1], cursor="")
    assert caught.value.reason == "answer"


@pytest.mark.parametrize("bad", [None, "", True, "1" * 201, "\0"])
def test_a_report_that_cannot_be_read_keeps_no_other_games_back(bad: object) -> None:
    with serving(saying({"data": [row(game_id=bad), row()]})) as server:
        page = REPORTS.read(server.url, **OURS, started_on=DAYS[0], ended_on=DAYS[1], cursor="")
    assert [report.game_id for report in page.reports] == ["493057"]


def test_a_token_that_reports_are_not_given_for_is_told_from_a_failure() -> None:
    with serving(saying({"message": "missing scope"}, 401)) as server, pytest.raises(TokenRefused):
        REPORTS.read(server.url, **OURS, started_on=DAYS[0], ended_on=DAYS[1], cursor="")


def download(body: bytes, status: int = 200) -> str:
    with serving(lambda connection, request: connection.reply(status, body)) as server:
        text = REPORTS.download(
            Report(game_id="1", url=f"{server.url}/r.csv?key=s3cret", started_on=DAYS[0], ended_on=DAYS[1])
        )
    assert "authorization" not in server.requests[0].headers
    return text


def test_a_report_is_fetched_without_a_token_and_one_too_long_or_too_old_says_so() -> None:
    assert download(b"Date,Hours\n2026-04-01,5\n") == "Date,Hours\n2026-04-01,5\n"
    with pytest.raises(PlatformError) as caught:
        download(b"x" * 70_000)
    assert caught.value.reason == "too_long"
    with pytest.raises(PlatformError) as caught:
        download(b"<Error>expired</Error>", 403)
    assert str(caught.value) == "127.0.0.1: status 403"
