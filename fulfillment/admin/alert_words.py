"""How the admin shows alerts: their state, what is wrong, who was told, and for how long they can be muted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from fulfillment.admin.words import chip
from fulfillment.alerts.muting import UNTIL_OVER
from fulfillment.alerts.posting import BY_ITSELF, explain
from fulfillment.alerts.telling import is_muted
from fulfillment.models import Alert, AlertMessage
from fulfillment.rules.alerts import RULES, Rule, Unit
from portal.admin_words import span_between
from portal.organizations import may
from portal.roles import Permission

MUTES: Mapping[str, tuple[str | Promise, timedelta | None]] = {
    "hour": (_("1 hour"), timedelta(hours=1)),
    "day": (_("1 day"), timedelta(days=1)),
    "week": (_("1 week"), timedelta(days=7)),
    "over": (_("until it is over"), None),
}
"""For how long something can be muted; ``over`` only a single alert."""

_UNITS: Mapping[Unit, str | Promise] = {
    Unit.MINUTES: _("minutes"),
    Unit.DAYS: _("days"),
    Unit.PERCENT: _("%"),
    Unit.CLAIMS: _("claims"),
    Unit.VIEWERS: _("viewers"),
}

_PAGES: Mapping[str, tuple[str, str | Promise, Permission]] = {
    "silence": ("admin:fulfillment_webhooktally_changelist", _("Webhooks"), Permission.SEE_CAMPAIGNS),
    "sweep_gap": ("admin:fulfillment_webhooktally_changelist", _("Webhooks"), Permission.SEE_CAMPAIGNS),
    "sweep_stuck": ("admin:fulfillment_sweep_changelist", _("Sweeps"), Permission.SEE_CAMPAIGNS),
    "failure_rate": ("admin:fulfillment_delivery_changelist", _("Deliveries"), Permission.SEE_PEOPLE_MASKED),
    "deliveries_late": ("admin:fulfillment_delivery_changelist", _("Deliveries"), Permission.SEE_PEOPLE_MASKED),
    "codes_low": ("admin:fulfillment_codepool_changelist", _("Code pools"), Permission.SEE_CAMPAIGNS),
    "unmapped": ("admin:drift", _("Unmapped claims"), Permission.SEE_CAMPAIGNS),
    "grant_lapsed": ("admin:reports", _("Reports"), Permission.SEE_CAMPAIGNS),
    "revoked": (
        "admin:fulfillment_platformsubscription_changelist",
        _("Event subscriptions"),
        Permission.SEE_CAMPAIGNS,
    ),
    "api_failing": ("admin:portal_platformcredential_changelist", _("Platform credentials"), Permission.MANAGE),
    "write_back_late": ("admin:portal_platformcredential_changelist", _("Platform credentials"), Permission.MANAGE),
    "secret_age": ("admin:portal_platformcredential_changelist", _("Platform credentials"), Permission.MANAGE),
    "authorizations_lapsed": (
        "admin:portal_platformcredential_changelist",
        _("Platform credentials"),
        Permission.MANAGE,
    ),
}
"""Where something is to be seen or done about what a rule finds, and who may open that page."""


def unit_name(rule: Rule) -> str:
    """Return what a rule's threshold counts; empty where it has none."""
    return str(_UNITS.get(rule.unit, ""))


def alert_chip(alert: Alert, *, now: datetime) -> SafeString:
    """Return the state of an alert as icon and word."""
    if alert.closed_at is not None:
        return chip(_t("over"), "check", "drops-chip-ok")
    if is_muted(alert, now=now):
        return chip(_t("open, muted"), "notifications_off", "drops-chip-attention")
    return chip(_t("open"), "error", "drops-chip-error")


def muted_text(until: datetime | None, *, now: datetime) -> str:
    """Return until when something is muted; empty where it is not."""
    if until is None or until <= now:
        return ""
    if until >= UNTIL_OVER:
        return _t("muted until it is over")
    return _t("muted until %(time)s UTC") % {"time": f"{until:%Y-%m-%d %H:%M}"}


def told_text(messages: Iterable[AlertMessage]) -> str:
    """Return whom an alert was told to and when, of its messages with their channels, the oldest first."""
    first: dict[str, datetime] = {}
    waiting: set[str] = set()
    for message in messages:
        if message.sent_at is not None:
            first.setdefault(message.channel.name, message.sent_at)
        else:
            waiting.add(message.channel.name)
    told = [f"{name} ({when:%Y-%m-%d %H:%M} UTC)" for name, when in first.items()]
    not_reached = sorted(waiting - set(first))
    if not_reached:
        told.append(_t("not reached: %(names)s") % {"names": ", ".join(not_reached)})
    return ", ".join(told) or _t("nobody yet")


def message_state(message: AlertMessage, *, now: datetime) -> SafeString:
    """Return how far a message is, as icon and word."""
    if message.sent_at is not None:
        return chip(_t("arrived"), "check", "drops-chip-ok")
    if message.due_at is None:
        return chip(_t("given up"), "error", "drops-chip-error")
    if message.due_at <= now:
        return chip(_t("goes out now"), "schedule_send")
    return chip(
        _t("again in %(span)s") % {"span": span_between(now, message.due_at)}, "schedule", "drops-chip-attention"
    )


def problem_text(problem: str) -> str:
    """Return why a message did not arrive, and what to do; empty where it did."""
    return " ".join(filter(None, explain(problem)))


def problem_of_test(problem: str) -> str:
    """Return why a test did not arrive, and what to do: nothing tries it again by itself."""
    happened, advice = explain(problem)
    return happened if advice == str(BY_ITSELF) else f"{happened} {advice}"


def rules_told(rules: list[str]) -> str:
    """Return in words which alerts a channel is told of."""
    known = [str(RULES[key].title) for key in RULES if key in rules]
    if not rules:
        return _t("all alerts")
    if len(known) <= 2:
        return ", ".join(known) or "–"
    return ngettext("%(n)d kind of alert", "%(n)d kinds of alerts", len(known)) % {"n": len(known)}


def page_for(request: HttpRequest, alert: Alert) -> tuple[str, str]:
    """Return address and name of the page where this person can see or do something about an alert."""
    campaign = alert.facts.get("campaign_id")
    if alert.rule in ("not_live", "limit_near") and campaign:
        return reverse("admin:campaigns_campaign_change", args=[campaign]), _t("The campaign")
    route, title, permission = _PAGES.get(alert.rule, ("admin:health", _("Health"), Permission.SEE_CAMPAIGNS))
    if not may(request, permission):
        route, title = "admin:health", _("Health")
    return reverse(route), str(title)
