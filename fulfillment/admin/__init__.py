"""The admin pages of claims, deliveries and endpoints, and the search for players and claims."""

from fulfillment.admin.bulk_pages import BulkOperationAdmin
from fulfillment.admin.claim_list import ClaimAdmin
from fulfillment.admin.deliveries import DeliveryAdmin, DeliveryAttemptAdmin
from fulfillment.admin.endpoints import EndpointAdmin
from fulfillment.admin.find import PAGES
from fulfillment.admin.inbound import KeptMessageAdmin, WebhookTallyAdmin
from portal.admin_pages import pages

__all__ = [
    "BulkOperationAdmin",
    "ClaimAdmin",
    "DeliveryAdmin",
    "DeliveryAttemptAdmin",
    "EndpointAdmin",
    "KeptMessageAdmin",
    "WebhookTallyAdmin",
]

pages.extend(PAGES)
