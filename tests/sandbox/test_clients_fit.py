"""The product's typed clients find at the stand-ins what the platforms document: a check of one reading by another."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from portal.platforms.calls import PlatformError
from portal.platforms.kick.directory import PublicDirectory
from portal.platforms.kick.subscriptions import EventSubscriptions
from portal.platforms.subscriptions import AlreadySubscribed, Standing, Topic
from portal.platforms.twitch.analytics import GameAnalytics
from portal.platforms.twitch.directory import HelixDirectory
from portal.platforms.twitch.subscriptions import EventSub
from tests.sandbox.platforms import SECRET, Platforms
from tests.sandbox.receiver import Receiver
from tests.sandbox.test_directory import producer

pytestmark = pytest.mark.usefixtures("loopback")


def asked(platforms: Platforms, platform: str) -> dict[str, str]:
    return {"client_id": f"{platform}-client", "access_token": platforms.app_token(platform)}


def base(platforms: Platforms, platform: str) -> str:
    return f"{platforms.server.url}/{platform}"


def test_twitchs_subscriptions_are_made_read_and_ended(platforms: Platforms, receiver: Receiver) -> None:
    receiver.echoes = True
    client, url, app = EventSub(), base(platforms, "twitch"), asked(platforms, "twitch")
    for topic in client.topics(organization_id="9001", client_id="twitch-client", channel_ids=["48102201"]):
        made = client.create(url, **app, topic=topic, callback=receiver.url, secret=SECRET)
        assert (made.topic, made.standing, made.callback) == (topic, Standing.PENDING, receiver.url)
        with pytest.raises(AlreadySubscribed):
            client.create(url, **app, topic=topic, callback=receiver.url, secret=SECRET)
    platforms.wait(lambda: all(one["status"] == "enabled" for one in platforms.subscriptions("twitch")))
    found = client.read(url, **app, cursor="").subscriptions
    assert [one.standing for one in found] == [Standing.ENABLED] * 4
    for one in found:
        client.delete(url, **app, subscription_id=one.id)
        client.delete(url, **app, subscription_id=one.id)
    assert client.read(url, **app, cursor="").subscriptions == ()


def test_kicks_subscriptions_are_made_read_and_ended(platforms: Platforms) -> None:
    client, url, app = EventSubscriptions(), base(platforms, "kick"), asked(platforms, "kick")
    topic = Topic("livestream.status.updated", "2001")
    made = client.create(url, **app, topic=topic, callback="", secret="")
    (found,) = client.read(url, **app, cursor="").subscriptions
    assert (found.id, found.topic, found.standing) == (made.id, topic, Standing.ENABLED)
    client.delete(url, **app, subscription_id=made.id)
    assert client.read(url, **app, cursor="").subscriptions == ()


def test_both_directories_name_users_categories_and_streams(platforms: Platforms) -> None:
    cases = [
        ("twitch", HelixDirectory(), "48102201", "mira_plays", "509658"),
        ("kick", PublicDirectory(), "2001", "mira", "4077"),
    ]
    for platform, client, user_id, login, category in cases:
        url, app = base(platforms, platform), asked(platforms, platform)
        (user,) = client.users(url, **app, ids=[user_id])
        assert [user] == client.users(url, **app, logins=[login])
        assert (user.id, user.login) == (user_id, login)
        assert client.categories(url, **app, ids=[category, "1"]) == {category: "Starfall"}
        assert client.live(url, **app, channel_ids=[user_id]) == {}
        platforms.switch(platform, user_id, category_id=category, title="Launch day")
        live = client.live(url, **app, channel_ids=[user_id])[user_id]
        assert (live.category_id, live.title, live.viewers) == (category, "Launch day", 0)


def test_reports_are_read_and_downloaded(platforms: Platforms) -> None:
    client, today = GameAnalytics(), datetime.now(UTC).date()
    page = client.read(
        base(platforms, "twitch"),
        client_id="twitch-client",
        access_token=producer(platforms),
        started_on=today - timedelta(days=30),
        ended_on=today,
        cursor="",
    )
    (report,) = page.reports
    rows = list(csv.DictReader(io.StringIO(client.download(report))))
    assert len(rows) == (report.ended_on - report.started_on).days + 1 == 29


@pytest.mark.parametrize("outage", ["503", "close"])
def test_an_outage_is_an_error_that_passes(platforms: Platforms, outage: str) -> None:
    app = asked(platforms, "kick")
    platforms.faults("kick", outage=outage)
    with pytest.raises(PlatformError) as caught:
        PublicDirectory().live(base(platforms, "kick"), **app, channel_ids=["2001"])
    assert not caught.value.permanent
