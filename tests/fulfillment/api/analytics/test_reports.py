"""Which reports there are: one for each game of the studio with something in these days, page by page (A1 to A3, C8)."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings

from campaigns.models import Campaign, Game, HeartbeatSource
from fulfillment.claim_counts import fold_changes
from fulfillment.models import ApiClient
from portal.models import Organization
from tests import factories as make
from tests.fulfillment.api.analytics.reading import (
    DAY,
    NOW,
    YESTERDAY,
    ask,
    at,
    counted_campaign,
    fetch,
    figures,
    granted,
    happened,
    lines,
    message,
    reports,
)
from tests.watching import beat, count_all

pytestmark = pytest.mark.django_db


def test_a1_a_report_has_helix_s_fields(api_client: ApiClient, campaign: Campaign, game: Game) -> None:
    granted(campaign)
    response = ask(api_client, started_at=at(3), ended_at=at(0), type="overview_v2")
    assert response["Content-Type"].startswith("application/json")
    assert response["Cache-Control"] == "no-store"
    assert int(response["Ratelimit-Remaining"]) < int(response["Ratelimit-Limit"])
    [report] = response.json()["data"]
    assert response.json()["pagination"] == {}
    assert report.pop("URL").startswith(django_settings.BASE_URL)
    assert report == {
        "game_id": game.pk,
        "type": "overview_v2",
        "date_range": {"started_at": at(3), "ended_at": at(1)},
    }


def test_a1_a_game_is_named_by_its_category_or_by_our_id(api_client: ApiClient, campaign: Campaign, game: Game) -> None:
    granted(campaign)
    assert [one["game_id"] for one in reports(api_client, game_id=game.pk)] == [game.pk]
    make.make_category(game, "kick", platform_category_id="7")
    for category in ("33214", "33215"):
        make.make_category(game, "twitch", platform_category_id=category)
    for name in ("33214", "33215", game.pk):
        [report] = reports(api_client, game_id=name)
        assert report["game_id"] == "33214"
        assert {line["game_id"] for line in lines(fetch(report["URL"]))} == {"33214"}
    assert message(ask(api_client, game_id="7"))[0] == 404


def test_a2_another_organization_s_game_is_not_found_like_one_that_does_not_exist(api_client: ApiClient) -> None:
    other = make.make_game()
    make.make_category(other, "twitch", platform_category_id="33214")
    granted(counted_campaign(other))
    answers = {message(ask(api_client, game_id=name)) for name in (other.pk, "33214", "nothing")}
    assert answers == {(404, "The game that game_id names was not found.")}
    assert reports(api_client) == []


def test_a1_a_game_without_anything_in_the_window_has_no_report(
    api_client: ApiClient, campaign: Campaign, game: Game, source: HeartbeatSource
) -> None:
    assert ask(api_client, game_id=game.pk).json() == {"data": [], "pagination": {}}
    granted(campaign, on=NOW)
    beat(source, viewers=["ada"], minute=NOW)
    count_all()
    assert reports(api_client) == []  # today is not over
    granted(campaign, on=NOW - 5 * DAY)
    assert len(reports(api_client)) == 1
    for first, last, found in ((5, 5, 1), (6, 6, 0), (4, 1, 0), (6, 4, 1)):
        assert len(reports(api_client, started_at=at(first), ended_at=at(last))) == found


@pytest.mark.parametrize("what", ["granted", "delivered", "failed", "watched"])
@pytest.mark.parametrize("folded", [False, True])
def test_a1_whatever_happened_makes_a_report(
    api_client: ApiClient, campaign: Campaign, source: HeartbeatSource, what: str, folded: bool
) -> None:
    if what == "watched":
        beat(source, viewers=["ada"], minute=YESTERDAY)
        count_all()
    else:
        happened(campaign, what)
    if folded:
        fold_changes()
    assert len(reports(api_client, started_at=at(1), ended_at=at(1))) == 1


def test_c8_campaigns_in_test_mode_are_left_out(
    api_client: ApiClient, campaign: Campaign, source: HeartbeatSource
) -> None:
    viewer = make.make_viewer(campaign.organization, platform_user_id="ada")
    campaign.testers.create(platform="kick", platform_user_id=viewer.platform_user_id)
    Campaign.objects.update(test_mode=True)
    granted(campaign)
    beat(source, viewers=["ada"], minute=YESTERDAY)
    count_all()
    assert reports(api_client) == []
    other = counted_campaign(source.game)
    granted(other)
    assert {line["campaign_id"] for line in figures(api_client)} == {other.pk}


def test_a1_dates_without_a_day_between_give_no_reports(api_client: ApiClient, campaign: Campaign, game: Game) -> None:
    granted(campaign)
    for parameters in ({"started_at": at(0), "ended_at": at(-1)}, {"started_at": at(500), "ended_at": at(400)}):
        assert reports(api_client, **parameters) == reports(api_client, game_id=game.pk, **parameters) == []


def test_a3_pages_have_every_game_once_also_if_games_come_in_between(
    api_client: ApiClient, studio: Organization
) -> None:
    def active_game() -> str:
        game = make.make_game(studio)
        granted(counted_campaign(game))
        return game.pk

    games = [active_game() for _ in range(25)]
    page = ask(api_client, first=100).json()
    assert [one["game_id"] for one in page["data"]] == games[:20]
    games.append(active_game())
    rest = ask(api_client, first=100, after=page["pagination"]["cursor"]).json()
    assert [one["game_id"] for one in rest["data"]] == games[20:]
    assert rest["pagination"] == {}
    seen, cursor = [], ""
    while True:
        page = ask(api_client, first=4, after=cursor).json()
        seen += [one["game_id"] for one in page["data"]]
        assert len(page["data"]) <= 4
        if not page["pagination"]:
            break
        cursor = page["pagination"]["cursor"]
    assert seen == games
