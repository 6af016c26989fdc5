"""The append-only audit table (S5)."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models.people import Organization


class AuditEntry(models.Model):
    """Who changed what, when, from what to what, and why. Rows are added by :mod:`portal.audit` and never changed."""

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("organization")
    )
    at = models.DateTimeField(_("time"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("user")
    )
    actor_label = models.CharField(_("who"), max_length=150)
    action = models.CharField(_("action"), max_length=60)
    object_type = models.CharField(_("kind"), max_length=60)
    object_id = models.CharField(_("id"), max_length=64)
    object_label = models.CharField(_("what"), max_length=200)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    request_id = models.CharField(
        _("request id"), max_length=64, blank=True, default="", db_default="", help_text=_("The logs have it too.")
    )

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_object"),
            models.Index(fields=["organization", "-at"], name="audit_organization"),
            models.Index(fields=["organization", "actor", "-at"], name="audit_actor"),
            models.Index(fields=["organization", "object_type", "-at"], name="audit_kind"),
            # What the trail is searched for, each exactly.
            models.Index(fields=["organization", "object_id"], name="audit_object_id"),
            models.Index(fields=["organization", "object_label"], name="audit_object_label"),
            models.Index(fields=["organization", "actor_label"], name="audit_actor_label"),
            models.Index(fields=["organization", "request_id"], name="audit_request"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_label}: {self.action} {self.object_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add this entry.

        Raises:
            TypeError: the entry is already stored; it is append-only.
        """
        if not self._state.adding:
            raise TypeError("Audit entries are append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: audit entries end by retention only (F8)."""
        raise TypeError("Audit entries are append-only.")
