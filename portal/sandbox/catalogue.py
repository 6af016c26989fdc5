"""What a studio sets up in a platform's console: categories, rewards, campaigns; and the platform's users."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from django.db import transaction
from django.db.models import QuerySet

from portal.sandbox.models import (
    Campaign,
    CampaignReward,
    Category,
    Platform,
    PlatformUser,
    Reward,
    new_platform_id,
)

#: Kick, Drops guide, "Campaign Limits"; no figure is published for Twitch, so the same is kept.
REWARDS_PER_CAMPAIGN = 12
#: So many users are offered on a page.
MOST_OFFERED = 200


def add_category(*, platform: str, name: str) -> Category:
    """A category with a new number, as both platforms have them."""
    return Category.objects.create(
        platform=platform,
        category_id=str(10_000 + secrets.randbelow(900_000)),
        name=name,
    )


def add_reward(*, platform: str, name: str, external_id: str) -> Reward:
    """A reward with a new id in the platform's form."""
    return Reward.objects.create(
        platform=platform,
        reward_id=new_platform_id(platform),
        name=name,
        external_id=external_id,
    )


@transaction.atomic
def add_campaign(*, platform: str, name: str, category: Category, minutes: Mapping[Reward, int]) -> Campaign:
    """A campaign with a new id. ``minutes`` holds its rewards, 1 to 12. Raises ValueError otherwise."""
    if not 1 <= len(minutes) <= REWARDS_PER_CAMPAIGN:
        raise ValueError(f"A campaign has 1 to {REWARDS_PER_CAMPAIGN} rewards; this one has {len(minutes)}.")
    campaign = Campaign.objects.create(
        platform=platform,
        campaign_id=new_platform_id(platform),
        name=name,
        category=category,
    )
    for reward, watched in minutes.items():
        CampaignReward.objects.create(campaign=campaign, reward=reward, minutes=watched)
    return campaign


def add_user(*, platform: str, display_name: str, user_id: str = "") -> PlatformUser:
    """A viewer with a new login made from the name. Raises ValueError for a name of no letters or digits."""
    base = re.sub(r"[^a-z0-9_]", "", display_name.lower())[:40]
    if not base:
        raise ValueError("The name needs at least one letter from a to z or a digit.")
    login, number = base, 1
    while PlatformUser.objects.filter(platform=platform, login=login).exists():
        number += 1
        login = f"{base}{number}"
    if not user_id:
        user_id = str(100_000_000 + secrets.randbelow(800_000_000))
    return PlatformUser.objects.create(
        platform=platform,
        user_id=user_id,
        login=login,
        display_name=display_name.strip()[:50],
    )


def first_users(platform: str) -> QuerySet[PlatformUser]:
    """The users to choose from, oldest first: the demo's and those made by hand, before any crowd."""
    users = PlatformUser.objects.filter(platform=platform).order_by("pk")
    return users.filter(pk__in=users.values("pk")[:MOST_OFFERED])


def entries_of(platform: str) -> list[CampaignReward]:
    """Everything that can be claimed on ``platform``, newest campaign first."""
    return list(
        CampaignReward.objects.filter(campaign__platform=platform)
        .select_related("campaign__category", "reward")
        .order_by("-campaign_id", "minutes", "pk")
    )


def platform_label(platform: str) -> str:
    """The platform's name for people."""
    return Platform(platform).label
