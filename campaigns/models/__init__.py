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
from campaigns.models.heartbeats import (
    Heartbeat,
    HeartbeatSource,
    HeartbeatTally,
    HeartbeatViewers,
    RegisteredIdentifier,
    SourceTest,
)
from campaigns.models.rewards import Reward, RewardPlatformId
from campaigns.models.viewers import Viewer
from campaigns.models.watching import (
    CampaignFigures,
    CampaignHour,
    ChannelFigures,
    CountingLease,
    EarnedReward,
    MinuteKind,
    OwnedHour,
    Participation,
    RewardFigures,
    WatchedDay,
    WatchedHour,
    WatchedTotal,
    Watcher,
)

__all__ = [
    "Campaign",
    "CampaignChannel",
    "CampaignFigures",
    "CampaignGame",
    "CampaignHour",
    "CampaignPlatform",
    "CampaignReward",
    "CampaignTester",
    "Channel",
    "ChannelFigures",
    "ChannelOptOut",
    "CountingLease",
    "EarnedReward",
    "Game",
    "GameCategory",
    "GameName",
    "Heartbeat",
    "HeartbeatSource",
    "HeartbeatTally",
    "HeartbeatViewers",
    "MinuteKind",
    "OwnedHour",
    "Participation",
    "RegisteredIdentifier",
    "Reward",
    "RewardFigures",
    "RewardPlatformId",
    "SourceTest",
    "Viewer",
    "WatchedDay",
    "WatchedHour",
    "WatchedTotal",
    "Watcher",
]
