"""How the admin shows outgoing events: what each one means, how far it is on its way, and what happens next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.words import chip, paused_state, working_state
from fulfillment.models import Event, EventDelivery, EventSubscription, Progress
from fulfillment.rules import events as names
from fulfillment.rules.retries import MAX_ATTEMPTS
from portal.admin_words import span_between
from portal.organizations import may
from portal.retention import periods
from portal.roles import Permission

MEANINGS: Mapping[str, str | Promise] = {
    names.CLAIM_CREATED: _("A claim has arrived, or was made on the portal, and was looked at for the first time."),
    names.CLAIM_DELIVERED: _("The game has the reward: it accepted the delivery, or marked the claim as fulfilled."),
    names.CLAIM_FAILED: _("The game refused the reward, or every attempt to deliver it failed."),
    names.LINK_CREATED: _("A viewer's platform account was linked to a game account."),
    names.LINK_ENDED: _("A link was ended, by the viewer, by the platform or by a member of staff."),
    names.CHANNEL_LIVE: _("A channel that the portal knows went live: its heartbeats or its platform say so."),
    names.CHANNEL_OFFLINE: _("A channel that was live has gone offline."),
}
"""One plain sentence for each event, beside its name."""

_PROGRESS: Mapping[str, tuple[str, str]] = {
    Progress.WAITING: ("schedule_send", ""),
    Progress.DELIVERED: ("check", "drops-chip-ok"),
    Progress.FAILED: ("error", "drops-chip-error"),
}
_PAGES = {"claim": "fulfillment_claim", "link": "linking_link", "channel": "campaigns_channel"}


def event_name(kind: str) -> str:
    """Return an event's name for people."""
    return str(dict(names.EVENT_NAMES).get(kind, kind))


def event_choices() -> list[tuple[str, SafeString]]:
    """Return every event with its name, its name on the wire and its meaning, for check boxes."""
    return [
        (
            key,
            format_html(
                '<span class="drops-row-title">{}</span> <code>{}</code><span class="drops-choice-text">{}</span>',
                capfirst(name),
                key,
                MEANINGS[key],
            ),
        )
        for key, name in names.EVENT_NAMES
    ]


def events_told(types: list[str]) -> str:
    """Return the events of a subscription in words."""
    if set(types) >= set(names.EVENT_TYPES):
        return _t("all events")
    return ", ".join(str(name) for key, name in names.EVENT_NAMES if key in types) or "–"


def subscription_state(subscription: EventSubscription, *, now: datetime) -> tuple[SafeString, str]:
    """Return the state of a subscription as a chip and, for its page, in a sentence."""
    if not subscription.enabled:
        return chip(_t("switched off"), "block", "drops-chip-attention"), _t(
            "Switched off: nothing is sent. What waits goes out if it is enabled within %(days)s days; what happens meanwhile "
            "is not noted down for it."
        ) % {"days": days_kept()}
    if subscription.opened_at is None:
        return working_state(subscription, _t("At work: events are sent within seconds of what they tell of."))
    text = _t(
        "Paused since %(since)s UTC because calls kept failing. No attempt is used up meanwhile, and what waits is kept for "
        "%(days)s days. One event is tried %(wait)s to see whether it works again; then all that waits follows by itself."
    )
    return paused_state(subscription, text, now=now, days=days_kept())


def days_kept() -> int:
    """Return for how many days events are kept, sent or not (F8)."""
    return periods()["events"]


def progress_chip(delivery: EventDelivery) -> SafeString:
    """Return how far an event is, as a chip."""
    if delivery.leased:
        return chip(_t("being sent"), "send", "")
    icon, style = _PROGRESS[delivery.progress]
    return chip(str(Progress(delivery.progress).label), icon, style)


def what_happens_next(delivery: EventDelivery, *, erased: bool, now: datetime) -> str:
    """Return in a sentence what will become of an event, and when. Reads the subscription."""
    if delivery.leased:
        return _t("It is being sent at this moment.")
    if delivery.progress == Progress.DELIVERED:
        return _t("It was accepted at %(time)s. Nothing more happens.") % {"time": stamp(delivery.finished_at)}
    if delivery.progress == Progress.FAILED:
        return _why_it_ended(delivery, erased=erased)
    subscription = delivery.subscription
    if not subscription.enabled:
        return _t("It waits: the subscription is switched off. Once it is enabled, the event is sent.")
    if subscription.opened_at is not None:
        return _t(
            "It waits: the subscription is paused because calls kept failing. No attempt is used up meanwhile, and it is "
            "sent once the address answers again."
        )
    if delivery.due_at is None or delivery.due_at <= now:
        return _t("It is sent within moments.")
    return _t("Next attempt at %(time)s, in %(span)s. %(left)s of %(all)s attempts are left.") % {
        "time": stamp(delivery.due_at),
        "span": span_between(now, delivery.due_at),
        "left": delivery.attempts_left,
        "all": MAX_ATTEMPTS,
    }


def _why_it_ended(delivery: EventDelivery, *, erased: bool) -> str:
    ended = {"time": stamp(delivery.finished_at), "count": MAX_ATTEMPTS}
    if erased:
        return _t("Given up at %(time)s: the person it told of was erased, and the message with them.") % ended
    if delivery.attempts_left:
        return (
            _t(
                "Given up at %(time)s: the address refused it for good, with an answer that says so. "
                "Once it takes such events, send it again."
            )
            % ended
        )
    return (
        _t(
            "Given up at %(time)s after %(count)s attempts. Once the address answers again, send it again: "
            "it then has all attempts anew."
        )
        % ended
    )


def when_next(delivery: EventDelivery, *, now: datetime) -> str:
    """Return what happens next in a few words, for lists."""
    if delivery.leased:
        return _t("now")
    if delivery.progress == Progress.WAITING:
        if not delivery.subscription.enabled or delivery.subscription.opened_at:
            return _t("once it works again")
        if delivery.due_at is None or delivery.due_at <= now:
            return _t("now")
        return _t("in %(span)s") % {"span": span_between(now, delivery.due_at)}
    return "–"


def subject_link(request: HttpRequest, event: Event) -> str:
    """Return the address of the page of what an event is about; empty where this person cannot see it."""
    page = _PAGES.get(event.type.partition(".")[0])
    seen = Permission.SEE_CAMPAIGNS if event.type.startswith("channel.") else Permission.SEE_PEOPLE_MASKED
    if not page or not event.subject or not may(request, seen):
        return ""
    return reverse(f"admin:{page}_change", args=[event.subject])


def pretty(body: str) -> str:
    """Return a message as it is read most easily; as it is where it is no JSON."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


def stamp(moment: datetime | None) -> str:
    """Return a time to the second, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "–"
