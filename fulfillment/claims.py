"""What staff can do about claims: each operation checks the move, writes the claim's history and the audit trail (F3, S5).

Whether the person may do it is for the caller to ask, with ``OPERATIONS`` or :data:`fulfillment.rules.codes.PERMISSIONS`;
so is that the claims belong to the person's organization. Where an operation takes many claims, one that it does not fit
is left alone and told of in the :class:`Outcome`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignReward, Reward
from fulfillment.acting import NotPossible, Outcome, acting, demanded
from fulfillment.code_deeds import seen_by_their_players, set_aside
from fulfillment.freeing import free_codes, free_places
from fulfillment.ledger import Move, move_claims
from fulfillment.marks import mark_duplicates
from fulfillment.models import Claim, ClaimEvent, Delivery, Endpoint
from fulfillment.outbox import start_round, withdraw
from fulfillment.rules.codes import BY_CODE, PERMISSIONS, RELEASABLE, Action, Code
from fulfillment.rules.possible import Standing, remap_refusal
from fulfillment.rules.states import DONE, UNSENT, State, permitted
from fulfillment.wake import announce_work
from portal.models import User
from portal.roles import Permission
from portal.sentences import Sentence
from portal.tombstones import is_tombstone

__all__ = [
    "OPERATIONS",
    "RESENDS_WITHOUT_PRODUCER",
    "NotPossible",
    "Operation",
    "Outcome",
    "RetryFilter",
    "abandon_claims",
    "assign_claims",
    "assign_reward",
    "count_for_retry",
    "hold_claims",
    "release_claims",
    "reopen_claims",
    "resend_claim",
    "resends_of",
    "retry_claims",
    "retry_matching",
    "standing_of",
]

RETRY_BATCH = 200
RESENDS_WITHOUT_PRODUCER = 3
"""So often support sends one delivered claim again; more often it takes somebody who may grant by hand."""

_HELD_AT_ONCE = frozenset({State.RECEIVED, State.WAITING, State.READY, State.DUPLICATE, State.FAILED})
_HOLDABLE = _HELD_AT_ONCE | {State.HELD, State.QUARANTINED, State.DELIVERING}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as pages and APIs offer it. Of several claims at once it needs ``for_many`` as well (S1)."""

    action: Action
    call: Callable[..., Any]
    needs_reason: bool
    for_many: Permission | None = Permission.BULK

    @property
    def permission(self) -> Permission:
        """What a member must be allowed."""
        return PERMISSIONS[self.action]


def retry_claims(*, claim_ids: Iterable[str], actor: User | None, now: datetime, reason: str = "") -> Outcome:
    """Try again, from wherever a claim is: send what failed or waits for another attempt, work out anew what was not sent.

    A delivery has all its attempts again; its body and its idempotency key stay.
    """
    with acting(claim_ids, Action.RETRY, actor=actor, now=now, reason=reason) as act:
        failed = act.take(lambda claim: claim.state == State.FAILED)
        ready = act.take(lambda claim: claim.state == State.READY)
        unsent = act.take(lambda claim: claim.state in UNSENT)
        act.refuse_rest(_("It cannot be tried again now: it is being sent, or it is done with."))
        move_claims([Move(claim, State.READY, Code.DUE, reason) for claim in failed], now=now, actor=actor)
        waiting = Delivery.objects.filter(pk__in=[claim.pk for claim in ready], leased=False)
        again = [claim.pk for claim in failed] + list(waiting.values_list("pk", flat=True))
        if again:
            start_round(again, now=now, fresh=True)
        act.mark([*unsent, *ready])
        act.note([*ready, *unsent])
    return act.outcome


def hold_claims(*, claim_ids: Iterable[str], actor: User | None, now: datetime, reason: str) -> Outcome:
    """Keep claims from being sent until they are released. One that is being sent is held if this attempt fails."""
    with acting(claim_ids, Action.HOLD, actor=actor, now=now, reason=demanded(reason)) as act:
        claims = act.take(lambda claim: claim.state in _HOLDABLE and not claim.staff_hold)
        act.refuse_rest(_("It cannot be held: it is held by staff already, or it is done with."))
        at_once = [claim for claim in claims if claim.state in _HELD_AT_ONCE]
        noted = [claim for claim in claims if claim.state not in _HELD_AT_ONCE]
        act.write(claims, staff_hold=True)
        move_claims([Move(claim, State.HELD, Code.HELD_BY_STAFF, reason) for claim in at_once], now=now, actor=actor)
        withdraw([claim.pk for claim in at_once])
        act.mark(claims)
        act.note(noted)
    return act.outcome


def release_claims(*, claim_ids: Iterable[str], actor: User | None, now: datetime, reason: str) -> Outcome:
    """Let held claims go on in spite of why they are held. Of a paused campaign the deliveries are resumed instead."""
    with acting(claim_ids, Action.RELEASE, actor=actor, now=now, reason=demanded(reason)) as act:
        claims = act.take(lambda claim: claim.state == State.HELD and (claim.staff_hold or claim.reason in RELEASABLE))
        act.refuse_rest(_("It cannot be released: it is not held, or its campaign's deliveries are paused."))
        for claim in claims:
            lifted = {claim.reason} & (RELEASABLE - {Code.HELD_BY_STAFF})
            act.write([claim], staff_hold=False, waived=sorted({*claim.waived, *map(str, lifted)}))
        act.mark(claims)
        act.note(claims)
    return act.outcome


def resend_claim(*, claim_id: str, actor: User | None, now: datetime, reason: str, beyond_limit: bool = False) -> None:
    """Send again what was delivered, with the same idempotency key: a new round of attempts.

    Of a game that fetches its claims it is listed again, under the same id, until it is marked once more. At most
    ``RESENDS_WITHOUT_PRODUCER`` times for one claim, unless the caller has found that the person may go ``beyond_limit``.

    Raises:
        NotPossible: it was not delivered, it has no player or slot to be delivered to, it was sent again too often, or no
            reason was given.
    """
    with acting([claim_id], Action.RESEND, actor=actor, now=now, reason=demanded(reason)) as act:
        claims = act.take(lambda claim: claim.state in DONE)
        act.demand(claims, _("Only what was delivered can be sent again."))
        claim = claims[0]
        bound = claim.player_id is not None and claim.player_slot is not None and claim.game_id is not None
        act.demand([claim] if bound else [], _("It has no player to be sent to: it was fulfilled before the portal."))
        gone = claim.player is not None and is_tombstone(claim.player.player_id)
        act.demand([] if gone else [claim], _("The player's data was erased, so there is nobody to send it to."))
        often = not beyond_limit and resends_of(claim_id) >= RESENDS_WITHOUT_PRODUCER
        act.demand([] if often else [claim], _("It was sent again three times already. Ask a producer or an owner."))
        if claim.reason in BY_CODE:
            set_aside(claim)
            # Not as what was sent again: of a game that fetches its claims it must not be marked as fulfilled meanwhile.
            move_claims([Move(claim, State.READY, Code.CODE_RESERVED, reason)], now=now, actor=actor)
            act.mark([claim])
            return
        pulls = Endpoint.objects.filter(game=claim.game_id, mode=Endpoint.Mode.PULL).exists()
        code = Code.WAITING_FOR_PULL if pulls else Code.RESENT
        move_claims([Move(claim, State.READY, code, reason)], now=now, actor=actor)
        if not pulls:
            Delivery.objects.bulk_create(
                [Delivery(claim_id=claim.pk, game_id=claim.game_id, due_at=now, created_at=now)], ignore_conflicts=True
            )
            start_round([claim.pk], now=now, fresh=True)


def resends_of(claim_id: str) -> int:
    """Return how often a claim was sent again after it had been delivered."""
    return ClaimEvent.objects.filter(claim=claim_id, from_state__in=sorted(DONE), to_state=State.READY).count()


def standing_of(claim: Claim) -> Standing:
    """Return what of a claim decides about operations on it."""
    return Standing(
        state=State(claim.state),
        reason=claim.reason,
        staff_hold=claim.staff_hold,
        attempted=claim.attempted_at is not None,
        delivered=claim.delivered_at is not None,
        made_here=claim.source in (Claim.Source.PORTAL, Claim.Source.STAFF),
        bound=claim.player_id is not None and claim.player_slot is not None and claim.game_id is not None,
    )


def assign_reward(
    *,
    claim_id: str,
    reward: Reward,
    campaign: Campaign | None = None,
    actor: User | None,
    now: datetime,
    reason: str,
) -> None:
    """Say which reward, and where the message leaves it open which campaign, an unsent claim is for.

    That is one in quarantine, or one that was mapped wrongly and that no game has seen yet. It is worked out again: a slot
    that it held is given up, and a delivery that was due is taken back with it.

    Raises:
        NotPossible: it was sent or may be being fetched, it was made here for its reward, reward or campaign are another
            organization's, the campaign does not have the reward, or no reason was given.
    """
    with acting([claim_id], Action.ASSIGN_REWARD, actor=actor, now=now, reason=demanded(reason)) as act:
        claims = act.take(lambda claim: remap_refusal(standing_of(claim)) is None)
        act.demand(claims, _("Its reward cannot be changed: it was sent, is being fetched, or was made here."))
        claim = claims[0]
        organizations = {reward.game.organization_id, campaign.organization_id if campaign else claim.organization_id}
        same = organizations == {claim.organization_id}
        act.demand([claim] if same else [], _("This reward or campaign belongs to another organization."))
        fits = campaign is None or CampaignReward.objects.filter(campaign=campaign, reward=reward).exists()
        act.demand([claim] if fits else [], _("The campaign does not have this reward."))
        act.write([claim], assigned_reward=reward, assigned_campaign=campaign)
        if claim.state == State.READY:
            withdraw([claim.pk])  # the other reward may be another game's: its delivery is written anew
        act.mark([claim])
        act.note([claim])


def assign_claims(
    *,
    claim_ids: Iterable[str],
    reward: Reward | None = None,
    campaign: Campaign | None = None,
    actor: User | None,
    now: datetime,
    reason: str,
) -> Outcome:
    """Say of many quarantined claims which reward, or which campaign, they are for; what is not given stays as they name it.

    Claims of another organization than the reward's or the campaign's are left alone.

    Raises:
        NotPossible: neither was given, or no reason.
    """
    given: dict[str, Reward | Campaign] = {}
    owners = set()
    if reward is not None:
        given["assigned_reward"] = reward
        owners.add(reward.game.organization_id)
    if campaign is not None:
        given["assigned_campaign"] = campaign
        owners.add(campaign.organization_id)
    if len(owners) != 1:
        raise NotPossible(Sentence(_("Choose a reward or a campaign of your organization.")))
    with acting(claim_ids, Action.ASSIGN_REWARD, actor=actor, now=now, reason=demanded(reason)) as act:
        claims = act.take(
            lambda claim: (
                claim.state == State.QUARANTINED and claim.attempted_at is None and claim.organization_id in owners
            )
        )
        act.refuse_rest(_("A reward can be assigned only to a claim in quarantine."))
        act.write(claims, **given)
        act.mark(claims)
        act.note(claims)
    return act.outcome


def abandon_claims(*, claim_ids: Iterable[str], actor: User | None, now: datetime, reason: str) -> Outcome:
    """Decide that claims are not delivered. Their slots go to the oldest that wait for them (R4), their codes to the pool.

    One whose code the player has seen has what it is for: it is left alone.
    """
    claim_ids = list(claim_ids)
    with acting(claim_ids, Action.ABANDON, actor=actor, now=now, reason=demanded(reason)) as act:
        seen = seen_by_their_players(claim_ids)
        claims = act.take(lambda claim: permitted(State(claim.state), State.ABANDONED) and claim.pk not in seen)
        act.refuse_rest(_("It cannot be abandoned: it is being sent, or it is done with."))
        move_claims(
            [Move(claim, State.ABANDONED, Code.ABANDONED_BY_STAFF, reason) for claim in claims], now=now, actor=actor
        )
        holders = [claim for claim in claims if claim.player_slot is not None or claim.viewer_slot is not None]
        act.write(claims, player_slot=None, viewer_slot=None, resolve_at=None)
        free_places(claims)
        free_codes(claims)
        withdraw([claim.pk for claim in claims])
        mark_duplicates(holders, now=now)
        announce_work()
    return act.outcome


def reopen_claims(*, claim_ids: Iterable[str], actor: User | None, now: datetime, reason: str) -> Outcome:
    """Take back that claims were abandoned: they are worked out again."""
    with acting(claim_ids, Action.REOPEN, actor=actor, now=now, reason=demanded(reason)) as act:
        claims = act.take(lambda claim: claim.state == State.ABANDONED)
        act.refuse_rest(_("Only an abandoned claim can be reopened."))
        move_claims([Move(claim, State.RECEIVED, Code.REOPENED, reason) for claim in claims], now=now, actor=actor)
        act.write(claims, staff_hold=False)
        act.mark(claims)
    return act.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryFilter:
    """Which claims of an organization to try again: those that failed or wait for another attempt (D5)."""

    organization_id: str
    game_id: str | None = None
    campaign_id: str | None = None
    reason: str = ""
    since: datetime | None = None

    def claims(self) -> QuerySet[Claim]:
        """Return the claims that fit."""
        waiting = Q(state=State.READY, attempted_at__isnull=False)
        found = Claim.objects.filter(waiting | Q(state=State.FAILED), organization=self.organization_id)
        if self.game_id:
            found = found.filter(game=self.game_id)
        if self.campaign_id:
            found = found.filter(campaign=self.campaign_id)
        if self.reason:
            found = found.filter(reason=self.reason)
        return found.filter(state_changed_at__gte=self.since) if self.since else found


def count_for_retry(filters: RetryFilter) -> int:
    """Return how many claims :func:`retry_matching` would try again now."""
    return filters.claims().count()


def retry_matching(filters: RetryFilter, *, actor: User | None, now: datetime, reason: str = "") -> Iterator[int]:
    """Try again all that fit now, in batches; yield after each how many were tried so far."""
    ids = list(filters.claims().order_by("pk").values_list("pk", flat=True))
    tried = 0
    for start in range(0, len(ids), RETRY_BATCH):
        batch = ids[start : start + RETRY_BATCH]
        tried += len(retry_claims(claim_ids=batch, actor=actor, now=now, reason=reason).done)
        yield tried


OPERATIONS: Mapping[Action, Operation] = {
    operation.action: operation
    for operation in (
        Operation(Action.RETRY, retry_claims, needs_reason=False),
        Operation(Action.HOLD, hold_claims, needs_reason=True),
        Operation(Action.RELEASE, release_claims, needs_reason=True),
        Operation(Action.RESEND, resend_claim, needs_reason=True, for_many=None),
        Operation(Action.ASSIGN_REWARD, assign_reward, needs_reason=True, for_many=None),
        Operation(Action.ABANDON, abandon_claims, needs_reason=True),
        Operation(Action.REOPEN, reopen_claims, needs_reason=True),
    )
}
"""Every operation, with the permission it needs. ``for_many`` None: it takes one claim at a time."""
