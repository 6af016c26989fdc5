"""What owners do about an event subscription: secrets, probing and resuming it, and trying it with a sample (D2, D5, S2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from fulfillment.delivery import Result
from fulfillment.models import EventSubscription
from portal.models import User


def rotate_secret(*, subscription: EventSubscription, actor: User, now: datetime) -> str:
    """Give the subscription a new signing secret and return it. The one before signs too, until it is forgotten."""
    raise NotImplementedError


def forget_previous_secret(*, subscription: EventSubscription, actor: User, now: datetime) -> None:
    """Sign with the present secret alone from now on."""
    raise NotImplementedError


def probe_now(*, subscription: EventSubscription, actor: User, now: datetime) -> bool:
    """Have a paused subscription tried at once with one event. Returns whether it was paused."""
    raise NotImplementedError


def resume_subscription(*, subscription: EventSubscription, actor: User, now: datetime) -> bool:
    """Let a paused subscription work again without a probe; what waits goes out within seconds. Returns whether it was."""
    raise NotImplementedError


def send_sample_event(
    *,
    subscription: EventSubscription,
    type: str,  # noqa: A002 - the events' own word
    actor: User,
    now: datetime,
    clock: Callable[[], datetime] = timezone.now,
) -> Result:
    """Send a signed event of made-up things, with ``"test": true``, the way real ones go. ``type`` is one of EVENT_TYPES.

    Stores no event. A call over the network: never inside a transaction.
    """
    raise NotImplementedError
