"""What every platform's typed clients promise, whatever the platform: each platform's test module subclasses what it offers.

``make_server`` starts the platform's double; everything the tests want of it is in :class:`PlatformServer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from portal import platforms
from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.claims_api import ClaimsPage, Marked, Narrowed
from portal.platforms.subscriptions import AlreadySubscribed, Standing, Subscribed, Topic
from tests.doubles.platform_server import PlatformServer

CLIENT_ID = "C"
CLIENT_SECRET = "s3cret"
CALLBACK = "https://drops.example/webhooks/token"
SECRET = "webhook-secret-0123456789"


class Contract:
    """A platform and its double. ``part`` is the field of ``Platform`` that a contract is about."""

    platform_key: ClassVar[str]
    part: ClassVar[str]
    make_server: ClassVar[Callable[[], PlatformServer]]

    @pytest.fixture(autouse=True)
    def _development(self, settings: Any) -> None:
        settings.PORTAL_ALLOW_HTTP_LOOPBACK = True

    @pytest.fixture
    def server(self) -> Iterator[PlatformServer]:
        made = type(self).make_server()
        yield made
        made.stop()

    @property
    def api(self) -> Any:
        return getattr(platforms.get(self.platform_key), self.part)

    def ours(self, server: PlatformServer) -> dict[str, str]:
        """The client id and a token, as almost every call takes them; where there are no tokens, the secret."""
        get = platforms.get(self.platform_key).get_app_token
        token = get(server.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET).access_token if get else CLIENT_SECRET
        return {"client_id": CLIENT_ID, "access_token": token}


def parts_of(platform: platforms.Platform) -> set[str]:
    """Return the names of the parts that a platform offers and that have a contract here."""
    return {one.part for one in Contract.__subclasses__() if getattr(platform, one.part) is not None}


class GetAppTokenContract(Contract):
    """Getting an app token."""

    part = "get_app_token"

    def test_an_app_token_is_good_for_a_while_and_shows_itself_nowhere(self, server: PlatformServer) -> None:
        token = self.api(server.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        assert token.access_token == server.tokens[0]
        assert token.expires_in == server.lifetime
        assert token.access_token not in repr(token)

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_a_secret_that_is_not_taken_is_no_matter_of_time(self, server: PlatformServer, status: int) -> None:
        server.token_status = status
        with pytest.raises(PlatformError) as caught:
            self.api(server.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        assert (caught.value.status, caught.value.permanent) == (status, True)


class ClaimsContract(Contract):
    """Reading claims and telling of them (F6, F7)."""

    part = "claims_api"
    narrowed: ClassVar[dict[Narrowed, str]]
    """A way round, and the argument of ``add_claim`` that is narrowed to."""

    def read(self, server: PlatformServer, **asked: Any) -> ClaimsPage:
        defaults = {"narrowed": Narrowed.ALL, "value": "", "only_open": False, "cursor": "", "size": 2}
        page: ClaimsPage = self.api.list_claims(server.url, **self.ours(server), **{**defaults, **asked})
        return page

    def read_all(self, server: PlatformServer, **asked: Any) -> list[str]:
        found, cursor = [], ""
        for _page in range(20):
            page = self.read(server, cursor=cursor, **asked)
            found += [one.claim.platform_claim_id for one in page.claims]
            cursor = page.cursor
            if not cursor:
                return found
        raise AssertionError("the list has no end")

    @pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
    def test_f7_page_after_page_every_claim_is_listed_once(self, server: PlatformServer, count: int) -> None:
        for number in range(count):
            server.add_claim(f"claim-{number}")
        assert self.read_all(server) == [f"claim-{number}" for number in range(count)]

    def test_f7_a_claim_is_read_with_all_that_the_platform_tells(self, server: PlatformServer) -> None:
        server.add_claim("claim-1", user="18446744073709551615", reward="r", granted_at="2026-05-01T10:00:00.5Z")
        (listed,) = self.read(server).claims
        claim = listed.claim
        assert (claim.platform_claim_id, claim.platform_reward_id) == ("claim-1", "r")
        assert claim.platform_user_id == "18446744073709551615"
        assert claim.granted_at is not None and claim.granted_at.isoformat() == "2026-05-01T10:00:00.500000+00:00"
        assert '"claim-1"' in listed.raw

    def test_f6_what_was_told_as_delivered_is_listed_as_done_or_left_out(self, server: PlatformServer) -> None:
        for number in range(3):
            server.add_claim(f"claim-{number}")
        told = self.api.mark_done(server.url, **self.ours(server), claim_ids=["claim-1"])
        assert told["claim-1"][0] is Marked.ACCEPTED
        page = self.read(server, size=10)
        assert [one.done for one in page.claims] == [False, True, False]
        assert self.read_all(server, only_open=True) == ["claim-0", "claim-2"]

    def test_f7_every_way_round_narrows_the_list(self, server: PlatformServer) -> None:
        assert set(self.api.ways_round) == set(self.narrowed)
        for way, argument in self.narrowed.items():
            server.claims.clear()
            server.add_claim("claim-1", **{argument: "11"})
            server.add_claim("claim-2", **{argument: "12"})
            assert self.read_all(server, narrowed=way, value="12") == ["claim-2"], way

    @pytest.mark.parametrize("item", [None, [], "claim", {}, {"id": "", "claim_id": ""}, {"id": True, "claim_id": 1.5}])
    def test_f7_an_item_that_cannot_be_read_is_named_and_blocks_no_other(
        self, server: PlatformServer, item: Any
    ) -> None:
        server.add_claim("claim-1")
        server.claims.append(item)
        server.add_claim("claim-2")
        page = self.read(server, size=10)
        assert [one.claim.platform_claim_id for one in page.claims] == ["claim-1", "claim-2"]
        assert len(page.faults) == 1 and page.faults[0].startswith("item 1: ")

    def test_f7_a_page_longer_than_the_door_reads_says_so(self, server: PlatformServer) -> None:
        for number in range(3):
            server.add_claim(f"claim-{number}", reward="r" * 40_000)
        with pytest.raises(PlatformError) as caught:
            self.read(server, size=3)
        assert (caught.value.reason, caught.value.permanent) == ("too_long", False)
        assert len(self.read(server, size=1).faults) == 1

    def test_a_full_page_stays_well_below_what_the_door_reads(self, server: PlatformServer) -> None:
        for _ in range(self.api.page_size):
            server.add_claim("01J" + "X" * 36, reward="r" * 36, campaign="c" * 36, external_id="e" * 100)
        assert len(self.read(server, size=self.api.page_size).claims) == self.api.page_size


class SubscriptionsContract(Contract):
    """Event subscriptions."""

    part = "subscriptions"

    def topics(self) -> list[Topic]:
        found: list[Topic] = self.api.topics(organization_id="O", client_id=CLIENT_ID, channel_ids=["11", "12"])
        return found

    def create(self, server: PlatformServer, topic: Topic) -> Subscribed:
        made: Subscribed = self.api.create(
            server.url, **self.ours(server), topic=topic, callback=CALLBACK, secret=SECRET
        )
        return made

    def read_all(self, server: PlatformServer, **asked: Any) -> list[Subscribed]:
        found: list[Subscribed] = []
        cursor = ""
        for _page in range(20):
            page = self.api.read(server.url, **self.ours(server), cursor=cursor, **asked)
            found += page.subscriptions
            cursor = page.cursor
            if not cursor:
                return found
        raise AssertionError("the list has no end")

    def test_there_is_something_to_be_told_of_each_channel_once(self) -> None:
        topics = self.topics()
        assert len(set(topics)) == len(topics)
        assert {"11", "12"} <= {topic.subject for topic in topics}
        without = self.api.topics(organization_id="", client_id="", channel_ids=[])
        assert without == []

    def test_what_is_subscribed_to_is_found_in_the_list_under_the_same_topic(self, server: PlatformServer) -> None:
        made = [self.create(server, topic) for topic in self.topics()]
        assert [one.topic for one in made] == self.topics()
        assert all(one.standing is not Standing.ENDED for one in made)
        listed = self.read_all(server)
        assert [(one.id, one.topic) for one in listed] == [(one.id, one.topic) for one in made]
        assert {one.callback for one in listed} == ({CALLBACK} if self.api.names_callback else {""})
        assert {one.secret for one in server.subscriptions} == ({SECRET} if self.api.needs_secret else {""})
        assert all(one.created_at is not None for one in listed)

    def test_the_list_can_be_narrowed_to_a_channel(self, server: PlatformServer) -> None:
        for topic in self.topics():
            self.create(server, topic)
        assert {one.topic.subject for one in self.read_all(server, channel_id="12")} == {"12"}

    def test_a_long_list_is_read_to_its_end(self, server: PlatformServer) -> None:
        channels = [str(number) for number in range(100, 145)]
        topics = self.api.topics(organization_id="O", client_id=CLIENT_ID, channel_ids=channels)
        for topic in topics:
            self.create(server, topic)
        assert [one.topic for one in self.read_all(server)] == topics

    def test_subscribing_twice_does_no_harm(self, server: PlatformServer) -> None:
        topic = self.topics()[-1]
        first = self.create(server, topic)
        try:
            second = self.create(server, topic)
        except AlreadySubscribed:
            second = first
        assert first.id in {one.id for one in self.read_all(server)}
        assert second.topic == topic

    def test_ending_one_ends_no_other_and_twice_is_no_failure(self, server: PlatformServer) -> None:
        first, second = (self.create(server, topic) for topic in self.topics()[-2:])
        for _ in range(2):
            self.api.delete(server.url, **self.ours(server), subscription_id=first.id)
        assert [one.id for one in self.read_all(server)] == [second.id]


class DirectoryContract(Contract):
    """Users, categories and streams."""

    part = "directory"

    def test_users_are_found_by_id_and_by_login_and_unknown_ones_are_missing(self, server: PlatformServer) -> None:
        server.users = {"11": "Ann", "12": "Bob", "13": "Eve"}
        found = self.api.users(server.url, **self.ours(server), ids=["11", "99"], logins=["BOB", "nobody"])
        assert sorted((one.id, one.login, one.name) for one in found) == [("11", "ann", "Ann"), ("12", "bob", "Bob")]
        assert all(one.image_url.startswith("https://") for one in found)

    def test_nobody_is_asked_for_where_nobody_is_named(self, server: PlatformServer) -> None:
        ours = self.ours(server)
        server.calls.clear()
        assert self.api.users(server.url, **ours) == []
        assert self.api.categories(server.url, **ours, ids=[]) == {}
        assert self.api.live(server.url, **ours, channel_ids=[]) == {}
        assert server.calls == []

    def test_what_cannot_be_an_id_is_missing_and_spoils_nothing(self, server: PlatformServer) -> None:
        server.users, server.categories = {"11": "Ann"}, {"21": "Chess"}
        server.go_live("11", category="21")
        ours, ids = self.ours(server), ["11", "", "ann", "1 1", "٣", "1,2"]
        assert [one.id for one in self.api.users(server.url, **ours, ids=ids, logins=["", "a b", "x" * 60])] == ["11"]
        assert self.api.categories(server.url, **ours, ids=["21", "chess", ""]) == {"21": "Chess"}
        assert list(self.api.live(server.url, **ours, channel_ids=ids)) == ["11"]

    @pytest.mark.parametrize("count", [50, 51, 130])
    def test_more_than_a_call_takes_are_asked_for_in_several(self, server: PlatformServer, count: int) -> None:
        ids = [str(number) for number in range(100, 100 + count)]
        server.users = {one: f"User{one}" for one in ids}
        server.categories = {one: f"Game {one}" for one in ids}
        for one in ids:
            server.go_live(one, category=one)
        ours = self.ours(server)
        assert sorted(one.id for one in self.api.users(server.url, **ours, ids=ids)) == ids
        assert self.api.categories(server.url, **ours, ids=ids) == server.categories
        assert sorted(self.api.live(server.url, **ours, channel_ids=ids)) == ids

    def test_a_stream_is_read_with_its_category(self, server: PlatformServer) -> None:
        server.categories = {"21": "Chess"}
        server.go_live("11", category="21", title="Hello", viewers=3)
        found = self.api.live(server.url, **self.ours(server), channel_ids=["11", "12"])
        assert list(found) == ["11"]
        live = found["11"]
        assert (live.channel_id, live.category_id, live.category_name) == ("11", "21", "Chess")
        assert (live.title, live.viewers) == ("Hello", 3)
        assert live.started_at is not None and live.started_at.utcoffset() == timedelta()


class AppTokensContract(Contract):
    """What the platform says of an app token."""

    part = "app_tokens"

    def test_a_token_is_the_apps_until_it_is_ended_and_ending_it_again_is_no_failure(
        self, server: PlatformServer
    ) -> None:
        ours = self.ours(server)
        facts = self.api.validate(server.url, access_token=ours["access_token"])
        assert facts.client_id == CLIENT_ID
        assert facts.user_id == ""
        assert abs((facts.expires_in or 0) - server.lifetime) <= 1
        for _ in range(2):
            self.api.revoke(server.url, **ours)
        with pytest.raises(TokenRefused):
            self.api.validate(server.url, access_token=ours["access_token"])
