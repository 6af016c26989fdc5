"""Who claims what the portal counted, for the tests of claiming: a linked viewer, and one of the studio's own player."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.models import Campaign, CampaignReward, EarnedReward, Viewer
from fulfillment.claiming import claim_reward
from fulfillment.models import Claim
from fulfillment.resolve import resolve_due
from portal.models import User
from tests import factories as make
from tests.factories import NOW
from tests.watching import beat, count_all, make_counted_campaign, make_source

LATER = NOW + timedelta(minutes=5)


class World:
    """A game with an endpoint, a live campaign of two rewards that the portal counts on Kick, and one linked viewer."""

    def __init__(self, **fields: Any) -> None:
        self.game = make.make_game()
        self.endpoint = make.make_endpoint(self.game)
        self.campaign = make_counted_campaign(self.game, minutes=(30, 60), **fields)
        self.bronze, self.gold = self.campaign.rewards.order_by("position")
        self.user = make.make_user()
        self.player = make.make_player(self.game, user=self.user)
        self.viewer = make.make_viewer(self.game.organization)
        self.link = make.make_link(self.game, viewer=self.viewer, player=self.player)

    def earn(self, *rows: CampaignReward, viewer: Viewer | None = None) -> None:
        for row in rows:
            EarnedReward.objects.create(viewer=viewer or self.viewer, campaign_reward=row, earned_at=NOW)

    def watch(self, minutes: int, viewer: Viewer | None = None) -> None:
        source = make_source(self.game)
        for minute in range(minutes):
            beat(
                source,
                viewers=[(viewer or self.viewer).platform_user_id],
                minute=NOW - timedelta(hours=2) + timedelta(minutes=minute),
            )
        count_all()

    def claim(self, row: CampaignReward | None = None, *, now: datetime = NOW, **who: Any) -> Claim:
        row = CampaignReward.objects.select_related("campaign__game", "reward").get(pk=(row or self.bronze).pk)
        return claim_reward(**{"viewer": self.viewer, "actor": self.user, **who}, campaign_reward=row, now=now)

    def change(self, **fields: Any) -> None:
        Campaign.objects.filter(pk=self.campaign.pk).update(**fields)


def settle(now: datetime = LATER) -> None:
    while resolve_due(now=now):
        pass


class OwnPlayer:
    """A campaign that the portal counts in the studio's own player (I2)."""

    def __init__(self) -> None:
        self.game = make.make_game()
        make.make_endpoint(self.game)
        self.campaign = make_counted_campaign(self.game, platform="portal")
        self.row = CampaignReward.objects.select_related("campaign__game", "reward").get()
        self.user = make.make_user()

    def viewer(self, player_id: str) -> Viewer:
        viewer = make.make_viewer(self.game.organization, "portal", platform_user_id=player_id, name="")
        EarnedReward.objects.create(viewer=viewer, campaign_reward=self.row, earned_at=NOW)
        return viewer

    def claim(self, viewer: Viewer, actor: User | None = None) -> Claim:
        return claim_reward(viewer=viewer, campaign_reward=self.row, actor=actor or self.user, now=NOW)
