"""The admin pages of claims, deliveries, endpoints and API clients, and the search for players and claims."""

from allauth.idp.oidc import admin as oauth_admin
from django.contrib import admin

from campaigns.hooks import campaign_figures, campaign_pages
from fulfillment.admin.alert_channels import AlertChannelAdmin
from fulfillment.admin.alert_rules import AlertRuleAdmin
from fulfillment.admin.alerts import AlertAdmin
from fulfillment.admin.api_clients import ApiClientAdmin
from fulfillment.admin.bulk_list import BulkOperationAdmin
from fulfillment.admin.claim_list import ClaimAdmin
from fulfillment.admin.code_pools import CodePoolAdmin
from fulfillment.admin.deliveries import DeliveryAdmin, DeliveryAttemptAdmin
from fulfillment.admin.drift import PAGES as DRIFT_PAGES
from fulfillment.admin.endpoints import EndpointAdmin
from fulfillment.admin.erasing import PAGES as ERASING_PAGES
from fulfillment.admin.erasing import test_claims_figure
from fulfillment.admin.event_deliveries import EventDeliveryAdmin
from fulfillment.admin.event_subscriptions import EventSubscriptionAdmin
from fulfillment.admin.exports_page import PAGES as EXPORT_PAGES
from fulfillment.admin.find import PAGES
from fulfillment.admin.grant_page import PAGES as GRANT_PAGES
from fulfillment.admin.health_page import PAGES as HEALTH_PAGES
from fulfillment.admin.inbound import KeptMessageAdmin, WebhookTallyAdmin
from fulfillment.admin.overview_page import PAGES as OVERVIEW_PAGES
from fulfillment.admin.platform_subscriptions import PlatformSubscriptionAdmin
from fulfillment.admin.preview_page import PAGES as PREVIEW_PAGES
from fulfillment.admin.reports import PAGES as REPORT_PAGES
from fulfillment.admin.retry_since import PAGES as RETRY_PAGES
from fulfillment.admin.reward_codes import RewardCodeAdmin
from fulfillment.admin.set_up_page import PAGES as SET_UP_PAGES
from fulfillment.admin.simulate_page import CAMPAIGN_PAGES as SIMULATE_PAGES
from fulfillment.admin.simulate_page import PAGES as SIMULATION_PAGES
from fulfillment.admin.simulate_page import simulate_figure
from fulfillment.admin.start import START_PAGE
from fulfillment.admin.sweeps import SweepAdmin
from portal.admin_pages import pages
from portal.dashboard import start_page

__all__ = [
    "AlertAdmin",
    "AlertChannelAdmin",
    "AlertRuleAdmin",
    "ApiClientAdmin",
    "BulkOperationAdmin",
    "ClaimAdmin",
    "CodePoolAdmin",
    "DeliveryAdmin",
    "DeliveryAttemptAdmin",
    "EndpointAdmin",
    "EventDeliveryAdmin",
    "EventSubscriptionAdmin",
    "KeptMessageAdmin",
    "PlatformSubscriptionAdmin",
    "RewardCodeAdmin",
    "SweepAdmin",
    "WebhookTallyAdmin",
]

pages.extend(
    (
        *SET_UP_PAGES,
        *HEALTH_PAGES,
        *PAGES,
        *DRIFT_PAGES,
        *REPORT_PAGES,
        *EXPORT_PAGES,
        *ERASING_PAGES,
        *GRANT_PAGES,
        *RETRY_PAGES,
    )
)
campaign_figures += [simulate_figure, test_claims_figure]
campaign_pages.extend(SIMULATE_PAGES)
pages.extend(SIMULATION_PAGES)
campaign_pages.extend((*OVERVIEW_PAGES, *PREVIEW_PAGES))
start_page.append(START_PAGE)

# The OAuth library's own pages know no organizations and would show and change clients and tokens past every rule (S1).
for model in (oauth_admin.Client, oauth_admin.Token):
    admin.site.unregister(model)
