"""What the stand-ins remember: registered apps, catalogue, users, tokens, claims, heartbeats, and the game's items."""

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
    "Application",
    "AppliedSeed",
    "AuthorizationCode",
    "BackendMode",
    "Campaign",
    "CampaignReward",
    "Category",
    "Claim",
    "GameBackend",
    "GrantedItem",
    "HeartbeatConnection",
    "Platform",
    "PlatformUser",
    "ReceivedDelivery",
    "Reward",
    "SentHeartbeat",
    "SigningKey",
    "Token",
    "WatchSession",
    "WebhookAttempt",
    "new_platform_id",
    "new_ulid",
    "new_uuid",
]
