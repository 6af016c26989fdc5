"""What pages of the admin are asked beside their address: those that show nothing, or something else, without it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from campaigns.models import Campaign, ChannelListVersion, Reward
from fulfillment.admin.drift_words import claim_key, group_address
from fulfillment.drift.groups import DRIFT
from fulfillment.drift.ways import Way, ways_of
from fulfillment.models import BulkOperation, Claim, ReportDay
from fulfillment.rules.states import State


def asked_with() -> dict[str, list[str]]:
    """Return addresses by the name of the page; none where there is nothing to ask about."""
    found: dict[str, list[str]] = {"find": [at("find", q="a"), at("find", q="nobody at all")]}
    for version in ChannelListVersion.objects.order_by("-pk")[:1]:
        compared = at("campaigns_campaign_channel_compare", version.campaign_id, **{"from": 0, "to": version.number})
        found["campaigns_campaign_channel_compare"] = [compared]
    for claim in Claim.objects.exclude(viewer=None).order_by("pk")[:1]:
        found["grant"] = [at("grant", viewer=claim.viewer_id), at("grant", q="nobody at all")]
        for campaign in Campaign.objects.filter(organization=claim.organization_id, status="published")[:1]:
            found["grant"].append(at("grant", viewer=claim.viewer_id, campaign=campaign.pk))
    for day in ReportDay.objects.order_by("pk")[:1]:
        game = f"{day.credential_id}.{day.platform_game_id}"
        found["reports_days"], found["reports"] = [at("reports_days", game=game)], [at("reports", game=game)]
    for status in ("running", "paused"):
        for operation in BulkOperation.objects.filter(status=status).exclude(action="replay")[:1]:
            found.setdefault("fulfillment_claim_many", []).append(at("fulfillment_claim_many", operation.pk, steer=1))
    found["drift_map"], found["drift_confirm"] = _drift()
    return found


def at(name: str, *arguments: Any, **query: Any) -> str:
    """Return a page's address with what it is asked."""
    return f"{reverse(f'admin:{name}', args=arguments)}?{urlencode(query)}"


def _drift() -> tuple[list[str], list[str]]:
    """Return the groups of unmapped claims, one of each kind, and what is asked to confirm for each way out of them."""
    maps: dict[Any, str] = {}
    confirms: dict[Any, str] = {}
    for claim in Claim.objects.filter(state=State.QUARANTINED, reason__in=[code.value for code in DRIFT]):
        key = claim_key(claim)
        maps.setdefault(key.code, group_address(key))
        for way in ways_of(key):
            targets: Any = Campaign.objects.filter(organization=claim.organization_id, status="published")
            if way in (Way.MAP_REWARD, Way.ASSIGN_REWARD):
                targets = Reward.objects.filter(game__organization=claim.organization_id)
            for target in targets.order_by("pk")[:1]:
                confirms.setdefault((key.code, way), group_address(key, "drift_confirm", way=way, target=target.pk))
    return list(maps.values()), list(confirms.values())
