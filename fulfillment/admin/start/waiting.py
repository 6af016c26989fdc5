"""What waits for somebody: alerts, claims that are stuck and why, what the apps add, setting up, each with where it is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from campaigns.models import Campaign
from fulfillment.admin.health_lines import level_chip
from fulfillment.admin.start.head import Head
from fulfillment.admin.words import REASON_NAMES, chip, reason_code, state_chip
from fulfillment.alerts.wording import happened, title_of
from fulfillment.models import Alert, Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.in_step import Level
from fulfillment.rules.reasons import REASONS
from fulfillment.rules.states import State
from fulfillment.start import REASONS_READ, Stuck, stuck_claims
from portal.dashboard import Line, start_lines
from portal.models import Organization
from portal.organizations import may
from portal.roles import Permission

MOST = 8
"""So many lines are shown; what is left is counted."""

_ALERTS_READ = 100
_LEVELS = {State.FAILED: Level.BAD, State.HELD: Level.ATTENTION, State.QUARANTINED: Level.ATTENTION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """One thing that waits. ``what`` is short, ``note`` says what it means; ``url`` is where it is mended."""

    level: Level
    chip: SafeString
    what: str
    note: str = ""
    url: str = ""


def waits_for_somebody(
    request: HttpRequest,
    organization: Organization,
    head: Head,
    stuck: Sequence[Stuck],
    *,
    campaign_id: str,
    all_games: bool,
    now: datetime,
) -> tuple[list[Waits], list[Line]]:
    """Return what waits, the worst first, and what else the apps say of the organization. At most one query and theirs."""
    found: list[Waits] = []
    others: list[Line] = []
    everything = all_games and not campaign_id
    if everything:
        found += _alerts(organization)
    found += _claims(request, stuck, campaign_id)
    if not campaign_id:
        for source in start_lines:
            for line in source(request, organization, now):
                if line.attention:
                    found.append(_from_line(line))
                else:
                    others.append(line)
    if everything:
        found += _set_up(head)
    order = {Level.BAD: 0, Level.ATTENTION: 1, Level.OFF: 2, Level.GOOD: 3}
    return sorted(found, key=lambda one: order[one.level]), others


def read_stuck(organization: Organization, *, campaigns: QuerySet[Campaign], narrow: bool) -> list[Stuck]:
    """Return why claims wait: of the organization, or ``narrow`` of these campaigns. One query."""
    claims = Claim.objects.filter(campaign__in=campaigns) if narrow else Claim.objects.filter(organization=organization)
    # What is held because its viewer is no tester of a campaign in test mode waits for nobody (C8).
    return [one for one in stuck_claims(claims) if one.reason != Code.TEST]


def _from_line(line: Line) -> Waits:
    shown = level_chip(Level.ATTENTION)
    return Waits(level=Level.ATTENTION, chip=shown, what=f"{line.label}: {line.value}", url=line.url)


def _alerts(organization: Organization) -> Iterator[Waits]:
    rows = Alert.objects.filter(organization=organization, closed_at=None).order_by("-opened_at")[:_ALERTS_READ]
    alerts = list(rows)
    often = Counter(alert.rule for alert in alerts)
    listing = reverse("admin:fulfillment_alert_changelist")
    for rule, count in often.most_common():
        newest = next(alert for alert in alerts if alert.rule == rule)
        url = f"{listing}?state=open&alert={rule}"
        if count == 1:
            url = reverse("admin:fulfillment_alert_change", args=[newest.pk])
        what = title_of(rule) if count == 1 else f"{title_of(rule)} ({count})"
        shown = chip(_t("alert"), "notifications_active", "drops-chip-error")
        yield Waits(level=Level.BAD, chip=shown, what=what, note=happened(newest.facts), url=url)


def _set_up(head: Head) -> Iterator[Waits]:
    if head.missing:
        done = {"done": len(head.steps) - len(head.missing), "all": len(head.steps)}
        note = _t("%(done)s of %(all)s steps are done. The next: %(next)s.")
        yield Waits(
            level=Level.ATTENTION,
            chip=level_chip(Level.ATTENTION),
            what=_t("Setting up is not complete"),
            note=note % {**done, "next": head.missing[0]},
            url=reverse("admin:set_up"),
        )


def _claims(request: HttpRequest, stuck: Sequence[Stuck], campaign_id: str) -> Iterator[Waits]:
    sees = may(request, Permission.SEE_PEOPLE)
    for one in stuck:
        code = reason_code(one.state.value, one.reason)
        count = f"{one.claims:,}"
        if one.more:
            count = _t("%(count)s of the newest %(read)s") % {"count": count, "read": f"{REASONS_READ:,}"}
        url = f"{reverse('admin:fulfillment_claim_changelist')}?state={one.state.value}&reason={code.value}"
        if one.state is State.QUARANTINED and not campaign_id:
            url = reverse("admin:drift")
        elif campaign_id:
            url += f"&campaign__id__exact={campaign_id}"
        yield Waits(
            level=_LEVELS[one.state],
            chip=state_chip(one.state.value),
            what=_t("%(count)s: %(reason)s") % {"count": count, "reason": REASON_NAMES[code]},
            note=str(REASONS[code].staff),
            url=url if sees else "",
        )
