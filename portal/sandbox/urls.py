"""Addresses of the sandbox: pages for people, then each partner's own paths."""

from django.urls import path

from portal.sandbox.models import Platform
from portal.sandbox.views import claim, claims, consent, console, game, kick, twitch, vhs, watch

pages = [
    path("", console.overview, name="overview"),
    path("healthz", console.healthz),
    path("console/twitch/challenge/", console.challenge, name="challenge"),
    path("console/<str:platform>/", console.platform_console, name="console"),
    path(
        "console/<str:platform>/users/<str:user_id>/disconnect/",
        console.disconnect,
        name="disconnect",
    ),
    path("claim", claim.claim, name="claim"),
    path("claim/<str:claim_id>/", claim.claim_detail, name="claim-detail"),
    path("claim/<str:claim_id>/again/", claim.send_again, name="claim-again"),
    path("watch", watch.watch, name="watch"),
    path("watch/<int:session_pk>/stop/", watch.stop, name="watch-stop"),
    path("watch/heartbeats/<int:heartbeat_pk>/again/", watch.send_again, name="heartbeat-again"),
    path("game/", game.games, name="games"),
    path("game/<slug:slug>/", game.game, name="game"),
    path("game/<slug:slug>/empty/", game.empty, name="game-empty"),
    path("game/<slug:slug>/state.json", game.state),
    path("game/<slug:slug>/deliveries", game.deliveries),
    path("game/<slug:slug>/redirected", game.redirected),
]

as_twitch = [
    path(
        "twitch/oauth2/authorize",
        consent.authorize,
        {"platform": Platform.TWITCH.value},
    ),
    path("twitch/oauth2/token", twitch.token),
    path("twitch/oauth2/validate", twitch.validate),
    path("twitch/oauth2/revoke", twitch.revoke),
    path("twitch/helix/users", twitch.users),
    path("twitch/helix/entitlements/drops", claims.update_entitlements),
    path("twitch/helix/authorization/users", twitch.authorizations),
    path("twitch/kraken/user/vhs", vhs.user_connection),
]

as_kick = [
    path("kick/oauth/authorize", consent.authorize, {"platform": Platform.KICK.value}),
    path("kick/oauth/token", kick.token),
    path("kick/oauth/token/introspect", kick.introspect),
    path("kick/oauth/revoke", kick.revoke),
    path("kick/public/v1/users", kick.users),
    path("kick/public/v1/drops/claims", claims.update_claims),
    path("kick/public/v1/public-key", kick.public_key),
]

urlpatterns = [*pages, *as_twitch, *as_kick]
