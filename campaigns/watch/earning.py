"""What became claimable just now: a rule is met, and whatever the reward requires is met too (R3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from campaigns.hooks import Earned
from campaigns.models import CampaignReward, EarnedReward
from campaigns.rules.earning import open_requirements

_CHUNK = 5_000


def claimable_now(earned: Sequence[Earned]) -> list[Earned]:
    """Return, of rewards whose rule was met just now and of those that waited for one of these, what can be claimed now."""
    campaigns = {one.campaign_id for one in earned}
    requires: dict[str, dict[str, str | None]] = defaultdict(dict)
    for pk, campaign, needed in CampaignReward.objects.filter(campaign__in=campaigns).values_list(
        "pk", "campaign", "requires"
    ):
        requires[campaign][pk] = needed
    free = [one for one in earned if not _is_bound(one, requires[one.campaign_id])]
    bound = [one for one in earned if _is_bound(one, requires[one.campaign_id])]
    return free + _of_bound(bound, requires)


def _is_bound(one: Earned, requires: dict[str, str | None]) -> bool:
    """Whether it needs another reward of the campaign, or another needs it."""
    return bool(requires.get(one.campaign_reward_id)) or one.campaign_reward_id in requires.values()


def _of_bound(bound: Sequence[Earned], requires: dict[str, dict[str, str | None]]) -> list[Earned]:
    new: dict[tuple[str, str], list[Earned]] = defaultdict(list)
    for one in bound:
        new[one.campaign_id, one.viewer_id].append(one)
    rules_met = _rules_met({viewer for _campaign, viewer in new}, {campaign for campaign, _viewer in new})
    found: list[Earned] = []
    for (campaign, viewer), ones in new.items():
        needs, met = requires[campaign], rules_met[campaign, viewer]
        before = met - {one.campaign_reward_id for one in ones}
        for reward in sorted(met):
            if open_requirements(reward, requires=needs, earned=met):
                continue
            if reward in before and not open_requirements(reward, requires=needs, earned=before):
                continue  # it could be claimed already
            found.append(Earned(viewer, reward, campaign, ones[0].at))
    return found


def _rules_met(viewers: set[str], campaigns: set[str]) -> dict[tuple[str, str], set[str]]:
    met: dict[tuple[str, str], set[str]] = defaultdict(set)
    ordered = sorted(viewers)
    for start in range(0, len(ordered), _CHUNK):
        rows = EarnedReward.objects.filter(
            viewer__in=ordered[start : start + _CHUNK], campaign_reward__campaign__in=campaigns
        )
        for campaign, viewer, reward in rows.values_list("campaign_reward__campaign", "viewer", "campaign_reward"):
            met[campaign, viewer].add(reward)
    return met
