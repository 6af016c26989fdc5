"""The admin pages of campaigns and of what belongs to them."""

from campaigns.admin.campaigns import CampaignAdmin
from campaigns.admin.channels import ChannelAdmin
from campaigns.admin.games import GameAdmin
from campaigns.admin.heartbeats import HeartbeatAdmin
from campaigns.admin.identifiers import RegisteredIdentifierAdmin
from campaigns.admin.rewards import RewardAdmin
from campaigns.admin.sources import HeartbeatSourceAdmin
from campaigns.admin.viewers import ViewerAdmin

__all__ = [
    "CampaignAdmin",
    "ChannelAdmin",
    "GameAdmin",
    "HeartbeatAdmin",
    "HeartbeatSourceAdmin",
    "RegisteredIdentifierAdmin",
    "RewardAdmin",
    "ViewerAdmin",
]
