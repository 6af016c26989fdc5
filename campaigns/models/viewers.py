"""Viewers: the users of platforms (I2)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from portal import platforms
from portal.ids import ULIDField, new_ulid
from portal.models import Organization


class Viewer(models.Model):
    """One user of one platform, as one organization knows it: progress is a viewer's, linked or not (I2, W5)."""

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="viewers", verbose_name=_("organization")
    )
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    platform_user_id = models.CharField(_("user id"), max_length=200)
    login = models.CharField(_("login"), max_length=200, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="viewers",
        verbose_name=_("portal account"),
    )
    created_at = models.DateTimeField(_("first seen at"), auto_now_add=True)

    class Meta:
        verbose_name = _("viewer")
        verbose_name_plural = _("viewers")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "platform", "platform_user_id"], name="viewer_once_per_organization"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "platform", "-id"], name="viewer_list"),
            models.Index(fields=["organization", "login"], name="viewer_login"),
            models.Index("organization", Lower("name"), name="viewer_name_folded"),
        ]

    def __str__(self) -> str:
        return self.name or self.login or self.platform_user_id
