"""Storing a reward with its ids on platforms (R1), where it is made beside the campaign that gives it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from campaigns.hooks import call_claims_may_resolve
from campaigns.models import Reward, RewardPlatformId
from portal import audit
from portal.models import User


def save_reward(reward: Reward, *, platform_ids: Mapping[str, str], actor: User | None) -> Reward:
    """Store a new reward, or a changed one, and for each platform named its id there; an empty id removes it.

    Writes the trail, and has claims that wait for this mapping looked at again (F2).

    Raises:
        IntegrityError: the external id or an id there is another reward's since a moment ago.
    """
    is_new = reward._state.adding
    with transaction.atomic():
        before = {} if is_new else _trail(Reward.objects.get(pk=reward.pk))
        reward.save()
        for platform, wanted in platform_ids.items():
            rows = RewardPlatformId.objects.filter(reward=reward, platform=platform)
            if not wanted:
                rows.delete()
            elif not rows.update(platform_reward_id=wanted):
                RewardPlatformId.objects.create(reward=reward, platform=platform, platform_reward_id=wanted)
        after = _trail(reward)
        if before != after:
            audit.record(
                actor=actor,
                action="added" if is_new else "changed",
                obj=reward,
                organization=reward.game.organization,
                before=before,
                after=after,
            )
            call_claims_may_resolve(organization_id=reward.game.organization_id)
    return reward


def _trail(reward: Reward) -> dict[str, object]:
    rows = RewardPlatformId.objects.filter(reward=reward).order_by("platform")
    ids = dict(rows.values_list("platform", "platform_reward_id"))
    return {**audit.snapshot(reward), **{f"id on {platform}": known for platform, known in ids.items()}}
