"""Addresses of the viewer's reward pages, and of what programs read that watch over the portal."""

from __future__ import annotations

from django.urls import include, path

from fulfillment import campaign_views, views
from fulfillment.health.views import health
from fulfillment.oauth.programs import programs
from fulfillment.previews.views import preview
from fulfillment.public_views import PublicCampaigns

urlpatterns = [
    path("health.json", health, name="health"),
    path("connect/<slug:organization>/<slug:game>/campaigns.json", PublicCampaigns.as_view(), name="public_campaigns"),
    path("preview/<str:token>/", preview, name="preview"),
    path("preview/<str:token>/<slug:state>/", preview, name="preview_state"),
    path("notices/", include("fulfillment.notices.urls")),
    path("connections/programs/", programs, name="programs"),
    path("inventory/", views.inventory, name="inventory"),
    path("inventory/history/", views.history, name="inventory_history"),
    path("inventory/<str:claim_id>/", views.claim, name="claim"),
    path("inventory/<str:claim_id>/code/", views.code, name="claim_code"),
    path("campaigns/<str:campaign_id>/", campaign_views.campaign, name="campaign"),
    path(
        "campaigns/<str:campaign_id>/rewards/<str:campaign_reward_id>/claim/",
        campaign_views.claim_earned,
        name="claim_reward",
    ),
]
