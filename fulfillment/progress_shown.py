"""Progress in a player's words, as ``fulfillment/progress_card.html`` reads it (F4, F5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.game_state.rule_words import WHEN_IT_IS_ENOUGH
from campaigns.models import Campaign, CampaignReward
from campaigns.rules.phases import Phase
from fulfillment.inventory import status_in_words
from fulfillment.progress import CountedElsewhere, Progress, RewardProgress, goals
from fulfillment.rules.standing import Standing
from fulfillment.rules.states import State
from linking.offers import rule_in_words
from linking.words import joined, watched_on
from portal import platforms
from portal.durations import minutes_in_words, time_in_words
from portal.fields import rendition_url
from portal.platforms.studio import STUDIO

Shown = dict[str, Any]

_PHASES = {
    Phase.ANNOUNCED: ("waiting", gettext_lazy("Coming up")),
    Phase.LIVE: ("ok", gettext_lazy("Live now")),
    Phase.GRACE: ("progress", gettext_lazy("Ended, still claimable")),
    Phase.CLOSED: ("neutral", gettext_lazy("Closed")),
    Phase.CANCELLED: ("neutral", gettext_lazy("Cancelled")),
}

_STANDINGS = {
    Standing.NOT_STARTED: ("neutral", gettext_lazy("Not started")),
    Standing.UNDER_WAY: ("progress", gettext_lazy("In progress")),
    Standing.WAITS_FOR_EVENT: ("waiting", gettext_lazy("Waits for the game")),
    Standing.NEEDS_ANOTHER: ("waiting", gettext_lazy("Another reward first")),
    Standing.CLAIMABLE: ("ok", gettext_lazy("Earned, ready to claim")),
    Standing.LINK_FIRST: ("attention", gettext_lazy("Earned, link needed")),
    Standing.ALREADY_YOURS: ("neutral", gettext_lazy("Already yours")),
    Standing.ALL_GIVEN: ("neutral", gettext_lazy("All given out")),
    Standing.GIVEN_TODAY: ("waiting", gettext_lazy("Given out for today")),
    Standing.MISSED: ("neutral", gettext_lazy("Not earned")),
    Standing.EXPIRED: ("neutral", gettext_lazy("Expired")),
}


def phase_in_words(phase: Phase) -> tuple[str, str]:
    """Return the kind (see ``components/status.html``) and the name of a phase that viewers see."""
    kind, label = _PHASES[phase]
    return kind, str(label)


def shown_progress(progress: Progress, *, now: datetime) -> Shown:
    """Return one campaign of one viewer as a card."""
    campaign, viewer = progress.campaign, progress.own.viewer
    rewards = [_reward(reward, progress) for reward in progress.rewards]
    kind, label = phase_in_words(progress.phase)
    place = _("In the studio's own player")
    if viewer.platform != STUDIO.key:
        place = _("On %(platform)s as %(viewer)s") % {"platform": watched_on(viewer.platform), "viewer": viewer}
    return {
        "id": f"{campaign.pk}-{viewer.pk}",
        "campaign": campaign,
        "url": reverse("campaign", args=[campaign.pk]),
        "place": place,
        "source": f"{campaign.game.name} · {place}",
        "status_kind": kind,
        "status_label": label,
        "is_test": campaign.test_mode,
        "bars": _bars(progress) if progress.phase is Phase.LIVE else [],
        "facts": _minutes(progress),
        "dates": dates_of(campaign, progress.phase, now=now),
        "rewards": rewards,
        "said": _("%(campaign)s. %(rewards)s.")
        % {
            "campaign": campaign.name,
            "rewards": "; ".join(f"{reward['name']}: {reward['status_label']}" for reward in rewards),
        },
    }


def shown_elsewhere(found: CountedElsewhere, *, now: datetime) -> Shown:
    """Return a campaign that platforms count as a card: words and links, no bar for what is not known."""
    campaign = found.campaign
    names = joined([watched_on(key) for key in found.platforms])
    kind, label = phase_in_words(found.phase)
    if found.phase is Phase.LIVE:
        text = _("%(names)s counts your time itself; we see it only after you claim. Watch and claim there.")
        if len(found.platforms) > 1:
            text = _("%(names)s count your time themselves; we see it only after you claim. Watch and claim there.")
    else:
        text = _("Nothing can be earned any more. What you have earned on %(names)s can still be claimed there.")
    return {
        "id": campaign.pk,
        "campaign": campaign,
        "url": reverse("campaign", args=[campaign.pk]),
        "source": campaign.game.name,
        "status_kind": kind,
        "status_label": label,
        "is_test": campaign.test_mode,
        "text": text % {"names": names},
        "dates": dates_of(campaign, found.phase, now=now),
        "ways": [
            {"label": _("Open %(platform)s") % {"platform": platform.name}, "url": platform.web_url}
            for platform in map(platforms.get, found.platforms)
            if platform.web_url
        ],
    }


def dates_of(campaign: Campaign, phase: Phase, *, now: datetime) -> list[Shown]:
    """Return the dates that matter in a phase, and how long it is until the next of them."""
    starts, ends, closes = campaign.starts_at, campaign.ends_at, campaign.closes_at
    left = {Phase.ANNOUNCED: starts, Phase.LIVE: ends, Phase.GRACE: closes}.get(phase)
    named = {
        Phase.ANNOUNCED: [(_("Starts"), starts), (_("Earn until"), ends), (_("Claim until"), closes)],
        Phase.LIVE: [(_("Earn until"), ends), (_("Claim until"), closes)],
        Phase.GRACE: [(_("Ended"), ends), (_("Claim until"), closes)],
        Phase.CLOSED: [(_("Ended"), ends), (_("Closed"), closes)],
        Phase.CANCELLED: [(_("Cancelled"), campaign.cancelled_at)],
    }.get(phase, [])
    return [{"label": label, "when": when, "left": _left(when, now) if when == left else ""} for label, when in named]


def _left(when: datetime | None, now: datetime) -> str:
    return _("%(time)s left") % {"time": time_in_words(when - now)} if when else ""


def _minutes(progress: Progress) -> list[Shown]:
    facts = []
    if progress.minutes.watched or any(reward.row.rule == CampaignReward.Rule.WATCH for reward in progress.rewards):
        facts.append({"label": _("Watched"), "text": minutes_in_words(progress.minutes.watched)})
    streams = any(reward.row.rule == CampaignReward.Rule.BROADCAST for reward in progress.rewards)
    if streams or progress.minutes.broadcast:
        facts.append({"label": _("Streamed"), "text": minutes_in_words(progress.minutes.broadcast)})
    return facts


def _bars(progress: Progress) -> list[Shown]:
    """Return a bar for watching and one for streaming, each up to the next reward; full where none comes next."""
    names = {reward.row.pk: reward.row.reward.name for reward in progress.rewards}
    bars = []
    for rule, all_done in (
        (CampaignReward.Rule.WATCH.value, _("All minutes watched")),
        (CampaignReward.Rule.BROADCAST.value, _("All minutes streamed")),
    ):
        wanted = goals(progress.rewards, rule)
        if not wanted:
            continue
        goal = progress.next_goal(rule)
        bar: Shown = {"id": f"bar-{progress.campaign.pk}-{progress.own.viewer.pk}-{rule}"}
        if goal is None:
            most = max(one.needed_minutes for one in wanted)
            bar |= {"label": all_done, "value": most, "max": most, "text": _of(most, most)}
        else:
            bar |= {
                "label": _("Next: %(reward)s") % {"reward": names[goal.reward_id]},
                "value": min(goal.done_minutes, goal.needed_minutes),
                "max": goal.needed_minutes,
                "text": _("%(of)s, %(left)s left")
                % {"of": _of(goal.done_minutes, goal.needed_minutes), "left": minutes_in_words(goal.left)},
            }
        bars.append(bar)
    return bars


def _of(done: int, needed: int) -> str:
    return _("%(done)d of %(needed)d minutes") % {"done": min(done, needed), "needed": needed}


def _reward(reward: RewardProgress, progress: Progress) -> Shown:
    row, viewer = reward.row, progress.own.viewer
    kind, label = _status(reward)
    return {
        "id": f"{row.pk}-{viewer.pk}",
        "name": row.reward.name,
        "description": row.reward.description,
        "image_url": rendition_url(row.reward.image),
        "image_alt": row.reward.alt_text,
        "rule": rule_in_words(row),
        "status_kind": kind,
        "status_label": label,
        "text": _text(reward, progress),
        "claim_url": reverse("claim_reward", args=[progress.campaign.pk, row.pk]),
        "viewer_id": viewer.pk,
        "can_claim": reward.standing is Standing.CLAIMABLE,
        "link": _link(progress.campaign) if reward.standing is Standing.LINK_FIRST else None,
        "details_url": reverse("claim", args=[reward.claim.pk]) if reward.claim else "",
    }


def _status(reward: RewardProgress) -> tuple[str, str]:
    if reward.claim is not None:
        return status_in_words(reward.claim)
    kind, label = _STANDINGS[reward.standing]
    return kind, str(label)


def _link(campaign: Campaign) -> Shown:
    return {"label": _("Link your game account"), "url": link_page(campaign), "external": bool(campaign.connection_url)}


def link_page(campaign: Campaign) -> str:
    """Return where viewers link their accounts for a campaign: the studio's own page, or the portal's (C1)."""
    game = campaign.game
    return campaign.connection_url or reverse("connect_game", args=[game.organization.slug, game.slug])


def _text(reward: RewardProgress, progress: Progress) -> str:
    """Return what a standing means, and what comes next."""
    return _TEXTS.get(reward.standing, _no_text)(reward, progress)


def _no_text(reward: RewardProgress, progress: Progress) -> str:
    return ""


def _counted(reward: RewardProgress, progress: Progress) -> str:
    needed = reward.row.minutes or 0
    left = max(0, needed - reward.done_minutes)
    return _("%(of)s, %(left)s to go") % {"of": _of(reward.done_minutes, needed), "left": minutes_in_words(left)}


def _another(reward: RewardProgress, progress: Progress) -> str:
    first = _("First earn “%(reward)s”.") % {"reward": reward.missing[0].reward.name} if reward.missing else ""
    needed = reward.row.minutes
    own = f"{_of(reward.done_minutes, needed)}." if needed else _event(reward, progress)
    return " ".join(filter(None, [first, own]))


def _event(reward: RewardProgress, progress: Progress) -> str:
    if reward.met:
        return _("This has happened on a stream while you watched it.")
    return " ".join([_("This has not happened on a stream while you watched it."), str(WHEN_IT_IS_ENOUGH)])


def _unlinked(reward: RewardProgress, progress: Progress) -> str:
    return _("No game account of %(game)s is linked, so the reward has nowhere to go yet. Link one, then claim.") % {
        "game": progress.campaign.game.name
    }


def _yours(reward: RewardProgress, progress: Progress) -> str:
    return _("Your game account has this reward already, through another of your accounts.")


def _all_given(reward: RewardProgress, progress: Progress) -> str:
    return _("All of this reward that there was in the campaign has been given out. It cannot be claimed any more.")


def _given_today(reward: RewardProgress, progress: Progress) -> str:
    return _(
        "You have earned it, but all that there was for today has been given out. Come back tomorrow and claim it."
    )


def _missed(reward: RewardProgress, progress: Progress) -> str:
    needed = reward.row.minutes
    if progress.phase is Phase.CANCELLED:
        return _("The campaign was cancelled before you had earned it.")
    if needed and reward.done_minutes < needed:
        return _("The campaign ended with %(of)s.") % {"of": _of(reward.done_minutes, needed)}
    if not needed and not reward.met:
        return _("The campaign ended, and this had not happened on a stream while you watched it.")
    return _("The campaign ended before you had earned it.")


def _expired(reward: RewardProgress, progress: Progress) -> str:
    if progress.phase is Phase.CANCELLED:
        return _("You had earned it, but not claimed it before the campaign was cancelled.")
    return _("You had earned it, but not claimed it before the campaign closed.")


def _claimed(reward: RewardProgress, progress: Progress) -> str:
    if reward.claim is not None and reward.claim.state == State.WAITING:
        return _("Link your game account: the reward is then sent by itself.")
    return ""


_TEXTS: Mapping[Standing, Callable[[RewardProgress, Progress], str]] = {
    Standing.NOT_STARTED: _counted,
    Standing.UNDER_WAY: _counted,
    Standing.NEEDS_ANOTHER: _another,
    Standing.WAITS_FOR_EVENT: _event,
    Standing.LINK_FIRST: _unlinked,
    Standing.ALREADY_YOURS: _yours,
    Standing.ALL_GIVEN: _all_given,
    Standing.GIVEN_TODAY: _given_today,
    Standing.MISSED: _missed,
    Standing.EXPIRED: _expired,
    Standing.CLAIMED: _claimed,
}
