"""What owners do about an event subscription: secrets, probing and resuming it, and trying it with a sample (D2, D5, S2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from campaigns.models import Channel, Game, Viewer
from fulfillment.delivery import Lane, Result
from fulfillment.endpoints import made_up_claim
from fulfillment.events.presence import Change, channel_facts
from fulfillment.events.sources import link_facts
from fulfillment.events.writing import event_body
from fulfillment.message import claim_facts
from fulfillment.models import ChannelPresence, EventDelivery, EventSubscription
from fulfillment.receivers import forget_previous_secret_of, note, probe, resume, rotate_secret_of, send_made_up
from fulfillment.rules.codes import Code
from fulfillment.rules.events import (
    CHANNEL_LIVE,
    CHANNEL_OFFLINE,
    CLAIM_CREATED,
    CLAIM_DELIVERED,
    CLAIM_FAILED,
    EVENT_TYPES,
    LINK_ENDED,
)
from fulfillment.rules.states import State
from linking.models import Link, Player
from portal.ids import new_ulid
from portal.models import User

_STATES = {
    CLAIM_CREATED: (State.READY, Code.DUE),
    CLAIM_DELIVERED: (State.DELIVERED, Code.DELIVERED),
    CLAIM_FAILED: (State.FAILED, Code.REJECTED),
}


def rotate_secret(*, subscription: EventSubscription, actor: User, now: datetime) -> str:
    """Give the subscription a new signing secret and return it. The one before signs too, until it is forgotten."""
    return rotate_secret_of(subscription, organization=subscription.organization, actor=actor, now=now)


def forget_previous_secret(*, subscription: EventSubscription, actor: User, now: datetime) -> None:
    """Sign with the present secret alone from now on."""
    forget_previous_secret_of(subscription, organization=subscription.organization, actor=actor, now=now)


def probe_now(*, subscription: EventSubscription, actor: User, now: datetime) -> bool:
    """Have a paused subscription tried at once with one event. Returns whether it was paused."""
    return probe(subscription, organization=subscription.organization, actor=actor, now=now)


def resume_subscription(*, subscription: EventSubscription, actor: User, now: datetime) -> bool:
    """Let a paused subscription work again without a probe; what waits goes out within seconds. Returns whether it was."""
    waiting = EventDelivery.objects.filter(subscription=subscription)
    return resume(subscription, waiting=waiting, organization=subscription.organization, actor=actor, now=now)


def send_sample_event(
    *,
    subscription: EventSubscription,
    type: str,
    actor: User,
    now: datetime,
    clock: Callable[[], datetime] = timezone.now,
) -> Result:
    """Send a signed event of made-up things, with ``"test": true``, the way real ones go. ``type`` is one of EVENT_TYPES.

    Stores no event. A call over the network: never inside a transaction. Raises ``ValueError`` for another type.
    """
    body = sample_event_body(subscription=subscription, type=type, now=now)
    result = send_made_up(subscription, lane=Lane.EVENTS, message_id=new_ulid(), body=body, now=now, clock=clock)
    action = f"sent a test event: {result.status or 'no answer'}"
    note(subscription, action, organization=subscription.organization, actor=actor, now=now)
    return result


def sample_event_body(*, subscription: EventSubscription, type: str, now: datetime) -> str:
    """Return the body of a test event: that of a real one of this type, about things that do not exist.

    Raises ``ValueError`` for a type that there is not.
    """
    if type not in EVENT_TYPES:
        raise ValueError(f"There is no event called {type}.")
    game = Game.objects.filter(organization=subscription.organization_id).order_by("pk").first()
    game = game or Game(organization_id=subscription.organization_id, name="Test game")
    return event_body(type, _sample(type, game, now=now), now=now, test=True)


def _sample(kind: str, game: Game, *, now: datetime) -> Mapping[str, Any]:
    if kind in _STATES:
        state, reason = _STATES[kind]
        facts = claim_facts(made_up_claim(game, claim_id=new_ulid(), now=now))
        return facts | {"state": state.value, "reason": reason.value}
    if kind in (CHANNEL_LIVE, CHANNEL_OFFLINE):
        channel = Channel(platform="portal", platform_channel_id="test-channel", login="", name="Test channel")
        change = Change(live=kind == CHANNEL_LIVE, noticed_by="heartbeats")
        return channel_facts(ChannelPresence(channel=channel), change, now)
    link = Link(
        game=game,
        viewer=Viewer(platform="portal", platform_user_id="test-viewer", name="Test viewer"),
        player=Player(game=game, player_id="test-player", name="Test player"),
        platform="portal",
        started_at=now - timedelta(hours=1),
    )
    if kind == LINK_ENDED:
        link.ended_at, link.end_reason = now, Link.EndReason.VIEWER
    return link_facts(link)
