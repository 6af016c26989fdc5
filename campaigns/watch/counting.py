"""Counting the heartbeats that are due (W2 to W9): read, work out without a lock, write in one short transaction.

Any number of processes may do it. A lease for each organization keeps two from doing the same work; exactness does not
rest on it. Killed at any moment nothing is lost or counted twice: a heartbeat leaves the outbox in the transaction that
credits its minutes.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Q

from campaigns.models import CampaignReward, CountingLease, MinuteKind
from campaigns.rules.counting import runs_at
from campaigns.watch.arrays import Numbers
from campaigns.watch.crediting import Credit, Parts, work_out
from campaigns.watch.keeping import campaigns_with_events, is_kept
from campaigns.watch.people import Naming, People
from campaigns.watch.reports import (
    NOBODY,
    Beat,
    Outcome,
    due_organizations,
    in_settling_order,
    name_parts,
    put_aside,
    read_due,
    read_viewers,
    still_due,
)
from campaigns.watch.rules_of import Running, names_of_games, read_running, tester_numbers
from campaigns.watch.settling import settle
from campaigns.watch.writing import Overtaken, write
from portal.models import Organization
from portal.outliving import DATABASE_AWAY, in_halves, outliving

MOST_VIEWERS = 300_000
"""About so many listed viewers are counted in one transaction, which then takes less than a second."""

LEASE = timedelta(seconds=60)
_TRIES = 5

log = logging.getLogger(__name__)


def count_due(
    *, now: datetime, holder: str = "counter", most_viewers: int = MOST_VIEWERS, people: People | None = None
) -> int:
    """Count what is due, one batch for each organization, and return how many heartbeats were dealt with.

    ``holder`` names the process, ``people`` are those that it knows already. 0 where nothing is due, or others are at it.
    What one organization's heartbeats fail with is raised when the others have had their turn.
    """
    people = people or People()
    done, failure = 0, None
    for organization_id in due_organizations(now=now):
        with outliving(log, "The heartbeats of organization %s could not be counted.", organization_id) as counting:
            if _lease(organization_id, holder, now=now):
                try:
                    done += count_organization(organization_id, now=now, most_viewers=most_viewers, people=people)
                finally:
                    CountingLease.objects.filter(pk=organization_id, holder=holder).update(until=now)
        failure = failure or counting.fault
    if failure:
        raise failure
    return done


def _lease(organization_id: str, holder: str, *, now: datetime) -> bool:
    lease = CountingLease.objects.filter(Q(until__lte=now) | Q(holder=holder), pk=organization_id)
    if lease.update(holder=holder, until=now + LEASE):
        return True
    new = CountingLease(organization_id=organization_id, until=now)
    CountingLease.objects.bulk_create([new], ignore_conflicts=True)
    return bool(lease.update(holder=holder, until=now + LEASE))


def count_organization(organization_id: str, *, now: datetime, most_viewers: int, people: People) -> int:
    """Count one batch of an organization's heartbeats, and return how many they were.

    A heartbeat that cannot be counted is put aside for a while and never keeps the others back.
    """
    organization = Organization.objects.get(pk=organization_id)
    settling = organization.one_stream_at_a_time
    beats = read_due(organization_id, now=now, most_viewers=most_viewers, whole_minutes=settling)
    if settling:
        _name_parts(beats)
        beats = in_settling_order(beats, most_viewers=most_viewers)
    people.make_room()
    readable = read_viewers(beats, now=now)
    if readable:
        in_halves(
            readable,
            lambda some: _count(organization, some, people, now=now),
            lambda beat, fault: _put_aside(beat, fault, now=now),
            passing=(*DATABASE_AWAY, Overtaken),  # others that are quicker say nothing about the heartbeats, either
        )
    return len(beats)


def _put_aside(beat: Beat, fault: Exception, *, now: datetime) -> None:
    log.error("Heartbeat %s could not be counted.", beat.pk, exc_info=fault)
    put_aside(beat.pk, now=now)


def _count(organization: Organization, beats: Sequence[Beat], people: People, *, now: datetime) -> None:
    for last in reversed(range(_TRIES)):
        running = _name_all(organization, beats, people, now=now)
        owned = settle(organization.pk, beats) if organization.one_stream_at_a_time else []
        credits = _credits(beats, running)
        try:
            write(organization.pk, beats, owned, credits, now=now)
        except Overtaken as overtaken:
            if not last:  # what the database refuses again and again is no matter of who is quicker
                raise overtaken.__cause__ or overtaken from None
            beats = still_due(beats)
            if not beats:
                return
        else:
            return


def _name_parts(beats: Sequence[Beat]) -> None:
    for beat in beats:
        beat.outcome, beat.channel, beat.counts_in = Outcome.NOWHERE, None, []
        beat.viewers, beat.streamer, beat.unknown = NOBODY, NOBODY, 0
    name_parts(beats, names_of_games({beat.source.game_id for beat in beats}))


def _name_all(organization: Organization, beats: Sequence[Beat], people: People, *, now: datetime) -> Running:
    """Find what each heartbeat names, in which campaigns it counts, and whom it lists; return what ran then."""
    _name_parts(beats)
    channels = {beat.channel.pk: beat.channel for beat in beats if beat.channel}
    sent = [beat.report.sent_at for beat in beats]
    running = read_running(organization.pk, list(channels.values()), first_sent=min(sent), last_sent=max(sent))
    with_events = campaigns_with_events(organization.pk, first_sent=min(sent), last_sent=max(sent))
    wanted = []
    for beat in beats:
        beat.counts_in = _counting_campaigns(beat, running)
        beat.kept = is_kept(beat, with_events)
        if beat.counts_in:
            beat.outcome = Outcome.COUNTED
        if beat.counts_in or beat.kept or (organization.one_stream_at_a_time and _owns(beat, running)):
            wanted.append(beat)
    _find_viewers(wanted, people, now=now)
    return running


def _counting_campaigns(beat: Beat, running: Running) -> list[str]:
    channel = beat.channel
    if channel is None:
        return []
    return [key for key in running.rules if running.why_not(key, beat.report, channel.pk) is None]


def _owns(beat: Beat, running: Running) -> bool:
    """Whether a heartbeat that counts nowhere may still own viewers' minutes: some campaign ran then (W8)."""
    return beat.channel is not None and any(runs_at(rules, beat.report.sent_at) for rules in running.rules.values())


def _find_viewers(beats: Sequence[Beat], people: People, *, now: datetime) -> None:
    groups: dict[Naming, list[Beat]] = defaultdict(list)
    for beat in beats:
        groups[beat.naming].append(beat)
    for naming, group in groups.items():
        listed = people.numbers(naming, [beat.ids for beat in group], now=now)
        # Who streams is credited the minute as well (W7).
        streaming = people.numbers(naming, [[beat.broadcaster] if beat.counts_in else [] for beat in group], now=now)
        for beat, (viewers, unknown), (streamer, _nobody) in zip(group, listed, streaming, strict=True):
            beat.viewers, beat.unknown, beat.streamer = viewers, unknown, streamer


def _credits(beats: Sequence[Beat], running: Running) -> list[Credit]:
    """Work out what the heartbeats add to each campaign."""
    by_campaign: dict[str, list[Beat]] = defaultdict(list)
    for beat in beats:
        for campaign_id in beat.counts_in:
            by_campaign[campaign_id].append(beat)
    credits = []
    for campaign_id, some in by_campaign.items():
        campaign = running.campaigns[campaign_id]
        testers = tester_numbers(campaign.organization_id, campaign_id) if campaign.test_mode else None
        for kind, rule, parts in (
            (MinuteKind.WATCH, CampaignReward.Rule.WATCH, _watched(some, testers)),
            (MinuteKind.BROADCAST, CampaignReward.Rule.BROADCAST, _broadcast(some, testers)),
        ):
            rewards = [reward for reward in campaign.rewards.all() if reward.rule == rule]
            credit = work_out(campaign_id=campaign_id, kind=kind, parts=parts, rewards=rewards)
            if credit.minutes:
                credits.append(credit)
    return credits


def _watched(beats: Sequence[Beat], testers: Numbers | None) -> Parts:
    parts: Parts = defaultdict(list)
    for beat in beats:
        viewers = beat.viewers if testers is None else np.intersect1d(beat.viewers, testers)
        parts[beat.minute // 60].append((viewers, beat.minute % 60))
    return parts


def _broadcast(beats: Sequence[Beat], testers: Numbers | None) -> Parts:
    parts: Parts = defaultdict(list)
    for beat in beats:
        streamer = beat.streamer if testers is None else np.intersect1d(beat.streamer, testers)
        parts[beat.minute // 60].append((streamer, beat.minute % 60))
    return parts
