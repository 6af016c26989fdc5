"""Streams, games and categories, reports: what the stand-ins tell of channels and games."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from portal.sandbox.reports import HEADER, game_report, window
from tests.sandbox.platforms import Platforms
from tests.sandbox.test_oauth import new_code, redeem

MIRA, BEAR = "48102201", "48102202"
ANALYTICS = "/twitch/helix/analytics/games"


def test_twitch_lists_who_is_live_and_in_what(platforms: Platforms) -> None:
    assert platforms.get("/twitch/helix/streams").json()["data"] == []
    for user in (MIRA, BEAR):
        platforms.switch("twitch", user, category_id="509658", title="Launch day")
    first = platforms.get("/twitch/helix/streams", {"first": "1"}).json()
    second = platforms.get("/twitch/helix/streams", {"first": "1", "after": first["pagination"]["cursor"]}).json()
    assert {first["data"][0]["user_id"], second["data"][0]["user_id"]} == {MIRA, BEAR}
    assert second["pagination"] == {}
    (one,) = platforms.get("/twitch/helix/streams", {"user_id": MIRA, "game_id": "509658"}).json()["data"]
    assert (one["user_login"], one["game_name"], one["type"], one["title"]) == (
        "mira_plays",
        "Starfall",
        "live",
        "Launch day",
    )
    platforms.switch("twitch", MIRA, live=False)
    assert platforms.get("/twitch/helix/streams", {"user_id": MIRA}).json()["data"] == []
    assert platforms.get("/twitch/helix/streams", {"first": "101"}).status == 400


def test_a_channel_is_live_once_at_a_time(platforms: Platforms) -> None:
    assert platforms.switch("kick", "2001", category_id="4077").status == 200
    refused = platforms.switch("kick", "2001", category_id="4077")
    assert refused.status == 400
    assert "is live already" in refused.json()["error"]
    assert platforms.switch("kick", "2002", live=False).status == 400
    assert platforms.switch("kick", "2002", category_id="1").status == 400


def test_the_page_has_a_channel_go_live_and_offline(platforms: Platforms) -> None:
    path = "/console/kick/events/"
    page = platforms.server.get(path).text
    category = re.search(r'name="category".*?<option value="(\d+)"', page, re.DOTALL)
    assert category is not None
    form = {"channel": "2003", "category": category[1], "title": "Speedrun"}
    assert platforms.server.submit(path, form).status == 302
    page = platforms.server.get(path).text
    assert "Speedrun" in page
    assert '<option value="2003"' not in page
    end = re.search(r'action="(/console/kick/streams/\d+/end/)"', page)
    assert end is not None
    assert platforms.server.submit(path, {}, action=end[1]).status == 302
    assert "Nobody streams." in platforms.server.get(path).text
    assert platforms.server.submit(path, form | {"title": ""}).status == 400


def test_twitch_names_games(platforms: Platforms) -> None:
    (game,) = platforms.get("/twitch/helix/games", [("id", "509658"), ("id", "1")]).json()["data"]
    assert (game["id"], game["name"]) == ("509658", "Starfall")
    assert platforms.get("/twitch/helix/games").status == 400


def test_kick_tells_of_channels_categories_and_livestreams(platforms: Platforms) -> None:
    platforms.switch("kick", "2001", category_id="4077", title="Launch day")
    ids = [("broadcaster_user_id", "2001"), ("broadcaster_user_id", "2002")]
    live, off = platforms.get("/kick/public/v1/channels", ids).json()["data"]
    assert (live["slug"], live["stream"]["is_live"], live["category"]["id"]) == ("mira", True, 4077)
    assert (off["broadcaster_user_id"], off["stream"]["is_live"]) == (2002, False)
    (by_slug,) = platforms.get("/kick/public/v1/channels", {"slug": "oldbear"}).json()["data"]
    assert by_slug["broadcaster_user_id"] == 2002
    assert platforms.get("/kick/public/v1/channels", [*ids, ("slug", "mira")]).status == 400
    listed = platforms.get("/kick/public/v2/livestreams", {"category_id": "4077"}).json()
    assert listed["pagination"] == {"next_cursor": ""}
    (stream,) = listed["data"]
    assert (stream["broadcaster_user"]["id"], stream["channel"]["slug"], stream["title"]) == (
        2001,
        "mira",
        "Launch day",
    )
    asked = [("user_id", "2001"), ("user_id", "2002")]
    assert platforms.get("/kick/public/v1/users/livestreams", asked).json()["data"] == [stream]
    (old,) = platforms.get("/kick/public/v1/livestreams", {"broadcaster_user_id": "2001"}).json()["data"]
    assert (old["broadcaster_user_id"], old["stream_title"]) == (2001, "Launch day")
    categories = platforms.get("/kick/public/v2/categories", {"id": "4077,1"}).json()
    assert [(one["id"], one["name"]) for one in categories["data"]] == [(4077, "Starfall")]
    assert platforms.get("/kick/public/v1/categories/4077").json()["data"]["name"] == "Starfall"
    assert platforms.get("/kick/public/v1/categories/1").status == 404


def test_kicks_newer_lists_have_pages(platforms: Platforms) -> None:
    for user in ("2001", "2002", "2003"):
        platforms.switch("kick", user, category_id="4077")
    first = platforms.get("/kick/public/v2/livestreams", {"limit": "2"}).json()
    query = {"limit": "2", "cursor": first["pagination"]["next_cursor"]}
    second = platforms.get("/kick/public/v2/livestreams", query).json()
    found = [one["broadcaster_user"]["id"] for one in first["data"] + second["data"]]
    assert found == [2001, 2002, 2003]
    assert second["pagination"]["next_cursor"] == ""


def producer(platforms: Platforms, scope: str = "analytics:read:games") -> str:
    """A user token with ``scope``."""
    code = new_code(platforms.server, "twitch", scope=scope)
    token: str = redeem(platforms.server, "twitch", code).json()["access_token"]
    return token


def test_reports_are_for_users_who_granted_them(platforms: Platforms) -> None:
    assert platforms.get(ANALYTICS).status == 401
    assert platforms.get(ANALYTICS, token=producer(platforms, "user:read:email")).status == 401
    (report,) = platforms.get(ANALYTICS, token=producer(platforms)).json()["data"]
    assert set(report) == {"game_id", "URL", "type", "date_range"}
    answer = platforms.server.get(report["URL"])
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.body) < 60_000
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 364
    assert rows[0]["Date"] == report["date_range"]["ended_at"][:10]


def test_a_report_covers_the_days_asked_for_as_far_as_there_are_figures(platforms: Platforms) -> None:
    token, today = producer(platforms), datetime.now(UTC).date()
    query = {"started_at": f"{today - timedelta(days=9)}T00:00:00Z", "ended_at": f"{today}T00:00:00Z"}
    (report,) = platforms.get(ANALYTICS, query | {"game_id": "509658"}, token=token).json()["data"]
    assert report["date_range"] == {
        "started_at": query["started_at"],
        "ended_at": f"{today - timedelta(days=2)}T00:00:00Z",
    }
    assert platforms.server.get(report["URL"]).text.count("\r\n") == 9


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"started_at": "2026-01-01T00:00:00Z"}, 400),
        ({"started_at": "2026-02-01T00:00:00Z", "ended_at": "2026-01-01T00:00:00Z"}, 400),
        ({"started_at": "2026-01-01T12:00:00Z", "ended_at": "2026-02-01T00:00:00Z"}, 400),
        ({"started_at": "yesterday", "ended_at": "today"}, 400),
        ({"first": "101"}, 400),
        ({"after": "never given out"}, 400),
        ({"before": "x"}, 400),
        ({"game_id": "1"}, 404),
    ],
)
def test_reports_are_refused_as_documented(platforms: Platforms, query: dict[str, str], status: int) -> None:
    assert platforms.get(ANALYTICS, query, token=producer(platforms)).status == status


def test_the_address_of_a_report_cannot_be_made_up(platforms: Platforms) -> None:
    assert platforms.server.get("/twitch/reports/forged:1:x.csv").status == 403


def test_a_reports_window_is_a_year_and_lags_two_days() -> None:
    today = date(2026, 11, 20)
    whole = (date(2025, 11, 20), date(2026, 11, 18))
    assert window(started_on=None, ended_on=None, today=today) == whole
    assert window(started_on=date(2020, 1, 1), ended_on=today, today=today) == whole
    asked = (date(2026, 3, 1), date(2026, 3, 31))
    assert window(started_on=asked[0], ended_on=asked[1], today=today) == asked


def test_a_report_says_the_same_of_a_day_whenever_it_is_read() -> None:
    def rows(first: date, last: date) -> list[dict[str, Any]]:
        text = game_report(game_id="509658", name="Star, fall", started_on=first, ended_on=last)
        return list(csv.DictReader(io.StringIO(text)))

    week = rows(date(2026, 3, 2), date(2026, 3, 8))
    assert rows(date(2026, 3, 4), date(2026, 3, 4)) == [week[4]]
    assert set(week[0]) == set(HEADER)
    assert week[0]["Game Name"] == "Star, fall"
