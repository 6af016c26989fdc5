"""What every address has in common that the portal sends signed messages to: secrets, and the state of its breaker (D5)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.encryption import EncryptedTextField


class Receiver(models.Model):
    """One address with the secrets that sign for it, how many calls it takes at once, and its breaker."""

    secret = EncryptedTextField(
        _("signing secret"), blank=True, help_text=_("Standard Webhooks form: whsec_ and base64. Empty: one is made.")
    )
    previous_secret = EncryptedTextField(blank=True, editable=False)
    enabled = models.BooleanField(_("enabled"), default=True)
    concurrency = models.PositiveSmallIntegerField(
        _("calls at once"), default=24, help_text=_("How many deliveries may be under way at one time.")
    )
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    opened_at = models.DateTimeField(_("paused since"), null=True, editable=False)
    probe_at = models.DateTimeField(_("next probe at"), null=True, editable=False)
    probes = models.PositiveIntegerField(default=0, editable=False)
    last_success_at = models.DateTimeField(_("last success at"), null=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=500, blank=True, editable=False)

    class Meta:
        abstract = True


def receiver_constraints(name: str) -> list[models.BaseConstraint]:
    """Return what must hold of every receiver, as constraints of the table called ``name``."""
    return [
        models.CheckConstraint(
            condition=Q(opened_at=None, probe_at=None) | Q(opened_at__isnull=False, probe_at__isnull=False),
            name=f"{name}_open_has_probe",
        ),
        models.CheckConstraint(
            condition=Q(concurrency__gte=1, concurrency__lte=32), name=f"{name}_concurrency_in_range"
        ),
    ]
