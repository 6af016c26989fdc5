"""How it stands with a platform, or with deliveries, all in all: what is not as it should be, the worst first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from fulfillment.health.facts import OrganizationFacts, PlatformFacts

AN_OUTAGE = timedelta(minutes=5)
"""After so long without a call that succeeded a platform counts as down, and not as failing now and then."""

FAILURES_IN_A_ROW = 2
CALLS_THAT_SAY_SOMETHING = 20
FAILING_PERCENT = 10
SWEEP_LATE = timedelta(hours=1)
SWEEP_LATELY = timedelta(minutes=30)
QUIET = timedelta(hours=1)
SUBSCRIPTION_LATE = timedelta(minutes=5)
FOUND_THAT_SAY_SILENT = 3
FOUND_THAT_SAY_GAPS = 5
GAPS_PERCENT = 10
TOLD_LATE = timedelta(minutes=30)
DELIVERED_LATE = timedelta(minutes=2)
WORKER_SILENT = timedelta(minutes=1)

_REFUSALS = frozenset({"status:401", "status:403"})


class Level(StrEnum):
    """How bad it is. ``OFF``: nothing is expected of it."""

    GOOD = "good"
    OFF = "off"
    ATTENTION = "attention"
    BAD = "bad"


_ORDER = {Level.BAD: 0, Level.ATTENTION: 1, Level.OFF: 2, Level.GOOD: 3}


class What(StrEnum):
    """What is the matter."""

    IN_STEP = "in_step"
    OFF = "off"
    NEW = "new"
    """Nothing was heard from the platform or asked of it yet."""
    REFUSED = "refused"
    """The platform does not take the app."""
    OUTAGE = "outage"
    FAILING = "failing"
    PAUSED = "paused"
    SILENT = "silent"
    """No webhook brings claims; the sweep finds them."""
    GAPS = "gaps"
    """Webhooks bring claims, but not all."""
    QUIET = "quiet"
    """Nothing comes while a campaign is live, and no sweep shows that this is right."""
    ENDED = "ended"
    """Event subscriptions are not at work."""
    SWEEP_LATE = "sweep_late"
    UNREADABLE = "unreadable"
    TOLD_LATE = "told_late"
    DOUBTED = "doubted"
    NO_WORKER = "no_worker"
    DELIVERED_LATE = "delivered_late"
    DELIVERIES_FAIL = "deliveries_fail"
    DELIVERING = "delivering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that is so. ``count`` of ``total`` where there is something to count, ``until`` where its end is known."""

    what: What
    level: Level
    since: datetime | None = None
    until: datetime | None = None
    count: int = 0
    total: int = 0


def of_platform(one: PlatformFacts, *, now: datetime) -> list[Condition]:
    """Return how it stands with a platform, the worst first; never nothing."""
    if not one.enabled:
        return [Condition(what=What.OFF, level=Level.OFF)]
    if not any((one.webhook_at, one.sweep_at, one.sweep_began_at, one.succeeded_at, one.failed_at)):
        return [Condition(what=What.NEW, level=Level.ATTENTION)]
    found = (*_calls(one, now), *_claims(one, now), *_subscriptions(one, now), *_rest(one, now))
    return _worst_first(found) or [Condition(what=What.IN_STEP, level=Level.GOOD)]


def of_deliveries(facts: OrganizationFacts) -> list[Condition]:
    """Return how it stands with deliveries, the worst first; never nothing."""
    return _worst_first(_deliveries(facts)) or [Condition(what=What.DELIVERING, level=Level.GOOD)]


def worst(conditions: Iterable[Condition]) -> Level:
    """Return the worst level among these; that of nothing is good."""
    return min((one.level for one in conditions), key=_ORDER.__getitem__, default=Level.GOOD)


def _worst_first(found: Iterable[Condition]) -> list[Condition]:
    return sorted(found, key=lambda one: _ORDER[one.level])


def _calls(one: PlatformFacts, now: datetime) -> Iterator[Condition]:
    paused = one.paused_until is not None and one.paused_until > now
    down = one.failures >= FAILURES_IN_A_ROW and (
        one.succeeded_at is None or (one.failed_at is not None and one.failed_at - one.succeeded_at >= AN_OUTAGE)
    )
    if one.failures and one.problem in _REFUSALS:
        yield Condition(what=What.REFUSED, level=Level.BAD, since=one.succeeded_at, count=one.failures)
    elif paused:
        yield Condition(what=What.PAUSED, level=Level.ATTENTION, until=one.paused_until)
    elif down:
        yield Condition(what=What.OUTAGE, level=Level.BAD, since=one.succeeded_at, count=one.failures)
    elif one.calls >= CALLS_THAT_SAY_SOMETHING and one.calls_failed * 100 >= one.calls * FAILING_PERCENT:
        yield Condition(what=What.FAILING, level=Level.ATTENTION, count=one.calls_failed, total=one.calls)


def _claims(one: PlatformFacts, now: datetime) -> Iterator[Condition]:
    if not one.sends_claims:
        return
    found, total = one.by_sweep_hour, one.by_sweep_hour + one.by_webhook_hour
    if found == total and found >= FOUND_THAT_SAY_SILENT:
        yield Condition(what=What.SILENT, level=Level.BAD, since=one.claims_webhook_at, count=found)
    elif found >= FOUND_THAT_SAY_GAPS and found * 100 >= total * GAPS_PERCENT:
        yield Condition(what=What.GAPS, level=Level.ATTENTION, count=found, total=total)
    elif one.live and not total and not (one.sweep_at and now - one.sweep_at <= SWEEP_LATELY):
        since = max(filter(None, (min(campaign.starts_at for campaign in one.live), one.claims_webhook_at)))
        if now - since >= QUIET:
            yield Condition(what=What.QUIET, level=Level.ATTENTION, since=since)


def _subscriptions(one: PlatformFacts, now: datetime) -> Iterator[Condition]:
    since, at_work = one.subscription_ended_at, one.subscriptions.get("enabled", 0)
    total = sum(one.subscriptions.values())
    if since is not None and now - since >= SUBSCRIPTION_LATE:
        level = Level.ATTENTION if at_work else Level.BAD
        yield Condition(what=What.ENDED, level=level, since=since, count=total - at_work, total=total)


def _rest(one: PlatformFacts, now: datetime) -> Iterator[Condition]:
    swept = one.sweep_at or one.sweep_began_at
    if swept is not None and now - swept >= SWEEP_LATE:
        yield Condition(what=What.SWEEP_LATE, level=Level.ATTENTION, since=swept)
    if one.unreadable:
        yield Condition(what=What.UNREADABLE, level=Level.ATTENTION, count=one.unreadable)
    if one.write_back_oldest is not None and now - one.write_back_oldest >= TOLD_LATE:
        yield Condition(what=What.TOLD_LATE, level=Level.ATTENTION, since=one.write_back_oldest, count=one.write_backs)
    if one.doubted_since is not None:
        yield Condition(what=What.DOUBTED, level=Level.ATTENTION, since=one.doubted_since)


def _deliveries(facts: OrganizationFacts) -> Iterator[Condition]:
    now, total = facts.now, facts.delivered + facts.failed
    if facts.worker_at is None or now - facts.worker_at >= WORKER_SILENT:
        yield Condition(what=What.NO_WORKER, level=Level.BAD, since=facts.worker_at)
    if facts.due_oldest is not None and now - facts.due_oldest >= DELIVERED_LATE:
        yield Condition(what=What.DELIVERED_LATE, level=Level.ATTENTION, since=facts.due_oldest, count=facts.due)
    if total >= CALLS_THAT_SAY_SOMETHING and facts.failed * 100 >= total * FAILING_PERCENT:
        yield Condition(what=What.DELIVERIES_FAIL, level=Level.ATTENTION, count=facts.failed, total=total)
