"""Twitch's game analytics: which reports there are, who may have them, and what is in their files (A1, A2, C8)."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.models import Campaign, CampaignPlatform, CampaignReward, Game, HeartbeatSource
from campaigns.rules.days import day_number
from campaigns.watch.days import bring_up_to_date
from fulfillment.api.problems import Problem
from fulfillment.api.twitch.report_files import COLUMNS
from fulfillment.api.twitch.reports_asking import Asked, cursor_of, read_parameters
from fulfillment.claim_counts import Changes, fold_changes
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import ApiClient, Claim
from fulfillment.resolve import resolve_due
from fulfillment.rules.scopes import ANALYTICS, CLAIMS_READ, CLAIMS_WRITE
from fulfillment.rules.states import State
from portal.models import Membership, Organization, User
from portal.roles import Role
from tests import factories as make
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db

PATH = "/helix/analytics/games"
NOW = make.NOW
TODAY = day_number(NOW)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
YESTERDAY = NOW - DAY


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def game() -> Game:
    return make.make_game(name="Stern", slug="stern")


@pytest.fixture
def studio(game: Game) -> Organization:
    return game.organization


@pytest.fixture
def api_client(studio: Organization) -> ApiClient:
    return make.make_api_client(studio)


@pytest.fixture
def campaign(game: Game) -> Campaign:
    """One that the portal counts, with two rewards, since ten days ago."""
    return counted_campaign(game, name="Autumn")


def counted_campaign(game: Game, **fields: Any) -> Campaign:
    long_ago = {"starts_at": NOW - 10 * DAY, "published_at": NOW - 20 * DAY}
    return make_counted_campaign(game, minutes=[30, 60], **long_ago, **fields)


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return make_source(game)


def granted(campaign: Campaign, *, on: datetime = YESTERDAY, reward: CampaignReward | None = None, n: int = 1) -> None:
    """Have claims of a campaign counted, as resolving and delivering does."""
    happened(campaign, "granted", on=on, reward=reward, n=n)


def happened(
    campaign: Campaign, what: str, *, on: datetime = YESTERDAY, reward: CampaignReward | None = None, n: int = 1
) -> None:
    changes = Changes()
    changes.on_day(campaign.pk, reward.pk if reward else None, what, day_number(on), n)
    changes.write()


def rewards_of(campaign: Campaign) -> list[CampaignReward]:
    return list(campaign.rewards.select_related("reward").order_by("position"))


def ask(client: ApiClient, token: str | None = None, **parameters: Any) -> Any:
    return Client().get(f"{PATH}?{urlencode(parameters, doseq=True)}", headers=make.api_headers(client, token))


def reports(client: ApiClient, token: str | None = None, **parameters: Any) -> list[dict[str, Any]]:
    response = ask(client, token, **parameters)
    assert response.status_code == 200, response.content
    data: list[dict[str, Any]] = response.json()["data"]
    return data


def fetch(url: str) -> Any:
    assert url.startswith(f"{django_settings.BASE_URL}/helix/analytics/files/")
    return Client().get(url.removeprefix(django_settings.BASE_URL))


def lines(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200, response.content
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def figures(client: ApiClient, **parameters: Any) -> list[dict[str, str]]:
    """Return the lines of the only report."""
    [report] = reports(client, **parameters)
    return lines(fetch(report["URL"]))


def message(response: Any) -> tuple[int, str]:
    body = response.json()
    assert set(body) == {"error", "status", "message"}
    assert body["status"] == response.status_code
    return response.status_code, body["message"]


# What is asked for.


def asked(query: str) -> Asked:
    return read_parameters(QueryDict(query), today=TODAY)


def at(days_ago: int) -> str:
    return f"{NOW - days_ago * DAY:%Y-%m-%d}T00:00:00Z"


@pytest.mark.parametrize(
    ("started_at", "ended_at", "first", "last"),
    [
        (at(5), at(3), 5, 3),
        (at(3), at(3), 3, 3),
        (at(5), at(1), 5, 1),
        (at(5), at(0), 5, 1),  # today is not over: until yesterday
        (at(5), at(-40), 5, 1),
        (at(365), at(3), 365, 3),
        (at(366), at(3), 365, 3),  # a year at most
        ("0001-01-01T00:00:00Z", at(3), 365, 3),
        (f"{NOW - 5 * DAY:%Y-%m-%d}t00:00:00.000000z", f"{NOW - 3 * DAY:%Y-%m-%d}T00:00:00%2B00:00", 5, 3),
        (f"{NOW - 5 * DAY:%Y-%m-%d}T02:00:00%2B02:00", f"{NOW - 4 * DAY:%Y-%m-%d}T22:00:00-02:00", 5, 3),
    ],
)
def test_a1_both_dates_are_inside_and_are_cut_to_a_year_ago_and_yesterday(
    started_at: str, ended_at: str, first: int, last: int
) -> None:
    found = asked(f"started_at={started_at}&ended_at={ended_at}")
    assert found.days == (TODAY - first, TODAY - last)


@pytest.mark.parametrize(("started_at", "ended_at"), [(at(0), at(0)), (at(-2), at(-3)), (at(400), at(366))])
def test_a1_of_what_is_cut_to_nothing_there_is_no_day(started_at: str, ended_at: str) -> None:
    first, last = asked(f"started_at={started_at}&ended_at={ended_at}").days
    assert first > last


def test_a1_without_dates_the_last_365_days_are_reported() -> None:
    assert asked("").days == (TODAY - 365, TODAY - 1)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"started_at={at(5)}", "started_at and ended_at must be given together, or neither."),
        (f"ended_at={at(5)}", "started_at and ended_at must be given together, or neither."),
        (f"started_at={at(3)}&ended_at={at(4)}", "ended_at must not be earlier than started_at."),
        (f"started_at={at(3)[:10]}T00:00:01Z&ended_at={at(1)}", "The time part of started_at must be zero"),
        (f"started_at={at(3)}&ended_at={at(1)[:10]}T00:00:00.5Z", "The time part of ended_at must be zero"),
        (f"started_at={at(3)[:10]}T00:00:00%2B02:00&ended_at={at(1)}", "midnight in UTC"),
        (f"started_at={at(3)[:10]}&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at={at(3)[:-1]}&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=2026-02-30T00:00:00Z&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=0001-01-01T00:00:00%2B10:00&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=20261101T000000Z&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at=yesterday&ended_at={at(1)}", "started_at must be a time in RFC 3339"),
        (f"started_at={at(3)}&started_at={at(2)}&ended_at={at(1)}", "started_at may be given once"),
        ("type=overview_v1", "type must be overview_v2."),
        ("type=", "type must be overview_v2."),
        ("first=0", "first must be a whole number from 1 to 100."),
        ("first=101", "first must be a whole number from 1 to 100."),
        ("first=-1", "first must be a whole number from 1 to 100."),
        ("first=1.5", "first must be a whole number from 1 to 100."),
        ("first=", "first must be a whole number from 1 to 100."),
        ("after=%21", "after must be a cursor"),
        ("after=abc", "after must be a cursor"),
        ("after=" + cursor_of("01M8ABQDZ6S3QCDRWXG37PJ410") + "=", "after must be a cursor"),
        ("after=" + cursor_of("lower"), "after must be a cursor"),
        ("before=abc", "Reports are paged forward only"),
        ("game_id=", "game_id must be an id"),
        ("game_id=a%00b", "game_id must be an id"),
        (f"game_id={'9' * 201}", "game_id must be an id"),
        ("game_id=1&game_id=2", "game_id may be given once"),
    ],
)
def test_a1_what_helix_does_not_take_is_400_with_the_reason(query: str, said: str) -> None:
    with pytest.raises(Problem) as refused:
        asked(query)
    assert refused.value.status == 400
    assert said in refused.value.message


@pytest.mark.parametrize(("query", "first"), [("", 20), ("first=1", 1), ("first=20", 20), ("first=100", 20)])
def test_a1_a_page_has_20_reports_at_most_however_many_are_asked_for(query: str, first: int) -> None:
    assert asked(query).first == first


def test_a1_after_is_ignored_where_a_game_is_named() -> None:
    assert asked("game_id=33214&after=%21%21").after == ""
    assert asked("after=" + cursor_of("01M8ABQDZ6S3QCDRWXG37PJ410")).after == "01M8ABQDZ6S3QCDRWXG37PJ410"
    assert asked("after=").after == ""


def test_a1_parameters_that_helix_does_not_have_are_ignored() -> None:
    assert asked("colour=red") == asked("")


# Who may ask.


def test_a1_a_call_without_a_token_or_with_another_client_s_id_is_401(
    api_client: ApiClient, studio: Organization
) -> None:
    assert message(Client().get(PATH)) == (401, "OAuth token is missing")
    headers = {**make.api_headers(api_client), "Client-Id": make.make_api_client(studio).oauth_id}
    assert message(Client().get(PATH, headers=headers))[0] == 401


def test_a1_a_client_needs_the_scope(studio: Organization) -> None:
    without = make.make_api_client(studio, scopes=(CLAIMS_READ, CLAIMS_WRITE))
    assert message(ask(without)) == (401, f"Missing scope: {ANALYTICS}")
    only = make.make_api_client(studio, scopes=(ANALYTICS,))
    assert ask(only).status_code == 200


def test_a1_a_token_that_was_granted_narrower_scopes_does_not_do(api_client: ApiClient) -> None:
    assert message(ask(api_client, make.make_api_token(api_client, scopes=(CLAIMS_READ,))))[0] == 401
    assert ask(api_client, make.make_api_token(api_client, scopes=(ANALYTICS,))).status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_a1_s1_a_member_s_token_with_the_scope_sees_what_the_member_sees(
    api_client: ApiClient, studio: Organization, campaign: Campaign, game: Game, role: Role
) -> None:
    granted(campaign)
    member = make.make_staff(studio, role)
    token = make.make_api_token(api_client, user=member, scopes=(ANALYTICS,))
    assert len(reports(api_client, token)) == 1
    [report] = reports(api_client, token, game_id=game.pk)
    assert len(lines(fetch(report["URL"]))) == 2


@pytest.mark.parametrize("scopes", [(), (CLAIMS_READ,)])
def test_a1_a_user_s_token_needs_the_scope_itself(
    api_client: ApiClient, studio: Organization, scopes: tuple[str, ...]
) -> None:
    token = make.make_api_token(api_client, user=make.make_staff(studio), scopes=scopes)
    assert message(ask(api_client, token)) == (401, f"Missing scope: {ANALYTICS}")


def test_a2_who_is_no_member_of_the_studio_has_no_games(api_client: ApiClient, campaign: Campaign, game: Game) -> None:
    granted(campaign)
    for user in (make.make_user(), make.make_staff(make.make_organization())):
        token = make.make_api_token(api_client, user=user, scopes=(ANALYTICS,))
        assert ask(api_client, token).json() == {"data": [], "pagination": {}}
        assert message(ask(api_client, token, game_id=game.pk))[0] == 404


def test_a1_the_client_of_a_disabled_organization_is_400(api_client: ApiClient) -> None:
    Organization.objects.update(enabled=False)
    assert message(ask(api_client))[0] == 400


def test_a1_other_methods_are_405(api_client: ApiClient) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert message(getattr(Client(), method)(PATH, headers=make.api_headers(api_client)))[0] == 405


# Which reports there are.


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


# What is in the file.


def test_a1_the_file_has_a_line_for_each_day_and_campaign_and_one_for_each_reward(
    api_client: ApiClient, campaign: Campaign, game: Game, source: HeartbeatSource
) -> None:
    first, second = rewards_of(campaign)
    for minute, viewers in ((0, ["ada", "ben"]), (70, ["ada"])):
        beat(source, viewers=viewers, minute=YESTERDAY + minute * MINUTE)
    count_all()
    granted(campaign, reward=first, n=3)
    granted(campaign, reward=second, n=2)
    happened(campaign, "delivered", reward=second)
    happened(campaign, "failed", reward=second, on=NOW - 3 * DAY)
    [report] = reports(api_client)
    response = fetch(report["URL"])
    text = response.getvalue().decode()
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="stern-2025-11-20-2026-11-19.csv"'
    assert response["Cache-Control"] == "no-store"
    where = f"{game.pk},Stern,{campaign.pk},Autumn"
    one, two = (f"{row.reward.pk},{row.reward.name}" for row in (first, second))
    assert text.splitlines() == [
        "date,game_id,game,campaign_id,campaign,reward_id,reward,watched_minutes,unique_viewers,claims,delivered,failed",
        f"2026-11-17,{where},,,0,0,0,0,1",
        f"2026-11-17,{where},{two},,,0,0,1",
        f"2026-11-19,{where},,,3,2,5,1,0",
        f"2026-11-19,{where},{one},,,3,0,0",
        f"2026-11-19,{where},{two},,,2,1,0",
    ]


def test_a1_days_without_activity_are_left_out_and_the_others_ascend(
    api_client: ApiClient, game: Game, campaign: Campaign
) -> None:
    other = counted_campaign(game)
    for days, one in ((40, campaign), (2, other), (2, campaign), (300, other), (9, campaign)):
        granted(one, on=NOW - days * DAY)
    found = [(line["date"], line["campaign_id"]) for line in figures(api_client) if not line["reward_id"]]
    assert found == [
        ("2026-01-24", other.pk),
        ("2026-10-11", campaign.pk),
        ("2026-11-11", campaign.pk),
        ("2026-11-18", campaign.pk),
        ("2026-11-18", other.pk),
    ]


def test_a1_the_file_has_the_days_of_its_report_and_no_others(
    api_client: ApiClient, campaign: Campaign, source: HeartbeatSource
) -> None:
    for days in range(8):
        granted(campaign, on=NOW - days * DAY)
        beat(source, viewers=["ada"], minute=NOW - days * DAY)
    count_all()
    found = figures(api_client, started_at=at(5), ended_at=at(3))
    assert sorted({line["date"] for line in found}) == [at(5)[:10], at(4)[:10], at(3)[:10]]


def test_what_a_platform_counts_is_not_known_and_what_nobody_watched_is_nothing(
    api_client: ApiClient, game: Game
) -> None:
    theirs = make.make_campaign(game, platform_ids={"twitch": "there"})
    ours = counted_campaign(game)
    mixed = counted_campaign(game)
    CampaignPlatform.objects.create(campaign=mixed, platform="twitch", platform_campaign_id="elsewhere")
    for one in (theirs, ours, mixed):
        granted(one)
    found = {line["campaign_id"]: line for line in figures(api_client) if not line["reward_id"]}
    known = {key: (line["watched_minutes"], line["unique_viewers"]) for key, line in found.items()}
    assert known == {theirs.pk: ("", ""), ours.pk: ("0", "0"), mixed.pk: ("0", "0")}


def test_claims_whose_reward_the_campaign_does_not_have_stand_in_a_line_of_their_own(
    api_client: ApiClient, campaign: Campaign
) -> None:
    granted(campaign, n=4)
    granted(campaign, reward=rewards_of(campaign)[0])
    found = [(line["reward_id"], line["claims"]) for line in figures(api_client)]
    assert found == [("", "5"), (rewards_of(campaign)[0].reward.pk, "1"), ("none", "4")]


def test_lines_of_rewards_add_up_to_their_campaign_s(
    api_client: ApiClient, game: Game, campaign: Campaign, source: HeartbeatSource
) -> None:
    beat(source, viewers=["ada"], minute=YESTERDAY)
    count_all()
    for one in (campaign, counted_campaign(game)):
        for number, reward in enumerate([*rewards_of(one), None]):
            for what in ("granted", "delivered", "failed"):
                happened(one, what, reward=reward, n=number + 1)
    sums: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for line in figures(api_client):
        for column in ("claims", "delivered", "failed", "watched_minutes", "unique_viewers"):
            sums[bool(line["reward_id"])][column] += int(line[column] or 0)
    assert sums[False] == sums[True] + Counter(watched_minutes=1, unique_viewers=1)


def test_names_are_no_formulas_and_keep_their_letters(api_client: ApiClient, game: Game, campaign: Campaign) -> None:
    Game.objects.filter(pk=game.pk).update(name="星 Stern, «zwei»")
    Campaign.objects.filter(pk=campaign.pk).update(name='=HYPERLINK("https://evil.example")')
    reward = rewards_of(campaign)[0]
    reward.reward.name = "@SUM(A1)"
    reward.reward.save(update_fields=["name"])
    granted(campaign, reward=reward)
    total, one = figures(api_client)
    assert total["game"] == "星 Stern, «zwei»"
    assert total["campaign"] == '\'=HYPERLINK("https://evil.example")'
    assert one["reward"] == "'@SUM(A1)"


def test_a_program_finds_every_column_by_its_name(api_client: ApiClient, campaign: Campaign) -> None:
    granted(campaign)
    assert tuple(figures(api_client)[0]) == COLUMNS  # the first is "date", without a mark of UTF-8 before it


def test_w4_the_file_has_late_heartbeats_as_soon_as_they_are_counted(
    api_client: ApiClient, campaign: Campaign, source: HeartbeatSource
) -> None:
    beat(source, viewers=["ada"], minute=YESTERDAY)
    count_all()
    [report] = reports(api_client)
    assert [line["watched_minutes"] for line in lines(fetch(report["URL"]))] == ["1"]
    beat(source, viewers=["ada", "ben"], minute=YESTERDAY + MINUTE, received_at=NOW)
    count_all()
    [line] = lines(fetch(report["URL"]))
    assert (line["watched_minutes"], line["unique_viewers"]) == ("3", "2")


def test_figures_that_take_longer_to_work_out_are_asked_for_later(
    api_client: ApiClient, campaign: Campaign, source: HeartbeatSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(source, viewers=["ada"], minute=YESTERDAY)
    count_all()
    [report] = reports(api_client)
    monkeypatch.setattr("fulfillment.api.twitch.report_files.PATIENCE_SECONDS", 0.0)
    response = fetch(report["URL"])
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "still being worked out" in response.content.decode()
    assert bring_up_to_date(now=NOW, seconds=60)
    assert len(lines(fetch(report["URL"]))) == 1


# How long a link is good for, and for whom.


@pytest.fixture
def url(api_client: ApiClient, campaign: Campaign) -> str:
    granted(campaign)
    [report] = reports(api_client)
    link: str = report["URL"]
    return link


def refused(url: str) -> tuple[int, str]:
    response = fetch(url)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    return response.status_code, response.content.decode()


def test_a1_a_link_is_good_for_five_minutes(url: str, clock: time_machine.Coordinates) -> None:
    clock.shift(300)
    assert fetch(url).status_code == 200
    assert fetch(url).status_code == 200
    clock.shift(1)
    status, text = refused(url)
    assert status == 410
    assert "expired" in text
    assert "Ask for the report again" in text


def test_a1_a_link_of_earlier_reports_the_days_that_it_was_made_for(
    api_client: ApiClient, campaign: Campaign, url: str, clock: time_machine.Coordinates
) -> None:
    clock.move_to(datetime(2026, 11, 20, 23, 58, tzinfo=UTC))
    [report] = reports(api_client)
    granted(campaign, on=NOW)
    clock.move_to(datetime(2026, 11, 21, 0, 2, tzinfo=UTC))
    assert [line["date"] for line in lines(fetch(report["URL"]))] == ["2026-11-19", "2026-11-19"]


def test_a1_a_link_that_was_changed_is_worth_nothing(url: str) -> None:
    head, signed = url.rsplit("/", 1)
    payload, stamp, signature = signed.split(":")
    for other in (
        f"{payload}x:{stamp}:{signature}",
        f"{payload}:{stamp}a:{signature}",
        f"{payload}:{stamp}:x",
        "x",
        ":",
    ):
        assert refused(f"{head}/{other}")[0] == 403


def revoke(client: ApiClient) -> None:
    ApiClient.objects.filter(pk=client.pk).update(revoked_at=NOW)


def expire(client: ApiClient) -> None:
    ApiClient.objects.filter(pk=client.pk).update(expires_at=NOW)


def disable(client: ApiClient) -> None:
    Organization.objects.filter(pk=client.organization_id).update(enabled=False)


def take_scope(client: ApiClient) -> None:
    client.oauth.set_scopes([CLAIMS_READ])
    client.oauth.save()


@pytest.mark.parametrize("end", [revoke, expire, disable, take_scope])
def test_a2_a_link_ends_with_what_its_client_may(url: str, api_client: ApiClient, end: Any) -> None:
    assert fetch(url).status_code == 200
    end(api_client)
    status, text = refused(url)
    assert status == 403
    assert "may not see these figures any more" in text


def leave(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def lock_out(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def be_deleted(user: User) -> None:
    leave(user)
    user.delete()


@pytest.mark.parametrize("end", [leave, lock_out, be_deleted])
def test_a2_a_member_s_link_ends_with_the_membership(
    api_client: ApiClient, studio: Organization, campaign: Campaign, end: Any
) -> None:
    granted(campaign)
    member = make.make_staff(studio, Role.ANALYST)
    token = make.make_api_token(api_client, user=member, scopes=(ANALYTICS,))
    [report] = reports(api_client, token)
    assert fetch(report["URL"]).status_code == 200
    end(member)
    assert refused(report["URL"])[0] == 403


def test_a1_a_link_needs_no_headers_and_takes_any(url: str) -> None:
    path = url.removeprefix(django_settings.BASE_URL)
    for headers in ({}, {"Accept": "text/html"}, {"Authorization": "Bearer nothing"}):
        assert len(lines(Client().get(path, headers=headers))) == 2
    response = Client().head(path)
    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert Client().post(path).status_code == 405


def test_a1_each_game_s_link_is_to_its_own_figures(api_client: ApiClient, studio: Organization) -> None:
    for n in (1, 2):
        granted(counted_campaign(make.make_game(studio, name=f"Game no. {n}")), n=n)
    found = {}
    for report in reports(api_client):
        total, _of_reward = lines(fetch(report["URL"]))
        found[total["game"]] = (total["game_id"] == report["game_id"], total["claims"])
    assert found == {"Game no. 1": (True, "1"), "Game no. 2": (True, "2")}


# What it costs.


def queries(deed: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        deed()
    return len(captured)


def test_20_games_and_20_campaigns_cost_as_many_queries_as_one(api_client: ApiClient, studio: Organization) -> None:
    headers = make.api_headers(api_client)

    def add(campaigns: int) -> None:
        source = make_source(make.make_game(studio))
        for _ in range(campaigns):
            campaign = counted_campaign(source.game)
            for reward in rewards_of(campaign):
                granted(campaign, reward=reward)
        beat(source, viewers=["ada"], minute=YESTERDAY)

    costs = []
    for games in ([1], [1] * 18 + [20]):
        for campaigns in games:
            add(campaigns)
        count_all()
        bring_up_to_date(now=NOW, seconds=60)
        Client().get(PATH, headers=headers)  # takes a portion of points, and knows it from then on
        listed = queries(lambda: Client().get(PATH, headers=headers))
        report = Client().get(PATH, headers=headers).json()["data"][-1]
        found: list[dict[str, str]] = []
        read = queries(lambda url=report["URL"], found=found: found.extend(lines(fetch(url))))
        assert len({line["campaign_id"] for line in found}) == games[-1]
        costs.append((listed, read))
    assert costs[0] == costs[1]


# All together.

PLAYED = st.one_of(
    st.tuples(st.just("beat"), st.integers(-4320, -1), st.frozensets(st.sampled_from("abcd"), max_size=3)),
    st.tuples(st.just("claim"), st.integers(0, 4), st.integers(0, 3)),
    st.tuples(st.sampled_from(["deliver", "fail", "resend"]), st.integers(1, 3), st.integers(0, 9)),
    st.tuples(st.sampled_from(["count", "days", "fold"]), st.just(0), st.just(0)),
)


class Played:
    """A campaign, and beside it by the day what a few lists say of it."""

    def __init__(self) -> None:
        self.game = make.make_game()
        self.source = make_source(self.game)
        self.rewards = [make.make_reward(self.game, platform_ids={"kick": f"kick-{n}"}, image=False) for n in range(3)]
        self.campaign = make.make_campaign(
            self.game, rewards=self.rewards[:2], starts_at=NOW - 20 * DAY, published_at=NOW - 30 * DAY
        )
        CampaignPlatform.objects.create(
            campaign=self.campaign, platform="kick", platform_campaign_id="kick-one", counted_by="portal"
        )
        self.watched: set[tuple[str, int]] = set()
        self.happened: Counter[tuple[int, str, str]] = Counter()
        self.claims: list[Claim] = []

    def beat(self, minute: int, viewers: frozenset[str]) -> None:
        midnight = NOW.replace(hour=0)
        beat(self.source, viewers=sorted(viewers), minute=midnight + minute * MINUTE, received_at=NOW)
        self.watched |= {(viewer, minute) for viewer in viewers}

    def claim(self, days: int, reward: int) -> None:
        number = len(self.claims)
        claim = make.make_claim(
            self.game.organization,
            platform_reward_id=f"kick-{reward % 3}",
            platform_campaign_id="kick-one",
            platform_user_id=f"viewer-{number}",
            granted_at=NOW - days * DAY,
        )
        make.make_link(
            self.game,
            viewer=make.make_viewer(self.game.organization, platform_user_id=f"viewer-{number}"),
        )
        resolve_due(now=NOW)
        self.claims.append(claim)
        self.happened[-days, self._reward(claim), "claims"] += 1

    def _reward(self, claim: Claim) -> str:
        number = int(claim.platform_reward_id[-1])
        return self.rewards[number].pk if number < 2 else "none"

    def _move(self, number: int, before: tuple[State, ...], to: tuple[State, ...], days: int) -> Claim | None:
        if not self.claims:
            return None
        with transaction.atomic():
            [claim] = lock_claims([self.claims[number % len(self.claims)].pk])
            if claim.state not in before:
                return None
            for state in to:
                move_claims([Move(claim, state)], now=NOW - days * DAY)
        return claim

    def deliver(self, days: int, number: int) -> None:
        claim = self._move(number, (State.READY,), (State.DELIVERING, State.DELIVERED), days)
        if claim:
            self.happened[-days, self._reward(claim), "delivered"] += 1

    def fail(self, days: int, number: int) -> None:
        claim = self._move(number, (State.READY,), (State.DELIVERING, State.FAILED), days)
        if claim:
            self.happened[-days, self._reward(claim), "failed"] += 1

    def resend(self, days: int, number: int) -> None:
        self._move(number, (State.DELIVERED, State.FAILED), (State.READY,), days)

    def count(self, *_: int) -> None:
        count_all(now=NOW)

    def days(self, *_: int) -> None:
        bring_up_to_date(now=NOW, seconds=60)

    def fold(self, *_: int) -> None:
        fold_changes(limit=2)

    def expected(self) -> dict[tuple[int, str], tuple[int | None, ...]]:
        """Return the lines by day, counted from today, and reward; empty for the campaign's own."""
        lines: dict[tuple[int, str], tuple[int | None, ...]] = {}
        by_day: dict[int, list[tuple[str, int]]] = {}
        for viewer, minute in self.watched:
            by_day.setdefault(minute // 1440, []).append((viewer, minute))
        what = ("claims", "delivered", "failed")
        for day in range(-4, 0):
            rewards = sorted({reward for at, reward, _what in self.happened if at == day})
            for reward in rewards:
                lines[day, reward] = (None, None, *(self.happened[day, reward, one] for one in what))
            watched = by_day.get(day, [])
            if rewards or watched:
                sums = [sum(self.happened[day, reward, one] for reward in rewards) for one in what]
                lines[day, ""] = (len(watched), len({viewer for viewer, _minute in watched}), *sums)
        return lines


@settings(max_examples=20)
@example(
    [
        ("beat", -1, frozenset("ab")),
        ("claim", 1, 0),
        ("claim", 2, 2),
        ("deliver", 1, 0),
        ("count", 0, 0),
        ("days", 0, 0),
        ("beat", -1440, frozenset("a")),
        ("resend", 1, 0),
        ("deliver", 2, 0),
    ]
)
@given(st.lists(PLAYED, max_size=20))
def test_whatever_happens_the_file_says_what_a_few_lists_say(played: list[tuple[str, Any, Any]]) -> None:
    with time_machine.travel(NOW, tick=False), transaction.atomic():
        play = Played()
        for step, *arguments in played:
            getattr(play, step)(*arguments)
        count_all(now=NOW)
        client = make.make_api_client(play.game.organization)
        found: dict[tuple[int, str], tuple[int | None, ...]] = {}
        for report in reports(client):
            for line in lines(fetch(report["URL"])):
                day = (datetime.fromisoformat(line["date"]).replace(tzinfo=UTC) - NOW.replace(hour=0)).days
                key = (day, line["reward_id"])
                assert key not in found
                found[key] = tuple(int(line[column]) if line[column] else None for column in COLUMNS[7:])
        assert found == play.expected()
        transaction.set_rollback(True)
