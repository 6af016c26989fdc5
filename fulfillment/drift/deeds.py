"""Mapping what claims in quarantine name: one entry, and all of its claims are worked out again (F2, C6, S5).

Whether the person may do it is for the caller to ask. Each deed checks under the lock of what it changes, so that it may be
pressed twice and by two people at once.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from campaigns.editing import EditRefused, save_campaign
from campaigns.hooks import call_claims_may_resolve
from campaigns.models import Campaign, CampaignPlatform, CampaignReward, Reward, RewardPlatformId
from campaigns.models.campaigns import MAX_REWARDS
from fulfillment.claims import NotPossible
from fulfillment.drift.groups import OF_REWARDS, Key
from fulfillment.rules.codes import Code
from portal import audit, platforms
from portal.models import Organization, User
from portal.sentences import Sentence

ASSIGN_INSTEAD = _("Assign the claims to it instead: that is possible in every phase.")


def map_reward(
    *, organization: Organization, key: Key, reward: Reward, actor: User | None, now: datetime, reason: str = ""
) -> None:
    """Enter the platform's id of an unknown reward at one of the organization's; done already, it changes nothing.

    Raises:
        NotPossible: the group is about no reward's id, the reward is another organization's or has another id on this
            platform, or another reward has this one.
    """
    if key.code not in OF_REWARDS or not key.reward_id:
        raise NotPossible(Sentence(_("These claims name no unknown reward id that could be entered at a reward.")))
    with transaction.atomic():
        mine = Reward.objects.filter(game__organization=organization, pk=reward.pk)
        stored = mine.select_for_update(of=("self",)).select_related("game").first()
        if stored is None:
            raise NotPossible(Sentence(_("This reward does not exist in your organization.")))
        id_there = _id_there(key, stored)
        problem = reward_problem(stored, key, id_there)
        if problem is not None:
            raise NotPossible(problem)
        if id_there:
            return
        row = RewardPlatformId(reward=stored, platform=key.platform, platform_reward_id=key.reward_id)
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as error:
            raise NotPossible(_taken_by(organization, key)) from error
        audit.record(
            actor=actor,
            action=f"mapped {row}",
            obj=stored,
            organization=organization,
            after=audit.snapshot(row),
            reason=reason,
            now=now,
        )
        call_claims_may_resolve(organization_id=organization.pk, platform_reward_id=key.reward_id)


def _id_there(key: Key, reward: Reward) -> str:
    """Return the reward's id on the platform; empty if it has none."""
    rows = RewardPlatformId.objects.filter(reward=reward, platform=key.platform)
    return rows.values_list("platform_reward_id", flat=True).first() or ""


def _taken_by(organization: Organization, key: Key) -> Sentence:
    other = Reward.objects.filter(
        game__organization=organization,
        platform_ids__platform=key.platform,
        platform_ids__platform_reward_id=key.reward_id,
    ).first()
    return Sentence(
        _("The id was entered at “%(name)s” in the meantime. If that is wrong, remove it there first."),
        {"name": other or "–"},
    )


def reward_problem(reward: Reward, key: Key, id_there: str) -> Sentence | None:
    """Return why a reward that has ``id_there`` on the platform cannot take the group's id, and what can be done; or None."""
    if not id_there or id_there == key.reward_id:
        return None
    return Sentence(
        _(
            "“%(name)s” has the id %(id)s on %(platform)s already. If that one is wrong, correct it at the reward; if both "
            "are in use there, assign the claims to the reward instead."
        ),
        {"name": reward.name, "id": id_there, "platform": platforms.get(key.platform).name},
    )


def map_campaign(
    *, organization: Organization, key: Key, campaign: Campaign, actor: User | None, now: datetime, reason: str = ""
) -> None:
    """Enter the platform's id of an unknown campaign at one of the organization's; done already, it changes nothing.

    A campaign that does not run on the platform yet runs there from now on, if C6 allows.

    Raises:
        NotPossible: the group is about no campaign's id, the campaign is another organization's, has another id there or
            is counted by the portal there, its phase does not allow it (C6), or another campaign has this id.
    """
    if key.code is not Code.CAMPAIGN_UNKNOWN or not key.campaign_id:
        raise NotPossible(Sentence(_("These claims name no unknown campaign id that could be entered at a campaign.")))
    stored = _of(organization, campaign)

    def enter() -> None:
        row = CampaignPlatform.objects.filter(campaign=stored, platform=key.platform).first()
        problem = campaign_problem(stored, key, row)
        if problem is not None:
            raise NotPossible(problem)
        row = row or CampaignPlatform(campaign=stored, platform=key.platform)
        row.platform_campaign_id = key.campaign_id
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as error:
            sentence = _("Another campaign has this id on %(platform)s in the meantime. Look at it there first.")
            raise NotPossible(Sentence(sentence, {"platform": platforms.get(key.platform).name})) from error

    try:
        save_campaign(campaign=stored, changed=[], actor=actor, now=now, write_lists=enter, reason=reason)
    except EditRefused as refused:
        raise NotPossible(refusal(refused)) from refused


def campaign_problem(campaign: Campaign, key: Key, row: CampaignPlatform | None) -> Sentence | None:
    """Return why a campaign, which has this ``row`` for the platform, cannot take the group's id, and the way out; or None.

    What its phase does not allow is for :func:`campaigns.editing.save_campaign` to say.
    """
    platform = platforms.get(key.platform).name
    if row is None:
        return None
    if row.counted_by != CampaignPlatform.CountedBy.PLATFORM:
        return Sentence(
            _(
                "The portal counts “%(name)s” on %(platform)s itself, so that its claims do not come from there. If "
                "%(platform)s is to count, say so at the campaign first."
            ),
            {"name": campaign.name, "platform": platform},
        )
    if row.platform_campaign_id and row.platform_campaign_id != key.campaign_id:
        return Sentence(
            _(
                "“%(name)s” has the id %(id)s on %(platform)s already. If that one is wrong, correct it at the campaign; if "
                "there are two campaigns there, make a second one here too, or assign the claims to this one."
            ),
            {"name": campaign.name, "id": row.platform_campaign_id, "platform": platform},
        )
    return None


def add_reward_to_campaign(
    *,
    organization: Organization,
    key: Key,
    campaign: Campaign,
    reward: Reward,
    minutes: int,
    actor: User | None,
    now: datetime,
    reason: str = "",
) -> None:
    """Put a reward that claims name into a campaign, for so many watched minutes; being there already, it changes nothing.

    Raises:
        NotPossible: one of them is another organization's, the reward is another game's, the campaign does not run on the
            platform or has all the rewards it can have, or its phase does not allow it (C6).
    """
    stored = _of(organization, campaign)
    if reward.game_id != stored.game_id:
        sentence = _("“%(reward)s” is a reward of another game than “%(campaign)s”.")
        raise NotPossible(Sentence(sentence, {"reward": reward.name, "campaign": stored.name}))
    if not stored.platforms.filter(platform=key.platform).exists():
        sentence = _("“%(campaign)s” does not run on %(platform)s.")
        raise NotPossible(Sentence(sentence, {"campaign": stored.name, "platform": platforms.get(key.platform).name}))

    def add() -> None:
        _place(stored, reward, minutes)

    try:
        save_campaign(campaign=stored, changed=[], actor=actor, now=now, write_lists=add, reason=reason)
    except EditRefused as refused:
        raise NotPossible(refusal(refused)) from refused


def _place(campaign: Campaign, reward: Reward, minutes: int) -> None:
    places = CampaignReward.objects.filter(campaign=campaign)
    if places.filter(reward=reward).exists():
        return
    if places.count() >= MAX_REWARDS:
        raise NotPossible(Sentence(_("A campaign has at most %(most)s rewards."), {"most": MAX_REWARDS}))
    last = places.order_by(F("position").desc()).values_list("position", flat=True).first()
    places.create(
        campaign=campaign,
        reward=reward,
        position=0 if last is None else last + 1,
        rule=CampaignReward.Rule.WATCH,
        minutes=minutes,
    )


def refusal(refused: EditRefused) -> Sentence:
    """Return why C6 refuses a change, and that the claims can be assigned all the same."""
    return Sentence(_("%(why)s %(instead)s"), {"why": refused, "instead": ASSIGN_INSTEAD})


def _of(organization: Organization, campaign: Campaign) -> Campaign:
    stored = Campaign.objects.filter(organization=organization, pk=campaign.pk).first()
    if stored is None:
        raise NotPossible(Sentence(_("This campaign does not exist in your organization.")))
    return stored
