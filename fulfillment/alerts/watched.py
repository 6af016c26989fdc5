"""What an organization has set for the rules of alerts: whether each is watched, from what threshold on, and if it is muted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from fulfillment.health.facts import OrganizationFacts
from fulfillment.models import AlertRule, AlertWatch
from fulfillment.rules.alert_checks import Finding
from fulfillment.rules.alerts import MOST, RULES, Rule, Unit
from portal import audit
from portal.models import Organization, User

SILENCE = timedelta(minutes=10)
"""So long without a judgement, and nobody is watching: it is due every minute."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A rule as one organization has it."""

    rule: Rule
    enabled: bool = True
    threshold: int = 0
    muted_until: datetime | None = None

    def is_muted(self, now: datetime) -> bool:
        """Whether it tells nobody now."""
        return self.muted_until is not None and self.muted_until > now


def judged_at(organization: Organization) -> datetime | None:
    """Return when an organization was last looked through for what is wrong."""
    return AlertWatch.objects.filter(pk=organization.pk).values_list("judged_at", flat=True).first()


def is_watched(organization: Organization, *, now: datetime) -> bool:
    """Whether that was just now; else no worker does it."""
    last = judged_at(organization)
    return last is not None and now - last <= SILENCE


def watched_by(organization_id: str) -> dict[str, Watched]:
    """Return every rule as the organization has it, in the order in which they are shown. One query."""
    rows = {row.rule: row for row in AlertRule.objects.filter(organization=organization_id)}
    return {key: _watched(rule, rows.get(key)) for key, rule in RULES.items()}


def findings_of(facts: OrganizationFacts, watched: dict[str, Watched]) -> dict[tuple[str, str], Finding]:
    """Return what is wrong by the rules that are watched, by rule and subject."""
    return {
        (key, subject): finding
        for key, one in watched.items()
        if one.enabled
        for subject, finding in one.rule.findings(facts, one.threshold).items()
    }


def set_rule(
    *, organization: Organization, rule: Rule, enabled: bool, threshold: int | None, actor: User, now: datetime
) -> bool:
    """Store whether a rule is watched, and its threshold: None is the default. Returns whether anything changed.

    Raises ``ValueError`` for a threshold that the rule cannot have.
    """
    if threshold is not None and not (rule.unit is not Unit.NONE and 1 <= threshold <= MOST[rule.unit]):
        raise ValueError(f"{rule.key} cannot have the threshold {threshold}.")
    with transaction.atomic():
        row = _row(organization, rule)
        before = audit.snapshot(row)
        row.enabled, row.threshold = enabled, None if threshold == rule.default else threshold
        row.save(update_fields=["enabled", "threshold"])
        if not (changes := audit.differing(before, audit.snapshot(row)))[1]:
            return False
        _note(row, "changed alert rule", *changes, actor=actor, now=now)
    return True


def mute_rule(*, organization: Organization, rule: Rule, until: datetime | None, actor: User, now: datetime) -> None:
    """Have a rule tell nobody before ``until``; None: have it tell again."""
    with transaction.atomic():
        row = _row(organization, rule)
        before = audit.snapshot(row)
        row.muted_until = until
        row.save(update_fields=["muted_until"])
        action = "muted alert rule" if until else "unmuted alert rule"
        _note(row, action, before, audit.snapshot(row), actor=actor, now=now)


def _watched(rule: Rule, row: AlertRule | None) -> Watched:
    if row is None:
        return Watched(rule, threshold=rule.default)
    threshold = rule.default if row.threshold is None else row.threshold
    return Watched(rule, row.enabled, threshold, row.muted_until)


def _row(organization: Organization, rule: Rule) -> AlertRule:
    row, _made = AlertRule.objects.get_or_create(organization=organization, rule=rule.key)
    return AlertRule.objects.select_for_update().get(pk=row.pk)


def _note(row: AlertRule, action: str, before: dict[str, object], after: dict[str, object], **who: object) -> None:
    audit.record(action=action, obj=row, organization=row.organization, before=before, after=after, **who)  # type: ignore[arg-type]
