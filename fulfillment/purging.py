"""Removing the claims and game events of a test campaign (C8, F8): the one way in which claims are deleted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, GameEvent
from fulfillment.claim_counts import Changes
from fulfillment.claim_minutes import Minutes
from fulfillment.events.personal import remove_events
from fulfillment.freeing import free_places, untie_codes
from fulfillment.ledger import lock_claims
from fulfillment.models import Claim, ClaimEvent, Delivery, DeliveryAttempt, Event, Notice
from fulfillment.rules.states import State
from portal import audit
from portal.models import User
from portal.sentences import Sentence

BATCH = 500


class PurgeRefused(Exception):
    """Nothing was removed; ``sentence`` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(slots=True)
class Purged:
    """How many rows of each kind were removed, and how many claims are ``left``: being sent, or more than asked for."""

    claims: int = 0
    events: int = 0
    deliveries: int = 0
    attempts: int = 0
    game_events: int = 0
    left: int = 0


def count_for_purge(campaign: Campaign) -> Purged:
    """Count what :func:`purge_test_campaign` would remove."""
    claims = Claim.objects.filter(campaign=campaign)
    return Purged(
        claims=claims.count(),
        events=ClaimEvent.objects.filter(claim__campaign=campaign).count(),
        deliveries=Delivery.objects.filter(claim__campaign=campaign).count(),
        attempts=DeliveryAttempt.objects.filter(delivery__claim__campaign=campaign).count(),
        game_events=_game_events(campaign.pk).count(),
    )


def purge_test_campaign(
    *, campaign: Campaign, actor: User | None, now: datetime, most: int | None = None, batch: int = BATCH
) -> Purged:
    """Remove the claims of a campaign in test mode with all that belongs to them, and its game events; the campaign itself stays.

    What testers have earned stays earned, as minutes stay watched: they can claim it again.
    Each batch is a transaction with an entry in the audit trail: stopped half-way, it can be called again. Claims that are
    being sent at this moment are left.

    Raises:
        PurgeRefused: the campaign is not in test mode.
    """
    total = Purged()
    while most is None or total.game_events < most:
        removed = _purge_events(campaign.pk, batch, actor=actor, now=now)
        if not removed.game_events:
            break
        total.game_events += removed.game_events
    while most is None or total.claims < most:
        removed = _purge_batch(campaign.pk, batch, actor=actor, now=now)
        if not removed.claims:
            break
        total.claims += removed.claims
        total.events += removed.events
        total.deliveries += removed.deliveries
        total.attempts += removed.attempts
    total.left = Claim.objects.filter(campaign=campaign).count()
    return total


def _game_events(campaign_id: str) -> QuerySet[GameEvent]:
    return GameEvent.objects.filter(campaign_reward__campaign=campaign_id)


def _purge_events(campaign_id: str, size: int, *, actor: User | None, now: datetime) -> Purged:
    with transaction.atomic():
        campaign = _in_test_mode(campaign_id)
        ids = list(_game_events(campaign_id).order_by("pk").values_list("pk", flat=True)[:size])
        if not ids:
            return Purged()
        counts = GameEvent.objects.filter(pk__in=ids).delete()[1]
        removed = Purged(game_events=counts.get(GameEvent._meta.label, 0))
        audit.record(
            actor=actor,
            action="removed test events",
            obj=campaign,
            organization=campaign.organization,
            before={"game_events": removed.game_events},
            now=now,
        )
    return removed


def _in_test_mode(campaign_id: str) -> Campaign:
    """Return the campaign. Raises ``PurgeRefused`` where it is not in test mode by now."""
    campaign = Campaign.objects.select_related("organization").get(pk=campaign_id)
    if not campaign.test_mode:
        raise PurgeRefused(
            Sentence(
                _("%(campaign)s is not in test mode: its claims are real and are kept."),
                {"campaign": campaign.name},
            )
        )
    return campaign


def _purge_batch(campaign_id: str, size: int, *, actor: User | None, now: datetime) -> Purged:
    chosen = Claim.objects.filter(campaign=campaign_id).exclude(state=State.DELIVERING)
    with transaction.atomic():
        locked = lock_claims(chosen.order_by("pk").values_list("pk", flat=True)[:size])
        campaign = _in_test_mode(campaign_id)
        # Locked only now: one may have been leased, or bound to another campaign, in between.
        chosen_still = [c for c in locked if c.state != State.DELIVERING and c.campaign_id == campaign_id]
        ids = [claim.pk for claim in chosen_still]
        if not ids:
            return Purged()
        changes = Changes()
        changes.remove(chosen_still)
        changes.write()
        minutes = Minutes()
        minutes.remove(chosen_still)
        minutes.write()
        free_places(chosen_still)
        untie_codes(chosen_still)
        Notice.objects.filter(claim__in=ids).delete()
        remove_events(Event.objects.filter(subject__in=ids))
        removed = Purged(
            attempts=DeliveryAttempt.objects.filter(delivery__in=ids).delete()[0],
            deliveries=Delivery.objects.filter(pk__in=ids).delete()[0],
            events=ClaimEvent.objects.filter(claim__in=ids).delete()[0],
            claims=Claim.objects.filter(pk__in=ids).delete()[0],
        )
        counts = {name: value for name, value in asdict(removed).items() if name not in ("left", "game_events")}
        audit.record(
            actor=actor,
            action="removed test claims",
            obj=campaign,
            organization=campaign.organization,
            before=counts,
            now=now,
        )
    return removed
