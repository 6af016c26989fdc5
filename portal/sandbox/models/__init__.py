"""What the stand-ins remember: registered apps, catalogue, users, tokens, claims, events, faults, heartbeats, items."""

from portal.sandbox.models.events import REVOKED, STANDING, EventSubscription, Stream, SubscriptionStatus
from portal.sandbox.models.faults import Failure, Faults, Outage
from portal.sandbox.models.game import BackendMode, GameBackend, GrantedItem, ReceivedDelivery
from portal.sandbox.models.heartbeats import SentHeartbeat, WatchSession
from portal.sandbox.models.platforms import (
    Application,
    AppliedSeed,
    AuthorizationCode,
    Campaign,
    CampaignReward,
    Category,
    Claim,
    Platform,
    PlatformUser,
    Reward,
    SigningKey,
    Token,
    WebhookAttempt,
    new_platform_id,
    new_ulid,
    new_uuid,
)
from portal.sandbox.models.vhs import HeartbeatConnection

__all__ = [
    "REVOKED",
    "STANDING",
    "Application",
    "AppliedSeed",
    "AuthorizationCode",
    "BackendMode",
    "Campaign",
    "CampaignReward",
    "Category",
    "Claim",
    "EventSubscription",
    "Failure",
    "Faults",
    "GameBackend",
    "GrantedItem",
    "HeartbeatConnection",
    "Outage",
    "Platform",
    "PlatformUser",
    "ReceivedDelivery",
    "Reward",
    "SentHeartbeat",
    "SigningKey",
    "Stream",
    "SubscriptionStatus",
    "Token",
    "WatchSession",
    "WebhookAttempt",
    "new_platform_id",
    "new_ulid",
    "new_uuid",
]
