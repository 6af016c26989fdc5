"""Why a heartbeat counts nowhere, in words: each reason of the rules that count has its sentence (W1, W3, C7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.heartbeats.again import drop_kept_viewers
from campaigns.models import Campaign, CampaignChannel, CampaignPlatform, Channel, Game, Heartbeat
from campaigns.opting import opt_out
from campaigns.rules.counting import Why
from campaigns.watch.explaining import report_of, verdicts, why_not_counted
from tests.factories import NOW, make_campaign, make_channel, make_credential, make_game
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def game() -> Game:
    return make_game(name="Starfall")


@pytest.fixture
def channel(game: Game) -> Channel:
    return make_channel(game.organization, platform_channel_id="900", name="Nora")


def counted(game: Game, *, received_at: Any = None, platform: str = "kick", **fields: Any) -> Heartbeat:
    """Record one heartbeat, count it, and return it."""
    source = make_source(game, platform=platform)
    beat(source, viewers=["1"], minute=NOW, broadcaster="900", received_at=received_at, **fields)
    count_all(now=NOW + timedelta(days=60))
    return Heartbeat.objects.select_related("source__game", "channel").defer("viewer_list").get()


def texts(heartbeat: Heartbeat) -> list[str]:
    return [str(sentence) for sentence in why_not_counted(heartbeat, now=NOW + timedelta(days=60))]


def starts_later(game: Game) -> Campaign:
    return make_counted_campaign(game, name="X", starts_at=NOW + timedelta(minutes=1))


def published_later(game: Game) -> Campaign:
    return make_counted_campaign(game, name="X", published_at=NOW + timedelta(minutes=1))


def ended(game: Game) -> Campaign:
    return make_counted_campaign(game, name="X", ends_at=NOW)


def cancelled(game: Game) -> Campaign:
    return make_counted_campaign(game, name="X", status="cancelled", cancelled_at=NOW)


def draft(game: Game) -> Campaign:
    return make_counted_campaign(game, name="X", status="draft", starts_at=None, ends_at=None)


def draft_cancelled(game: Game) -> Campaign:
    campaign = draft(game)
    Campaign.objects.filter(pk=campaign.pk).update(status="cancelled", published_at=None)
    return campaign


def for_chosen_channels(game: Game) -> Campaign:
    return make_counted_campaign(game, name="X", scope="allow_list")


def left_by_the_channel(game: Game) -> Campaign:
    campaign = make_counted_campaign(game, name="X")
    opt_out(channel=Channel.objects.get(), game=game, actor=None, now=NOW - timedelta(hours=1))
    return campaign


def counted_there(game: Game) -> Campaign:
    return make_campaign(game, name="X", platform_ids={"kick": "C1"})


def elsewhere(game: Game) -> Campaign:
    return make_counted_campaign(game, name="X", platform="twitch")


def of_another_game(game: Game) -> Campaign:
    return make_counted_campaign(make_game(game.organization), name="X")


REASONS: list[tuple[Callable[[Game], Campaign], Why, str]] = [
    (starts_later, Why.BEFORE_START, "“X” starts only at 2026-11-20 12:01 UTC."),
    (
        published_later,
        Why.BEFORE_PUBLICATION,
        "“X” was published only at 2026-11-20 12:01 UTC. Minutes count from then on.",
    ),
    (ended, Why.AFTER_END, "“X” had ended, at 2026-11-20 12:00 UTC."),
    (cancelled, Why.AFTER_CANCELLATION, "“X” was cancelled, at 2026-11-20 12:00 UTC."),
    (draft, Why.NOT_PUBLISHED, "“X” is a draft. It counts once it is published and has started."),
    (draft_cancelled, Why.NOT_PUBLISHED, "“X” was cancelled before it was published."),
    (
        for_chosen_channels,
        Why.NOT_LISTED,
        "In “X” only listed channels count, and Nora (kick) was not on the list at that time.",
    ),
    (
        left_by_the_channel,
        Why.OPTED_OUT,
        "The owner of Nora (kick) has opted out of the global campaigns of Starfall, “X” among them.",
    ),
    (counted_there, Why.NOT_COUNTED_HERE, "In “X” Kick itself counts, not the portal."),
    (elsewhere, Why.NOT_COUNTED_HERE, "“X” does not run on Kick."),
    (of_another_game, Why.OTHER_GAME, "“X” is about other games, not about Starfall."),
]


@pytest.mark.parametrize(("make", "why", "said"), REASONS, ids=[make.__name__ for make, _why, _said in REASONS])
def test_w3_each_reason_is_said(
    game: Game, channel: Channel, make: Callable[[Game], Campaign], why: Why, said: str
) -> None:
    make(game)
    heartbeat = counted(game)
    (verdict,) = verdicts(source=heartbeat.source, report=report_of(heartbeat), channel=heartbeat.channel)
    assert verdict.why is why
    assert heartbeat.outcome == Heartbeat.Outcome.NOWHERE
    assert texts(heartbeat) == [said]


def test_w4_one_that_came_after_closing_is_said(game: Game, channel: Channel) -> None:
    make_counted_campaign(game, name="X", ends_at=NOW + timedelta(hours=1), grace_days=0)
    heartbeat = counted(game, received_at=NOW + timedelta(hours=2))
    assert texts(heartbeat) == ["It arrived at 2026-11-20 14:00 UTC, when claiming in “X” had closed already."]


def test_every_reason_of_the_rules_has_its_words() -> None:
    assert {why for _make, why, _said in REASONS} | {Why.CAME_AFTER_CLOSING} == set(Why)


def test_w3_without_a_campaign_it_says_what_is_needed(game: Game, channel: Channel) -> None:
    make_counted_campaign(make_game(), name="Somebody else's")
    (said,) = texts(counted(game))
    assert said == ("There was no campaign at that time. Make one for Starfall in which the portal counts on Kick.")


def test_w3_campaigns_of_other_games_are_named_only_where_there_is_none_of_this_game(
    game: Game, channel: Channel
) -> None:
    of_another_game(game)
    starts_later(game)
    assert len(texts(counted(game))) == 1


def test_a_counted_one_has_no_reasons_and_says_where_it_counts(game: Game, channel: Channel) -> None:
    make_counted_campaign(game, name="Test run", test_mode=True)
    for_chosen_channels(game)
    heartbeat = counted(game)
    assert texts(heartbeat) == []
    judged = verdicts(source=heartbeat.source, report=report_of(heartbeat), channel=heartbeat.channel)
    assert [(one.counts, str(one.sentence)[:38]) for one in judged] == [
        (True, "Counts in “Test run”, which is in test"),
        (False, "In “X” only listed channels count, and"),
    ]


def test_c7_a_channel_that_was_listed_at_that_minute_counts(game: Game, channel: Channel) -> None:
    campaign = for_chosen_channels(game)
    CampaignChannel.objects.create(
        campaign=campaign, channel=channel, listed_at=NOW - timedelta(hours=1), removed_at=NOW + timedelta(minutes=1)
    )
    heartbeat = counted(game)
    assert texts(heartbeat) == []


def test_w1_an_unknown_name_is_said_with_how_long_it_can_be_mended(game: Game, channel: Channel) -> None:
    source = make_source(game)
    beat(source, viewers=["1"], minute=NOW, game="Moonrise")
    count_all()
    heartbeat = Heartbeat.objects.select_related("source__game", "channel").get()
    first, then = texts(heartbeat)
    assert first.startswith("It calls the game “Moonrise”, which is none of the names of Starfall.")
    assert then.startswith("It is kept for 48 hours")
    drop_kept_viewers(now=NOW + timedelta(hours=49))
    assert texts(Heartbeat.objects.get())[1] == "It was kept for 48 hours and can no longer be counted."


def test_l10_a_broadcaster_who_is_not_linked_is_said(game: Game) -> None:
    credential = make_credential(game.organization, "twitch")
    source = make_source(game, "registered", "twitch", credential=credential)
    beat(source, viewers=["1"], minute=NOW, broadcaster="nobody")
    count_all()
    assert texts(Heartbeat.objects.get())[0].startswith("Its broadcaster is not linked")


def test_w8_what_is_not_due_yet_says_when_and_what_is_late_says_that_nobody_counts(game: Game) -> None:
    game.organization.one_stream_at_a_time = True
    game.organization.save()
    beat(make_source(game), viewers=["1"], minute=NOW)
    heartbeat = Heartbeat.objects.get()
    said = {
        seconds: str(why_not_counted(heartbeat, now=NOW + timedelta(seconds=seconds))[0]) for seconds in (0, 250, 400)
    }
    assert said[0].startswith("It is counted at 12:04:00 UTC")
    assert said[250] == "It is counted in a moment."
    assert "the process that counts does not run" in said[400]


def test_judging_twenty_campaigns_costs_as_many_queries_as_one(game: Game, channel: Channel) -> None:
    for_chosen_channels(game)
    heartbeat = counted(game)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            verdicts(source=heartbeat.source, report=report_of(heartbeat), channel=heartbeat.channel)
        return len(captured)

    one = queries()
    for n in range(19):
        campaign = make_campaign(game, name=f"More {n}")
        CampaignPlatform.objects.create(campaign=campaign, platform="kick", counted_by="portal")
    assert queries() == one
