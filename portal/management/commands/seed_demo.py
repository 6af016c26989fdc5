"""``manage.py seed_demo``: a studio with a game, and three live campaigns: one the platforms count, one the portal, one of game events."""

from __future__ import annotations

import json
import secrets
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from campaigns.models import (
    Campaign,
    CampaignPlatform,
    CampaignReward,
    Game,
    GameCategory,
    Reward,
    RewardPlatformId,
)
from campaigns.publishing import publish_campaign
from fulfillment.api_clients import create_client
from fulfillment.message import new_signing_secret
from fulfillment.models import ApiClient, Endpoint
from fulfillment.reports.granting import redirect_uri as reports_redirect_uri
from fulfillment.rules.scopes import SCOPES
from portal import demo_art, platforms
from portal.ids import new_ulid
from portal.management.commands import _demo_codes as codes
from portal.management.commands import _demo_game_state as game_state
from portal.management.commands import _demo_watching as watching
from portal.models import Membership, Organization, PlatformCredential, User
from portal.roles import Role

REWARDS = (
    ("Comet banner", "banner", "starfall.banner.comet", 30, "A red banner with a golden star"),
    ("Cape of the north", "cape", "starfall.cape.north", 60, "A green cape with a golden clasp"),
    ("Dawn blade", "blade", "starfall.blade.dawn", 120, "A pale blue sword with a golden hilt"),
    ("Soundtrack key", "lantern", "starfall.key.soundtrack", 180, "A lantern with a white star in its light"),
)
SPARE_REWARD = ("Harbour compass", "compass", "starfall.compass.harbour", "A golden compass with a red needle")
"""In no campaign yet: for the first one that somebody makes."""
CATEGORIES = {"kick": "4711", "twitch": "509658"}


def demo_file() -> Path:
    """Return where the demo's addresses and secrets are kept, for the sandbox and for the greeting."""
    return Path(settings.DATA_DIR) / "demo.json"


class Command(BaseCommand):
    """Make demo data once, in a database that has no organization yet."""

    help = "Make demo data: a studio, its producer, a game, rewards and three live campaigns. Development only."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make everything in one transaction and write ``demo.json``."""
        if settings.PRODUCTION or not settings.PORTAL_SANDBOX_URL:
            raise CommandError("Demo data is for development with the sandbox only.")
        if Organization.objects.exists():
            raise CommandError("This database has an organization already; demo data is for an empty one.")
        with transaction.atomic():
            demo = _make_all()
        demo_file().write_text(json.dumps(demo, indent=1))
        demo_file().chmod(0o600)
        self.stdout.write(f"Demo data made. Sign-in and addresses are in {demo_file()}.")


def _make_all() -> dict[str, Any]:
    organization = Organization.objects.create(name="Northwind Games", slug="northwind", enabled=True)
    password = secrets.token_urlsafe(9)
    owner = User.objects.create_user(
        "producer", "producer@northwind.example", password, is_staff=True, display_name="Nora (producer)"
    )
    Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
    for role in (Role.SUPPORT, Role.ANALYST):
        other = User.objects.create_user(role.value, f"{role.value}@northwind.example", password, is_staff=True)
        Membership.objects.create(organization=organization, user=other, role=role)
    User.objects.create_superuser("admin", "admin@northwind.example", password, display_name="Portal administrator")
    credentials = {platform: _make_credential(organization, platform) for platform in CATEGORIES}
    game = _make_game(organization)
    endpoint = Endpoint.objects.create(
        game=game, url=f"{settings.PORTAL_SANDBOX_URL}/game/demo/deliveries", secret=new_signing_secret()
    )
    now = timezone.now()
    rewards = [_make_reward(game, *row[:3], row[4]) for row in REWARDS]
    for reward in [*rewards, _make_reward(game, *SPARE_REWARD)]:
        _give_platform_ids(reward)
    codes.make_pool(rewards[-1], actor=owner, now=now)
    campaign = _make_campaign(game, rewards)
    publish_campaign(campaign_id=campaign.pk, actor=owner, now=now)
    heartbeats = watching.make_sources(game, credentials["twitch"], actor=owner, now=now)
    watched = [_make_reward(game, *row[:3], row[4]) for row in watching.REWARDS]
    watching.make_campaign(game, watched, actor=owner, now=now)
    streamer = watching.make_streamer(game, password=password, now=now)
    viewers = [one.viewer for one in streamer]
    hunted = [_make_reward(game, *row) for row in game_state.REWARDS]
    game_state.make_campaign(game, hunted, viewers, actor=owner, now=now)
    client, client_secret = _make_api_client(organization, actor=owner, now=now)
    game_state.record_match(client, game, viewers, now=now)
    demo: dict[str, Any] = {
        "producer": {"username": "producer", "password": password},
        "viewer_url": settings.BASE_URL + reverse("connect_game", args=[organization.slug, game.slug]),
        **{
            platform: _platform_side(campaign, credential) | {"heartbeat_url": heartbeats[platform]}
            for platform, credential in credentials.items()
        },
        "game": {"slug": "demo", "signing_secret": endpoint.secret},
        "crowd": watching.make_crowd(game, heartbeats["portal"]),
        "audience": game_state.make_audience(game, viewers[-1], heartbeats[viewers[-1].platform]),
        "api_client": {"client_id": client.oauth_id, "client_secret": client_secret},
        "game_state": game_state.allow_client(client, game, streamer[0].player_id, now=now),
    }
    for one in streamer:
        demo[one.viewer.platform]["authorized"] = [one.there]
    return demo


def _make_api_client(organization: Organization, *, actor: User, now: datetime) -> tuple[ApiClient, str]:
    """Make a client that may do everything and lists the claims of all platforms; return it with its secret."""
    return create_client(
        organization=organization,
        actor=actor,
        now=now,
        name="Demo backend",
        scopes=SCOPES,
        redirect_uris=["http://localhost:3000/callback"],
        expires_at=None,
        other_platforms=True,
        completing_texts=["mailed"],
        points_per_minute=800,
    )


def _make_credential(organization: Organization, platform: str) -> PlatformCredential:
    sandbox = settings.PORTAL_SANDBOX_URL
    credential = PlatformCredential(
        organization=organization,
        platform=platform,
        client_id=f"northwind-{secrets.token_hex(6)}",
        client_secret=secrets.token_urlsafe(24),
        webhook_secret=secrets.token_urlsafe(24) if platform == "twitch" else "",
        client_secret_set_at=timezone.now(),
        webhook_secret_set_at=timezone.now() if platform == "twitch" else None,
        platform_organization_id=new_ulid() if platform == "kick" else str(uuid.uuid4()),
        id_url=f"{sandbox}/{platform}",
        api_url=f"{sandbox}/{platform}",
    )
    credential.renew_url_token()
    credential.save()
    return credential


def _make_game(organization: Organization) -> Game:
    game = Game(
        organization=organization,
        name="Starfall",
        slug="starfall",
        accent_color="#6d3fd1",
        where_rewards_arrive="In your Starfall mailbox, after the next login.",
        usual_delivery="within a minute",
    )
    game.logo = ContentFile(demo_art.logo(), name="logo.png")
    game.art = ContentFile(demo_art.art(), name="art.png")
    game.save()
    for platform, category in CATEGORIES.items():
        GameCategory.objects.create(game=game, platform=platform, platform_category_id=category)
    return game


def _make_reward(game: Game, name: str, picture: str, external_id: str, alt_text: str) -> Reward:
    reward = Reward(game=game, name=name, external_id=external_id, alt_text=alt_text)
    reward.image = ContentFile(demo_art.reward(picture), name=f"{picture}.png")
    reward.save()
    return reward


def _give_platform_ids(reward: Reward) -> None:
    for platform, platform_id in (("kick", new_ulid()), ("twitch", str(uuid.uuid4()))):
        RewardPlatformId.objects.create(reward=reward, platform=platform, platform_reward_id=platform_id)


def _make_campaign(game: Game, rewards: list[Reward]) -> Campaign:
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    campaign = Campaign.objects.create(
        organization=game.organization,
        game=game,
        name="First light",
        description="Watch Starfall streams and get the gear of the first expedition.",
        time_zone="Europe/Berlin",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=14),
        grace_days=14,
    )
    for position, (reward, row) in enumerate(zip(rewards, REWARDS, strict=True)):
        CampaignReward.objects.create(campaign=campaign, reward=reward, position=position, minutes=row[3])
    for platform, platform_id in (("kick", new_ulid()), ("twitch", str(uuid.uuid4()))):
        CampaignPlatform.objects.create(campaign=campaign, platform=platform, platform_campaign_id=platform_id)
    return campaign


def _platform_side(campaign: Campaign, credential: PlatformCredential) -> dict[str, Any]:
    """Return what the sandbox's console shows for this campaign: the same ids, seen from the other side."""
    platform = credential.platform
    there = campaign.platforms.get(platform=platform)
    rewards = [
        {
            "id": row.reward.platform_ids.get(platform=platform).platform_reward_id,
            "name": row.reward.name,
            "external_id": row.reward.external_id,
            "minutes": row.minutes,
        }
        for row in campaign.rewards.select_related("reward").order_by("position")
    ]
    return {
        "client_id": credential.client_id,
        "client_secret": credential.client_secret,
        "redirect_uri": f"{settings.BASE_URL}/accounts/{platform}/login/callback/",
        "further_redirect_uris": [reports_redirect_uri()] if platforms.get(platform).reports else [],
        "webhook_url": f"{settings.BASE_URL}/webhooks/{platform}/{credential.url_token}",
        "webhook_secret": credential.webhook_secret,
        "organization_id": credential.platform_organization_id,
        "category": {"id": CATEGORIES[platform], "name": campaign.game.name},
        "campaign": {"id": there.platform_campaign_id, "name": campaign.name, "rewards": rewards},
    }
