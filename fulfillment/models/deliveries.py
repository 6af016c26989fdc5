"""Endpoints of games and the deliveries made to them (D1 to D5)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Game
from fulfillment.models.claims import Claim
from fulfillment.models.receivers import Receiver, receiver_constraints
from portal.http import validate_outbound_url


class Endpoint(Receiver):
    """Where a game's rewards are delivered to (D2), and the state of its breaker (D5)."""

    class Mode(models.TextChoices):
        """Push or pull, one of the two."""

        PUSH = "push", _("push: the portal calls the game backend")
        PULL = "pull", _("pull: the game backend asks the portal")

    game = models.OneToOneField(Game, on_delete=models.PROTECT, related_name="endpoint", verbose_name=_("game"))
    mode = models.CharField(_("how"), max_length=4, choices=Mode.choices, default=Mode.PUSH)
    url = models.CharField(
        _("address"), max_length=500, blank=True, validators=[validate_outbound_url], help_text=_("Push only. HTTPS.")
    )

    class Meta:
        verbose_name = _("game endpoint")
        verbose_name_plural = _("game endpoints")
        constraints = [
            models.CheckConstraint(
                condition=~Q(mode="push") | ~Q(url=""),
                name="endpoint_push_has_url",
                violation_error_message=_("Push needs the address of the game backend."),
            ),
            *receiver_constraints("endpoint"),
        ]

    def __str__(self) -> str:
        return self.url or self.get_mode_display()


class Delivery(models.Model):
    """Handing a claim's reward to the game backend: one row a claim, written when the claim gets ready (D1).

    ``due_at`` is when it is to be sent, and while it is being sent, when its lease runs out: a lease that ran out
    is due again. Empty: nothing is to be done. ``attempt`` numbers every send and fences off a worker whose lease
    ran out; ``attempts_left`` counts the retries of D2. ``body`` is frozen at the first attempt (L6). ``leased_by``
    is the worker that has the lease: when that worker is no longer heard from, others take its leases over.
    """

    claim = models.OneToOneField(Claim, on_delete=models.PROTECT, primary_key=True, related_name="delivery")
    game = models.ForeignKey(Game, on_delete=models.PROTECT, db_index=False, related_name="deliveries")
    due_at = models.DateTimeField(_("due at"), null=True)
    attempt = models.PositiveIntegerField(_("attempts made"), default=0)
    attempts_left = models.PositiveSmallIntegerField(_("attempts left"), default=8)
    leased = models.BooleanField(default=False)
    leased_by = models.CharField(max_length=26, blank=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.CheckConstraint(condition=Q(leased=False) | Q(due_at__isnull=False), name="delivery_lease_has_end")
        ]
        indexes = [
            # By game first: what waits behind one endpoint's open breaker is never walked through for another's sake.
            models.Index(fields=["game", "due_at"], condition=Q(due_at__isnull=False), name="delivery_due"),
            models.Index(fields=["leased_by"], condition=Q(leased=True), name="delivery_leased"),
        ]

    def __str__(self) -> str:
        return str(self.claim_id)


class DeliveryAttempt(models.Model):
    """One send: time, duration, status, the first 1 KiB of the answer, error (D4). Never changed."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField(_("number"))
    started_at = models.DateTimeField(_("time"))
    duration_ms = models.PositiveIntegerField(_("milliseconds"))
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    answer = models.TextField(_("answer"), blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("delivery attempt")
        verbose_name_plural = _("delivery attempts")
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="attempt_number_once")]
        indexes = [models.Index(fields=["-started_at"], name="attempt_list")]

    def __str__(self) -> str:
        return f"#{self.number}"


class DeliveryTally(models.Model):
    """How many deliveries of a game ended in one way, in one hour: taken by the game, or an attempt that failed.

    Written every 10 seconds.
    """

    class Outcome(models.TextChoices):
        """How one ended."""

        DELIVERED = "delivered", _("taken by the game")
        FAILED = "failed", _("failed")

    game = models.ForeignKey(Game, on_delete=models.CASCADE, db_index=False, related_name="+")
    hour = models.DateTimeField(_("hour"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    count = models.PositiveBigIntegerField(_("count"), default=0)
    last_at = models.DateTimeField(_("last at"), null=True)

    class Meta:
        verbose_name = _("count of deliveries")
        verbose_name_plural = _("counts of deliveries")
        constraints = [models.UniqueConstraint(fields=["game", "hour", "outcome"], name="delivery_tally_once")]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.count}"
