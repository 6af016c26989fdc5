"""What producers define, and the viewers who progress in it."""

from campaigns.models.campaigns import (
    Campaign,
    CampaignChannel,
    CampaignGame,
    CampaignPlatform,
    CampaignReward,
    CampaignTester,
)
from campaigns.models.games import Channel, ChannelOptOut, Game, GameCategory, GameName
from campaigns.models.rewards import Reward, RewardPlatformId
from campaigns.models.viewers import Viewer

__all__ = [
    "Campaign",
    "CampaignChannel",
    "CampaignGame",
    "CampaignPlatform",
    "CampaignReward",
    "CampaignTester",
    "Channel",
    "ChannelOptOut",
    "Game",
    "GameCategory",
    "GameName",
    "Reward",
    "RewardPlatformId",
    "Viewer",
]
