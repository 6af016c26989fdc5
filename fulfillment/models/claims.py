"""The claim ledger (F1, F3, R4)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignReward, Game, Reward, Viewer
from fulfillment.rules.states import HOLDS_SLOT, LISTED, OPEN, State
from linking.models import Link, Player
from portal import platforms
from portal.ids import ULIDField, new_ulid
from portal.models import Organization

STATE_NAMES = [
    (State.RECEIVED.value, _("received")),
    (State.WAITING.value, _("waiting for a link")),
    (State.QUARANTINED.value, _("quarantined")),
    (State.HELD.value, _("held")),
    (State.READY.value, _("ready")),
    (State.DELIVERING.value, _("delivering")),
    (State.DELIVERED.value, _("delivered")),
    (State.CONFIRMED.value, _("confirmed")),
    (State.FAILED.value, _("failed")),
    (State.DUPLICATE.value, _("duplicate")),
    (State.ABANDONED.value, _("abandoned")),
]


class Claim(models.Model):
    """One reward that one viewer has claimed (F1).

    The first block is what arrived and never changes once filled; the second is what :mod:`fulfillment.resolve`
    worked out from it. ``resolve_at`` is the outbox: a row with a time there is looked at when that time has come.
    Foreign keys have partial indexes below instead of full ones, so that an arriving row touches few of them.
    """

    class Source(models.TextChoices):
        """What brought the claim."""

        WEBHOOK = "webhook", _("webhook")
        SWEEP = "sweep", _("sweep")
        PORTAL = "portal", _("claimed on the portal")
        STAFF = "staff", _("granted by hand")
        TEST = "test", _("simulated")

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="claims", db_index=False, verbose_name=_("organization")
    )
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    platform_claim_id = models.CharField(_("claim id there"), max_length=200)
    platform_user_id = models.CharField(_("user id there"), max_length=200)
    platform_user_name = models.CharField(_("user name there"), max_length=200, blank=True)
    platform_campaign_id = models.CharField(_("campaign id there"), max_length=200, blank=True)
    platform_reward_id = models.CharField(_("reward id there"), max_length=200, blank=True)
    platform_category_id = models.CharField(_("category id there"), max_length=200, blank=True)
    external_id = models.CharField(_("external id"), max_length=200, blank=True)
    source = models.CharField(_("source"), max_length=8, choices=Source.choices)
    granted_at = models.DateTimeField(_("granted at"), null=True)
    received_at = models.DateTimeField(_("received at"))
    raw = models.TextField(_("message"), blank=True)

    state = models.CharField(_("state"), max_length=12, choices=STATE_NAMES, default=State.RECEIVED.value)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    state_changed_at = models.DateTimeField(_("since"))
    resolve_at = models.DateTimeField(null=True)
    attempted_at = models.DateTimeField(_("first attempt at"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    # F6: when its platform is to be told that it was delivered, and when it was told. Empty: there is nothing to tell.
    write_back_at = models.DateTimeField(null=True, editable=False)
    written_back_at = models.DateTimeField(_("told the platform at"), null=True, editable=False)
    # Whether its platform refused it when it was told last: it is told again, but somebody may have to mend the cause.
    write_back_refused = models.BooleanField(default=False, db_default=False, editable=False)
    staff_hold = models.BooleanField(_("held by staff"), default=False)
    waived = models.JSONField(_("holds released by staff"), default=list)
    assigned_reward = models.ForeignKey(
        Reward, on_delete=models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("assigned reward")
    )
    assigned_campaign = models.ForeignKey(
        Campaign,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("assigned campaign"),
    )

    viewer = models.ForeignKey(
        Viewer, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims", verbose_name=_("viewer")
    )
    game = models.ForeignKey(
        Game, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims", verbose_name=_("game")
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims", verbose_name=_("campaign")
    )
    reward = models.ForeignKey(
        Reward, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims", verbose_name=_("reward")
    )
    campaign_reward = models.ForeignKey(
        CampaignReward, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims"
    )
    link = models.ForeignKey(Link, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims")
    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims", verbose_name=_("player")
    )
    # R4: the slot that this claim holds, once for its player and once for its viewer. Empty while it holds none.
    player_slot = models.PositiveSmallIntegerField(null=True)
    viewer_slot = models.PositiveSmallIntegerField(null=True)
    # Under which day it has its place in the limits of its campaign's reward (RewardGiven). Empty while it has none.
    given_day = models.PositiveIntegerField(null=True, editable=False)
    # Under which quarter of an hour it is counted (ClaimQuarter): fixed with its campaign, empty while it has none.
    counted_quarter = models.PositiveIntegerField(null=True, editable=False)
    # Where it stands in the lists of the partner API, and under which platform's shape (A3): fulfillment.listing.
    listed_as = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    listed_no = models.BigIntegerField(null=True, editable=False)
    # The last text that a partner set which does not complete a claim (A5). Shown while it is not delivered.
    partner_status = models.CharField(
        _("partner's status"), max_length=100, blank=True, default="", db_default="", editable=False
    )

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "platform", "platform_claim_id"], name="claim_once_per_organization"
            ),
            models.UniqueConstraint(
                fields=["campaign_reward", "player", "player_slot"],
                condition=Q(player_slot__isnull=False),
                name="claim_player_slot_once",
            ),
            models.UniqueConstraint(
                fields=["campaign_reward", "viewer", "viewer_slot"],
                condition=Q(viewer_slot__isnull=False),
                name="claim_viewer_slot_once",
            ),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="claim_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(HOLDS_SLOT - {State.CONFIRMED}))
                | Q(player__isnull=False, campaign_reward__isnull=False, player_slot__isnull=False),
                name="claim_sent_has_player_and_slot",
            ),
            models.UniqueConstraint(
                fields=["organization", "listed_as", "listed_no"],
                condition=Q(listed_no__isnull=False),
                name="claim_listed_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(LISTED)) | (Q(listed_no__isnull=False) & ~Q(listed_as="")),
                name="claim_listed_has_number",
            ),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(delivered_at__isnull=False), name="claim_delivered_has_time"
            ),
        ]
        indexes = [
            models.Index(fields=["resolve_at"], condition=Q(resolve_at__isnull=False), name="claim_due"),
            models.Index(fields=["organization", "platform", "platform_user_id"], name="claim_user"),
            models.Index(fields=["organization", "state", "-id"], name="claim_list"),
            models.Index(fields=["campaign", "-id"], condition=Q(campaign__isnull=False), name="claim_campaign"),
            # Who waits for codes or for room in a limit, the first to come first.
            models.Index(
                fields=["campaign_reward", "reason", "id"],
                condition=Q(
                    state="held",
                    reason__in=["pool_empty", "limit_reached", "daily_limit_reached"],
                    campaign_reward__isnull=False,
                ),
                name="claim_waits_for_stock",
            ),
            models.Index(
                fields=["campaign", "state"], condition=Q(campaign__isnull=False), name="claim_campaign_state"
            ),
            models.Index(
                fields=["organization", "platform", "write_back_at"],
                condition=Q(write_back_at__isnull=False),
                name="claim_write_back",
            ),
            models.Index(
                fields=["organization", "listed_as", "listed_no"],
                condition=Q(state__in=sorted(OPEN)),
                name="claim_listed_open",
            ),
            models.Index(
                fields=["campaign", "listed_as", "listed_no"],
                condition=Q(listed_no__isnull=False),
                name="claim_listed_campaign",
            ),
            models.Index(
                fields=["game", "listed_as", "listed_no"],
                condition=Q(listed_no__isnull=False),
                name="claim_listed_game",
            ),
            # The state stands in it although it is always the same: SQLite reads the rows of the table for it otherwise.
            models.Index(
                fields=[
                    "organization",
                    "platform",
                    "reason",
                    "platform_reward_id",
                    "platform_campaign_id",
                    "id",
                    "state",
                ],
                condition=Q(state="quarantined"),
                name="claim_quarantined",
            ),
            models.Index(fields=["viewer", "-id"], condition=Q(viewer__isnull=False), name="claim_viewer"),
            models.Index(fields=["player", "-id"], condition=Q(player__isnull=False), name="claim_player"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.platform_claim_id}"


class ClaimListing(models.Model):
    """How many numbers of its lists an organization has given out (A3). Taken under its row lock: see fulfillment.listing."""

    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, primary_key=True, related_name="+")
    last = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("numbers of lists")
        verbose_name_plural = _("numbers of lists")

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.last}"


class ClaimEvent(models.Model):
    """One move of a claim: when, by whom, from where to where, and why (F3). Never changed."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(_("time"))
    from_state = models.CharField(_("from"), max_length=12, choices=STATE_NAMES)
    to_state = models.CharField(_("to"), max_length=12, choices=STATE_NAMES)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    actor_label = models.CharField(_("by"), max_length=150)

    class Meta:
        verbose_name = _("claim event")
        verbose_name_plural = _("claim history")

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
