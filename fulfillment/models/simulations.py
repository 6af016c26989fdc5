"""Tries of what follows from a platform's messages, made in the admin."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from fulfillment.rules.simulated import Scenario
from portal.ids import ULIDField, new_ulid
from portal.models import Organization

SCENARIO_NAMES = [
    (Scenario.SINGLE.value, _("one claim of a tester")),
    (Scenario.BATCH.value, _("a claim of every reward, together")),
    (Scenario.DUPLICATE.value, _("the same claim, told three times")),
    (Scenario.LATE.value, _("a claim granted after closing")),
    (Scenario.UNLINKED.value, _("a claim of somebody who has not linked")),
    (Scenario.UNMAPPED.value, _("a claim of a reward that nobody knows")),
    (Scenario.BAD_SIGNATURE.value, _("a forged message")),
]


class Simulation(models.Model):
    """One try: which messages were made and what the webhook answered. What became of the claims, the claims say.

    ``messages`` has for each message ``status``, ``answer`` and ``claims`` (the made-up ids there), and ``signed``: whether it
    went through the check of signatures or, where only the platform can sign, in behind it.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="+", verbose_name=_("campaign"))
    platform = models.CharField(_("platform"), max_length=32)
    scenario = models.CharField(_("what"), max_length=16, choices=SCENARIO_NAMES)
    made_at = models.DateTimeField(_("time"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    actor_label = models.CharField(_("by"), max_length=150)
    messages = models.JSONField(default=list)

    class Meta:
        verbose_name = _("simulation")
        verbose_name_plural = _("simulations")
        indexes = [models.Index(fields=["organization", "-id"], name="simulation_list")]

    def __str__(self) -> str:
        return self.get_scenario_display()
