"""Event subscriptions of the studio's app: made, verified, and which of them an event goes to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from portal.sandbox import messages
from portal.sandbox.models import (
    STANDING,
    Application,
    EventSubscription,
    Platform,
    PlatformUser,
    SubscriptionStatus,
    new_platform_id,
    new_uuid,
)
from portal.sandbox.sending import send
from portal.sandbox.webhooks import Told

STREAM_ONLINE, STREAM_OFFLINE = "stream.online", "stream.offline"
LIVESTREAM = "livestream.status.updated"

#: Twitch, EventSub subscription types: the fields of each type's condition, and whether the field is required.
CONDITIONS: dict[str, dict[str, bool]] = {
    messages.DROP_TYPE: {"organization_id": True, "category_id": False, "campaign_id": False},
    messages.REVOKE_TYPE: {"client_id": True},
    STREAM_ONLINE: {"broadcaster_user_id": True},
    STREAM_OFFLINE: {"broadcaster_user_id": True},
}
#: Of these Twitch told before there were subscriptions here: to the webhook URL and with the secret of the console.
WITHOUT_SUBSCRIPTION = (messages.DROP_TYPE, messages.REVOKE_TYPE)
#: Twitch's default for webhooks.
MOST_COST = 10_000


class AlreadyThere(Exception):
    """There is a subscription of this type and condition."""


def condition_text(condition: Mapping[str, Any]) -> str:
    """The condition as one text, the same for equal ones."""
    return json.dumps(dict(condition), sort_keys=True, separators=(",", ":"))


def subscribe(
    *,
    platform: str,
    client_id: str,
    kind: str,
    condition: Mapping[str, Any],
    now: datetime,
    callback: str = "",
    secret: str = "",
) -> EventSubscription:
    """A new subscription: Twitch's waits for its challenge, Kick's is enabled. Raises AlreadyThere."""
    is_twitch = platform == Platform.TWITCH
    try:
        with transaction.atomic():
            return EventSubscription.objects.create(
                platform=platform,
                subscription_id=new_platform_id(platform),
                client_id=client_id,
                type=kind,
                condition_text=condition_text(condition),
                callback=callback,
                secret=secret,
                cost=_cost(condition) if is_twitch else 0,
                status=SubscriptionStatus.PENDING if is_twitch else SubscriptionStatus.ENABLED,
                created_at=now,
            )
    except IntegrityError as taken:
        raise AlreadyThere from taken


def _cost(condition: Mapping[str, Any]) -> int:
    """Twitch, "Subscription limits": what is about a user costs 1, unless the user has authorized the app."""
    user_id = condition.get("broadcaster_user_id")
    if user_id is None:
        return 0
    users = PlatformUser.objects.filter(platform=Platform.TWITCH, user_id=user_id)
    return 0 if users.filter(authorized_at__isnull=False).exists() else 1


def as_sent(subscription: EventSubscription) -> messages.Subscription:
    """What the messages to a subscription say of it."""
    app = Application.objects.get(pk=subscription.platform)
    return _as_sent(subscription, app)


def _as_sent(subscription: EventSubscription, app: Application) -> messages.Subscription:
    return messages.Subscription(
        callback=subscription.callback,
        secret=subscription.secret,
        organization_id=app.organization_id,
        client_id=app.client_id,
        id=subscription.subscription_id,
        condition=subscription.condition,
        created_at=subscription.created_at,
        cost=subscription.cost,
    )


def subscription_of(app: Application) -> messages.Subscription:
    """What stands for a subscription of a Twitch app that made none: the webhook URL and secret of the console."""
    return messages.Subscription(
        callback=app.webhook_url,
        secret=app.webhook_secret,
        organization_id=app.organization_id,
        client_id=app.client_id,
    )


def twitch_targets(kind: str) -> list[messages.Subscription]:
    """The subscriptions of Twitch's app that are told of ``kind``, oldest first; each still has its condition to meet.

    An app that has no subscription at all is told at its webhook URL, of what it was told there before.
    """
    app = Application.objects.get(pk=Platform.TWITCH)
    mine = EventSubscription.objects.filter(platform=Platform.TWITCH, client_id=app.client_id)
    if kind in WITHOUT_SUBSCRIPTION and not mine.exists():
        return [subscription_of(app)]
    enabled = mine.filter(type=kind, status=SubscriptionStatus.ENABLED).order_by("pk")
    return [_as_sent(subscription, app) for subscription in enabled]


def is_told(app: Application) -> bool:
    """Whether there is any address that claims are sent to, or whoever subscribed to them."""
    if app.webhook_url:
        return True
    return EventSubscription.objects.filter(platform=app.platform, type=messages.DROP_TYPE).exists()


def meets(subscription: messages.Subscription, facts: Mapping[str, str]) -> bool:
    """Whether an event with these ``facts`` is one that the subscription asks for."""
    return all(facts.get(name) == wanted for name, wanted in (subscription.condition or {}).items())


def verify(subscription_pk: int) -> None:
    """Send the challenge of a pending subscription, which is enabled if it comes back (Twitch, Handling Webhook Events).

    Runs beside the call that made the subscription, as Twitch's does: the challenge may arrive before the answer.
    """
    try:
        subscription = EventSubscription.objects.filter(pk=subscription_pk).first()
        if subscription is None:
            return
        told, passed = send_challenge(as_sent(subscription), kind=subscription.type, now=timezone.now())
        note(subscription.subscription_id, told, now=timezone.now())
        EventSubscription.objects.filter(pk=subscription_pk, status=SubscriptionStatus.PENDING).update(
            status=SubscriptionStatus.ENABLED if passed else SubscriptionStatus.FAILED
        )
    finally:
        connection.close()


def send_challenge(subscription: messages.Subscription, *, kind: str, now: datetime) -> tuple[Told, bool]:
    """Send a challenge, whatever faults are on; also whether it came back exactly."""
    body, challenge = messages.twitch_challenge_body(subscription=subscription, sent_at=now, kind=kind)
    message = messages.twitch_message(
        url=subscription.callback,
        body=body,
        secret=subscription.secret,
        message_id=new_uuid(),
        sent_at=now,
        message_type="webhook_callback_verification",
        subscription_type=kind,
    )
    outcome = send(message)
    return Told(message, (outcome,)), outcome.accepted() and outcome.answer == challenge


def revocation(subscription: EventSubscription, *, now: datetime) -> messages.Message:
    """The signed message that says that a subscription has ended, and by its status why."""
    sent_as = as_sent(subscription)
    body = messages.twitch_revocation_body(
        subscription=sent_as, sent_at=now, kind=subscription.type, status=subscription.status
    )
    return messages.twitch_message(
        url=sent_as.callback,
        body=body,
        secret=sent_as.secret,
        message_id=new_uuid(),
        sent_at=now,
        message_type="revocation",
        subscription_type=subscription.type,
    )


def end(*, subscription: EventSubscription, status: str) -> bool:
    """End a subscription with ``status``, as Twitch does; whether it stood until now."""
    return bool(EventSubscription.objects.filter(pk=subscription.pk, status__in=STANDING).update(status=status))


def note(subscription_id: str, told: Told, *, now: datetime) -> None:
    """Keep for the console what was sent last, and what came back."""
    words = told.in_plain_words()[:300]
    found = EventSubscription.objects.filter(subscription_id=subscription_id)
    found.update(last_sent_at=now, last_outcome=words)


def total_cost(subscriptions: Sequence[EventSubscription]) -> int:
    """What these cost together; only those that stand cost anything."""
    return sum(one.cost for one in subscriptions if one.status in STANDING)
