"""Publishing, pausing and cancelling a campaign: the only hand switches there are (C3, C4, C5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from campaigns.hooks import call_claims_may_resolve
from campaigns.models import Campaign
from campaigns.preflight import Finding, errors, preflight
from campaigns.rules import zones
from campaigns.rules.phases import Phase
from portal import audit
from portal.models import User
from portal.sentences import Sentence


class NotPossible(Exception):
    """The campaign is not in a state in which this can be done; the text says why, for people."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


class NothingToDo(NotPossible):
    """What was asked for is so already, as after a button that was pressed twice."""


class PublishRefused(NotPossible):
    """Errors of the preflight stand; ``findings`` are these errors (C5)."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        super().__init__(Sentence(_("The campaign cannot be published yet: errors must be mended first.")))


def publish_campaign(*, campaign_id: str, actor: User | None, now: datetime) -> Campaign:
    """Publish a draft, beneath a row lock and after the preflight was run again (C5).

    Raises:
        PublishRefused: errors stand.
        NothingToDo: it is published.
        NotPossible: it is cancelled.
        Campaign.DoesNotExist: there is none with this id.
    """
    with transaction.atomic():
        campaign = _locked(campaign_id)
        if campaign.status != Campaign.Status.DRAFT:
            raise _only("published", campaign)
        standing = errors(preflight(campaign, now=now))
        if standing:
            raise PublishRefused(standing)
        before = audit.snapshot(campaign)
        campaign.status = Campaign.Status.PUBLISHED
        campaign.published_at = now
        set_derived_times(campaign)
        campaign.save(update_fields=["status", "published_at", "announces_at", "closes_at"])
        _finish(campaign, actor, "published", before, "", now)
        call_claims_may_resolve(organization_id=campaign.organization_id)
    return campaign


def cancel_campaign(*, campaign_id: str, actor: User | None, now: datetime, reason: str) -> Campaign:
    """Cancel a published campaign that has not closed. What was granted before stays to be delivered (C10).

    Raises:
        NothingToDo: it is cancelled.
        NotPossible: it is a draft or closed, or no reason was given.
    """
    with transaction.atomic():
        campaign = _locked(campaign_id)
        if campaign.phase(now) in (Phase.DRAFT, Phase.CLOSED, Phase.CANCELLED):
            raise _only("cancelled", campaign)
        _demand(reason)
        before = audit.snapshot(campaign)
        campaign.status = Campaign.Status.CANCELLED
        campaign.cancelled_at = now
        campaign.save(update_fields=["status", "cancelled_at"])
        _finish(campaign, actor, "cancelled", before, reason, now)
        call_claims_may_resolve(organization_id=campaign.organization_id, campaign_id=campaign.pk)
    return campaign


def pause_deliveries(*, campaign_id: str, actor: User | None, now: datetime, reason: str) -> Campaign:
    """Hold every delivery of the campaign that was not sent yet; claims are still taken (C3).

    Raises:
        NothingToDo: they are paused.
        NotPossible: it is a draft, or no reason was given.
    """
    return _switch(campaign_id, True, "deliveries paused", actor, now, reason)


def resume_deliveries(*, campaign_id: str, actor: User | None, now: datetime, reason: str) -> Campaign:
    """Let the campaign's held deliveries go out again (C3).

    Raises:
        NothingToDo: they are not paused.
        NotPossible: no reason was given.
    """
    return _switch(campaign_id, False, "deliveries resumed", actor, now, reason)


def set_derived_times(campaign: Campaign) -> None:
    """Work out when the campaign is announced and when claiming closes, from the days in its zone (C3); unsaved."""
    campaign.announces_at = (
        zones.announcement_time(campaign.starts_at, campaign.announcement_days, campaign.time_zone)
        if campaign.starts_at
        else None
    )
    campaign.closes_at = (
        zones.closing_time(campaign.ends_at, campaign.grace_days, campaign.time_zone) if campaign.ends_at else None
    )


def _switch(campaign_id: str, paused: bool, verb: str, actor: User | None, now: datetime, reason: str) -> Campaign:
    with transaction.atomic():
        campaign = _locked(campaign_id)
        if campaign.status == Campaign.Status.DRAFT:
            raise NotPossible(Sentence(_("A draft delivers nothing: there is nothing to pause.")))
        if campaign.deliveries_paused == paused:
            already = _("Deliveries are paused already.") if paused else _("Deliveries are not paused.")
            raise NothingToDo(Sentence(already))
        _demand(reason)
        before = audit.snapshot(campaign)
        campaign.deliveries_paused = paused
        campaign.save(update_fields=["deliveries_paused"])
        _finish(campaign, actor, verb, before, reason, now)
        call_claims_may_resolve(organization_id=campaign.organization_id, campaign_id=campaign.pk)
    return campaign


def _locked(campaign_id: str) -> Campaign:
    return Campaign.objects.select_for_update(of=("self",)).select_related("organization").get(pk=campaign_id)


def _demand(reason: str) -> None:
    if not reason.strip():
        raise NotPossible(Sentence(_("Give a reason: it is kept in the campaign's history.")))


def _only(what: str, campaign: Campaign) -> NotPossible:
    if what == "published":
        if campaign.status == Campaign.Status.PUBLISHED:
            return NothingToDo(Sentence(_("The campaign is published already.")))
        return NotPossible(Sentence(_("A cancelled campaign cannot be published again. Make a new one.")))
    if campaign.status == Campaign.Status.DRAFT:
        return NotPossible(Sentence(_("A draft need not be cancelled: delete it instead.")))
    if campaign.status == Campaign.Status.CANCELLED:
        return NothingToDo(Sentence(_("The campaign is cancelled already.")))
    return NotPossible(Sentence(_("The campaign is closed: there is nothing left to cancel.")))


def _finish(
    campaign: Campaign, actor: User | None, action: str, before: dict[str, object], reason: str, now: datetime
) -> None:
    audit.record(
        actor=actor,
        action=action,
        obj=campaign,
        organization=campaign.organization,
        before=before,
        after=audit.snapshot(campaign),
        reason=reason.strip(),
        now=now,
    )
