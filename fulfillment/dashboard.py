"""The cards of fulfillment behind the admin's start page: what needs somebody, and what is under way."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from fulfillment import workers
from fulfillment.drift.shown import drift_line
from fulfillment.health.facts import CAP
from fulfillment.health.reading import read_facts
from fulfillment.health.reading_deliveries import read_deliveries
from fulfillment.health.words import counted, platform_told
from fulfillment.models import BulkOperation, Claim, Endpoint, EventSubscription
from fulfillment.rules.in_step import Level
from fulfillment.rules.states import State
from portal.admin_words import span_between
from portal.dashboard import Card, Line
from portal.models import Organization
from portal.organizations import may
from portal.roles import Permission

_LATE_SECONDS = 120
_NEEDING = (
    (State.QUARANTINED, True),
    (State.HELD, True),
    (State.FAILED, True),
    (State.WAITING, False),
)


def claims_card(request: HttpRequest, organization: Organization) -> Card | None:
    """Return the claims that need somebody, by state; counted in an index, to the cap."""
    if not may(request, Permission.SEE_PEOPLE_MASKED):
        return None
    names = {
        State.QUARANTINED: _("Quarantined: reward or campaign unknown"),
        State.HELD: _("Held: for you to release"),
        State.FAILED: _("Failed: not taken by the game"),
        State.WAITING: _("Waiting for the viewer to link"),
    }
    lines = []
    for state, attention in _NEEDING:
        count = Claim.objects.filter(organization=organization, state=state).order_by()[:CAP].count()
        url = f"{reverse('admin:fulfillment_claim_changelist')}?state={state.value}"
        lines.append(Line(names[state], counted(count), url, attention and count > 0))
        if state is State.QUARANTINED and count:
            lines.append(drift_line(request, organization))
    under_way = BulkOperation.objects.filter(due_at__isnull=False, organization=organization).count()
    if under_way:
        url = reverse("admin:fulfillment_bulkoperation_changelist")
        lines.append(Line(_("Bulk actions under way"), str(under_way), url if may(request, Permission.BULK) else ""))
    return Card(
        title=_("Claims"),
        lines=lines,
        url=reverse("admin:find"),
        url_label=_("Find a player or claim"),
    )


def health_card(request: HttpRequest, organization: Organization) -> Card | None:
    """Return how it stands with each platform, a sentence for each; None where there is no credential."""
    if not may(request, Permission.SEE_CAMPAIGNS):
        return None
    facts = read_facts(organization, now=timezone.now())
    page = reverse("admin:health")
    lines = []
    for one in facts.platforms:
        headline = platform_told(one, now=facts.now)[0]
        attention = headline.level in (Level.ATTENTION, Level.BAD)
        lines.append(Line(headline.sentence, _("details"), f"{page}#{one.platform}", attention))
    if facts.not_live:
        campaigns = len({one.id for one in facts.not_live})
        lines.append(Line(_("Campaigns that should be live and are not"), str(campaigns), page, True))
    if not lines:
        return None
    return Card(title=_("In step with platforms"), lines=lines, url=page, url_label=_("Health"))


def delivery_card(request: HttpRequest, organization: Organization) -> Card | None:
    """Return whether deliveries go out: what is due, since when, endpoints that are paused, and the worker."""
    now = timezone.now()
    found = read_deliveries([organization.pk], now=now)[organization.pk]
    oldest = found.due_oldest
    late = oldest is not None and (now - oldest).total_seconds() > _LATE_SECONDS
    endpoints = list(Endpoint.objects.filter(game__organization=organization).values_list("pk", "enabled", "opened_at"))
    paused = sum(1 for _pk, enabled, opened_at in endpoints if enabled and opened_at)
    heard = workers.heard_from(now=now)
    return Card(
        title=_("Deliveries"),
        lines=[
            Line(
                _("Due now"),
                counted(found.due),
                reverse("admin:fulfillment_delivery_changelist"),
            ),
            Line(
                _("Oldest due"),
                _("%(span)s ago") % {"span": span_between(oldest, now)} if oldest else "–",
                "",
                late,
            ),
            Line(
                _("Endpoints paused"),
                f"{paused} / {len(endpoints)}",
                reverse("admin:fulfillment_endpoint_changelist") if may(request, Permission.MANAGE) else "",
                paused > 0,
            ),
            *_subscription_lines(request, organization),
            Line(_("Delivery worker"), _("at work") if heard else _("not heard from"), "", not heard),
        ],
        text=""
        if heard
        else _("Nothing is sent while no worker runs. Claims are kept and go out once one is started."),
    )


def _subscription_lines(request: HttpRequest, organization: Organization) -> Iterable[Line]:
    """Return how many of those who are told of events are not reached; nothing where nobody is told of any."""
    rows = EventSubscription.objects.filter(organization=organization).values_list("enabled", "opened_at", "failures")
    subscriptions = list(rows)
    if subscriptions:
        unreached = sum(1 for enabled, opened_at, failures in subscriptions if enabled and (opened_at or failures))
        place = "eventsubscription" if may(request, Permission.MANAGE) else "eventdelivery"
        yield Line(
            _("Event subscriptions paused or failing"),
            f"{unreached} / {len(subscriptions)}",
            reverse(f"admin:fulfillment_{place}_changelist") if may(request, Permission.SEE_PEOPLE) else "",
            unreached > 0,
        )
