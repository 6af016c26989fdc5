"""What is kept so that planning may be sent twice and done once: series that were cloned, files that were looked at (C9)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign
from campaigns.models.games import Game
from portal.ids import ULID_LENGTH, ULIDField, new_ulid
from portal.models import Organization


class ClonedSeries(models.Model):
    """That a form which clones was carried out. Its key is the form's own: sent a second time, nothing more is made."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(_("key"), max_length=ULID_LENGTH)
    made_at = models.DateTimeField(_("made at"), db_index=True)
    first = models.ForeignKey(Campaign, on_delete=models.SET_NULL, null=True, related_name="+")
    copies = models.PositiveSmallIntegerField(_("copies"))

    class Meta:
        verbose_name = _("cloned series")
        verbose_name_plural = _("cloned series")
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="cloned_series_once")]

    def __str__(self) -> str:
        return self.key


class CampaignFile(models.Model):
    """A campaign as a file, uploaded to see what it would make. Once used, its text is gone and the campaign is named."""

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="+")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded at"), db_index=True)
    text = models.TextField(_("text"), blank=True)
    used_at = models.DateTimeField(_("used at"), null=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("campaign file")
        verbose_name_plural = _("campaign files")

    def __str__(self) -> str:
        return self.id
