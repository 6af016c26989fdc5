"""Codes that rewards draw from (D8), and how many of a reward were given out (limits of a campaign's rewards)."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import CampaignReward, Reward
from fulfillment.models.claims import Claim
from portal.encryption import EncryptedTextField
from portal.ids import ULIDField, new_ulid
from portal.models import Organization

CODE_STATES = ("free", "reserved", "assigned", "revealed", "revoked")


class CodePool(models.Model):
    """The codes of one reward. A reward with a pool is delivered by a code of it, not by the game's endpoint (D8)."""

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="code_pools", verbose_name=_("organization")
    )
    reward = models.OneToOneField(Reward, on_delete=models.PROTECT, related_name="code_pool", verbose_name=_("reward"))
    name = models.CharField(_("name"), max_length=120)
    label = models.CharField(
        _("label"),
        max_length=120,
        blank=True,
        help_text=_("Where the codes can be used, for example: Steam, Europe. Viewers see it beside their code."),
    )
    instructions = models.CharField(
        _("how to use a code"),
        max_length=500,
        blank=True,
        help_text=_("Shown to viewers below their code, for example: Enter it on example.com/redeem."),
    )
    low_stock = models.PositiveIntegerField(
        _("low-stock threshold"),
        default=100,
        validators=[MinValueValidator(1)],
        help_text=_("An alert tells of it once so many free codes or fewer are left."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("code pool")
        verbose_name_plural = _("code pools")
        constraints = [models.CheckConstraint(condition=Q(low_stock__gte=1), name="code_pool_low_stock_positive")]

    def __str__(self) -> str:
        return self.name


class RewardCode(models.Model):
    """One code. Its value is encrypted; what is searched and held unique is a keyed hash of it, and its last characters.

    ``claim`` is whose it is: one code a claim and one claim a code, ever. A code that was shown to a player stays with its
    claim; only an erasure, or the purge of a test campaign, takes the tie away, and the code is not given again.
    """

    class State(models.TextChoices):
        """How far a code has come."""

        FREE = "free", _("free")
        RESERVED = "reserved", _("reserved")
        ASSIGNED = "assigned", _("assigned")
        REVEALED = "revealed", _("revealed")
        REVOKED = "revoked", _("revoked")

    pool = models.ForeignKey(
        CodePool, on_delete=models.PROTECT, related_name="codes", db_index=False, verbose_name=_("pool")
    )
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    value = EncryptedTextField(_("code"))
    fingerprint = models.CharField(max_length=32, editable=False)
    suffix = models.CharField(_("ends with"), max_length=4, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.FREE)
    claim = models.OneToOneField(
        Claim, on_delete=models.PROTECT, null=True, related_name="code", verbose_name=_("claim")
    )
    imported_at = models.DateTimeField(_("imported at"))
    assigned_at = models.DateTimeField(_("assigned at"), null=True)
    revealed_at = models.DateTimeField(_("revealed at"), null=True)
    shown_at = models.DateTimeField(_("last shown at"), null=True)
    shown_times = models.PositiveIntegerField(_("times shown"), default=0)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints = [
            models.UniqueConstraint(fields=["organization", "fingerprint"], name="code_once_per_organization"),
            models.CheckConstraint(condition=Q(state__in=CODE_STATES), name="code_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["free", "revoked"], claim=None)
                | Q(state__in=["reserved", "assigned"], claim__isnull=False, assigned_at__isnull=False)
                | Q(state="revealed", revealed_at__isnull=False, assigned_at__isnull=False),
                name="code_state_fits_claim",
            ),
            # What somebody has seen is never given to another.
            models.CheckConstraint(condition=Q(revealed_at=None) | Q(state="revealed"), name="code_seen_stays_given"),
        ]
        indexes = [
            models.Index(fields=["pool", "id"], condition=Q(state="free"), name="code_free"),
            models.Index(fields=["pool", "state"], name="code_state"),
            models.Index(fields=["pool", "assigned_at"], condition=Q(assigned_at__isnull=False), name="code_assigned"),
            models.Index(fields=["organization", "suffix"], name="code_suffix"),
            models.Index(fields=["organization", "-id"], name="code_list"),
        ]

    def __str__(self) -> str:
        return f"…{self.suffix}"


class CodeKey(models.Model):
    """The key of an organization's hashes of codes: its own, so that changing the portal's keys changes no hash."""

    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, primary_key=True, related_name="+")
    secret = EncryptedTextField()

    class Meta:
        verbose_name = _("key of codes")
        verbose_name_plural = _("keys of codes")

    def __str__(self) -> str:
        return str(self.organization_id)


class CodeImport(models.Model):
    """Codes that were read and counted, and wait for somebody to say that they are to be imported. Gone after a day."""

    id = ULIDField(primary_key=True, default=new_ulid)
    pool = models.ForeignKey(CodePool, on_delete=models.CASCADE, related_name="imports")
    codes = EncryptedTextField()
    found = models.JSONField(default=dict)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("import of codes")
        verbose_name_plural = _("imports of codes")
        indexes = [models.Index(fields=["created_at"], name="code_import_age")]

    def __str__(self) -> str:
        return self.pk


class RewardGiven(models.Model):
    """How many claims of a campaign's reward have their place in its limits: in all (day 0), and by day.

    A day is the date in the campaign's zone, as its ordinal. Only :mod:`fulfillment.stock` writes it, within the one
    transaction that resolves; what is given up meanwhile is in :class:`RewardFreed`. ``allowed`` is the limit when a
    place was last taken, or what staff let through on top of it; empty: none.
    """

    campaign_reward = models.ForeignKey(CampaignReward, on_delete=models.CASCADE, related_name="+")
    day = models.PositiveIntegerField(default=0)
    given = models.PositiveBigIntegerField(default=0)
    allowed = models.PositiveBigIntegerField(null=True)

    class Meta:
        verbose_name = _("count of what was given")
        verbose_name_plural = _("counts of what was given")
        constraints = [
            models.UniqueConstraint(fields=["campaign_reward", "day"], name="reward_given_once"),
            models.CheckConstraint(
                condition=Q(allowed=None) | Q(given__lte=F("allowed")), name="reward_given_within_limit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_reward_id} {self.day}: {self.given}"


class RewardFreed(models.Model):
    """Places in a reward's limits that were given up, until they are summed up into :class:`RewardGiven`.

    Inserted by whoever takes a claim out, so that nobody waits for a count.
    """

    campaign_reward = models.ForeignKey(CampaignReward, on_delete=models.CASCADE, related_name="+")
    day = models.PositiveIntegerField()
    claims = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("place given up")
        verbose_name_plural = _("places given up")

    def __str__(self) -> str:
        return f"{self.campaign_reward_id} {self.day}: -{self.claims}"
