"""What can be earned in a game now: its campaigns with rewards and dates, as the game's page shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.db.models import Count, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.game_state.rule_words import WHEN_IT_IS_ENOUGH, event_for_viewers
from campaigns.models import Campaign, CampaignChannel, CampaignReward, Game
from campaigns.rules.phases import Phase
from linking.words import joined, watched_on
from portal.durations import minutes_in_words
from portal.fields import CheckedImageFieldFile, rendition_url

CHANNELS_NAMED = 30

_SHOWN = {
    Phase.LIVE: ("ok", gettext_lazy("Live now")),
    Phase.ANNOUNCED: ("waiting", gettext_lazy("Coming up")),
    Phase.GRACE: ("progress", gettext_lazy("Ended, still claimable")),
}


def campaigns_shown(game: Game, *, now: datetime) -> list[dict[str, Any]]:
    """Return the game's campaigns that are live, announced or still claimable, in that order, with their rewards."""
    # An allow-list may hold thousands: the first few are named, the rest counted.
    some = CampaignChannel.objects.filter(removed_at=None).select_related("channel").order_by("pk")[:CHANNELS_NAMED]
    published = Q(status=Campaign.Status.PUBLISHED, announces_at__lte=now, closes_at__gt=now, test_mode=False)
    found = (
        Campaign.objects.filter(published, game=game)
        .annotate(channels_listed=Count("channels", filter=Q(channels__removed_at=None)))
        .prefetch_related("platforms", "rewards__reward", Prefetch("channels", queryset=some, to_attr="some_channels"))
        .order_by("starts_at")[:50]
    )
    shown = [_campaign(campaign, campaign.phase(now)) for campaign in found if campaign.phase(now) in _SHOWN]
    order = list(_SHOWN)
    return sorted(shown, key=lambda item: order.index(item["phase"]))


def _campaign(campaign: Campaign, phase: Phase) -> dict[str, Any]:
    kind, label = _SHOWN[phase]
    listed = [row.channel for row in campaign.some_channels]  # type: ignore[attr-defined]
    names = joined([watched_on(p.platform) for p in campaign.platforms.all()])
    return {
        "campaign": campaign,
        "url": reverse("campaign", args=[campaign.pk]),
        "phase": phase,
        "status_kind": kind,
        "status_label": str(label),
        "platform_names": names,
        "all_channels": campaign.scope == Campaign.Scope.GLOBAL,
        "channel_names": [channel.name or channel.login or channel.platform_channel_id for channel in listed],
        "more_channels": campaign.channels_listed - len(listed),  # type: ignore[attr-defined]
        "rewards": [
            _reward(item) for item in sorted(campaign.rewards.all(), key=lambda r: (r.position, r.minutes or 0))
        ],
        "dates": _dates(campaign, phase),
    }


def _dates(campaign: Campaign, phase: Phase) -> list[dict[str, Any]]:
    first = {"label": _("Starts"), "when": campaign.starts_at}
    rest = [
        {"label": _("Earn until"), "when": campaign.ends_at},
        {"label": _("Claim until"), "when": campaign.closes_at},
    ]
    return [first, *rest] if phase == Phase.ANNOUNCED else rest


def rule_in_words(item: CampaignReward) -> str:
    """Return what earns a reward: “Watch 1 hour 30 minutes”."""
    return {
        CampaignReward.Rule.WATCH.value: _minutes_text(item, _("Watch %(time)s")),
        CampaignReward.Rule.BROADCAST.value: _minutes_text(item, _("Stream it for %(time)s")),
        CampaignReward.Rule.GAME_EVENT.value: event_for_viewers(item),
    }[item.rule]


def rule_note(item: CampaignReward) -> str:
    """Return what else a viewer should know of a rule, as a sentence; empty where nothing."""
    return str(WHEN_IT_IS_ENOUGH) if item.rule == CampaignReward.Rule.GAME_EVENT else ""


def _reward(item: CampaignReward) -> dict[str, Any]:
    image = item.reward.image
    return {
        "name": item.reward.name,
        "rule": rule_in_words(item),
        "note": rule_note(item),
        "image_url": rendition_url(cast(CheckedImageFieldFile, image)) if image else "",
        "image_alt": item.reward.alt_text,
    }


def _minutes_text(item: CampaignReward, template: str) -> str:
    return template % {"time": minutes_in_words(item.minutes or 0)}
