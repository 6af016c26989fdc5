"""Granting a reward by hand: a member of staff gives one person one reward of a campaign, with a reason (S1, F3, R4).

What is made is a claim like any other, of :data:`Claim.Source.STAFF`: :func:`fulfillment.resolve.resolve_due` works it out,
so that link, slot, pause, test mode and limits decide over it as they do over what a platform granted. No platform has
a claim of it, so nothing is written back (F6), and no sweep finds or misses it.

It is judged by the moment of the grant, and the person who grants has said that it is to be delivered. So the holds for
*when* something was granted are waived from the start: ``LATE`` (this is the late exception: after closing), ``EARLY``,
``GRANTED_AFTER_CANCELLATION``, and ``BEFORE_TAKE_OVER``, which keeps back what somebody else may have delivered, as nobody
has here. Not waived: ``TEST`` (a campaign in test mode gives to its testers alone, by hand too) and
``CAMPAIGN_NOT_PUBLISHED`` (a draft is refused, and can be nothing else that was never published).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignReward, CampaignTester, Viewer
from campaigns.rules.phases import Phase
from fulfillment.acting import NotPossible, demanded
from fulfillment.arrivals import Arrival, Assigned, record_claims
from fulfillment.models import Claim, ClaimEvent
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from fulfillment.wake import announce_work
from linking.models import Link, Player
from portal import audit
from portal.models import User
from portal.platforms.messages import ClaimReceived
from portal.platforms.studio import STUDIO
from portal.sentences import Sentence
from portal.tombstones import is_tombstone

WAIVED = tuple(sorted(map(str, (Code.BEFORE_TAKE_OVER, Code.EARLY, Code.LATE, Code.GRANTED_AFTER_CANCELLATION))))
"""The holds that a grant by hand is past from the start: see above."""

SHOWN = 20
_KEY = re.compile(r"[0-9A-Z]{26}")
_TAKES_NO_SLOT = (State.ABANDONED.value, State.DUPLICATE.value)

Person = Viewer | Player


class Timing(StrEnum):
    """How the moment of a grant lies to its campaign."""

    IN_TIME = "in_time"
    EARLY = "early"
    LATE = "late"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a grant at this moment would come to.

    ``holders`` are claims of the person that have, or would get, the places that the person may have of the reward, the
    newest ``SHOWN``; ``full``: there is none left. ``granted_before``: a hand gave it to them once. ``player`` is None where
    no game account is linked: the claim then waits for one.
    """

    timing: Timing
    player: Player | None
    holders: list[Claim] = field(default_factory=list)
    full: bool = False
    granted_before: bool = False


def timing_of(campaign: Campaign, now: datetime) -> Timing:
    """Return how ``now`` lies to a campaign that was published."""
    return {
        Phase.SCHEDULED: Timing.EARLY,
        Phase.ANNOUNCED: Timing.EARLY,
        Phase.CLOSED: Timing.LATE,
        Phase.CANCELLED: Timing.CANCELLED,
    }.get(campaign.phase(now), Timing.IN_TIME)


def prospect(*, person: Person, offer: CampaignReward, now: datetime) -> Prospect:
    """Return what granting this reward of this campaign to the person would come to now."""
    player = player_of(person, offer.campaign)
    claims = claims_in(person, offer.campaign, player).filter(
        # What was granted a moment ago is not worked out yet.
        Q(campaign_reward=offer) | Q(campaign_reward=None, assigned_reward=offer.reward_id)
    )
    holding = claims.exclude(state__in=_TAKES_NO_SLOT)
    count = holding[: offer.campaign.per_player_limit].count()
    return Prospect(
        timing=timing_of(offer.campaign, now),
        player=player,
        holders=list(holding.order_by("-id").select_related("reward", "campaign").defer("raw")[:SHOWN]),
        full=count >= offer.campaign.per_player_limit,
        granted_before=claims.filter(source=Claim.Source.STAFF).exists(),
    )


def player_of(person: Person, campaign: Campaign) -> Player | None:
    """Return the game account that would get what is granted, None if none is linked."""
    if isinstance(person, Player):
        return person
    if person.platform == STUDIO.key:
        return Player.objects.filter(game=campaign.game_id, player_id=person.platform_user_id).first()
    link = Link.objects.filter(game=campaign.game_id, viewer=person, ended_at=None).select_related("player").first()
    return link.player if link else None


def claims_in(person: Person, campaign: Campaign, player: Player | None = None) -> QuerySet[Claim]:
    """Return what a person has, or has claimed, of a campaign: as the viewer, and as the game account that gets it."""
    platform, user_id, _name = _viewed_as(person)
    player = player or player_of(person, campaign)
    theirs = Q(organization=campaign.organization_id, platform=platform, platform_user_id=user_id)
    of_campaign = Q(campaign=campaign) | Q(campaign=None, assigned_campaign=campaign)
    return Claim.objects.filter(theirs | Q(player=player) if player else theirs).filter(of_campaign)


def grant_by_hand(
    *, person: Person, offer: CampaignReward, key: str, actor: User, reason: str, now: datetime, again: bool = False
) -> Claim:
    """Give a viewer or a player a reward of a campaign, and return the claim; the same ``key`` again is the same claim.

    To a player it goes as to the viewer of the studio's own player who is that player (I2): nobody has to be linked. To a
    viewer without a game account it is made and waits for a link. ``key`` is 26 digits or capital letters, made anew for
    each form. Whether the person may grant is for the caller to ask (S1), and that it is the person's organization.

    Raises:
        NotPossible: no reason was given; the person or the campaign is another organization's, or the player another
            game's; the person was erased; the campaign is a draft, or in test mode and the person is no tester; the person
            has the reward already, or was given it by hand before and ``again`` is not set; or the key was used for
            something else.
    """
    reason = demanded(reason)
    if not _KEY.fullmatch(key):
        raise NotPossible(Sentence(_("This form is not complete. Open the page anew.")))
    with transaction.atomic():
        # Who makes a link locks the viewer before any claim: so does this, and two grants to one person take turns.
        type(person).objects.select_for_update(of=("self",)).get(pk=person.pk)
        person.refresh_from_db()
        made = _made_with(key, person, offer)
        if made is not None:
            return made
        _refuse(person, offer)
        ahead = prospect(person=person, offer=offer, now=now)
        _refuse_again(ahead, again)
        claim = _make(person, offer, key, now)
        _tell(claim, ahead.timing, actor, reason, now)
    announce_work()
    return claim


def _claim_id(key: str, person: Person) -> str:
    return f"grant-{person.pk}-{key}"


def _made_with(key: str, person: Person, offer: CampaignReward) -> Claim | None:
    organization = offer.campaign.organization_id
    claim = Claim.objects.filter(
        organization=organization, platform=_viewed_as(person)[0], platform_claim_id=_claim_id(key, person)
    ).first()
    if claim is None:
        return None
    if (claim.assigned_campaign_id, claim.assigned_reward_id) != (offer.campaign_id, offer.reward_id):
        raise NotPossible(
            Sentence(_("This form was sent before, for another reward: claim %(claim)s."), {"claim": claim.pk})
        )
    return claim


def _viewed_as(person: Person) -> tuple[str, str, str]:
    """Return platform, user id and name of the viewer whose claim it becomes."""
    if isinstance(person, Player):
        return STUDIO.key, person.player_id, person.name
    return person.platform, person.platform_user_id, person.name or person.login


def _refuse(person: Person, offer: CampaignReward) -> None:
    """Refuse what is not for this person to have, whatever they have already."""
    campaign = offer.campaign
    owner = person.game.organization_id if isinstance(person, Player) else person.organization_id
    platform, user_id, _name = _viewed_as(person)
    if owner != campaign.organization_id:
        raise NotPossible(Sentence(_("The person and the campaign belong to different organizations.")))
    if is_tombstone(user_id):
        raise NotPossible(Sentence(_("The person's data was erased, so there is nobody to give it to.")))
    if isinstance(person, Player) and person.game_id != campaign.game_id:
        raise NotPossible(Sentence(_("The campaign is another game's than the player's.")))
    if campaign.published_at is None:
        raise NotPossible(Sentence(_("The campaign is a draft. Publish it first: a draft gives nothing to anybody.")))
    testers = CampaignTester.objects.filter(campaign=campaign, platform=platform, platform_user_id=user_id)
    if campaign.test_mode and not testers.exists():
        raise NotPossible(
            Sentence(
                _("The campaign is in test mode, and this account is not one of its testers. Enter it there first.")
            )
        )


def _refuse_again(ahead: Prospect, again: bool) -> None:
    if ahead.full:
        raise NotPossible(
            Sentence(
                _("The person has this reward as often as it may be had: see claim %(claim)s."),
                {"claim": ahead.holders[0].pk},
            )
        )
    if ahead.granted_before and not again:
        raise NotPossible(
            Sentence(_("The person was given this reward by hand before. Say that you mean it once more."))
        )


def _make(person: Person, offer: CampaignReward, key: str, now: datetime) -> Claim:
    """Store the claim as any other arrives, and waive what it is past; the row is the outbox."""
    platform, user_id, name = _viewed_as(person)
    organization = offer.campaign.organization_id
    received = ClaimReceived(
        platform_claim_id=_claim_id(key, person),
        platform_user_id=user_id,
        platform_user_name=name,
        platform_reward_id="",
        granted_at=now,
    )
    viewers = Viewer.objects.filter(organization=organization, platform=platform, platform_user_id=user_id)
    viewer_id = person.pk if isinstance(person, Viewer) else viewers.values_list("pk", flat=True).first()
    assigned = Assigned(viewer_id=viewer_id, campaign_id=offer.campaign_id, reward_id=offer.reward_id)
    record_claims(
        organization_id=organization,
        platform=platform,
        arrivals=[Arrival(received, raw="", assigned=assigned)],
        source=Claim.Source.STAFF.value,
        now=now,
    )
    claims = Claim.objects.filter(
        organization=organization, platform=platform, platform_claim_id=received.platform_claim_id
    )
    claims.update(waived=list(WAIVED))
    return claims.select_related("organization").get()


def _tell(claim: Claim, timing: Timing, actor: User, reason: str, now: datetime) -> None:
    """Write who granted it and why into the claim's history and the audit trail, an exception as such."""
    exception = timing is not Timing.IN_TIME
    what = f"grant by hand ({timing.value} exception)" if exception else "grant by hand"
    ClaimEvent.objects.create(
        claim=claim,
        at=now,
        from_state=claim.state,
        to_state=claim.state,
        reason=claim.reason,
        detail=f"{what}: {reason}"[:500],
        actor=actor,
        actor_label=str(actor)[:150],
    )
    audit.record(
        actor=actor,
        action=what,
        obj=claim,
        organization=claim.organization,
        after=audit.snapshot(claim),
        reason=reason,
        now=now,
    )
