"""Claiming what the portal counted itself (F5): made when the viewer presses the button, refused with the reason beneath it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.game_state.rule_words import WHEN_IT_IS_ENOUGH
from campaigns.models import Campaign, CampaignPlatform, CampaignReward, CampaignTester, EarnedReward, Viewer
from campaigns.rules import zones
from campaigns.rules.earning import minutes_left, open_requirements
from campaigns.rules.phases import Phase
from campaigns.watch.progress import minutes_of
from fulfillment.arrivals import Arrival, Assigned, record_claims
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.limits import refused_now
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from fulfillment.wake import announce_work
from linking.models import Player
from linking.players import NotProven, prove_portal_player
from linking.words import watched_on
from portal.durations import minutes_in_words
from portal.models import User
from portal.platforms.messages import ClaimReceived
from portal.platforms.studio import STUDIO
from portal.sentences import Sentence


class Refusal(StrEnum):
    """Why a reward is not claimed."""

    NOT_OPEN = "not_open"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    NOT_COUNTED_HERE = "not_counted_here"
    NOT_A_TESTER = "not_a_tester"
    NOT_LINKED = "not_linked"
    NOT_YOURS = "not_yours"
    UNFINISHED = "unfinished"
    REQUIREMENT_OPEN = "requirement_open"
    ALL_GIVEN = "all_given"
    GIVEN_TODAY = "given_today"


class ClaimRefused(Exception):
    """Nothing was claimed. ``sentence`` says why, ``way_out`` what can be done."""

    def __init__(self, code: Refusal, sentence: Sentence, way_out: Sentence) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.way_out = way_out


def claim_id_of(viewer_id: str, campaign_reward_id: str) -> str:
    """Return the platform claim id of a viewer's claim of a reward that the portal counted: always the same (F1, F5)."""
    return f"{campaign_reward_id}-{viewer_id}"


def claim_reward(*, viewer: Viewer, campaign_reward: CampaignReward, actor: User, now: datetime) -> Claim:
    """Claim a reward that the portal counted, for a viewer who is linked to a game account of ``actor`` (F5).

    Claiming again, also at the same moment and in another process, is one claim: it is answered with. Where it goes from
    here :mod:`fulfillment.resolve` works out, like of any claim.

    Raises:
        ClaimRefused: it is too early, too late, unfinished, not this person's, or not the portal's to count.
        ValueError: viewer and reward belong to different organizations.
    """
    campaign = campaign_reward.campaign
    if viewer.organization_id != campaign.organization_id:
        raise ValueError("Viewer and reward must belong to the same organization.")
    player = _player(viewer, campaign)
    if player is not None and player.user_id != actor.pk:
        raise _anothers(viewer)
    mine = Claim.objects.filter(
        organization=campaign.organization_id,
        platform=viewer.platform,
        platform_claim_id=claim_id_of(viewer.pk, campaign_reward.pk),
    )
    made = mine.first()
    if made is not None and not _is_erased(made):
        return made
    _refuse_closed(campaign, now)
    _refuse_elsewhere(viewer, campaign)
    if player is None:
        _refuse_unlinked(viewer, campaign, actor)
    _refuse_unearned(viewer, campaign_reward)
    _refuse_used_up(campaign_reward, now)
    _store(viewer, campaign_reward, now)
    if made is not None:
        _claim_anew(made.pk, viewer, now)
    return mine.get()


def _store(viewer: Viewer, campaign_reward: CampaignReward, now: datetime) -> None:
    """Store the claim as any other arrives: one statement, and the row is the outbox."""
    campaign = campaign_reward.campaign
    received = ClaimReceived(
        platform_claim_id=claim_id_of(viewer.pk, campaign_reward.pk),
        platform_user_id=viewer.platform_user_id,
        platform_user_name=viewer.name or viewer.login,
        platform_reward_id="",
        granted_at=now,
    )
    assigned = Assigned(viewer_id=viewer.pk, campaign_id=campaign.pk, reward_id=campaign_reward.reward_id)
    record_claims(
        organization_id=campaign.organization_id,
        platform=viewer.platform,
        arrivals=[Arrival(received, raw="", assigned=assigned)],
        source=Claim.Source.PORTAL.value,
        now=now,
    )
    announce_work()


def _is_erased(claim: Claim) -> bool:
    return claim.state == State.ABANDONED and claim.reason == Code.ERASED


def _claim_anew(claim_id: str, viewer: Viewer, now: datetime) -> None:
    """Open the claim of somebody who was erased, never got the reward, and is back (F8): who they are is known again."""
    with transaction.atomic():
        for claim in lock_claims([claim_id]):
            if _is_erased(claim):
                move_claims([Move(claim, State.RECEIVED, Code.RECEIVED)], now=now)
                Claim.objects.filter(pk=claim_id).update(
                    platform_user_id=viewer.platform_user_id,
                    platform_user_name=viewer.name or viewer.login,
                    granted_at=now,
                    resolve_at=now,
                )


def _refuse_closed(campaign: Campaign, now: datetime) -> None:
    names = {"campaign": campaign.name}
    match campaign.phase(now):
        case Phase.LIVE | Phase.GRACE:
            return
        case Phase.CANCELLED:
            raise ClaimRefused(
                Refusal.CANCELLED,
                Sentence(
                    _("The campaign “%(campaign)s” was cancelled, so its rewards can no longer be claimed."), names
                ),
                Sentence(_("What you claimed before that is still delivered: see your rewards.")),
            )
        case Phase.CLOSED:
            closed = zones.describe(campaign.closes_at or now, campaign.time_zone)
            raise ClaimRefused(
                Refusal.TOO_LATE,
                Sentence(_("Claiming in “%(campaign)s” closed at %(closed)s."), {**names, "closed": closed}),
                Sentence(
                    _("A reward that was not claimed by then is gone. What you claimed in time is still delivered.")
                ),
            )
        case _:
            raise ClaimRefused(
                Refusal.NOT_OPEN,
                Sentence(_("The campaign “%(campaign)s” has not started, so there is nothing to claim yet."), names),
                Sentence(_("Come back when it runs.")),
            )


def _refuse_elsewhere(viewer: Viewer, campaign: Campaign) -> None:
    """Refuse where somebody else counts, and who takes no part in a test (C8)."""
    place = {"platform": watched_on(viewer.platform)}
    runs = CampaignPlatform.objects.filter(campaign=campaign, platform=viewer.platform).first()
    if runs is None or runs.counted_by != CampaignPlatform.CountedBy.PORTAL:
        raise ClaimRefused(
            Refusal.NOT_COUNTED_HERE,
            Sentence(_("This campaign does not run on %(platform)s."), place)
            if runs is None
            else Sentence(_("%(platform)s counts your time in this campaign itself."), place),
            Sentence(_("Watch and claim where the campaign runs."))
            if runs is None
            else Sentence(_("Claim the reward there. It then arrives here by itself."), place),
        )
    if campaign.test_mode:
        testers = CampaignTester.objects.filter(
            campaign=campaign, platform=viewer.platform, platform_user_id=viewer.platform_user_id
        )
        if not testers.exists():
            raise ClaimRefused(
                Refusal.NOT_A_TESTER,
                Sentence(_("This campaign is only a test so far, and this account is not one of its testers.")),
                Sentence(_("There is nothing to do: come back when the campaign runs for everybody.")),
            )


def _player(viewer: Viewer, campaign: Campaign) -> Player | None:
    """Return the game account that gets what this viewer earns. One of the studio's own player is it already (I2)."""
    players = Player.objects.filter(game=campaign.game_id)
    if viewer.platform == STUDIO.key:
        return players.filter(player_id=viewer.platform_user_id).first()
    return players.filter(links__viewer=viewer, links__game=campaign.game_id, links__ended_at=None).first()


def _anothers(viewer: Viewer) -> ClaimRefused:
    return ClaimRefused(
        Refusal.NOT_YOURS,
        Sentence(
            _("The account %(viewer)s on %(platform)s belongs to somebody else's game account."),
            {"platform": watched_on(viewer.platform), "viewer": str(viewer)},
        ),
        Sentence(_("Sign in with that game account, and claim there.")),
    )


def _refuse_unlinked(viewer: Viewer, campaign: Campaign, actor: User) -> None:
    """Refuse where no game account gets it. An account on the portal becomes a player of the game with this (L2)."""
    if viewer.platform == STUDIO.key and viewer.platform_user_id == actor.public_id:
        try:
            prove_portal_player(actor, campaign.game)
            return
        except NotProven:
            pass
    raise ClaimRefused(
        Refusal.NOT_LINKED,
        Sentence(
            _("No game account of %(game)s is linked, so the reward has nowhere to go."), {"game": campaign.game.name}
        ),
        Sentence(_("Link your game account first. What you have earned stays yours until the campaign closes.")),
    )


def _refuse_unearned(viewer: Viewer, campaign_reward: CampaignReward) -> None:
    rewards = {row.pk: row for row in campaign_reward.campaign.rewards.select_related("reward")}
    earned = EarnedReward.objects.filter(viewer=viewer, campaign_reward__in=list(rewards))
    earned_ids = {str(pk) for pk in earned.values_list("campaign_reward", flat=True)}
    requires = {row.pk: row.requires_id for row in rewards.values()}
    missing = open_requirements(campaign_reward.pk, requires=requires, earned=earned_ids)
    if not missing:
        return
    if campaign_reward.pk in missing:
        raise ClaimRefused(Refusal.UNFINISHED, *_unfinished(viewer, campaign_reward))
    first = rewards[missing[0]]
    sentence, way_out = _unfinished(viewer, first)
    raise ClaimRefused(
        Refusal.REQUIREMENT_OPEN,
        Sentence(
            _("“%(reward)s” can be claimed only once you have also earned “%(first)s”. %(missing)s"),
            {"reward": campaign_reward.reward.name, "first": first.reward.name, "missing": sentence},
        ),
        way_out,
    )


def _refuse_used_up(campaign_reward: CampaignReward, now: datetime) -> None:
    """Refuse where a limit that stops claims leaves nothing."""
    used_up = refused_now([campaign_reward], now=now).get(campaign_reward.pk)
    name = {"reward": campaign_reward.reward.name}
    if used_up is Code.LIMIT_REACHED:
        raise ClaimRefused(
            Refusal.ALL_GIVEN,
            Sentence(_("All of “%(reward)s” that there was in this campaign has been given out."), name),
            Sentence(_("It cannot be claimed any more. What you claimed before is yours.")),
        )
    if used_up is Code.DAILY_LIMIT_REACHED:
        raise ClaimRefused(
            Refusal.GIVEN_TODAY,
            Sentence(_("All of “%(reward)s” that there was for today has been given out."), name),
            Sentence(_("What you have earned stays yours. Come back tomorrow and claim it.")),
        )


def _unfinished(viewer: Viewer, row: CampaignReward) -> tuple[Sentence, Sentence]:
    """Return what is missing for a reward, and what to do about it."""
    name = row.reward.name
    if row.rule == CampaignReward.Rule.GAME_EVENT:
        return (
            Sentence(_("“%(reward)s” is not earned yet."), {"reward": name}),
            Sentence(
                _("Watch while this happens in the game: %(event)s. %(enough)s"),
                {"event": row.event_name, "enough": WHEN_IT_IS_ENOUGH},
            ),
        )
    counted = minutes_of(viewer_ids=[viewer.pk], campaign_ids=[row.campaign_id]).get((viewer.pk, row.campaign_id))
    streams = row.rule == CampaignReward.Rule.BROADCAST
    done = (counted.broadcast if streams else counted.watched) if counted else 0
    # A minute that was counted this moment is judged in the same transaction; at least one is missing.
    left = max(1, minutes_left(row.minutes or 0, done))
    return (
        Sentence(
            _("“%(reward)s” is not earned yet: %(left)s to go."), {"reward": name, "left": minutes_in_words(left)}
        ),
        Sentence(_("Go on streaming; the minutes show here shortly after."))
        if streams
        else Sentence(_("Go on watching; the minutes show here shortly after.")),
    )


def sentence_of(refusal: ClaimRefused) -> str:
    """Return a refusal as one text: why, and what to do."""
    return _t("%(why)s %(what)s") % {"why": refusal.sentence, "what": refusal.way_out}
