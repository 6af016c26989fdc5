"""The admin pages of campaigns and of what belongs to them."""

from campaigns.admin.campaigns import CampaignAdmin
from campaigns.admin.channel_list import PAGES as CHANNEL_LIST
from campaigns.admin.channels import ChannelAdmin
from campaigns.admin.clone_page import PAGES as CLONE_PAGES
from campaigns.admin.console_sheet import PAGES as CONSOLE_SHEET
from campaigns.admin.event_trial import PAGES as EVENT_TRIAL
from campaigns.admin.file_pages import CAMPAIGN_PAGES as FILE_PAGES
from campaigns.admin.file_pages import PAGES as IMPORT_PAGES
from campaigns.admin.game_state.events import GameEventAdmin
from campaigns.admin.game_state.gateways import GatewayProcessAdmin
from campaigns.admin.game_state.recordings import GameRecordingAdmin
from campaigns.admin.game_state.sessions import GameSessionAdmin
from campaigns.admin.games import GameAdmin
from campaigns.admin.heartbeats import HeartbeatAdmin
from campaigns.admin.identifiers import RegisteredIdentifierAdmin
from campaigns.admin.rewards import RewardAdmin
from campaigns.admin.sources import HeartbeatSourceAdmin
from campaigns.admin.timeline_page import PAGES as TIMELINE_PAGES
from campaigns.admin.viewers import ViewerAdmin
from campaigns.hooks import campaign_pages
from portal.admin_pages import pages

__all__ = [
    "CampaignAdmin",
    "ChannelAdmin",
    "GameAdmin",
    "GameEventAdmin",
    "GameRecordingAdmin",
    "GameSessionAdmin",
    "GatewayProcessAdmin",
    "HeartbeatAdmin",
    "HeartbeatSourceAdmin",
    "RegisteredIdentifierAdmin",
    "RewardAdmin",
    "ViewerAdmin",
]

# The pages of channels first: the route of another page is the end of some of theirs.
campaign_pages.extend((*CHANNEL_LIST, *CLONE_PAGES, *FILE_PAGES, *CONSOLE_SHEET, *EVENT_TRIAL))
pages.extend((*TIMELINE_PAGES, *IMPORT_PAGES))
