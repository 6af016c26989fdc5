"""The third step: the rewards of a campaign, added, changed and removed one at a time, new ones with their image."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _t

from campaigns.admin.guide.reward_forms import RewardForm, RuleForm
from campaigns.admin.guide.steps import Step, step_url
from campaigns.editing import EditRefused, save_campaign
from campaigns.game_state.rule_words import rule_for_staff
from campaigns.models import Campaign, CampaignReward, Reward
from campaigns.models.campaigns import MAX_REWARDS
from campaigns.rewarding import save_reward
from portal import platforms
from portal.admin_base import in_reach
from portal.fields import image_notices, rendition_url
from portal.next_page import next_page


def reward_step(request: HttpRequest, campaign: Campaign, *, now: datetime) -> HttpResponse | dict[str, Any]:
    """Do what was asked and lead on, or return the context of the page, with what is to be mended in its forms."""
    rows = list(
        campaign.rewards.select_related("reward", "requires__reward")
        .prefetch_related("reward__platform_ids")
        .order_by("position", "pk")
    )
    here = step_url(campaign, Step.REWARDS)
    if request.method == "POST" and "remove" in request.POST:
        return _remove(request, campaign, rows, now=now)
    edited = _edited(request, rows)
    rewards = in_reach(Reward.objects.order_by("name", "pk"), request)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    rule = RuleForm(sent[0], instance=edited, campaign=campaign, rewards=rewards, prefix="rule")
    reward = RewardForm(*sent, instance=edited.reward if edited else None, campaign=campaign, prefix="reward")
    if request.method == "POST" and _add(request, campaign, rule, reward, now=now):
        another = request.POST.get("then") == "another"
        return HttpResponseRedirect(f"{here}?add=1" if another else next_page(request) or here)
    full = len(rows) >= MAX_REWARDS and edited is None
    return {
        "rows": [_shown(row, reward.keys) for row in rows],
        "reward": reward,  # first, as on the page: its mistakes are told in this order
        "rule": rule,
        "edited": edited,
        "is_open": not full and (not rows or edited or request.method == "POST" or "add" in request.GET),
        "full": full,
        "choosable": "reward" in rule.fields and rule.fields["reward"].queryset.exists(),  # type: ignore[attr-defined]
        "most": MAX_REWARDS,
        "here": here,
        "back": next_page(request) or here,
        "came_from": next_page(request),
    }


def _edited(request: HttpRequest, rows: list[CampaignReward]) -> CampaignReward | None:
    wanted = request.GET.get("edit")
    if not wanted:
        return None
    found = next((row for row in rows if row.pk == wanted), None)
    if found is None:
        raise Http404
    return found


def _shown(row: CampaignReward, counting: list[str]) -> dict[str, Any]:
    """Return a reward of the campaign for the list; ``counting`` are the platforms that count, and need its id there."""
    known = {there.platform for there in row.reward.platform_ids.all()}
    return {
        "pk": row.pk,
        "name": row.reward.name,
        "image_url": rendition_url(row.reward.image),
        "alt_text": row.reward.alt_text,
        "rule": rule_for_staff(row),
        "missing_ids": [platforms.get(key).name for key in counting if key not in known],
        "needs": row.requires.reward.name if row.requires else "",
    }


def _remove(request: HttpRequest, campaign: Campaign, rows: list[CampaignReward], *, now: datetime) -> HttpResponse:
    found = next((row for row in rows if row.pk == request.POST["remove"]), None)
    if found is not None:
        gone: CampaignReward = found

        def write() -> None:
            gone.delete()

        refusal = _save(request, campaign, write, now=now)
        if refusal:
            messages.error(request, refusal)
        else:
            said = _t("“%(name)s” is no longer in the campaign. The reward itself is kept.")
            messages.success(request, said % {"name": found.reward.name})
    return HttpResponseRedirect(step_url(campaign, Step.REWARDS))


def _add(request: HttpRequest, campaign: Campaign, rule: RuleForm, reward: RewardForm, *, now: datetime) -> bool:
    """Store what the two forms say; False where something is to be mended, which they then tell."""
    if not rule.is_valid():
        if not rule.data.get("rule-reward"):
            reward.is_valid()
        return False
    writes_reward = rule.is_new_reward or not rule.instance._state.adding
    if writes_reward and not reward.is_valid():
        return False
    if rule.instance._state.adding and campaign.rewards.count() >= MAX_REWARDS:
        rule.add_error(None, _t("A campaign has at most %(most)s rewards.") % {"most": MAX_REWARDS})
        return False
    was_new = rule.instance._state.adding

    def write() -> None:
        if writes_reward:
            save_reward(reward.instance, platform_ids=reward.platform_ids(), actor=request.user)  # type: ignore[arg-type]
            rule.instance.reward = reward.instance
        rule.instance.save()

    try:
        with transaction.atomic():
            refusal = _save(request, campaign, write, now=now)
    except IntegrityError:
        refusal = _t("Somebody stored the same at this moment. Look at the list, and try once more.")
    if refusal:
        rule.add_error(None, refusal)
        return False
    for notice in [*image_notices(reward), *reward.unlike_ids()] if writes_reward else ():
        messages.warning(request, str(notice))
    said = _t("“%(name)s” is in the campaign.") if was_new else _t("“%(name)s” is saved.")
    messages.success(request, said % {"name": rule.instance.reward.name})
    return True


def _save(request: HttpRequest, campaign: Campaign, write: Any, *, now: datetime) -> str:
    """Write beneath the campaign's lock; return why it was refused, if it was."""
    try:
        save_campaign(campaign=campaign, changed=[], actor=request.user, now=now, write_lists=write)  # type: ignore[arg-type]
    except EditRefused as refused:
        return str(refused)
    return ""
