"""What a group of claims can be mapped to: the organization's rewards and campaigns, with what speaks for or against each.

Each list is read with the same few queries however long it is, and stops at ``OFFERED``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignPlatform, CampaignReward, Game, GameCategory, Reward, RewardPlatformId
from campaigns.rules.edits import is_locked
from fulfillment.drift.deeds import campaign_problem, reward_problem
from fulfillment.drift.groups import Group
from fulfillment.models import Claim
from fulfillment.rules.alike import most_alike
from fulfillment.rules.codes import Code
from portal.models import Organization
from portal.sentences import Sentence

OFFERED = 500
"""So many rewards or campaigns are offered at most, those that fit best and the latest first."""


@dataclass(frozen=True, slots=True)
class RewardChoice:
    """A reward to which the group's id may belong. ``problem``: why it cannot; ``hint``: why it is suggested."""

    reward: Reward
    problem: Sentence | None = None
    hint: Sentence | None = None


@dataclass(frozen=True, slots=True)
class CampaignChoice:
    """A campaign to which the group may belong. ``problem``: why it cannot; ``hint``: why it is suggested."""

    campaign: Campaign
    problem: Sentence | None = None
    hint: Sentence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What of the group's claims is known here, by the first of them: their game by its category, reward and campaign."""

    game: Game | None = None
    reward: Reward | None = None
    campaign: Campaign | None = None


def known_of(organization: Organization, group: Group) -> Known:
    """Return what is known of a group's claims. At most two queries."""
    claim = (
        Claim.objects.filter(pk=group.sample_id, organization=organization)
        .select_related("reward__game", "campaign__game")
        .defer("raw")
        .first()
    )
    category = (
        GameCategory.objects.filter(
            organization=organization, platform=group.key.platform, platform_category_id=group.category_id
        )
        .select_related("game")
        .first()
        if group.category_id
        else None
    )
    return Known(
        game=category.game if category else None,
        reward=claim.reward if claim else None,
        campaign=claim.campaign if claim else None,
    )


def reward_choices(organization: Organization, group: Group, known: Known) -> list[RewardChoice]:
    """Return the rewards that an unknown id may belong to, suggested ones first.

    Where the claims name a category of a game, only rewards of this game and of those whose campaigns count its streams.
    """
    rewards = Reward.objects.filter(game__organization=organization).select_related("game").defer("game__art")
    if known.game is not None:
        home = Campaign.objects.filter(organization=organization, further_games__game=known.game).values("game")
        rewards = rewards.filter(Q(game=known.game) | Q(game__in=home))
    ids = RewardPlatformId.objects.filter(platform=group.key.platform)
    found = list(rewards.prefetch_related(Prefetch("platform_ids", ids)).order_by("name", "pk")[:OFFERED])
    there = {reward.pk: next((row.platform_reward_id for row in reward.platform_ids.all()), "") for reward in found}
    hints = _reward_hints(group, [reward for reward in found if not there[reward.pk]])
    choices = [
        RewardChoice(reward, reward_problem(reward, group.key, there[reward.pk]), hints.get(reward.pk))
        for reward in found
    ]
    return sorted(choices, key=lambda choice: (choice.hint is None, choice.problem is not None))


def _reward_hints(group: Group, free: list[Reward]) -> dict[str, Sentence]:
    """Say of rewards without an id on the platform what speaks for them; nothing where nothing does."""
    same = [reward for reward in free if group.external_id and reward.external_id == group.external_id]
    if same:
        return {reward.pk: Sentence(_("same external id")) for reward in same}
    alike = most_alike(group.external_id, {reward.pk: (reward.name, reward.external_id) for reward in free})
    if alike is not None:
        return {alike: Sentence(_("name like the external id"))}
    if len(free) == 1:
        return {free[0].pk: Sentence(_("the only one without an id there"))}
    return {}


def campaign_choices(organization: Organization, group: Group, known: Known, *, now: datetime) -> list[CampaignChoice]:
    """Return the campaigns that an unknown id may belong to, suggested ones first, then the latest."""
    campaigns = _with_platform(organization, group)
    if known.reward is not None:
        campaigns = campaigns.filter(game=known.reward.game_id)
    elif known.game is not None:
        campaigns = campaigns.filter(Q(game=known.game) | Q(further_games__game=known.game)).distinct()
    found = list(campaigns[:OFFERED])
    ready = {campaign.pk: _id_problem(campaign, group, now) for campaign in found}
    open_then = [
        campaign.pk
        for campaign in found
        if ready[campaign.pk] is None
        and _row(campaign) is not None
        and known.reward is not None
        and any(place.reward_id == known.reward.pk for place in campaign.rewards.all())
    ]
    hints = {open_then[0]: Sentence(_("has this reward and no id there"))} if len(open_then) == 1 else {}
    choices = [CampaignChoice(campaign, ready[campaign.pk], hints.get(campaign.pk)) for campaign in found]
    return sorted(choices, key=lambda choice: (choice.hint is None, choice.problem is not None))


def _id_problem(campaign: Campaign, group: Group, now: datetime) -> Sentence | None:
    row = _row(campaign)
    field = "platforms" if row is None else "platform_campaign_ids"
    return campaign_problem(campaign, group.key, row) or _locked(campaign, field, now)


def _locked(campaign: Campaign, field: str, now: datetime) -> Sentence | None:
    """Return that C6 locks a field of the campaign, in words short enough for a list; None if it does not."""
    if not is_locked(field, phase=campaign.phase(now), ends_at=campaign.ends_at, now=now):
        return None
    if field == "platforms":
        return Sentence(_("does not run on this platform, and has begun"))
    return Sentence(_("has begun") if field == "rewards" else _("is closed or cancelled"))


def campaigns_for_reward(
    organization: Organization, group: Group, known: Known, *, now: datetime
) -> list[CampaignChoice]:
    """Return the campaigns to which the known reward of the claims can be added: the one they name, else all of its game."""
    if known.reward is None:
        return []
    campaigns = _with_platform(organization, group).filter(
        game=known.reward.game_id, platforms__platform=group.key.platform
    )
    if group.key.code is Code.REWARD_NOT_IN_CAMPAIGN:
        campaigns = campaigns.filter(pk=known.campaign.pk if known.campaign else None)
    lacking = campaigns.exclude(rewards__reward=known.reward)
    return [CampaignChoice(campaign, _locked(campaign, "rewards", now)) for campaign in lacking[:OFFERED]]


def campaigns_to_assign(organization: Organization, group: Group, known: Known) -> list[CampaignChoice]:
    """Return the campaigns that the claims can be assigned to: published ones with their reward, or if it is none, all."""
    campaigns = _with_platform(organization, group).exclude(status=Campaign.Status.DRAFT)
    if known.reward is not None:
        campaigns = campaigns.filter(rewards__reward=known.reward)
    if group.key.code is Code.CAMPAIGN_AMBIGUOUS:
        campaigns = campaigns.filter(platforms__platform=group.key.platform)
    return [CampaignChoice(campaign) for campaign in campaigns[:OFFERED]]


def rewards_to_assign(organization: Organization, group: Group, known: Known) -> list[RewardChoice]:
    """Return the rewards that the claims can be assigned: those of the campaign they name, where it is known, else all."""
    if group.key.code is Code.REWARD_NOT_IN_CAMPAIGN and known.campaign is not None:
        places = CampaignReward.objects.filter(campaign=known.campaign).select_related("reward__game")
        return [RewardChoice(place.reward) for place in places.order_by("position", "pk")]
    return [RewardChoice(choice.reward, hint=choice.hint) for choice in reward_choices(organization, group, known)]


def _with_platform(organization: Organization, group: Group) -> QuerySet[Campaign]:
    rows = CampaignPlatform.objects.filter(platform=group.key.platform)
    return (
        Campaign.objects.filter(organization=organization)
        .select_related("game")
        .defer("game__art")
        .prefetch_related(Prefetch("platforms", rows, to_attr="rows_there"), "rewards")
        .order_by(F("starts_at").desc(nulls_last=True), "-pk")
    )


def _row(campaign: Any) -> CampaignPlatform | None:
    rows: Iterable[CampaignPlatform] = campaign.rows_there
    return next(iter(rows), None)
