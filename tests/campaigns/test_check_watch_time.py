"""Watch time counted again: what agrees is said to agree, and every kind of disagreement is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import F

from campaigns.models import (
    Campaign,
    CampaignFigures,
    CampaignHour,
    EarnedReward,
    Game,
    MinuteKind,
    Participation,
    RewardFigures,
    WatchedTotal,
)
from campaigns.watch.arrays import pack, unpack_totals
from campaigns.watch.checking import recount
from portal.sandbox.crowd import all_beats, crowd_of, expected, minute_of
from tests import factories as make
from tests import watching

pytestmark = pytest.mark.django_db

NOW = watching.NOW


def check(*arguments: str) -> str:
    out = StringIO()
    call_command("check_watch_time", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def game() -> Game:
    return make.make_game()


@pytest.fixture
def campaign(game: Game) -> Campaign:
    """Three people watched 3, 2 and 1 minutes over the turn of an hour; two minutes earn the reward."""
    campaign = watching.make_counted_campaign(game, minutes=[2])
    source = watching.make_source(game)
    for back, viewers in ((3, ["ada"]), (2, ["ada", "ben"]), (1, ["ada", "ben", "cleo"])):
        watching.beat(source, viewers=viewers, minute=NOW - timedelta(minutes=back - 2))
    watching.count_all()
    return campaign


def report_of(path: Path, viewers: dict[str, int], broadcasters: dict[str, int], **more: Any) -> Path:
    path.write_text(json.dumps({"viewers": viewers, "broadcasters": broadcasters, "complete": True, **more}))
    return path


def test_w6_what_was_counted_agrees_with_itself(campaign: Campaign) -> None:
    result = recount(campaign_id=campaign.pk)
    assert (result.watched_minutes, result.viewers, result.differences) == (6, 3, [])
    assert "6 minutes of 3 viewers counted again, 0 differences." in check()


def add_a_minute(campaign: Campaign) -> None:
    row = WatchedTotal.objects.get(campaign=campaign, kind=MinuteKind.WATCH)
    totals = unpack_totals(row.minutes)
    totals[totals.argmax()] += 1
    WatchedTotal.objects.filter(pk=row.pk).update(minutes=pack(totals))


def add_to_figures(campaign: Campaign) -> None:
    CampaignFigures.objects.filter(campaign=campaign).update(watched_minutes=F("watched_minutes") + 1)


def add_to_an_hour(campaign: Campaign) -> None:
    CampaignHour.objects.filter(campaign=campaign).update(watched_minutes=F("watched_minutes") + 1)


def lose_a_participation(campaign: Campaign) -> None:
    Participation.objects.filter(campaign=campaign)[0].delete()


def lose_what_was_earned(campaign: Campaign) -> None:
    EarnedReward.objects.filter(campaign_reward__campaign=campaign)[0].delete()


def add_to_what_was_earned(campaign: Campaign) -> None:
    RewardFigures.objects.filter(campaign_reward__campaign=campaign).update(earned=F("earned") + 1)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (add_a_minute, "minutes Watched of watcher"),
        (add_to_figures, "watched minutes: stored 7, counted 6"),
        (add_to_an_hour, "watched minutes in hour"),
        (lose_a_participation, "participations that are missing"),
        (lose_what_was_earned, "who has earned"),
        (add_to_what_was_earned, "how many have earned"),
    ],
)
def test_w6_whatever_was_added_up_wrongly_is_found_and_named(
    campaign: Campaign, damage: Callable[[Campaign], None], said: str
) -> None:
    damage(campaign)
    differences = [str(difference) for difference in recount(campaign_id=campaign.pk).differences]
    assert any(said.lower() in difference.lower() for difference in differences), differences
    with pytest.raises(CommandError, match="differences"):
        check()


def test_expected_totals_are_compared_to_the_minute(campaign: Campaign, tmp_path: Path) -> None:
    path = report_of(tmp_path / "report.json", {"ada": 3, "ben": 2, "cleo": 1}, {"900": 3})
    said = check("--expected", str(path), "--nobody-else")
    assert "Expected viewers: 3 of 3 agree, with 6 minutes; 0 more" in said
    assert "Expected broadcasters: 1 of 1 agree, with 3 minutes" in said


@pytest.mark.parametrize("viewers", [{"ada": 4}, {"ben": 1}, {"dora": 1}])
def test_a_minute_too_many_or_too_few_is_a_difference(
    campaign: Campaign, tmp_path: Path, viewers: dict[str, int]
) -> None:
    path = report_of(tmp_path / "report.json", {"cleo": 1, **viewers}, {})
    with pytest.raises(CommandError, match="1 differences"):
        check("--expected", str(path))


def test_people_whom_no_report_names_are_a_difference_only_if_asked_for(campaign: Campaign, tmp_path: Path) -> None:
    path = report_of(tmp_path / "report.json", {"ada": 3}, {"900": 3})
    assert "2 more have minutes whom no report names" in check("--expected", str(path))
    with pytest.raises(CommandError, match="2 differences"):
        check("--expected", str(path), "--nobody-else")


def test_reports_that_say_nothing_certain_are_refused(campaign: Campaign, tmp_path: Path) -> None:
    incomplete = report_of(tmp_path / "incomplete.json", {"ada": 3}, {}, complete=False)
    with pytest.raises(CommandError, match="not every heartbeat was accepted"):
        check("--expected", str(incomplete))
    one, two = (report_of(tmp_path / f"{n}.json", {"ada": 3}, {}) for n in "ab")
    with pytest.raises(CommandError, match="names people whom another report names"):
        check("--expected", str(one), "--expected", str(two))
    other = tmp_path / "other.json"
    other.write_text("[]")
    with pytest.raises(CommandError, match="is no report"):
        check("--expected", str(other))


def test_with_several_campaigns_the_one_that_is_meant_has_to_be_named(
    game: Game, campaign: Campaign, tmp_path: Path
) -> None:
    other = watching.make_counted_campaign(game)
    path = report_of(tmp_path / "report.json", {"ada": 3}, {})
    with pytest.raises(CommandError, match=f"--campaign {other.pk}"):
        check("--expected", str(path))
    assert "1 of 1 agree" in check("--expected", str(path), "--campaign", campaign.pk)


def test_w2_a_simulated_crowd_in_any_order_comes_to_what_sets_say(game: Game, tmp_path: Path) -> None:
    campaign = watching.make_counted_campaign(game, minutes=[5, 15])
    source = watching.make_source(game)
    crowd = crowd_of(channels=5, viewers_each=20, game=game.name, seed=3, overlap=0.3)
    beats = list(all_beats(crowd, first_minute=minute_of(NOW) - 10, minutes=20))
    from campaigns.heartbeats.arrivals import record_heartbeat
    from campaigns.rules.heartbeats import parse_heartbeat

    for number, one in enumerate(sorted(beats * 2, key=lambda beat: beat.id)):
        message = parse_heartbeat(one.body(retries=number % 2), now=NOW + timedelta(hours=1))
        record_heartbeat(source=source, message=message, now=NOW + timedelta(hours=1))
        if number % 50 == 0:
            watching.count_all()
    watching.count_all()
    totals = expected(beat.body() for beat in beats)
    path = report_of(tmp_path / "report.json", totals.viewers, totals.broadcasters)
    said = check("--expected", str(path), "--campaign", campaign.pk, "--nobody-else")
    assert f"{len(totals.viewers)} of {len(totals.viewers)} agree, with {totals.viewer_minutes} minutes" in said
