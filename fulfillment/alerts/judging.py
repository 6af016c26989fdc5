"""Judging the facts by the rules: alerts are opened, kept up to date and closed, and it is written down whom to tell.

Each organization is judged in a transaction of its own. Who moves its row of ``AlertWatch`` forward has the turn, so that
two processes at once never open or tell anything twice, and facts that are older than the last judgement are of no use.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import transaction
from django.db.models import F, Q

from fulfillment.alerts.telling import write_messages
from fulfillment.alerts.watched import Watched, findings_of, watched_by
from fulfillment.health.facts import OrganizationFacts
from fulfillment.health.reading import read_facts
from fulfillment.health.standing import standing_of
from fulfillment.models import Alert, AlertWatch
from fulfillment.rules.alert_checks import Finding
from portal.models import Organization
from portal.outliving import outliving

logger = logging.getLogger(__name__)

GONE_FOR = timedelta(seconds=45)
"""So long after it was first not found, and not found still, an alert is over: judged every minute, that is the second time."""


class Reader(Protocol):
    """Reads an organization's facts."""

    def __call__(self, organization: Organization, *, now: datetime) -> OrganizationFacts:
        """Return how an organization stands."""


@dataclass(slots=True)
class Judged:
    """What one run did: organizations judged, those that failed, and whether all had their turn."""

    judged: int = 0
    failed: int = 0
    finished: bool = True


def judge_all(*, clock: Callable[[], datetime], seconds: float, read: Reader = read_facts) -> Judged:
    """Judge every organization, for at most so many ``seconds``, those first that have waited longest.

    One that fails keeps no other from its turn; when it was last judged is shown, so that it is seen.
    """
    until = time.monotonic() + seconds
    total = Judged()
    waiting = Organization.objects.order_by(F("alert_watch__judged_at").asc(nulls_first=True), "pk")
    for organization in list(waiting):
        if time.monotonic() >= until:
            total.finished = False
            break
        with outliving(logger, "The alerts of organization %s could not be judged.", organization.pk) as judging:
            total.judged += judge(facts=read(organization, now=clock()))
        total.failed += judging.fault is not None
    return total


def judge(*, facts: OrganizationFacts) -> bool:
    """Bring an organization's alerts in line with its facts. False: somebody else did with facts as new as these."""
    watched = watched_by(facts.organization_id)
    found = findings_of(facts, watched)
    AlertWatch.objects.get_or_create(organization_id=facts.organization_id)
    with transaction.atomic():
        if not _take_turn(facts):
            return False
        _bring_in_line(facts, found, watched)
        write_messages(organization_id=facts.organization_id, watched=watched, now=facts.now)
    return True


def _take_turn(facts: OrganizationFacts) -> bool:
    """Move the watch forward, with how it stands now; the row stays locked until the transaction ends."""
    values = {"judged_at": facts.now, "standing": standing_of(facts)}
    earlier = Q(judged_at=None) | Q(judged_at__lt=facts.now)
    return bool(AlertWatch.objects.filter(earlier, pk=facts.organization_id).update(**values))


def _bring_in_line(
    facts: OrganizationFacts, found: Mapping[tuple[str, str], Finding], watched: Mapping[str, Watched]
) -> None:
    now = facts.now
    rows = list(Alert.objects.filter(organization=facts.organization_id, closed_at=None))
    for alert in rows:
        finding = found.get((alert.rule, alert.subject))
        if finding is not None:
            alert.facts, alert.seen_at, alert.gone_at = dict(finding.facts), now, None
        elif not (alert.rule in watched and watched[alert.rule].enabled):
            alert.closed_at, alert.gone_at = now, None  # nobody knows whether it is over: nobody looks any more
        elif alert.gone_at is None:
            alert.gone_at = now
        elif now - alert.gone_at >= GONE_FOR:
            alert.closed_at = alert.gone_at
    Alert.objects.bulk_update(rows, ["facts", "seen_at", "gone_at", "closed_at"], batch_size=200)
    known = {(alert.rule, alert.subject) for alert in rows}
    Alert.objects.bulk_create(
        [
            Alert(
                organization_id=facts.organization_id,
                rule=rule,
                subject=subject,
                facts=dict(finding.facts),
                opened_at=now,
                seen_at=now,
            )
            for (rule, subject), finding in found.items()
            if (rule, subject) not in known
        ]
    )
