"""What the portal has asked platforms to be told by webhook."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models import PlatformCredential


class PlatformSubscription(models.Model):
    """One event subscription of an organization's app at its platform: what is wanted, and how it stands there.

    ``due_at`` is when something is to be done about it or it is looked at again; a row that is not wanted any more goes
    once it is ended there. The digests are of the secret and the address it was made with: where either has changed, it
    is made anew.
    """

    class State(models.TextChoices):
        """How it stands."""

        MISSING = "missing", _("not made yet")
        PENDING = "pending", _("waiting for the platform to check our address")
        ENABLED = "enabled", _("at work")
        ENDED = "ended", _("ended by the platform")
        REFUSED = "refused", _("refused by the platform")

    credential = models.ForeignKey(PlatformCredential, on_delete=models.CASCADE, related_name="subscriptions")
    type = models.CharField(_("event"), max_length=60)
    subject = models.CharField(_("about"), max_length=200)
    wanted = models.BooleanField(default=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.MISSING)
    detail = models.CharField(_("the platform's word"), max_length=100, blank=True)
    platform_subscription_id = models.CharField(max_length=200, blank=True)
    secret_digest = models.CharField(max_length=64, blank=True)
    callback_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("asked for at"), null=True)
    enabled_at = models.DateTimeField(_("at work since"), null=True)
    ended_at = models.DateTimeField(_("last ended at"), null=True)
    seen_at = models.DateTimeField(_("last looked at"), null=True)
    event_at = models.DateTimeField(_("last message"), null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=60, blank=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("event subscription at a platform")
        verbose_name_plural = _("event subscriptions at platforms")
        constraints = [
            models.UniqueConstraint(fields=["credential", "type", "subject"], name="platform_subscription_once")
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="platform_subscription_due"),
            models.Index(
                fields=["credential", "platform_subscription_id"],
                condition=~Q(platform_subscription_id=""),
                name="platform_subscription_by_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"
