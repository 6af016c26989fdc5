"""One action on many claims or events, chosen in the admin and worked off in the background (D5)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Reward
from portal.ids import ULIDField, new_ulid
from portal.models import Organization

MAX_CLAIMS = 100_000
APPROVAL_DAYS = 7
"""So many days an action waits for a second member; then somebody has to choose anew."""

ENDED = ("cancelled", "expired", "finished", "refused", "withdrawn")
"""The statuses in which nothing more happens."""


class BulkOperation(models.Model):
    """An action on many claims or events; a row without ``confirmed_at`` was only chosen, and nothing happens before that.

    ``claim_ids`` are the keys of claims, of ``REPLAY`` those of event deliveries; nothing changes them once they are
    chosen. ``position`` is the checkpoint: so many of them are dealt with. It is written in the transaction that deals
    with them, so that a crash neither skips nor repeats one. ``due_at`` is when a runner should take it up, and while one
    has it, when its lease ends. ``reward`` and ``campaign`` are what ``ASSIGN`` assigns. ``since`` is the time that was
    asked for, where they were chosen by one.

    ``status`` is moved by compare-and-set alone. ``actor`` asked for it; ``responsible`` answers for its going on: who
    asked, or who resumed it last. ``approval_above`` is the organization's number when it was asked for, where that number
    made it wait; ``approver`` is who decided, and never who asked. ``halted_by`` says who paused or cancelled it, empty
    where the portal paused it itself.
    """

    class Action(models.TextChoices):
        """What is done: to claims, an operation of :mod:`fulfillment.claims`; to events, :mod:`fulfillment.events.replay`."""

        RETRY = "retry", _("retry")
        HOLD = "hold", _("hold")
        RELEASE = "release", _("release")
        ABANDON = "abandon", _("close without delivery")
        ASSIGN = "assign_reward", _("assign")
        REPLAY = "replay", _("send events again")

    class Status(models.TextChoices):
        """Where it is. The last five are ends."""

        CHOSEN = "chosen", _("chosen")
        ASKED = "asked", _("waits for approval")
        RUNNING = "running", _("under way")
        PAUSED = "paused", _("paused")
        FINISHED = "finished", _("finished")
        CANCELLED = "cancelled", _("cancelled")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired without approval")

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(_("action"), max_length=16, choices=Action.choices)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    actor_label = models.CharField(_("by"), max_length=150)
    claim_ids = models.JSONField(default=list)
    reward = models.ForeignKey(
        Reward, on_delete=models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("reward")
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("campaign")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.CHOSEN, db_default=Status.CHOSEN
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    approval_above = models.PositiveIntegerField(_("approval above"), null=True)
    expires_at = models.DateTimeField(_("approval until"), null=True)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    approver_label = models.CharField(_("decided by"), max_length=150, blank=True, db_default="")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decision_reason = models.CharField(_("reason of the decision"), max_length=500, blank=True, db_default="")
    halted_at = models.DateTimeField(_("stopped at"), null=True)
    halted_by = models.CharField(_("stopped by"), max_length=150, blank=True, db_default="")
    halt_reason = models.CharField(_("reason of the stop"), max_length=500, blank=True, db_default="")
    since = models.DateTimeField(_("since"), null=True)
    total = models.PositiveIntegerField(_("claims"))
    position = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    skipped = models.PositiveIntegerField(_("left as they were"), default=0)
    created_at = models.DateTimeField(_("chosen at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    due_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        constraints = [
            models.CheckConstraint(
                condition=Q(position=F("done") + F("skipped"), position__lte=F("total")), name="bulk_counts_add_up"
            ),
            models.CheckConstraint(
                condition=Q(due_at=None) | Q(status="running"),
                name="bulk_due_is_running",
            ),
            models.CheckConstraint(
                condition=Q(status="chosen", confirmed_at=None) | (~Q(status="chosen") & Q(confirmed_at__isnull=False)),
                name="bulk_confirmed_or_chosen",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ENDED, finished_at__isnull=False) | (~Q(status__in=ENDED) & Q(finished_at=None)),
                name="bulk_ended_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="finished") | Q(position=F("total")), name="bulk_finished_is_whole"
            ),
            models.CheckConstraint(condition=~Q(approver=F("actor")), name="bulk_approved_by_another"),
            models.CheckConstraint(
                condition=Q(approval_above=None)
                | Q(status__in=["asked", "refused", "withdrawn", "expired"], position=0)
                | Q(decided_at__isnull=False),
                name="bulk_begins_approved",
            ),
            models.CheckConstraint(condition=Q(total__lte=MAX_CLAIMS), name="bulk_within_limit"),
            models.CheckConstraint(
                condition=Q(action="assign_reward") | Q(reward=None, campaign=None), name="bulk_assigns_or_not"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="bulk_due"),
            models.Index(fields=["organization", "-id"], name="bulk_list"),
            models.Index(
                fields=["organization", "status"],
                condition=Q(status__in=["asked", "running", "paused"]),
                name="bulk_open",
            ),
            models.Index(fields=["expires_at"], condition=Q(status="asked"), name="bulk_expiring"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} ({self.total})"
