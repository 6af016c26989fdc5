"""Which game events a gateway looks for (G4): those of the campaigns that run in a game, with all that decides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.game_state.rules_of import AHEAD, running_rules
from campaigns.models import Campaign, CampaignGame, CampaignReward, Game
from campaigns.rules.game_state.events import Condition, EventRule
from tests import factories as make
from tests.factories import NOW
from tests.game_events import make_event_reward
from tests.watching import make_counted_campaign

pytestmark = pytest.mark.django_db

TICK = timedelta(microseconds=1)


@pytest.fixture
def game() -> Game:
    return make.make_game()


@pytest.fixture
def campaign(game: Game) -> Campaign:
    return make_counted_campaign(game, minutes=[30])


def test_g4_a_rule_has_all_that_its_producer_entered_and_the_campaign_s_times(game: Game, campaign: Campaign) -> None:
    row = make_event_reward(
        campaign, event_condition="rises_above", event_value="9.5", event_cool_down_seconds=30, event_per_session=2
    )
    assert running_rules([game.pk], now=NOW) == {
        game.pk: (
            EventRule(
                id=row.pk,
                name=row.event_name,
                path="$.boss",
                condition=Condition.RISES_ABOVE,
                value=9.5,
                cool_down_seconds=30,
                per_session=2,
                starts_at=campaign.starts_at,
                ends_at=campaign.ends_at,
            ),
        )
    }


def test_c1_the_streams_of_further_games_count_as_well(game: Game, campaign: Campaign) -> None:
    row = make_event_reward(campaign)
    further, other = make.make_game(game.organization), make.make_game(game.organization)
    CampaignGame.objects.create(campaign=campaign, game=further)
    found = running_rules([game.pk, further.pk, other.pk], now=NOW)
    assert {key: [rule.id for rule in rules] for key, rules in found.items()} == {
        game.pk: [row.pk],
        further.pk: [row.pk],
    }


def test_c4_rules_are_read_from_shortly_before_the_start_to_the_end(game: Game, campaign: Campaign) -> None:
    make_event_reward(campaign)
    assert campaign.starts_at is not None and campaign.ends_at is not None
    for moment, there in [
        (campaign.starts_at - AHEAD - TICK, False),
        (campaign.starts_at - AHEAD, True),
        (campaign.ends_at - TICK, True),
        (campaign.ends_at, False),
    ]:
        assert bool(running_rules([game.pk], now=moment)) is there


@pytest.mark.parametrize("why", ["draft", "cancelled", "platform counts", "event of a name alone", "watch rule"])
def test_g4_what_earns_nothing_is_not_looked_for(game: Game, campaign: Campaign, why: str) -> None:
    row = make_event_reward(campaign)
    assert running_rules([game.pk], now=NOW)
    match why:
        case "draft":
            Campaign.objects.update(status="draft")
        case "cancelled":
            Campaign.objects.update(status="cancelled", cancelled_at=NOW)
        case "platform counts":
            campaign.platforms.update(counted_by="platform")
        case "event of a name alone":
            CampaignReward.objects.filter(pk=row.pk).update(event_path="", event_condition="", event_value="")
        case "watch rule":
            row.delete()
    assert running_rules([game.pk], now=NOW) == {}
