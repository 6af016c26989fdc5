"""Addresses of the sandbox: pages for people, what tests and measurements ask for, then each partner's own paths."""

from django.urls import path

from portal.sandbox.models import Platform
from portal.sandbox.views import (
    claim,
    claims,
    consent,
    console,
    events,
    faults,
    game,
    helix_events,
    helix_games,
    kick,
    kick_directory,
    kick_events,
    programs,
    twitch,
    vhs,
    watch,
)

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
    path("console/<str:platform>/events/", events.events, name="events"),
    path("console/<str:platform>/streams/<int:stream_pk>/end/", events.end_stream, name="stream-end"),
    path("console/<str:platform>/subscriptions/<int:subscription_pk>/revoke/", events.revoke, name="revoke"),
    path("console/<str:platform>/faults/", faults.faults, name="faults"),
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

for_programs = [
    path("console/<str:platform>/faults.json", programs.faults),
    path("console/<str:platform>/claims.json", programs.claims),
    path("console/<str:platform>/streams.json", programs.streams),
    path("console/<str:platform>/subscriptions.json", programs.subscriptions),
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
    path("twitch/helix/authorization/users", twitch.authorizations),
    path("twitch/helix/entitlements/drops", claims.entitlements),
    path("twitch/helix/eventsub/subscriptions", helix_events.subscriptions),
    path("twitch/helix/streams", helix_games.streams),
    path("twitch/helix/games", helix_games.games),
    path("twitch/helix/analytics/games", helix_games.analytics),
    path("twitch/reports/<str:name>.csv", helix_games.report),
    path("twitch/kraken/user/vhs", vhs.user_connection),
]

as_kick = [
    path("kick/oauth/authorize", consent.authorize, {"platform": Platform.KICK.value}),
    path("kick/oauth/token", kick.token),
    path("kick/oauth/token/introspect", kick.introspect),
    path("kick/oauth/revoke", kick.revoke),
    path("kick/public/v1/users", kick.users),
    path("kick/public/v1/users/livestreams", kick_directory.users_livestreams),
    path("kick/public/v1/channels", kick_directory.channels),
    path("kick/public/v1/categories/<int:category_id>", kick_directory.category),
    path("kick/public/v2/categories", kick_directory.categories),
    path("kick/public/v1/livestreams", kick_directory.old_livestreams),
    path("kick/public/v2/livestreams", kick_directory.livestreams),
    path("kick/public/v1/drops/claims", claims.drops_claims),
    path("kick/public/v1/events/subscriptions", kick_events.subscriptions),
    path("kick/public/v1/public-key", kick.public_key),
]

urlpatterns = [*pages, *for_programs, *as_twitch, *as_kick]
