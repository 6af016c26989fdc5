"""What webhooks brought that is no claim: unreadable messages, and counts of what was refused (P1)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models import PlatformCredential


class KeptMessage(models.Model):
    """A message with a valid signature that could not be read, kept for people to look at (P1)."""

    credential = models.ForeignKey(PlatformCredential, on_delete=models.PROTECT, related_name="kept_messages")
    received_at = models.DateTimeField(_("received at"))
    message_id = models.CharField(_("message id"), max_length=200)
    problem = models.CharField(_("problem"), max_length=500)
    body = models.BinaryField(_("body"))

    class Meta:
        verbose_name = _("unreadable message")
        verbose_name_plural = _("unreadable messages")
        constraints = [models.UniqueConstraint(fields=["credential", "message_id"], name="kept_message_once")]
        indexes = [models.Index(fields=["credential", "-received_at"], name="kept_message_list")]

    def __str__(self) -> str:
        return self.message_id


class WebhookTally(models.Model):
    """How many calls of a webhook ended in one way, in one hour. Written every 10 seconds, never in a request (P1)."""

    credential = models.ForeignKey(PlatformCredential, on_delete=models.CASCADE, related_name="tallies")
    hour = models.DateTimeField(_("hour"))
    outcome = models.CharField(_("outcome"), max_length=30)
    count = models.PositiveBigIntegerField(_("count"), default=0)
    last_at = models.DateTimeField(_("last at"), null=True)

    class Meta:
        verbose_name = _("webhook count")
        verbose_name_plural = _("webhook counts")
        constraints = [models.UniqueConstraint(fields=["credential", "hour", "outcome"], name="webhook_tally_once")]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.count}"
