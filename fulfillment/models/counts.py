"""How many claims a campaign has, kept so that a page reads it at the same cost after 10 claims and after 10 million.

Whoever binds or moves claims adds :class:`ClaimCountChange` rows in its own transaction and waits for nobody; the worker
folds them into the three tables of counts. A count is the folded row and all changes not folded yet, read in one
statement: exact at every moment. :mod:`fulfillment.claim_counts` alone reads and writes these tables.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from fulfillment.rules.states import State

QUARTER_SECONDS = 900
"""A quarter of an hour: days of every time zone in use begin with one."""


class ClaimCount(models.Model):
    """The claims of a campaign in one state for one of its rewards.

    ``campaign_reward`` is empty for those whose reward the campaign does not have. No foreign keys are checked: a check
    would have whoever moves a claim wait for whoever edits its campaign.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    campaign_reward = models.CharField(max_length=26, blank=True)
    state = models.CharField(max_length=12)
    claims = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("count of claims")
        verbose_name_plural = _("counts of claims")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "campaign_reward", "state"], name="claim_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.state}: {self.claims}"


class ClaimQuarter(models.Model):
    """The claims of a campaign that were granted in one quarter of an hour. ``quarter`` counts from 1970 in UTC."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    quarter = models.PositiveIntegerField()
    claims = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("claims of a quarter of an hour")
        verbose_name_plural = _("claims of quarters of an hour")
        constraints = [models.UniqueConstraint(fields=["campaign", "quarter"], name="claim_quarter_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.quarter}: {self.claims}"


class ClaimDay(models.Model):
    """How many claims of one of a campaign's rewards something happened to in one day. ``day`` counts from 1970 in UTC.

    *Granted*: those that were granted that day, whatever became of them. *Delivered* and *failed*: how often one came into
    that state that day, each time that it did.
    """

    class What(models.TextChoices):
        """What happened to claims."""

        GRANTED = "granted", _("granted")
        DELIVERED = State.DELIVERED.value, _("delivered")
        FAILED = State.FAILED.value, _("failed")

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    campaign_reward = models.CharField(max_length=26, blank=True)
    day = models.PositiveIntegerField()
    what = models.CharField(max_length=12, choices=What.choices)
    claims = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("claims of a day")
        verbose_name_plural = _("claims of days")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "day", "campaign_reward", "what"], name="claim_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.day} {self.what}: {self.claims}"


class ClaimCountChange(models.Model):
    """So many claims more, or fewer, in a state of a reward or, where ``quarter`` is given, in a quarter of an hour.

    Where ``day`` is given, ``state`` is what happened to them that day.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    campaign_reward = models.CharField(max_length=26, blank=True)
    state = models.CharField(max_length=12, blank=True)
    quarter = models.PositiveIntegerField(null=True)
    day = models.PositiveIntegerField(null=True)
    claims = models.BigIntegerField()

    class Meta:
        verbose_name = _("change of a count of claims")
        verbose_name_plural = _("changes of counts of claims")
        indexes = [models.Index(fields=["campaign"], name="claim_count_change_campaign")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.claims:+d}"
