"""What viewers get: claims, their history, their deliveries, and what came in that could not be read."""

from fulfillment.models.alerts import Alert, AlertChannel, AlertMessage, AlertRule, AlertWatch
from fulfillment.models.bulk import BulkOperation
from fulfillment.models.claims import Claim, ClaimEvent, ClaimListing
from fulfillment.models.clients import ApiClient, ApiUse, GameStateClient, GameStateRefusal
from fulfillment.models.counts import ClaimCount, ClaimCountChange, ClaimDay, ClaimQuarter
from fulfillment.models.deliveries import Delivery, DeliveryAttempt, DeliveryTally, Endpoint
from fulfillment.models.events import (
    ChannelPresence,
    Event,
    EventAttempt,
    EventDelivery,
    EventSubscription,
    Progress,
)
from fulfillment.models.inbound import KeptMessage, WebhookTally
from fulfillment.models.notices import Notice, NoticePreference
from fulfillment.models.pace import ClaimMinute, PaceTally
from fulfillment.models.previews import CampaignPreview
from fulfillment.models.reports import ReportDay, ReportFile, ReportGrant, ReportWindow
from fulfillment.models.simulations import Simulation
from fulfillment.models.stock import CodeImport, CodeKey, CodePool, RewardCode, RewardFreed, RewardGiven
from fulfillment.models.subscriptions import PlatformSubscription
from fulfillment.models.support import FormerName, StaffNote
from fulfillment.models.sweeps import ArrivalCount, Sweep, SweepPart
from fulfillment.models.workers import Worker

__all__ = [
    "Alert",
    "AlertChannel",
    "AlertMessage",
    "AlertRule",
    "AlertWatch",
    "ApiClient",
    "ApiUse",
    "ArrivalCount",
    "BulkOperation",
    "CampaignPreview",
    "ChannelPresence",
    "Claim",
    "ClaimCount",
    "ClaimCountChange",
    "ClaimDay",
    "ClaimEvent",
    "ClaimListing",
    "ClaimMinute",
    "ClaimQuarter",
    "CodeImport",
    "CodeKey",
    "CodePool",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryTally",
    "Endpoint",
    "Event",
    "EventAttempt",
    "EventDelivery",
    "EventSubscription",
    "FormerName",
    "GameStateClient",
    "GameStateRefusal",
    "KeptMessage",
    "Notice",
    "NoticePreference",
    "PaceTally",
    "PlatformSubscription",
    "Progress",
    "ReportDay",
    "ReportFile",
    "ReportGrant",
    "ReportWindow",
    "RewardCode",
    "RewardFreed",
    "RewardGiven",
    "Simulation",
    "StaffNote",
    "Sweep",
    "SweepPart",
    "WebhookTally",
    "Worker",
]
