"""What the studio's app asked to be told, and the streams that there is something to tell of."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from portal.sandbox.models.platforms import Category, Platform, PlatformUser, new_ulid


class SubscriptionStatus(models.TextChoices):
    """How a subscription stands, in Twitch's words (Twitch API, Get EventSub Subscriptions). Kick's are enabled or gone."""

    ENABLED = "enabled", "enabled"
    PENDING = "webhook_callback_verification_pending", "waiting for the challenge to come back"
    FAILED = "webhook_callback_verification_failed", "the challenge did not come back"
    FAILURES = "notification_failures_exceeded", "revoked: too many notifications failed"
    AUTHORIZATION = "authorization_revoked", "revoked: the user took the permission back"
    USER = "user_removed", "revoked: the user is gone"
    VERSION = "version_removed", "revoked: this version is no longer supported"


STANDING = (SubscriptionStatus.ENABLED.value, SubscriptionStatus.PENDING.value)
"""As long as one is so, there is none other of the same type and condition."""

REVOKED = tuple(
    status.value
    for status in (
        SubscriptionStatus.FAILURES,
        SubscriptionStatus.AUTHORIZATION,
        SubscriptionStatus.USER,
        SubscriptionStatus.VERSION,
    )
)
"""Why Twitch ends a subscription that was enabled."""


class EventSubscription(models.Model):
    """One event subscription of the studio's app. Kick's have no callback: they go to the app's webhook URL."""

    platform = models.CharField(max_length=10, choices=Platform.choices)
    subscription_id = models.CharField(max_length=64, unique=True)
    client_id = models.CharField(max_length=200)
    type = models.CharField(max_length=100)
    version = models.CharField(max_length=10, default="1")
    # As JSON with its keys sorted, so that equal conditions are equal texts.
    condition_text = models.CharField(max_length=500)
    callback = models.CharField(max_length=500, blank=True)
    secret = models.CharField(max_length=100, blank=True)
    cost = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=60, choices=SubscriptionStatus.choices)
    created_at = models.DateTimeField()
    # What was sent last, and what came back, in words.
    last_sent_at = models.DateTimeField(null=True)
    last_outcome = models.CharField(max_length=300, blank=True)

    objects: ClassVar[models.Manager[EventSubscription]]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "client_id", "type", "condition_text"],
                condition=Q(status__in=STANDING),
                name="subscription_once_for_each_condition",
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} ({self.subscription_id})"

    @property
    def condition(self) -> dict[str, Any]:
        """What it is about, in the platform's words."""
        found: dict[str, Any] = json.loads(self.condition_text)
        return found


class Stream(models.Model):
    """That a channel streams, or streamed: it is live while ``ended_at`` is empty, once at a time."""

    channel = models.ForeignKey(PlatformUser, on_delete=models.CASCADE, related_name="streams")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="streams")
    stream_id = models.CharField(max_length=64, unique=True, default=new_ulid)
    title = models.CharField(max_length=140)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Stream]]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel"], condition=Q(ended_at=None), name="live_once_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.channel.display_name}: {self.title}"
