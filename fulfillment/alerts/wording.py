"""What a message about an alert says: what happened, since when, what it means, what to do, and where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from fulfillment.models import Alert, AlertMessage
from fulfillment.rules.alert_sentences import sentence_of
from fulfillment.rules.alerts import RULES, Rule, example_of
from portal.models import Organization
from portal.platforms.problems import explain

About = AlertMessage.About

_STATUS = {
    About.OPENED: _("Something is wrong"),
    About.STILL: _("Still wrong"),
    About.CLOSED: _("Over"),
    About.TEST: _("Test"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One alert in a message. What is over asks for nothing: it has no ``means`` and ``advice``."""

    status: str
    title: str
    happened: str
    times: str
    means: str = ""
    advice: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message to one channel: about one alert, or about all that came up since the last."""

    organization: str
    subject: str
    alerts: tuple[Said, ...]
    url: str
    note: str = ""


def letter_of(organization: Organization, messages: Sequence[AlertMessage]) -> Letter:
    """Return one message that says all of these, in the portal's own language. Each has its alert."""
    with translation.override(settings.LANGUAGE_CODE):
        return _letter(organization, messages)


def _letter(organization: Organization, messages: Sequence[AlertMessage]) -> Letter:
    said = tuple(_say(message) for message in messages)
    if len(said) == 1:
        subject = f"{said[0].status}: {said[0].title}"
    else:
        wrong = sum(1 for message in messages if message.about != About.CLOSED)
        over = len(messages) - wrong
        parts = [ngettext("%(n)d alert", "%(n)d alerts", wrong) % {"n": wrong}] if wrong else []
        parts += [ngettext("%(n)d alert is over", "%(n)d alerts are over", over) % {"n": over}] if over else []
        subject = ", ".join(parts)
    return Letter(organization=organization.name, subject=subject, alerts=said, url=_list_url())


def sample_letter(organization: Organization, rule: Rule, *, now: datetime) -> Letter:
    """Return a message as the rule's would be, of made-up things, and marked as a test."""
    with translation.override(settings.LANGUAGE_CODE):
        return _sample(organization, rule, now=now)


def _sample(organization: Organization, rule: Rule, *, now: datetime) -> Letter:
    example = example_of(rule, now=now)
    said = Said(
        status=str(_STATUS[About.TEST]),
        title=str(rule.title),
        happened=happened(example.facts),
        times="",
        means=str(rule.means),
        advice=str(rule.advice),
        url=_list_url(),
    )
    return Letter(
        organization=organization.name,
        subject=f"{said.status}: {said.title}",
        alerts=(said,),
        url=_list_url(),
        note=_t("This is a test. Nothing is wrong: what follows is made up."),
    )


def title_of(rule: str) -> str:
    """Return what an alert is called; of a rule that this version does not have, its key."""
    return str(RULES[rule].title) if rule in RULES else rule


def happened(facts: Mapping[str, Any]) -> str:
    """Return what happened, and what the platform said of it where it did."""
    said, _advice = explain(str(facts.get("problem", "")))
    return " ".join(filter(None, [capfirst(str(sentence_of(facts))), said]))


def _say(message: AlertMessage) -> Said:
    alert: Alert = message.alert  # type: ignore[assignment]
    rule = RULES.get(alert.rule)
    over = message.about == About.CLOSED
    times = _t("Noticed at %(opened)s.") % {"opened": _moment(alert.opened_at)}
    if over and alert.closed_at is not None:
        times += " " + _t("Over since %(closed)s.") % {"closed": _moment(alert.closed_at)}
    return Said(
        status=str(_STATUS[About(message.about)]),
        title=title_of(alert.rule),
        happened=happened(alert.facts),
        times=times,
        means="" if over or rule is None else str(rule.means),
        advice="" if over or rule is None else str(rule.advice),
        url=f"{settings.BASE_URL}{reverse('admin:fulfillment_alert_change', args=[alert.pk])}",
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _list_url() -> str:
    return f"{settings.BASE_URL}{reverse('admin:fulfillment_alert_changelist')}"
