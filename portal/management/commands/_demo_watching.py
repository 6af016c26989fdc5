"""The part of the demo data that the portal counts itself: sources of heartbeats, a campaign, and a crowd that watches."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaigns.heartbeats.sources import new_address
from campaigns.models import Campaign, CampaignPlatform, CampaignReward, Channel, Game, HeartbeatSource, Reward, Viewer
from campaigns.publishing import publish_campaign
from campaigns.registering.tokens import ViewerToken
from linking.links import make_link
from linking.players import prove_portal_player
from portal import platforms
from portal.models import PlatformCredential, User

REWARDS = (
    ("Star lantern", "lantern", "starfall.lantern.star", 2, "A lantern with a white star in its light"),
    ("Wayfinder", "compass", "starfall.compass.wayfinder", 10, "A golden compass with a red needle"),
    ("Crown of the watch", "crown", "starfall.crown.watch", 30, "A golden crown with three gems"),
)
STAGES = ("Main stage", "North stage", "Harbour stage", "Workshop", "Observatory", "Campfire")
VIEWERS_OF_A_STAGE = 30
STREAMER = {"twitch": "48102299", "kick": "2099"}
"""The streamer's user id on each platform."""

CAUGHT_UP = timedelta(minutes=20)
"""The crowd tells this much when it first comes, so that charts are not empty: the campaign has begun before."""


@dataclass(frozen=True)
class Streamer:
    """The studio's streamer on one platform: as the portal has it, and ``there`` what the platform knows."""

    viewer: Viewer
    player_id: str
    there: dict[str, Any]


def make_sources(game: Game, twitch: PlatformCredential, *, actor: User, now: datetime) -> dict[str, str]:
    """Make a source for each way in which ids come, and return their secret addresses by platform."""
    kinds = HeartbeatSource.Identifiers
    sources = (
        HeartbeatSource(
            game=game, name="Twitch heartbeats", identifiers=kinds.REGISTERED, platform="twitch", credential=twitch
        ),
        HeartbeatSource(game=game, name="Kick viewers on our site", identifiers=kinds.PLATFORM, platform="kick"),
        HeartbeatSource(game=game, name="Our own player", identifiers=kinds.PLAYER, platform="portal"),
    )
    return {
        source.platform: new_address(source=source, keep_previous_for=timedelta(0), actor=actor, now=now)
        for source in sources
    }


def make_campaign(game: Game, rewards: list[Reward], *, actor: User, now: datetime) -> Campaign:
    """Make and publish the campaign. It counts from two hours ago: what came before publication never counts (C6)."""
    began = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    campaign = Campaign.objects.create(
        organization=game.organization,
        game=game,
        name="Night watch",
        description="Watch any Starfall stream, also here on our own stages, and claim your gear on this portal.",
        time_zone="Europe/Berlin",
        starts_at=began,
        ends_at=began + timedelta(days=14),
        grace_days=14,
    )
    for position, (reward, row) in enumerate(zip(rewards, REWARDS, strict=True)):
        CampaignReward.objects.create(campaign=campaign, reward=reward, position=position, minutes=row[3])
    for platform in ("twitch", "kick", "portal"):
        CampaignPlatform.objects.create(
            campaign=campaign, platform=platform, counted_by=CampaignPlatform.CountedBy.PORTAL
        )
    publish_campaign(campaign_id=campaign.pk, actor=actor, now=began)
    return campaign


def make_streamer(game: Game, *, password: str, now: datetime) -> list[Streamer]:
    """Make the studio's streamer on each platform, linked as a viewer is (L10).

    Twitch reports only channels whose broadcaster is linked: with this one there is a channel to watch from the start.
    """
    user = User.objects.create_user("starfall_live", "live@northwind.example", password, display_name="Starfall Live")
    player = prove_portal_player(user, game)
    made = []
    for platform, user_id in STREAMER.items():
        viewer = Viewer.objects.create(
            organization=game.organization,
            platform=platform,
            platform_user_id=user_id,
            login="starfall_live",
            name="Starfall_Live",
        )
        registrar = platforms.get(platform).registrar
        scopes = registrar.scopes if registrar else ()
        expires_at = now + timedelta(hours=4)
        token = ViewerToken(
            access_token=secrets.token_urlsafe(24), refresh_token=secrets.token_urlsafe(36), expires_at=expires_at
        )
        make_link(game=game, viewer=viewer, player=player, scopes=scopes, token=token, now=now, actor=user)
        there = {
            "user_id": viewer.platform_user_id,
            "login": viewer.login,
            "display_name": viewer.name,
            "scopes": " ".join(scopes),
            "access_token": token.access_token,
            "refresh_token": token.refresh_token,
            "expires_at": expires_at.isoformat(),
        }
        made.append(Streamer(viewer=viewer, player_id=player.player_id, there=there))
    return made


def make_crowd(game: Game, url: str) -> dict[str, Any]:
    """Make the stages of the studio's own player, and return who plays the crowd there, for the sandbox."""
    channels = {f"stage-{number}": name for number, name in enumerate(STAGES, 1)}
    Channel.objects.bulk_create(
        Channel(organization=game.organization, platform="portal", platform_channel_id=key, name=name)
        for key, name in channels.items()
    )
    return {
        "heartbeat_url": url,
        "game": game.name,
        "channels": list(channels),
        "viewers": [f"guest-{number:03}" for number in range(1, len(channels) * VIEWERS_OF_A_STAGE + 1)],
        "catch_up_minutes": int(CAUGHT_UP.total_seconds() // 60),
    }
