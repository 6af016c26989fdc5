"""Links to the preview of a campaign's page, for people without an account here."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from portal.ids import ULIDField, new_ulid


class CampaignPreview(models.Model):
    """A link that shows a campaign's page before its time, until it expires or is taken back. Only its digest is kept."""

    id = ULIDField(primary_key=True, default=new_ulid)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="previews", verbose_name=_("campaign")
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("until"))
    revoked_at = models.DateTimeField(_("taken back at"), null=True)

    class Meta:
        verbose_name = _("preview link")
        verbose_name_plural = _("preview links")
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("made_at")), name="campaign_preview_ends_after_it_began"
            )
        ]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}"
