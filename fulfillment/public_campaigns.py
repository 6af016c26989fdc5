"""What anybody may know of a game's campaigns, as JSON values: for the studio's own player and pages of its own.

The same that the link page shows: campaigns announced or live, without test campaigns (C8), without a word about anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.db.models import Count, Prefetch, Q
from django.urls import reverse

from campaigns.models import Campaign, CampaignChannel, CampaignPlatform, CampaignReward, Channel, Game
from portal.fields import rendition_url

CHANNELS_LISTED = 100
"""Of an allow-list so many channels are named, the first listed first; ``total`` says how many there are."""

CAMPAIGNS_LISTED = 100


def find_public_game(*, organization: str, game: str) -> Game | None:
    """Return the game with this short name of the organization with that one, if its campaigns are public. One query."""
    games = Game.objects.select_related("organization").filter(organization__enabled=True)
    return games.filter(organization__slug=organization, slug=game).first()


def public_campaigns(game: Game, *, now: datetime) -> dict[str, Any]:
    """Return a game's campaigns that are announced or live, what starts first first. Equal queries for one and for many."""
    some = CampaignChannel.objects.filter(removed_at=None).select_related("channel").order_by("pk")[:CHANNELS_LISTED]
    running = Q(status=Campaign.Status.PUBLISHED, announces_at__lte=now, ends_at__gt=now, test_mode=False)
    found = (
        Campaign.objects.filter(running, game=game)
        .annotate(channels_total=Count("channels", filter=Q(channels__removed_at=None)))
        .prefetch_related(
            Prefetch("rewards", CampaignReward.objects.select_related("reward", "requires").order_by("position", "pk")),
            Prefetch("platforms", CampaignPlatform.objects.order_by("platform")),
            "further_games__game",
            Prefetch("channels", queryset=some, to_attr="some_channels"),
        )
        .order_by("starts_at", "pk")[:CAMPAIGNS_LISTED]
    )
    return {
        "game": {"id": game.pk, "name": game.name},
        "organization": {"id": game.organization_id, "name": game.organization.name},
        "connection_url": _portal_page(game),
        "campaigns": [_campaign(campaign, game, now) for campaign in found],
    }


def _campaign(campaign: Campaign, game: Game, now: datetime) -> dict[str, Any]:
    others = sorted((row.game for row in campaign.further_games.all()), key=lambda other: (other.name, other.pk))
    platforms = list(campaign.platforms.all())
    return {
        "id": campaign.pk,
        "name": campaign.name,
        "description": campaign.description,
        "phase": campaign.phase(now).value,
        "announces_at": _time(campaign.announces_at),
        "starts_at": _time(campaign.starts_at),
        "ends_at": _time(campaign.ends_at),
        "closes_at": _time(campaign.closes_at),
        "time_zone": campaign.time_zone,
        "connection_url": campaign.connection_url or _portal_page(game),
        "info_url": campaign.info_url or None,
        "games": [{"id": each.pk, "name": each.name} for each in (game, *others)],
        "platforms": [{"platform": row.platform, "counted_by": row.counted_by} for row in platforms],
        "channels": _channels(campaign),
        "rewards": [_reward(row) for row in campaign.rewards.all()],
    }


def _channels(campaign: Campaign) -> dict[str, Any]:
    if campaign.scope == Campaign.Scope.GLOBAL:
        return {"all": True}
    rows: Sequence[CampaignChannel] = campaign.some_channels  # type: ignore[attr-defined]
    return {
        "all": False,
        "total": campaign.channels_total,  # type: ignore[attr-defined]
        "listed": [_channel(row.channel) for row in rows],
    }


def _channel(channel: Channel) -> dict[str, str]:
    return {
        "platform": channel.platform,
        "id": channel.platform_channel_id,
        "login": channel.login,
        "name": channel.name or channel.login or channel.platform_channel_id,
    }


def _reward(row: CampaignReward) -> dict[str, Any]:
    reward = row.reward
    return {
        "id": reward.pk,
        "name": reward.name,
        "description": reward.description,
        "image_url": _absolute(reward.image.url) if reward.image else None,
        "small_image_url": _absolute(rendition_url(reward.image)) if reward.image else None,
        "alt_text": reward.alt_text,
        "rule": row.rule,
        "minutes": row.minutes,
        "event": row.event_name or None,
        "requires": row.requires.reward_id if row.requires else None,
    }


def _portal_page(game: Game) -> str:
    return _absolute(reverse("connect_game", args=[game.organization.slug, game.slug]))


def _absolute(path: str) -> str:
    return urljoin(f"{settings.BASE_URL}/", path)


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
