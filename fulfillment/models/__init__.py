"""What viewers get: claims, their history, their deliveries, and what came in that could not be read."""

from fulfillment.models.bulk import BulkOperation
from fulfillment.models.claims import Claim, ClaimEvent
from fulfillment.models.counts import ClaimCount, ClaimCountChange, ClaimQuarter
from fulfillment.models.deliveries import Delivery, DeliveryAttempt, Endpoint
from fulfillment.models.inbound import KeptMessage, WebhookTally
from fulfillment.models.notices import Notice, NoticePreference
from fulfillment.models.workers import Worker

__all__ = [
    "BulkOperation",
    "Claim",
    "ClaimCount",
    "ClaimCountChange",
    "ClaimEvent",
    "ClaimQuarter",
    "Delivery",
    "DeliveryAttempt",
    "Endpoint",
    "KeptMessage",
    "Notice",
    "NoticePreference",
    "WebhookTally",
    "Worker",
]
