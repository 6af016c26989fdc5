"""Every address of the portal: the composition root, which knows all apps."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from linking.home import home
from portal import health
from portal.joining import invitation_view
from portal.media import serve_media
from portal.metrics import metrics
from portal.sessions import sessions_view

# Worked out when it is asked for: before `collectstatic` has run, no command could start otherwise.
_ICON = lazy(static, str)("portal/icon.svg")

urlpatterns = [
    path("webhooks/", include("fulfillment.webhooks.urls")),  # first: by far the most calls are these
    path("webhooks/", include("campaigns.heartbeats.urls")),
    path("helix/", include("fulfillment.api.twitch.urls")),
    path("public/v1/", include("fulfillment.api.kick.urls")),
    path("game-state/v1/", include("fulfillment.api.game_state.urls")),
    path("oauth2/", include("fulfillment.oauth.twitch_urls")),
    path("oauth/", include("fulfillment.oauth.kick_urls")),
    path("api/", include("fulfillment.api.docs.urls")),
    path("", home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("favicon.ico", RedirectView.as_view(url=_ICON, permanent=False)),
    path("media/<path:name>", serve_media, name="media"),
    path("admin/", admin.site.urls),
    # In place of allauth's page, which ends no session by itself.
    path("accounts/sessions/", sessions_view, name="usersessions_list"),
    path("accounts/", include("allauth.urls")),
    path("invitations/<str:token>/", invitation_view, name="invitation"),
    path("", include("linking.urls")),
    path("", include("fulfillment.urls")),
]
