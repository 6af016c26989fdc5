"""Kick's typed clients: what every platform's promise, and what is Kick's own on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.platforms.calls import PlatformError
from portal.platforms.claims_api import Narrowed
from portal.platforms.subscriptions import Standing, Topic
from tests.doubles.platform_server import KickApi
from tests.portal.platforms import contract

STATUS = "livestream.status.updated"


class TestGetAppToken(contract.GetAppTokenContract):
    platform_key, make_server = "kick", KickApi


class TestClaims(contract.ClaimsContract):
    platform_key, make_server = "kick", KickApi
    narrowed = {Narrowed.CAMPAIGN: "campaign", Narrowed.USER: "user"}

    def test_f7_the_campaign_is_told_and_the_external_id(self, server: KickApi) -> None:
        server.add_claim("claim-1", campaign="campaign-7", external_id="sword")
        (listed,) = self.read(server).claims
        assert (listed.claim.platform_campaign_id, listed.claim.external_id) == ("campaign-7", "sword")
        assert listed.status == "initiated"

    @pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
    def test_f7_a_list_whose_last_page_still_names_a_cursor_ends_with_a_page_of_nothing(
        self, server: KickApi, count: int
    ) -> None:
        server.says_the_end = False
        for number in range(count):
            server.add_claim(f"claim-{number}")
        assert self.read_all(server) == [f"claim-{number}" for number in range(count)]

    def test_f7_a_status_that_is_none_of_ours_is_not_done(self, server: KickApi) -> None:
        server.add_claim("claim-1")["external_status"] = "GRANTED by us in 2025"
        (listed,) = self.read(server).claims
        assert (listed.done, listed.status) == (False, "GRANTED by us in 2025")


class TestSubscriptions(contract.SubscriptionsContract):
    platform_key, make_server = "kick", KickApi

    def test_only_channels_are_subscribed_to_and_only_those_whose_id_is_one(self) -> None:
        assert self.topics() == [Topic(STATUS, "11"), Topic(STATUS, "12")]
        assert self.api.topics(organization_id="O", client_id="C", channel_ids=["", "slug", "٣", "7"]) == [
            Topic(STATUS, "7")
        ]

    def test_a_subscription_is_made_as_kick_documents_it(self, server: KickApi) -> None:
        made = self.create(server, Topic(STATUS, "18446744073709551615"))
        assert (made.standing, made.callback) == (Standing.ENABLED, "")
        assert json.loads(server.server.requests[-1].body) == {
            "method": "webhook",
            "broadcaster_user_id": 18446744073709551615,
            "events": [{"name": STATUS, "version": 1}],
        }

    def test_an_app_with_all_its_subscriptions_is_full(self, server: KickApi) -> None:
        server.subscribing_refused = "event subscription limit reached"
        with pytest.raises(PlatformError) as caught:
            self.create(server, Topic(STATUS, "11"))
        assert (caught.value.reason, caught.value.permanent) == ("full", True)

    @pytest.mark.parametrize(
        ("said", "reason", "permanent"),
        [("internal", "declined", False), ("event subscription limit reached", "full", True)],
    )
    def test_an_error_inside_an_answer_of_success_is_no_success(
        self, server: KickApi, said: str, reason: str, permanent: bool
    ) -> None:
        ours = self.ours(server)
        server.fail(200, {"data": [{"name": STATUS, "version": 1, "subscription_id": "", "error": said}]})
        with pytest.raises(PlatformError) as caught:
            self.api.create(server.url, **ours, topic=Topic(STATUS, "11"), callback="", secret="")
        assert (caught.value.reason, caught.value.permanent) == (reason, permanent)

    def test_a_list_longer_than_the_door_reads_says_so_and_can_be_read_channel_by_channel(
        self, server: KickApi
    ) -> None:
        for number in range(300):
            self.create(server, Topic(STATUS, str(10_000_000 + number)))
        with pytest.raises(PlatformError) as caught:
            self.read_all(server)
        assert caught.value.reason == "too_long"
        assert len(self.read_all(server, channel_id="10000299")) == 1

    @pytest.mark.parametrize("reply", [{"data": None, "message": "OK"}, {"data": [], "message": "OK"}])
    def test_an_app_without_subscriptions_has_an_empty_list(self, server: KickApi, reply: dict[str, Any]) -> None:
        ours = self.ours(server)
        server.fail(200, reply)
        assert self.api.read(server.url, **ours, cursor="").subscriptions == ()


class TestDirectory(contract.DirectoryContract):
    platform_key, make_server = "kick", KickApi

    def test_a_user_without_a_channel_is_still_a_user(self, server: KickApi) -> None:
        ours = self.ours(server)
        server.fail(200, {"data": [], "message": "OK"})
        server.users = {"11": "Ann"}
        (found,) = self.api.users(server.url, **ours, ids=["11"])
        assert (found.login, found.name) == ("Ann", "Ann")

    def test_a_stream_without_a_category_is_still_a_stream(self, server: KickApi) -> None:
        ours = self.ours(server)
        server.fail(200, {"data": [{"broadcaster_user": {"id": 11}, "category": None, "viewer_count": None}]})
        live = self.api.live(server.url, **ours, channel_ids=["11"])["11"]
        assert (live.category_id, live.category_name, live.started_at, live.viewers) == ("", "", None, None)


class TestAppTokens(contract.AppTokensContract):
    platform_key, make_server = "kick", KickApi
