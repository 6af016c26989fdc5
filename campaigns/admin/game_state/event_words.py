"""How the admin shows a game event: its rule, when it happened, by what value, and what came of it (G4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from campaigns.models import GameEvent
from portal.admin_words import chip

LATE = timedelta(seconds=30)
"""Viewers are looked up within seconds; an event that waits longer than this waits for a process that is not there."""


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One game event in words, with the addresses of its own page and of its campaign's."""

    name: str
    address: str
    campaign: str
    campaign_address: str
    reward: str
    number: str
    at: str
    value: str
    earned: str
    settled: SafeString


def with_campaigns(rows: QuerySet[GameEvent]) -> QuerySet[GameEvent]:
    """Return the events with what is shown of their rules, in the same query."""
    return rows.select_related("campaign_reward__campaign", "campaign_reward__reward").defer(
        "campaign_reward__campaign__description", "campaign_reward__reward__description"
    )


def shown_event(event: GameEvent, *, sees: bool) -> ShownEvent:
    """Return an event as it is shown; its value, which is of the state, only to who may see that."""
    offer = event.campaign_reward
    return ShownEvent(
        name=offer.event_name,
        address=reverse("admin:campaigns_gameevent_change", args=[event.pk]),
        campaign=offer.campaign.name,
        campaign_address=reverse("admin:campaigns_campaign_change", args=[offer.campaign_id]),
        reward=offer.reward.name,
        number=f"{event.number:,}",
        at=f"{event.at:%Y-%m-%d %H:%M:%S} UTC",
        value=event.value if sees else "••••••",
        earned=f"{event.earned:,}",
        settled=settled_chip(event),
    )


def settled_chip(event: GameEvent, *, now: datetime | None = None) -> SafeString:
    """Return whether the viewers were looked up, and how soon; with ``now`` also whether that is overdue."""
    if event.settled_at is not None:
        took = (event.settled_at - event.at).total_seconds()
        return chip(_t("after %(seconds)s s") % {"seconds": f"{max(0.0, took):.1f}"}, "check", "drops-chip-ok")
    if now is not None and now - event.at > LATE:
        return chip(_t("overdue"), "warning", "drops-chip-attention")
    return chip(_t("to be settled"), "hourglass_empty")
