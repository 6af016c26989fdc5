"""First content of the sandbox: users, apps, catalogue, key, game backend. Safe to run any number of times."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from datetime import datetime
from typing import Any

from django.db import transaction

from portal.sandbox.claiming import private_key
from portal.sandbox.models import (
    Application,
    AppliedSeed,
    Campaign,
    CampaignReward,
    Category,
    GameBackend,
    Platform,
    PlatformUser,
    Reward,
    Token,
    new_platform_id,
)
from portal.sandbox.oauth import USER_TOKEN_LIFETIME

Json = dict[str, Any]

#: Viewers: id, login, display name. Kick's ids are unsigned 64-bit numbers, and one of them shows it.
USERS = {
    Platform.TWITCH.value: [
        ("48102201", "mira_plays", "Mira_Plays"),
        ("48102202", "oldbear", "OldBear"),
        ("48102203", "pixelfox", "PixelFox"),
        ("48102204", "nova_tv", "Nova_TV"),
    ],
    Platform.KICK.value: [
        ("2001", "mira", "mira"),
        ("2002", "oldbear", "oldbear"),
        ("2003", "pixelfox", "pixelfox"),
        ("18446744073709551000", "bignumber", "bignumber"),
    ],
}
DEFAULT_REWARDS = [
    ("Starfall Cape", "starfall-cape", 30),
    ("Comet Trail", "comet-trail", 60),
]
DEFAULT_CATEGORY = {Platform.TWITCH.value: "509658", Platform.KICK.value: "4077"}


@transaction.atomic
def seed(*, content: Json | None, now: datetime) -> list[str]:
    """Create what is missing, and apply ``content`` (the portal's demo data) unless it was applied before.

    Returns what was done, a sentence each. Things made by hand are never removed, and a file that was
    applied once does not overwrite what was changed by hand since. Raises ValueError for a content
    without a needed field.
    """
    done: list[str] = []
    for platform, people in USERS.items():
        for user_id, login, name in people:
            PlatformUser.objects.get_or_create(
                platform=platform,
                user_id=user_id,
                defaults={"login": login, "display_name": name},
            )
    private_key(Platform.KICK)
    if content is not None and _is_new(content, now):
        _apply(content)
        done.append("Applied the portal's demo data.")
    for platform in Platform.values:
        if not Application.objects.filter(platform=platform).exists():
            _default_app(platform)
            done.append(f"Registered an app with {Platform(platform).label}.")
        if not Campaign.objects.filter(platform=platform).exists():
            _default_campaign(platform)
            done.append(f"Made a campaign on {Platform(platform).label}.")
    _, created = GameBackend.objects.get_or_create(
        slug="demo",
        defaults={"name": "Demo game", "signing_secret": new_delivery_secret()},
    )
    return done + (["Made the game backend."] if created else [])


def new_delivery_secret() -> str:
    """A signing secret in the form of Standard Webhooks: ``whsec_`` and 24 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _is_new(content: Json, now: datetime) -> bool:
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return AppliedSeed.objects.get_or_create(digest=digest, defaults={"applied_at": now})[1]


def _apply(content: Json) -> None:
    try:
        for platform in Platform.values:
            if platform in content:
                _apply_platform(platform, content[platform])
        if "game" in content:
            GameBackend.objects.update_or_create(
                slug=content["game"].get("slug", "demo"),
                defaults={"signing_secret": content["game"]["signing_secret"]},
                create_defaults={
                    "name": "Demo game",
                    "signing_secret": content["game"]["signing_secret"],
                },
            )
    except KeyError as missing:
        raise ValueError(f"The seed file lacks the field {missing}.") from missing


def _apply_platform(platform: str, wanted: Json) -> None:
    Application.objects.update_or_create(
        platform=platform,
        defaults={
            "client_id": wanted["client_id"],
            "client_secret": wanted["client_secret"],
            "redirect_uris": "\n".join([wanted["redirect_uri"], *wanted.get("further_redirect_uris", [])]),
            "organization_id": wanted.get("organization_id", ""),
            "webhook_url": wanted.get("webhook_url", ""),
            "webhook_secret": wanted.get("webhook_secret", ""),
            "heartbeat_url": wanted.get("heartbeat_url", ""),
        },
    )
    for person in wanted.get("authorized", []):
        _apply_person(platform, wanted["client_id"], person)
    if "category" not in wanted:
        return
    category, _ = Category.objects.update_or_create(
        platform=platform,
        category_id=str(wanted["category"]["id"]),
        defaults={"name": wanted["category"]["name"]},
    )
    if "campaign" in wanted:
        _apply_campaign(platform, wanted["campaign"], category)


def _apply_person(platform: str, client_id: str, wanted: Json) -> None:
    """A user who has the studio's app connected already, with the tokens that the studio was given."""
    expires_at = datetime.fromisoformat(wanted["expires_at"])
    user, _ = PlatformUser.objects.update_or_create(
        platform=platform,
        user_id=wanted["user_id"],
        defaults={
            "login": wanted["login"],
            "display_name": wanted["display_name"],
            "scopes": wanted["scopes"],
            "authorized_at": expires_at - USER_TOKEN_LIFETIME[platform],
        },
    )
    Token.objects.update_or_create(
        access_token=wanted["access_token"],
        defaults={
            "platform": platform,
            "client_id": client_id,
            "refresh_token": wanted["refresh_token"],
            "user": user,
            "scopes": wanted["scopes"],
            "expires_at": expires_at,
        },
    )


def _apply_campaign(platform: str, wanted: Json, category: Category) -> None:
    campaign, _ = Campaign.objects.update_or_create(
        platform=platform,
        campaign_id=wanted["id"],
        defaults={"name": wanted["name"], "category": category},
    )
    for item in wanted["rewards"]:
        reward, _ = Reward.objects.update_or_create(
            platform=platform,
            reward_id=item["id"],
            defaults={
                "name": item["name"],
                "external_id": item.get("external_id") or "",
            },
        )
        CampaignReward.objects.update_or_create(campaign=campaign, reward=reward, defaults={"minutes": item["minutes"]})


def _default_app(platform: str) -> None:
    is_twitch = platform == Platform.TWITCH
    Application.objects.create(
        platform=platform,
        client_id=f"sandbox-{platform}-client",
        client_secret=f"sandbox-{platform}-secret",
        redirect_uris=f"http://localhost:8000/accounts/{platform}/login/callback/",
        organization_id=new_platform_id(platform),
        webhook_secret="sandbox-eventsub-secret" if is_twitch else "",
    )


def _default_campaign(platform: str) -> None:
    category, _ = Category.objects.get_or_create(
        platform=platform,
        category_id=DEFAULT_CATEGORY[platform],
        defaults={"name": "Starfall"},
    )
    campaign = Campaign.objects.create(
        platform=platform,
        campaign_id=new_platform_id(platform),
        name="Starfall Launch Week",
        category=category,
    )
    for name, external_id, minutes in DEFAULT_REWARDS:
        reward = Reward.objects.create(
            platform=platform,
            reward_id=new_platform_id(platform),
            name=name,
            external_id=external_id,
        )
        CampaignReward.objects.create(campaign=campaign, reward=reward, minutes=minutes)
