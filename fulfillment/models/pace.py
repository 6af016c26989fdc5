"""How fast claims come in and go out: by the minute of their arrival, and by the hour of what became of them.

For the start page, which shows the last hour and the last days at the same cost after 10 claims and after 10 million.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign


class ClaimMinute(models.Model):
    """The claims of a campaign that came in from one platform in one minute. ``minute`` counts from 1970 in UTC.

    Written where claims are bound to campaigns, in the same transaction: :mod:`fulfillment.claim_minutes` alone reads and
    writes it. Minutes that are over are dropped, but for the last in which a claim came from a platform.
    No foreign key is checked: a check would have whoever works out claims wait for whoever edits their campaign.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    minute = models.PositiveIntegerField()
    platform = models.CharField(max_length=32)
    claims = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("claims of a minute")
        verbose_name_plural = _("claims of minutes")
        constraints = [models.UniqueConstraint(fields=["campaign", "minute", "platform"], name="claim_minute_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.platform} {self.minute}: {self.claims}"


class PaceTally(models.Model):
    """How often something happened in one hour to the claims of a campaign that are delivered: :mod:`fulfillment.pace`.

    ``outcome`` is ``within:`` and a number of seconds for claims that were delivered so long after they were claimed, or
    the reason why an attempt to deliver one failed. Written every 10 seconds. What was delivered stays counted, whatever
    becomes of the claim.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_index=False, related_name="+")
    hour = models.DateTimeField(_("hour"))
    outcome = models.CharField(_("outcome"), max_length=40)
    count = models.PositiveBigIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("count of a campaign's deliveries")
        verbose_name_plural = _("counts of campaigns' deliveries")
        constraints = [models.UniqueConstraint(fields=["campaign", "hour", "outcome"], name="pace_tally_once")]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.count}"
