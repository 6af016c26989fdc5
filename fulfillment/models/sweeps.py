"""Reading the platforms' claim APIs for what the webhooks missed (F7), and what brought how many claims."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fulfillment.models.claims import Claim
from portal.ids import ULIDField, new_ulid
from portal.models import Organization, PlatformCredential
from portal.platforms.claims_api import Narrowed


class Sweep(models.Model):
    """One reading of all claims that a credential's platform lists, in pages: see :mod:`fulfillment.sweeping`.

    ``full`` reads also what was told as delivered, which the first of a credential does; the others read only what is open.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    credential = models.ForeignKey(
        PlatformCredential, on_delete=models.CASCADE, related_name="sweeps", verbose_name=_("credential")
    )
    full = models.BooleanField(_("also what is done"), default=False)
    narrow = models.BooleanField(
        _("only of some viewers"), default=False, help_text=_("Of viewers who have just linked their accounts.")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("asked for by")
    )
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    stopped = models.BooleanField(_("stopped"), default=False, help_text=_("By a person, or with its credential."))
    pages = models.PositiveIntegerField(_("pages read"), default=0)
    listed = models.PositiveIntegerField(_("claims listed"), default=0)
    found = models.PositiveIntegerField(_("claims found that no webhook had brought"), default=0)
    told_again = models.PositiveIntegerField(_("claims still open there though told"), default=0)
    skipped = models.PositiveIntegerField(_("claims of games that are not in the portal"), default=0)
    faults = models.PositiveIntegerField(_("claims that could not be read"), default=0)

    class Meta:
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")
        constraints = [
            models.UniqueConstraint(
                fields=["credential"], condition=Q(finished_at__isnull=True), name="sweep_one_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["credential", "-started_at"], name="sweep_list")]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.started_at:%Y-%m-%d %H:%M}"


class SweepPart(models.Model):
    """A list that a sweep reads page by page, with the checkpoint it has come to.

    A sweep begins with one part, all claims. Where a page can never be read, it goes round it by lists that are narrower.
    ``due_at`` is when the next page is read, or a lease on it ends; empty: the part is over.
    """

    class Outcome(models.TextChoices):
        """How a part ended."""

        READ = "read", _("read to its end")
        UNREADABLE = "unreadable", _("could not be read to its end")
        STOPPED = "stopped", _("stopped before its end")

    sweep = models.ForeignKey(Sweep, on_delete=models.CASCADE, related_name="parts")
    narrowed = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Narrowed])
    value = models.CharField(max_length=200, blank=True)
    cursor = models.TextField(blank=True)
    size = models.PositiveSmallIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    problem = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = _("part of a sweep")
        verbose_name_plural = _("parts of sweeps")
        constraints = [
            models.UniqueConstraint(fields=["sweep", "narrowed", "value"], name="sweep_part_once"),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True, outcome__gt="") | Q(due_at__isnull=False, outcome=""),
                name="sweep_part_due_or_over",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="sweep_part_due")]

    def __str__(self) -> str:
        return f"{self.narrowed} {self.value}"


class ArrivalCount(models.Model):
    """How many claims of a platform one source brought in one hour. Counted when they are first worked out, each once."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    platform = models.CharField(max_length=32)
    source = models.CharField(max_length=8, choices=Claim.Source.choices)
    hour = models.DateTimeField()
    claims = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("claims that arrived in an hour")
        verbose_name_plural = _("claims that arrived by hour")
        constraints = [
            models.UniqueConstraint(fields=["organization", "platform", "hour", "source"], name="arrival_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.source} {self.hour:%Y-%m-%d %H}: {self.claims}"
