"""What is in the file of a report: a line for each day and campaign, and one for each reward (A1, W4)."""

from __future__ import annotations

from collections import Counter

import pytest

from campaigns.models import Campaign, CampaignPlatform, Game, HeartbeatSource
from campaigns.watch.days import bring_up_to_date
from fulfillment.api.twitch.report_files import COLUMNS
from fulfillment.models import ApiClient
from tests import factories as make
from tests.fulfillment.api.analytics.reading import (
    DAY,
    MINUTE,
    NOW,
    YESTERDAY,
    at,
    counted_campaign,
    fetch,
    figures,
    granted,
    happened,
    lines,
    reports,
    rewards_of,
)
from tests.watching import beat, count_all

pytestmark = pytest.mark.django_db


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
