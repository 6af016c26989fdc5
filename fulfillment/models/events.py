"""Outgoing events: who is told of what, and each message's way there. On the same machinery as deliveries (D2 to D5)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Channel
from fulfillment.models.receivers import Receiver, receiver_constraints
from fulfillment.rules.events import EVENT_NAMES
from portal.http import validate_outbound_url
from portal.ids import ULIDField, new_ulid
from portal.models import Organization


class Progress(models.TextChoices):
    """How far one message is on its way to one subscriber."""

    WAITING = "waiting", _("waiting")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")


class EventSubscription(Receiver):
    """An address of an organization that is told of what happens."""

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="event_subscriptions", verbose_name=_("organization")
    )
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=500, validators=[validate_outbound_url], help_text=_("HTTPS."))
    types = models.JSONField(_("events"), default=list)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("event subscription")
        verbose_name_plural = _("event subscriptions")
        constraints = receiver_constraints("event_subscription")
        indexes = [models.Index(fields=["organization", "-id"], name="event_subscription_list")]

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that happened, as it is told: ``body`` is the message, the same for all and on every attempt.

    Written in the transaction of what happened, once, and only where somebody is to be told. The id is the message's
    id and idempotency key.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, db_index=False, related_name="+")
    type = models.CharField(_("event"), max_length=32, choices=EVENT_NAMES)
    at = models.DateTimeField(_("time"))
    subject = models.CharField(_("about"), max_length=64)
    body = models.TextField()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["organization", "-id"], name="event_list"),
            models.Index(fields=["subject"], name="event_subject"),
            models.Index(fields=["at"], name="event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"


class EventDelivery(models.Model):
    """Telling one subscriber of one event. The columns mean what those of :class:`Delivery` mean."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, db_index=False, related_name="deliveries")
    subscription = models.ForeignKey(
        EventSubscription, on_delete=models.PROTECT, db_index=False, related_name="deliveries"
    )
    progress = models.CharField(_("state"), max_length=10, choices=Progress.choices, default=Progress.WAITING)
    due_at = models.DateTimeField(_("due at"), null=True)
    attempt = models.PositiveIntegerField(_("attempts made"), default=0)
    attempts_left = models.PositiveSmallIntegerField(_("attempts left"), default=8)
    leased = models.BooleanField(default=False)
    leased_by = models.CharField(max_length=26, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("event delivery")
        verbose_name_plural = _("event deliveries")
        constraints = [
            models.UniqueConstraint(fields=["event", "subscription"], name="event_delivery_once"),
            models.CheckConstraint(
                condition=Q(leased=False) | Q(due_at__isnull=False), name="event_delivery_lease_has_end"
            ),
            models.CheckConstraint(
                condition=Q(progress="waiting") | Q(due_at=None), name="event_delivery_finished_is_not_due"
            ),
        ]
        indexes = [
            models.Index(
                fields=["subscription", "due_at"], condition=Q(due_at__isnull=False), name="event_delivery_due"
            ),
            models.Index(fields=["leased_by"], condition=Q(leased=True), name="event_delivery_leased"),
            models.Index(fields=["subscription", "-id"], name="event_delivery_list"),
            models.Index(fields=["subscription", "progress", "-id"], name="event_delivery_progress"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.subscription_id}"


class EventAttempt(models.Model):
    """One send of an event's message: time, duration, status, the first 1 KiB of the answer, error (D4). Never changed."""

    delivery = models.ForeignKey(EventDelivery, on_delete=models.PROTECT, db_index=False, related_name="attempts")
    number = models.PositiveIntegerField(_("number"))
    started_at = models.DateTimeField(_("time"))
    duration_ms = models.PositiveIntegerField(_("milliseconds"))
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    answer = models.TextField(_("answer"), blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("attempt to tell of an event")
        verbose_name_plural = _("attempts to tell of events")
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="event_attempt_number_once")]

    def __str__(self) -> str:
        return f"#{self.number}"


class ChannelPresence(models.Model):
    """Whether a channel was live when it was last looked at, so that its coming and going are each told once."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, primary_key=True, related_name="presence")
    live = models.BooleanField(_("live"), default=False)
    changed_at = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last heard of"))

    class Meta:
        verbose_name = _("presence of a channel")
        verbose_name_plural = _("presences of channels")
        indexes = [models.Index(fields=["seen_at"], condition=Q(live=True), name="channel_presence_live")]

    def __str__(self) -> str:
        return f"{self.channel_id}: {'live' if self.live else 'offline'}"
