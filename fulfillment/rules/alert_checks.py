"""What the rules of alerts look for: each takes the facts and a threshold and returns what it found wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fulfillment.health.facts import OrganizationFacts, PlatformFacts
from fulfillment.rules.alert_sentences import sentence_of
from portal.sentences import Sentence

LEAST_FOUND_BY_SWEEP = 5
LEAST_DELIVERIES = 20
LEAST_FAILURES_IN_A_ROW = 2
"""Below these a share says nothing: one of two is half of all."""

COUNTED_OVER = timedelta(hours=2)
"""An hour's counts are of a full hour: what is in them may be this old."""

MOST_SUBJECT = 200
_CAMPAIGNS_NAMED = 3
_GOOD_SUBSCRIPTION = "enabled"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``subject`` tells it from others of its rule; ``facts`` can be kept as JSON.

    ``facts`` has ``case``, which sentence says it, ``since`` where it is known, and ``problem``, a code of
    ``portal.platforms.problems``, where a platform gave one. Nothing in it is about a person.
    """

    subject: str
    facts: Mapping[str, Any]

    @property
    def sentence(self) -> Sentence:
        """What happened."""
        return sentence_of(self.facts)


Findings = Iterator[Finding]


def silence(facts: OrganizationFacts, minutes: int) -> Findings:
    """Find platforms that sent no claim while a campaign was live, from the later of its start and the last that came.

    Only messages with claims count: a platform may go on telling of streams after it has stopped telling of claims.
    """
    for one in _at_work(facts):
        if not one.live:
            continue
        since = max(filter(None, [min(campaign.starts_at for campaign in one.live), one.claims_webhook_at]))
        if facts.now - since >= timedelta(minutes=minutes):
            names = [campaign.name for campaign in one.live[:_CAMPAIGNS_NAMED]]
            names += ["…"] if len(one.live) > _CAMPAIGNS_NAMED else []
            yield _found(one, "silence", since=since, campaigns=names)


def revoked(facts: OrganizationFacts, minutes: int) -> Findings:
    """Find platforms at which a wanted event subscription has not been at work for so long."""
    for one in _at_work(facts):
        since = one.subscription_ended_at
        if since is not None and facts.now - since >= timedelta(minutes=minutes):
            count = sum(number for state, number in one.subscriptions.items() if state != _GOOD_SUBSCRIPTION)
            yield _found(one, "revoked", since=since, count=count)


def sweep_gap(facts: OrganizationFacts, percent: int) -> Findings:
    """Find platforms of whose claims in the last hour the sweep had to find such a share.

    Not before the first sweep has been over for an hour: what it finds was there before the portal was.
    """
    for one in _at_work(facts):
        if one.first_swept_at is None or facts.now - one.first_swept_at < COUNTED_OVER:
            continue
        found, total = one.by_sweep_hour, one.by_sweep_hour + one.by_webhook_hour
        if found >= LEAST_FOUND_BY_SWEEP and found * 100 >= percent * total:
            yield _found(one, "sweep_gap", found=found, all=total, percent=_share(found, total))


def sweep_stuck(facts: OrganizationFacts, minutes: int) -> Findings:
    """Find platforms of which no sweep came to its end for so long, or whose lists could not all be read."""
    for one in _at_work(facts):
        since = one.sweep_at or one.sweep_began_at
        if since is not None and facts.now - since >= timedelta(minutes=minutes):
            yield _found(one, "sweep_late", since=since, problem=one.sweep_problem)
        if one.unreadable:
            yield _found(one, "sweep_unreadable", part="lists", count=one.unreadable, problem=one.sweep_problem)


def failure_rate(facts: OrganizationFacts, percent: int) -> Findings:
    """Find that such a share of the last hour's deliveries failed."""
    total = facts.delivered + facts.failed
    if total >= LEAST_DELIVERIES and facts.failed and facts.failed * 100 >= percent * total:
        share = _share(facts.failed, total)
        yield Finding("", {"case": "failure_rate", "failed": facts.failed, "all": total, "percent": share})


def api_failing(facts: OrganizationFacts, minutes: int) -> Findings:
    """Find platforms to which no call has succeeded for so long, for failing or because it asked for a pause."""
    wait = timedelta(minutes=minutes)
    for one in _at_work(facts):
        last = one.succeeded_at
        if one.paused_until is not None and one.paused_until > facts.now:
            if last is None or facts.now - last >= wait:
                yield _found(one, "api_paused", since=last, until=one.paused_until)
        # Calls may be rare: what counts is how long they had been failing when the last of them did.
        elif _fails(one) and one.failed_at is not None and (last is None or one.failed_at - last >= wait):
            case = "api_failing" if last else "api_never"
            yield _found(one, case, since=last, count=one.failures, problem=one.problem)


def unmapped(facts: OrganizationFacts, claims: int) -> Findings:
    """Find ids of rewards and campaigns that are unknown, each named by so many claims or more."""
    names = _names(facts)
    for one in facts.unmapped:
        if one.claims >= claims:
            yield Finding(
                f"{one.platform}:{one.what}:{one.platform_id}"[:MOST_SUBJECT],
                {
                    "case": f"unmapped_{one.what}",
                    "platform": one.platform,
                    "name": names.get(one.platform, one.platform),
                    "platform_id": one.platform_id,
                    "claims": one.claims,
                    "since": one.first_at.isoformat(),
                },
            )


def not_live(facts: OrganizationFacts, _threshold: int) -> Findings:
    """Find campaigns that should be live and are not, or that are and cannot come to anything."""
    names = _names(facts)
    for one in facts.not_live:
        found = {"case": f"not_live_{one.why}", "campaign": one.name, "campaign_id": one.id, "since": _iso(one.since)}
        if one.platform:
            found |= {"platform": one.platform, "name": names.get(one.platform, one.platform)}
        yield Finding(f"{one.id}:{one.why}:{one.platform}"[:MOST_SUBJECT], found)


def codes_low(facts: OrganizationFacts, _threshold: int) -> Findings:
    """Find pools of codes that are empty, or have as few codes left as their threshold says."""
    for one in facts.pools:
        if one.free <= one.low_stock:
            case = "codes_low" if one.free else "codes_empty"
            found = {"case": case, "pool": one.name, "pool_id": one.id, "count": one.free}
            yield Finding(f"{one.id}:{case}", found)


def limit_near(facts: OrganizationFacts, percent: int) -> Findings:
    """Find limits of which such a share was given, and apart from these those of which nothing is left."""
    for one in facts.limits:
        if one.given * 100 >= percent * one.limit:
            reached = one.given >= one.limit
            case = f"limit_{one.which}_{'reached' if reached else 'near'}"
            found = {"case": case, "campaign": one.campaign, "campaign_id": one.campaign_id, "reward": one.reward}
            found |= {"given": f"{one.given:,}", "limit": f"{one.limit:,}"}
            yield Finding(f"{one.id}:{one.which}:{'reached' if reached else 'near'}", found)


def write_back_late(facts: OrganizationFacts, minutes: int) -> Findings:
    """Find platforms that should have been told of a delivery so long ago, or that refuse to be told of some."""
    for one in _at_work(facts):
        oldest = one.write_back_oldest
        if oldest is not None and facts.now - oldest >= timedelta(minutes=minutes):
            problem = one.problem if _fails(one) else ""
            yield _found(one, "write_back_late", since=oldest, count=one.write_backs, problem=problem)
        if one.write_backs_refused:
            yield _found(one, "write_back_refused", part="refused", count=one.write_backs_refused)


def deliveries_late(facts: OrganizationFacts, minutes: int) -> Findings:
    """Find that deliveries have been due for so long, or that no worker that delivers was heard from for so long."""
    late = timedelta(minutes=minutes)
    if facts.due_oldest is not None and facts.now - facts.due_oldest >= late:
        yield Finding("", {"case": "deliveries_late", "since": _iso(facts.due_oldest), "count": facts.due})
    waiting = facts.due + facts.received
    if facts.worker_at is None and waiting:
        yield Finding("worker", {"case": "no_worker_yet", "count": waiting})
    elif facts.worker_at is not None and facts.now - facts.worker_at >= late:
        yield Finding("worker", {"case": "no_worker", "since": _iso(facts.worker_at)})


def secret_age(facts: OrganizationFacts, days: int) -> Findings:
    """Find secrets that have been the same for so many days."""
    for one in _at_work(facts):
        for which, since in (("client", one.client_secret_set_at), ("webhook", one.webhook_secret_set_at)):
            if since is not None and facts.now - since >= timedelta(days=days):
                yield _found(one, f"secret_{which}", part=which, since=since)


def grant_lapsed(facts: OrganizationFacts, _threshold: int) -> Findings:
    """Find platforms whose reports can no longer be read, though somebody had given leave."""
    for one in _at_work(facts):
        if one.grant == "lapsed":
            yield _found(one, "grant_lapsed")


def authorizations_lapsed(facts: OrganizationFacts, viewers: int) -> Findings:
    """Find platforms at which so many linked viewers' authorizations seem to have lapsed, or more than can be believed."""
    for one in _at_work(facts):
        if one.lapsed and one.lapsed >= viewers:
            yield _found(one, "authorizations_lapsed", count=one.lapsed)
        if one.doubted_since is not None:
            yield _found(one, "authorizations_doubted", part="doubted", since=one.doubted_since)


def _at_work(facts: OrganizationFacts) -> Iterator[PlatformFacts]:
    """Go through the platforms whose credential is on: one that is off is wrong only where a campaign needs it."""
    return (one for one in facts.platforms if one.enabled)


def _fails(one: PlatformFacts) -> bool:
    return one.failures >= LEAST_FAILURES_IN_A_ROW


def _found(one: PlatformFacts, case: str, *, part: str = "", since: datetime | None = None, **more: Any) -> Finding:
    found: dict[str, Any] = {"case": case, "platform": one.platform, "name": one.name, "since": _iso(since)}
    if isinstance(more.get("until"), datetime):
        more["until"] = _iso(more["until"])
    subject = f"{one.platform}:{part}" if part else one.platform
    return Finding(subject, found | {name: value for name, value in more.items() if value != ""})


def _names(facts: OrganizationFacts) -> dict[str, str]:
    return {one.platform: one.name for one in facts.platforms}


def _share(part: int, total: int) -> int:
    return part * 100 // total


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
